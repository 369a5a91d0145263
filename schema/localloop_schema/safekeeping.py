"""The copy of a store's database that is made before it is changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

from localloop_schema.errors import StoreError
from localloop_schema.sqlite import store_error

#: What an upgrade needs beside the copy, whatever the size of the store.
_MARGIN = 16 * 1024 * 1024


def require_space(database: Path) -> None:
    """Make sure that the disk has room for a copy and for an upgrade that rewrites every table.

    Args:
        database: The path of ``store.db``.

    Raises:
        StoreError: There is not enough room; nothing was written.
    """
    wal = database.with_name(database.name + "-wal")
    size = database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    needed = 2 * size + _MARGIN
    free = shutil.disk_usage(database.parent).free
    if free < needed:
        raise StoreError(
            f"Upgrading {database} needs {needed / 1e6:.0f} MB, and the disk has {free / 1e6:.0f} MB free.",
            advice="Make room and try again; the store is as it was.",
        )


def copy_before(database: Path, before: str, after: str) -> Path:
    """Put a consistent copy beside the database; an older copy is never overwritten.

    Args:
        database: The path of ``store.db``; other processes may be using it.
        before: The version it has.
        after: The version it is to get.

    Returns:
        The copy: ``store.db.before-<from>-<to>``, with ``.2``, ``.3``, ... when there is one of that name.

    Raises:
        StoreError: The copy could not be made.
    """
    partial = database.with_name(f"{database.name}.before.partial")
    target = _unused(database.with_name(f"{database.name}.before-{before}-{after}"))
    try:
        partial.unlink(missing_ok=True)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)  # all pages in one go: one unchanging view, though others write
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.rename(target)  # a copy that has its name is whole
        sync_directory(target.parent)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise store_error(database, error) from error
    return target


def sync_directory(directory: Path) -> None:
    """Make the names in a directory outlive a power cut.

    Args:
        directory: Where something was made or renamed.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unused(target: Path) -> Path:
    """The path itself, or the first numbered one that nothing has."""
    numbered = (target.with_name(f"{target.name}.{number}") for number in count(2))
    return target if not target.exists() else next(path for path in numbered if not path.exists())
