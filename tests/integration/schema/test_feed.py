"""The step that brings the change feed, on a store that was filled before it, and what its triggers do."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from localloop_schema.history import PACKAGED, History
from localloop_schema.kinds import EntityKind
from localloop_schema.migrate import create, upgrade
from localloop_schema.tables import MODELS

_ENTITY = "id, creator, created_at, updated_at, updated_by"
_STAMPS = "'', '', '', ''"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A store of the version before, with a dataset, an item and one that waits for its deletion."""
    steps = tmp_path / "steps"
    steps.mkdir()
    shutil.copy(PACKAGED / "0001_initial.py", steps)
    path = tmp_path / "store" / "store.db"
    path.parent.mkdir()
    create(path, History((steps,)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            f"INSERT INTO projects ({_ENTITY}, name, role) VALUES ('p', {_STAMPS}, 'P', 'owner')"
        )
        connection.execute(
            f"INSERT INTO members ({_ENTITY}, project_id, email, role)"
            f" VALUES ('m', {_STAMPS}, 'p', 'a@example.test', 'owner')"
        )
        connection.execute(
            f"INSERT INTO datasets ({_ENTITY}, project_id, name, recipes, metadata, facts, system, readonly,"
            " index_driver, access_level, driver)"
            f" VALUES ('d', {_STAMPS}, 'p', 'D', '[]', '{{}}', '{{}}', 0, 0, '', '', '')"
        )
        add_item(connection, "i", "NULL")
        add_item(connection, "gone", "'2026-01-01'")
    return path


def add_item(connection: sqlite3.Connection, item: str, deleted_at: str = "NULL") -> None:
    connection.execute(
        f"INSERT INTO items ({_ENTITY}, deleted_at, dataset_id, filename, dir, name, type, hidden, size, mimetype,"
        f" spec, metadata) VALUES ('{item}', {_STAMPS}, {deleted_at}, 'd', '/{item}', '/', '{item}', 'file', 0, 0,"
        " '', '', '{}')"
    )


def feed(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    query = "SELECT kind, entity_id, wire_id, project_id, dataset_id, deleted FROM feed ORDER BY seq"
    return connection.execute(query).fetchall()


def test_a_filled_store_gets_an_entry_for_each_entity_parents_first(older):
    assert upgrade(older).steps[0] == "0002"
    with closing(sqlite3.connect(older)) as connection:
        assert feed(connection) == [
            ("project", "p", "p", "p", None, 0),
            ("member", "m", "a@example.test", "p", None, 0),
            ("dataset", "d", "d", "p", "d", 0),
            ("item", "gone", "gone", "p", "d", 1),
            ("item", "i", "i", "p", "d", 0),
        ]
        [(start, name)] = connection.execute("SELECT start, name FROM feed_epochs").fetchall()
        assert (start, len(name)) == (-1, 16)


def test_two_stores_begin_under_different_names(tmp_path):
    names = set()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        create(tmp_path / folder / "store.db")
        with closing(sqlite3.connect(tmp_path / folder / "store.db")) as connection:
            names.add(connection.execute("SELECT name FROM feed_epochs").fetchone())
    assert len(names) == 2


def test_every_change_takes_the_entity_to_the_end_and_no_number_comes_twice(older):
    upgrade(older)
    with closing(sqlite3.connect(older)) as connection, connection:
        numbers = [newest(connection)]
        for statement in (
            "UPDATE items SET mimetype = 'image/png' WHERE id = 'i'",
            "UPDATE items SET deleted_at = 'now' WHERE id = 'i'",
            "UPDATE items SET deleted_at = NULL WHERE id = 'i'",
            "DELETE FROM items WHERE id = 'i'",
            "UPDATE datasets SET name = 'E'",
        ):
            connection.execute(statement)
            numbers.append(newest(connection))
        assert numbers == sorted(set(numbers))
        assert feed(connection)[-2:] == [("item", "i", "i", "p", "d", 1), ("dataset", "d", "d", "p", "d", 0)]
        add_item(connection, "i")
        assert feed(connection)[-1] == ("item", "i", "i", "p", "d", 0)


def newest(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT max(seq) FROM feed").fetchone()[0]


def test_every_mirror_table_has_its_three_triggers(tmp_path):
    create(tmp_path / "store.db")
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        found = connection.execute(
            "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
    wanted = {
        (MODELS[kind].__tablename__, f"feed_{kind.value}_{event}")
        for kind in EntityKind
        for event in ("insert", "update", "delete")
    }
    assert set(found) == wanted
