"""Connections to a store's database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from localloop_schema.errors import StoreDamagedError, StoreError
from localloop_schema.migrate import create
from localloop_schema.session import BUSY_TIMEOUT_MS, open_engine, reading, writing

ADD = "INSERT INTO settings (key, value) VALUES (?, '1')"
COUNT = "SELECT count(*) FROM settings"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    create(path)
    return path


@pytest.fixture
def engine(database: Path) -> Iterator[Engine]:
    opened = open_engine(database)
    yield opened
    opened.dispose()


def count(connection: Connection) -> int:
    return int(connection.exec_driver_sql(COUNT).scalar_one())


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("foreign_keys", 1),
        ("busy_timeout", BUSY_TIMEOUT_MS),
        ("synchronous", 2),
        ("temp_store", 2),
        ("journal_size_limit", 67_108_864),
    ],
)
def test_every_connection_has_the_pragmas(engine: Engine, pragma: str, value: object) -> None:
    with reading(engine) as first, reading(engine) as second:
        found = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() for connection in (first, second)]

    assert found == [value, value]


def test_a_write_transaction_holds_the_write_lock_before_its_first_statement(
    engine: Engine, database: Path
) -> None:
    other = sqlite3.connect(database, timeout=0, isolation_level=None)
    with writing(engine), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")

    other.execute("BEGIN IMMEDIATE")  # free again
    other.close()


def test_a_read_transaction_holds_no_write_lock(engine: Engine, database: Path) -> None:
    other = sqlite3.connect(database, timeout=0, isolation_level=None)
    with reading(engine) as connection:
        assert count(connection) == 0
        other.execute("BEGIN IMMEDIATE")
        other.execute("COMMIT")
    other.close()


def test_a_second_writer_waits_and_then_sees_what_the_first_wrote(engine: Engine) -> None:
    about_to_write = threading.Event()
    first_is_done = threading.Event()
    seen: list[tuple[bool, int]] = []

    def second() -> None:
        about_to_write.set()
        with writing(engine) as connection:
            seen.append((first_is_done.is_set(), count(connection)))
            connection.exec_driver_sql(ADD, ("second",))

    thread = threading.Thread(target=second)
    with writing(engine) as connection:
        thread.start()
        assert about_to_write.wait(timeout=60)
        connection.exec_driver_sql(ADD, ("first",))
        first_is_done.set()
    thread.join(timeout=60)

    assert seen == [(True, 1)]
    with reading(engine) as connection:
        assert count(connection) == 2


def test_a_reader_is_not_blocked_by_a_writer_and_sees_the_state_before_it(engine: Engine) -> None:
    with writing(engine) as writer:
        writer.exec_driver_sql(ADD, ("uncommitted",))
        with reading(engine) as reader:
            assert count(reader) == 0
    with reading(engine) as reader:
        assert count(reader) == 1


def test_a_read_transaction_keeps_one_view_while_others_write(engine: Engine) -> None:
    with reading(engine) as reader:
        assert count(reader) == 0
        with writing(engine) as writer:
            writer.exec_driver_sql(ADD, ("meanwhile",))
        assert count(reader) == 0


def test_a_write_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    def fails_half_way() -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql(ADD, ("half",))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_half_way()

    with reading(engine) as connection:
        assert count(connection) == 0


def test_a_directory_may_have_any_name(tmp_path: Path) -> None:
    directory = tmp_path / "what? 100% #1 & ünï"
    directory.mkdir()
    create(directory / "store.db")

    engine = open_engine(directory / "store.db")
    with reading(engine) as connection:
        assert count(connection) == 0
    engine.dispose()

    assert [path.name for path in tmp_path.iterdir()] == [directory.name]


def test_a_file_that_is_not_a_database_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"this is not a database, " * 100)

    with pytest.raises(StoreDamagedError, match="not a readable SQLite database"):
        open_engine(path)


def test_a_file_that_cannot_be_opened_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        open_engine(tmp_path / "no such directory" / "store.db")

    assert not isinstance(caught.value, StoreDamagedError)
