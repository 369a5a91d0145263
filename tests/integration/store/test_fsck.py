from __future__ import annotations

import pytest
from sqlalchemy import insert

from localloop.store.annotations import add_annotations
from localloop.store.fsck import Level, check
from localloop.store.items import add_item, update_item
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.tables import BaseSnapshot


@pytest.fixture
def item(world):
    blob = world.store.blobs.add_bytes(b"abc")
    with world.store.transaction("add") as tx:
        row, _ = add_item(tx, world.dataset, "/a.jpg", blob)
        add_annotations(tx, row, [{"type": "class", "label": "L"}])
    return row


def agree(store, row, document=None):
    """Pretend that the platform has this item: base and acknowledged operations, as a push leaves them."""
    base = document or to_document(EntityKind.ITEM, row)
    with store.transaction("pretend a push") as tx:
        tx.connection.execute(
            insert(BaseSnapshot),
            {"kind": "item", "entity_id": row["id"], "remote_id": "r", "document": base},
        )
        tx.connection.exec_driver_sql(
            "UPDATE operations SET state = 'acknowledged' WHERE entity_id = ?", (row["id"],)
        )


def tamper(store, sql, *values):
    with store.transaction("tamper") as tx:
        tx.connection.exec_driver_sql(sql, values)


def test_a_sound_store_has_no_findings(world, item):
    assert check(world.store) == []


def test_edits_over_a_base_are_sound(world, item):
    agree(world.store, item)
    assert check(world.store) == []
    with world.store.transaction("edit") as tx:
        update_item(tx, tx.row(EntityKind.ITEM, item["id"]), {"description": "x"})
    assert check(world.store) == []
    with world.store.transaction("delete") as tx:
        tx.delete(EntityKind.ITEM, tx.row(EntityKind.ITEM, item["id"]))
    assert check(world.store) == []  # the trash needs the content
    with world.store.transaction("empty") as tx:
        tx.connection.exec_driver_sql("UPDATE tombstones SET emptied_at = '2026-01-01T00:00:00.000Z'")
    assert [found.level for found in check(world.store)] == [Level.INFO]  # the content is nobody's now


def test_a_row_that_changed_without_an_operation_is_found(world, item):
    tamper(world.store, "UPDATE items SET description = 'x' WHERE id = ?", item["id"])
    (found,) = check(world.store)
    assert (found.level, found.check, found.subject) == (Level.ERROR, "log", f"item {item['id']}")
    assert "description" in found.message


def test_an_operation_without_its_row_is_found(world, item):
    tamper(world.store, "DELETE FROM annotations")
    (found,) = check(world.store)
    assert (found.check, "create" in found.message) == ("log", True)


def test_lost_content_is_found(world, item):
    world.store.blobs.remove(item["digest"])
    (found,) = check(world.store)
    assert (found.level, found.check) == (Level.ERROR, "blob")


def test_content_that_only_the_platform_has_is_no_finding(world, item):
    agree(world.store, item)
    world.store.blobs.remove(item["digest"])
    assert check(world.store) == []


def test_lost_content_that_replaced_what_the_platform_has_is_found(world, item):
    agree(world.store, item)
    blob = world.store.blobs.add_bytes(b"newer")
    with world.store.transaction("overwrite") as tx:
        add_item(tx, world.dataset, "/a.jpg", blob, overwrite=True)
    world.store.blobs.remove(blob.digest)
    assert [found.check for found in check(world.store) if found.level is Level.ERROR] == ["blob"]


def test_content_that_nobody_names_is_worth_knowing(world, item):
    blob = world.store.blobs.add_bytes(b"orphan")
    (found,) = check(world.store)
    assert (found.level, found.check, found.subject) == (Level.INFO, "orphan", blob.digest)


def test_a_row_without_its_parent_is_found(world, item):
    with world.store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("UPDATE annotations SET item_id = 'gone'")
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql("BEGIN")
    assert "reference" in {found.check for found in check(world.store)}
