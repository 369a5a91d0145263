from __future__ import annotations

import pytest
from sqlalchemy import event, insert

from localloop.errors import BadRequest, Conflict
from localloop.store.annotations import add_annotations
from localloop.store.fsck import Level, check
from localloop.store.items import (
    NewItem,
    add_item,
    add_items,
    find_item,
    make_directory,
    move_item,
    put_content,
    update_item,
)
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.tables import BaseSnapshot
from localloop_sync.core.operation import Verb
from localloop_sync.drivers.oplog import outstanding_of


@pytest.fixture
def blob(world):
    return world.store.blobs.add_bytes(b"abc")


@pytest.fixture
def other(world):
    return world.store.blobs.add_bytes(b"other")


@pytest.fixture
def item(world, blob):
    with world.store.transaction("add") as tx:
        return add_item(tx, world.dataset, "/a.jpg", blob, metadata={"user": {"k": 1}})[0]


def test_a_new_item_has_what_the_platform_derives(item, blob):
    assert item["metadata"] == {
        "user": {"k": 1},
        "system": {
            "originalname": "a.jpg",
            "size": 3,
            "encoding": "7bit",
            "mimetype": "image/jpeg",
            "isBinary": True,
            "refs": [],
            "taskStatusLog": [],
        },
    }
    assert (item["digest"], item["size"], item["mimetype"], item["hidden"]) == (
        blob.digest,
        3,
        "image/jpeg",
        False,
    )


def test_what_is_derived_is_not_in_the_document(item, blob):
    assert to_document(EntityKind.ITEM, item) == {
        "type": "file",
        "filename": "/a.jpg",
        "metadata": {"user": {"k": 1}},
        "content": {"size": 3, "digest": blob.digest},
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a.jpg", "/a.jpg"), ("//x/./a.jpg", "/x/a.jpg"), ("/e\u0301.png", "/\u00e9.png"), ("/d/", "/d")],
)
def test_paths_have_one_normal_form(world, blob, given, kept):
    with world.store.transaction("add") as tx:
        assert add_item(tx, world.dataset, given, blob)[0]["filename"] == kept


@pytest.mark.parametrize("path", ["", "/", "/../x", "a/../b", "/a\0b", None])
def test_a_path_that_names_nothing_is_refused(world, blob, path):
    with pytest.raises(BadRequest), world.store.transaction("add") as tx:
        add_item(tx, world.dataset, path, blob)


def test_an_item_of_the_platforms_own_tools_is_hidden(world, blob):
    with world.store.transaction("add") as tx:
        assert add_item(tx, world.dataset, "/.dataloop/x.json", blob)[0]["hidden"]
        assert not add_item(tx, world.dataset, "/.dataloops", blob)[0]["hidden"]


def test_what_is_at_a_path_stays_unless_overwritten(world, item, other):
    with world.store.transaction("add") as tx:
        row, outcome = add_item(tx, world.dataset, "/a.jpg", other)
    assert (outcome, row) == ("exist", item)


def test_overwriting_keeps_the_item_and_drops_its_annotations(world, item, other):
    with world.store.transaction("annotate") as tx:
        add_annotations(tx, item, [{"type": "class", "label": "L"}])
    with world.store.transaction("overwrite") as tx:
        row, outcome = add_item(
            tx, world.dataset, "/a.jpg", other, metadata={"user": {"n": 2}}, overwrite=True
        )
        left = tx.rows(EntityKind.ANNOTATION, item_id=item["id"])
    assert (outcome, row["id"], row["digest"], left) == ("overwrite", item["id"], other.digest, [])
    assert row["metadata"]["user"] == {"k": 1, "n": 2}
    assert row["metadata"]["system"]["size"] == other.size


def test_new_content_is_logged_as_such(world, item, other):
    with world.store.transaction("overwrite") as tx:
        put_content(tx, item, other)
    with world.store.reading() as connection:
        verbs = connection.exec_driver_sql(
            "SELECT verb FROM operations WHERE entity_id = ? ORDER BY seq", (item["id"],)
        )
        assert verbs.scalars().all() == ["create", "put-content"]


def test_new_content_drops_what_was_derived_of_the_old(world, blob, other):
    with world.store.transaction("add") as tx:
        row, _ = add_item(tx, world.dataset, "/x.jpg", blob, derived={"width": 9, "height": 9})
        assert row["metadata"]["system"]["width"] == 9
        assert "width" not in put_content(tx, row, other)["metadata"]["system"]


