"""Connections to a store's database: pragmas, and transactions that say what they are for.

Many processes share a store, so a write takes the write lock at its first statement (``BEGIN IMMEDIATE``): it
can then wait, but never fail half-way with ``SQLITE_BUSY`` because somebody else wrote between its read and
its write.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.util import LRUCache

from localloop_schema.sqlite import store_error

DATABASE = "store.db"
BUSY_TIMEOUT_MS = 30_000

_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    # FULL: a commit is on the disk when it returns, so that a power cut loses no edit.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",
)

#: Compiled statements, for all stores that a process opens: to compile one costs many times what it costs to run it.
_COMPILED: MutableMapping[Any, Any] = LRUCache(1000)
_DIALECTS: dict[str, Dialect] = {}


def open_engine(database: Path) -> Engine:
    """An engine for the database file, which is created when it is not there.

    Args:
        database: The path of ``store.db``.

    Returns:
        An engine whose connections have the pragmas set; use :func:`reading` and :func:`writing` on it.

    Raises:
        StoreDamagedError: The file is not a SQLite database.
        StoreError: The file cannot be opened or made.
    """
    # Not as text: a question mark in a directory's name would start the URL's query.
    url = URL.create("sqlite", database=str(database))
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # SQLAlchemy's begin event below sends BEGIN, not the driver
        for pragma in _PRAGMAS:
            raw.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("localloop_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except DatabaseError as error:
        engine.dispose()
        raise store_error(database, error.orig) from error
    # What compiled statements are kept by. It has seen a connection by now, and so knows this machine's SQLite.
    engine.dialect = _DIALECTS.setdefault("sqlite", engine.dialect)
    engine.update_execution_options(compiled_cache=_COMPILED)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read transaction: one unchanging view of the store."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction: all of it happens, or none."""
    with engine.connect().execution_options(localloop_begin="IMMEDIATE") as connection, connection.begin():
        yield connection
