"""SQLite below SQLAlchemy: a look that leaves no trace, and what SQLite's errors mean for a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from localloop_schema.errors import StoreDamagedError, StoreError

Result = TypeVar("Result")

_DAMAGE = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})


def store_error(database: Path, error: BaseException | None) -> StoreError:
    """What an error of SQLite says about a store.

    Only "not a database" and "malformed" mean damage; a locked file, a full disk or a missing right pass.

    Args:
        database: The path of ``store.db``.
        error: What the driver raised.

    Returns:
        An error to raise from ``error``.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _DAMAGE:  # the high bits only say where it was found
        return StoreDamagedError(
            f"{database} is not a readable SQLite database.",
            advice="Restore it from a copy (store.db.before-*), or clone again.",
        )
    return StoreError(f"{database} cannot be used: {error}.", advice=room(error))


def room(error: BaseException | None) -> str:
    """What to do about an error of SQLite that a full disk makes; empty for all others.

    Even reading needs a little room beside the database, and then the error is about input and output.

    Args:
        error: What the driver raised.
    """
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return "Look whether the disk is full; with room on it, run it again."
    return ""


def peek(database: Path, look: Callable[[sqlite3.Connection], Result]) -> Result:
    """Read from a database without changing a byte of it.

    While nothing stands in a ``-wal``, the whole database is in its one file and is read as an immutable one:
    no lock, and no file beside it. Otherwise, or when it changed under the look, it is read by an ordinary
    read-only connection, whose ``-wal`` is there anyway.

    Args:
        database: The path of ``store.db``, which is there.
        look: Reads what is wanted; may be called twice.

    Returns:
        What ``look`` returned.

    Raises:
        StoreDamagedError: The file is not a SQLite database.
        StoreError: The file cannot be read.
    """
    try:
        before = _settled(database)
        if before is not None:
            try:
                result = _look(database, "immutable=1", look)
            except sqlite3.Error:
                if _settled(database) == before:
                    raise
            else:
                if _settled(database) == before:
                    return result
        return _look(database, "mode=ro", look)
    except (sqlite3.Error, OSError) as error:
        raise store_error(database, error) from error


def _settled(database: Path) -> tuple[int, int, int] | None:
    """What tells two states of a database file apart, or None while a part of it may be in another file."""
    for suffix in ("-wal", "-journal"):
        beside = database.with_name(database.name + suffix)
        if beside.exists() and beside.stat().st_size > 0:
            return None
    stat = database.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _look(database: Path, mode: str, look: Callable[[sqlite3.Connection], Result]) -> Result:
    uri = f"{database.absolute().as_uri()}?{mode}"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        return look(connection)