def test_content_of_equal_size_replaces_what_is_not_here(world, item, blob):
    """The old bytes may be other ones, so the new ones are a change that sync sends."""
    document = {**to_document(EntityKind.ITEM, item), "content": {"size": 3}}
    with world.store.transaction("make it remote-only") as tx:
        tx.connection.execute(
            insert(BaseSnapshot),
            {"kind": "item", "entity_id": item["id"], "remote_id": "r", "document": document},
        )
        tx.connection.exec_driver_sql("UPDATE items SET digest = NULL")
        tx.connection.exec_driver_sql("UPDATE operations SET state = 'acknowledged'")
        assert put_content(tx, tx.row(EntityKind.ITEM, item["id"]), blob)["digest"] == blob.digest
        (operation,) = outstanding_of(tx.connection, EntityKind.ITEM, [item["id"]])[item["id"]]
    assert operation.verb is Verb.PUT_CONTENT


def test_a_new_revision_may_keep_the_annotations(world, item, other):
    with world.store.transaction("annotate") as tx:
        add_annotations(tx, item, [{"type": "class", "label": "L"}])
        put_content(tx, item, other, keep_annotations=True)
    assert len(world.store.rows(EntityKind.ANNOTATION)) == 1


def test_a_patch_changes_only_what_may_be_edited(world, item):
    patch = {
        "metadata": {"user": {"k": None, "n": {"a": 1}}, "system": {"size": 9, "tags": {"t": True}}},
        "description": "d",
        "updatedAt": "1999",
        "id": "x",
        "creator": None,
    }
    with world.store.transaction("edit") as tx:
        row = update_item(tx, item, patch)
    assert row["metadata"]["user"] == {"n": {"a": 1}}
    assert "tags" not in row["metadata"]["system"]
    assert (row["description"], row["id"]) == ("d", item["id"])


def test_system_metadata_is_changed_when_asked_for_but_never_what_is_derived(world, item):
    with world.store.transaction("edit") as tx:
        row = update_item(tx, item, {"metadata": {"system": {"size": 9, "tags": {"t": True}}}}, system=True)
    assert row["metadata"]["system"]["tags"] == {"t": True}
    assert row["metadata"]["system"]["size"] == 3


@pytest.mark.parametrize(
    "patch", [{"metadata": []}, {"metadata": {"system": 1}}, {"description": 1}, {"filename": ""}]
)
def test_a_patch_that_makes_no_sense_is_refused(world, item, patch):
    with pytest.raises(BadRequest), world.store.transaction("edit") as tx:
        update_item(tx, item, patch, system=True)


def test_moving_goes_where_nothing_is(world, item, blob):
    with world.store.transaction("move") as tx:
        moved = move_item(tx, item, "/.dataloop/a.jpg")
        assert (moved["dir"], moved["name"], moved["hidden"]) == ("/.dataloop", "a.jpg", True)
        add_item(tx, world.dataset, "/b.jpg", blob)
        with pytest.raises(Conflict):
            move_item(tx, moved, "/b.jpg")


def test_directories_are_explicit(world, blob):
    with world.store.transaction("add") as tx:
        add_item(tx, world.dataset, "/x/y/z.jpg", blob)
        assert find_item(tx.connection, world.dataset["id"], "/x") is None
        made, outcome = make_directory(tx, world.dataset, "/x")
        assert (made["type"], outcome) == ("dir", "created")
        assert make_directory(tx, world.dataset, "/x/") == (made, "exist")
        with pytest.raises(Conflict):
            add_item(tx, world.dataset, "/x", blob)
        with pytest.raises(Conflict):
            make_directory(tx, world.dataset, "/x/y/z.jpg")


def test_many_files_at_once_are_what_one_after_the_other_would_be(world):
    """A twin of a new path, a path that is taken, and new ones, in one call."""
    one, two = (world.store.blobs.add_bytes(data) for data in (b"one", b"two"))
    with world.store.transaction("first") as tx:
        add_item(tx, world.dataset, "/there.txt", one)
    with world.store.transaction("many") as tx:
        entries = [
            NewItem("/a.txt", one),
            NewItem("/there.txt", two),
            NewItem("a.txt", two),
            NewItem("/b.txt", one),
        ]
        outcomes = [outcome for _, outcome in add_items(tx, world.dataset, entries)]
    assert outcomes == ["created", "exist", "exist", "created"]
    found = {row["filename"]: row["digest"] for row in world.store.rows(EntityKind.ITEM)}
    assert found == {"/there.txt": one.digest, "/a.txt": one.digest, "/b.txt": one.digest}
    assert [finding for finding in check(world.store) if finding.level is not Level.INFO] == []


def test_what_is_at_a_path_is_looked_up_by_the_path_and_not_among_all_items(world):
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    with world.store.reading() as connection:
        event.listen(connection, "before_cursor_execute", note)
        find_item(connection, world.dataset["id"], "/a.jpg")
        event.remove(connection, "before_cursor_execute", note)
        [(statement, parameters)] = asked
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    assert "ix_items_dataset_path (dataset_id=? AND filename=?)" in plan[0][3]
