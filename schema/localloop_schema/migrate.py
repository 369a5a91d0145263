"""Making a store's database, and bringing an older one up to date.

Migrations only go forward. Before the first step a copy is kept beside the database, each step is one
transaction, and a database from a newer program is refused before anything is written.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from localloop_schema.errors import (
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreNotFoundError,
    StoreTooNewError,
)
from localloop_schema.history import History
from localloop_schema.safekeeping import copy_before, require_space, sync_directory
from localloop_schema.session import reading
from localloop_schema.sqlite import peek

_OURS = History()


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What an upgrade did.

    Attributes:
        before: The version that was found.
        after: The version that it has now.
        steps: The versions that this call went through, oldest first; empty when there was nothing to do, or
            when another process had just done it.
        copy: The copy of the database as it was; None when no step was made.
    """

    before: str
    after: str
    steps: tuple[str, ...] = ()
    copy: Path | None = None


def head() -> str:
    """The version of the schema that this program writes."""
    return _OURS.head()


def current(engine: Engine) -> str | None:
    """The version of an open database.

    Args:
        engine: An engine of :func:`localloop_schema.session.open_engine`.

    Returns:
        The version, or None when no step was ever made.
    """
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)


def create(database: Path, history: History = _OURS) -> None:
    """Make a new database, which appears whole or not at all.

    Args:
        database: The path of ``store.db``, in a directory that is there.
        history: The steps to go through.

    Raises:
        StoreExistsError: Something is there already; it was left alone.
        StoreError: The database could not be made.
    """
    with _lock(database):
        if database.exists():
            raise StoreExistsError(f"There is already a store at {database}.")
        made = database.with_name(f"{database.name}.new")
        _remove(made)  # what a killed process left behind
        try:
            _run(made, history, advice="No store was made.")
            made.rename(database)
            sync_directory(database.parent)
        finally:
            _remove(made)


def upgrade(database: Path, history: History = _OURS) -> MigrationReport:
    """Bring a database to the newest version, or find that it is there. Opening a store starts with this.

    Two processes may do so at once: one makes the steps, the other waits and finds them made.

    Args:
        database: The path of ``store.db``.
        history: The steps that are known.

    Returns:
        What was done.

    Raises:
        StoreNotFoundError: There is no such file.
        StoreTooNewError: A newer program wrote it; not a byte was changed.
        StoreDamagedError: It is not a database, or not a store's.
        StoreError: There is too little space, or a step failed; the steps before it are kept.
    """
    before = _known_version(database, history)
    if before == history.head():
        return MigrationReport(before, before)
    with _lock(database):
        before = _known_version(database, history)
        steps = history.after(before)
        if not steps:
            return MigrationReport(before, history.head())
        require_space(database)
        copy = copy_before(database, before, history.head())
        _run(database, history, advice="The store is as the last step that succeeded left it; try again.")
    return MigrationReport(before, history.head(), steps, copy)


def _lock(database: Path) -> FileLock:
    """The kernel's lock among those who create or upgrade; the file stays, the lock ends with its process."""
    return FileLock(database.with_name(f"{database.name}.migrate.lock"))


def _known_version(database: Path, history: History) -> str:
    if not database.is_file():
        raise StoreNotFoundError(f"There is no store at {database}.")
    version = peek(database, lambda connection: _recorded_version(connection, database))
    if version not in history.versions():
        raise StoreTooNewError(
            f"{database} has version {version}, and this program knows none after {history.head()}.",
            advice="Upgrade localloop and try again; the store was left untouched.",
        )
    return version


def _recorded_version(connection: sqlite3.Connection, database: Path) -> str:
    with closing(connection.cursor()) as cursor:
        tables = {name for (name,) in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:  # a database is made under another name and appears whole: something emptied this one
            raise StoreDamagedError(
                f"{database} is empty; what was in it is lost.",
                advice="Restore it from a copy (store.db.before-*), or clone again.",
            )
        found = []
        if "alembic_version" in tables:
            found = cursor.execute("SELECT version_num FROM alembic_version").fetchall()
    if len(found) != 1:
        raise StoreDamagedError(
            f"{database} is a SQLite database, but not one of a store: it records no version.",
            advice="Restore it from a copy (store.db.before-*), or choose another directory.",
        )
    return str(found[0][0])


def _run(database: Path, history: History, *, advice: str) -> None:
    from localloop_schema.migrations import runner  # noqa: PLC0415 - Alembic is slow to import, and seldom needed

    try:
        runner.run(database, history.directories)
    except SQLAlchemyError as error:
        raise StoreError(
            f"{database} could not be given its tables: {getattr(error, 'orig', error)}.", advice=advice
        ) from error


def _remove(database: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
