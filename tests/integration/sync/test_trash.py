"""What was deleted, here or on the platform, comes back with what went with it, for as long as it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop.errors import NotFound, StoreError
from localloop.store.projects import add_member, remove_member
from localloop.store.reviving import Revived
from localloop.store.tasks import create_task, delete_task
from localloop.store.trash import SETTING, contents, empty, find_heap, restore
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind as K
from tests.integration.sync.harness import Laptop, rested


def trash(laptop):
    with laptop.store.reading() as connection:
        return contents(connection)


def bring_back(laptop, what) -> Revived:
    with laptop.store.transaction(f"restore {what}") as tx:
        return restore(tx, find_heap(tx.connection, what))


@pytest.fixture
def deleted(pair):
    """Laptop b has pulled that a deleted /a.txt, with its two annotations."""
    pair.before = pair.b.item("/a.txt")
    pair.notes = {row["id"]: to_document(K.ANNOTATION, row) for row in pair.b.store.rows(K.ANNOTATION)}
    pair.a.delete("/a.txt")
    rested(pair.a, pair.b)
    assert pair.b.paths() == []
    return pair


def test_what_a_pull_deleted_comes_back_whole_and_goes_to_the_platform_anew(deleted):
    [heap] = trash(deleted.b)
    assert (heap.name, heap.origin, heap.sent) == ("/a.txt", "platform", True)
    assert (heap.counts, heap.size) == ({"item": 1, "annotation": 2}, 5)
    assert bring_back(deleted.b, "P/D/a.txt").counts == {"item": 1, "annotation": 2}
    row = deleted.b.item("/a.txt")
    for name in ("id", "creator", "created_at", "mimetype", "metadata", "digest"):
        assert row[name] == deleted.before[name], name
    assert {
        row["id"]: to_document(K.ANNOTATION, row) for row in deleted.b.store.rows(K.ANNOTATION)
    } == deleted.notes
    deleted.b.sound()
    assert trash(deleted.b) == []
    rested(deleted.b, deleted.a)
    assert deleted.a.labels() == ["cat", "dog"]
    assert deleted.platform.at("/a.txt").id != deleted.before["remote_id"]


def test_what_was_deleted_here_is_in_the_trash_before_and_after_it_is_sent(deleted):
    [heap] = trash(deleted.a)
    assert (heap.origin, heap.sent, heap.deleted_by) == ("local", True, "alice@example.test")
    bring_back(deleted.a, heap.id[-8:])
    rested(deleted.a, deleted.b)
    deleted.a.delete("/a.txt")
    [heap] = trash(deleted.a)
    assert not heap.sent
    bring_back(deleted.a, "P/D/a.txt")
    assert deleted.a.unsent() == []  # the platform has heard nothing of it
    assert deleted.a.sync().quiet


def test_a_path_that_is_taken_meanwhile_is_left_to_who_has_it(deleted):
    deleted.b.add("/a.txt", b"another")
    revived = bring_back(deleted.b, "P/D/a.txt")
    assert revived.renamed == [("/a.txt", "/a (restored).txt")]
    rested(deleted.b, deleted.a)
    assert deleted.a.bytes("/a (restored).txt") == b"first"
    assert deleted.a.bytes("/a.txt") == b"another"
    deleted.b.delete("/a.txt")
    deleted.b.add("/a.txt", b"third")
    assert bring_back(deleted.b, "P/D/a.txt").renamed == [("/a.txt", "/a (restored 2).txt")]


def test_an_unsent_deletion_whose_path_is_taken_comes_back_beside_it(pair):
    pair.a.delete("/a.txt")
    pair.a.add("/a.txt", b"another")
    assert bring_back(pair.a, "P/D/a.txt").renamed == [("/a.txt", "/a (restored).txt")]
    pair.a.sound()
    rested(pair.a, pair.b)
    assert (pair.b.bytes("/a.txt"), pair.b.bytes("/a (restored).txt")) == (b"another", b"first")


def test_memberships_in_tasks_that_are_gone_are_dropped_and_counted(pair):
    for name in ("stays", "goes"):
        with pair.a.store.transaction("task") as tx:
            create_task(tx, tx.rows(K.DATASET, name="D")[0], name, {}, assignee_ids=["ann@x"])
    rested(pair.a, pair.b)
    pair.a.delete("/a.txt")
    rested(pair.a, pair.b)
    with pair.a.store.transaction("drop") as tx:
        delete_task(tx, tx.rows(K.TASK, name="goes")[0])
    rested(pair.a, pair.b)
    assert bring_back(pair.b, "P/D/a.txt").dropped == 1
    [task] = pair.b.store.rows(K.TASK)
    assert list(to_document(K.ITEM, pair.b.item("/a.txt"))["tasks"]) == [task["id"]]
    rested(pair.b, pair.a)


def test_a_dataset_comes_back_with_all_that_was_in_it(pair):
    pair.a.add("/early.txt", b"early")
    with pair.a.store.transaction("task") as tx:
        create_task(tx, tx.rows(K.DATASET, name="D")[0], "t", {}, assignee_ids=["ann@x"])
    rested(pair.a, pair.b)
    pair.a.delete("/early.txt")
    rested(pair.a, pair.b)
    before = {kind: {row["id"]: to_document(kind, row) for row in pair.b.store.rows(kind)} for kind in K}
    with pair.a.store.transaction("delete") as tx:
        tx.delete(K.DATASET, tx.rows(K.DATASET, name="D")[0])
    pair.a.sync(limits=None)
    pair.b.sync(limits=None)
    assert pair.b.store.rows(K.ITEM) == []
    newest, older = trash(pair.b)
    assert (newest.name, older.name) == ("D", "/early.txt")
    with pytest.raises(StoreError, match="the dataset it was in is deleted"):
        bring_back(pair.b, older.id)
    with pytest.raises(StoreError, match="deleted with something it was in"):
        bring_back(pair.b, next(iter(before[K.ANNOTATION])))
    bring_back(pair.b, "P/D")
    pair.b.sound()
    assert {
        kind: {row["id"]: to_document(kind, row) for row in pair.b.store.rows(kind)} for kind in K
    } == before
    bring_back(pair.b, older.id)
    rested(pair.b, pair.a)
    assert pair.a.paths() == ["/a.txt", "/early.txt"]


def test_what_has_its_content_nowhere_stays_in_the_trash_and_says_so(deleted):
    with deleted.b.store.transaction("lose") as tx:
        tx.connection.exec_driver_sql("DELETE FROM blobs")
    before = deleted.b.dump()
    with pytest.raises(StoreError, match="its content is neither here nor on the platform"):
        bring_back(deleted.b, "P/D/a.txt")
    assert deleted.b.dump() == before


def test_a_member_who_is_back_already_does_not_come_back_twice(pair):
    with pair.a.store.transaction("members") as tx:
        project = tx.rows(K.PROJECT)[0]
        add_member(tx, project, "bob@x", "engineer")
    pair.a.sync()
    with pair.a.store.transaction("leave") as tx:
        remove_member(tx, project, "bob@x")
    pair.a.sync()
    with pair.a.store.transaction("again") as tx:
        add_member(tx, project, "bob@x", "annotator")
    with pytest.raises(StoreError, match="another one of bob@x"):
        bring_back(pair.a, next(one.id for one in trash(pair.a) if one.kind is K.MEMBER))


def test_a_sync_drops_what_is_older_than_it_is_kept_and_nothing_younger(deleted):
    clock = deleted.platform.clock
    clock.moment += timedelta(days=29)
    deleted.b.add("/b.txt")
    deleted.b.sync()
    deleted.b.delete("/b.txt")
    deleted.b.sync()
    assert [one.name for one in trash(deleted.b)] == ["/b.txt", "/a.txt"]
    clock.moment += timedelta(days=1, minutes=1)
    deleted.b.sync()
    assert [one.name for one in trash(deleted.b)] == ["/b.txt"]
    [grave] = [one for one in deleted.b.tombstones(K.ITEM) if one["emptied_at"]]
    assert grave["document"] == {
        "filename": "/a.txt",
        "type": "file",
    }  # the log still knows what it was called
    with pytest.raises(NotFound):
        bring_back(deleted.b, "P/D/a.txt")


def test_how_long_it_is_kept_is_the_stores_setting(deleted):
    deleted.b.store.set_settings({SETTING: 90})
    deleted.platform.clock.moment += timedelta(days=89)
    deleted.b.sync()
    assert len(trash(deleted.b)) == 1
    deleted.b.store.set_settings({SETTING: 1})
    deleted.b.sync(dry_run=True)
    assert len(trash(deleted.b)) == 1
    deleted.b.sync()
    assert trash(deleted.b) == []


def test_emptying_drops_what_is_old_enough_and_keeps_what_is_not_sent(deleted):
    deleted.b.add("/b.txt")
    deleted.b.sync()
    deleted.b.delete("/b.txt")
    with deleted.b.store.transaction("empty") as tx:
        assert empty(tx, "2026-01-01T00:00:00.000Z") == 0
        assert empty(tx) == 3
    assert [one.name for one in trash(deleted.b)] == ["/b.txt"]
    bring_back(deleted.b, "P/D/b.txt")
    rested(deleted.b, deleted.a)
    assert deleted.a.paths() == ["/b.txt"]


def test_what_was_never_sent_is_in_the_trash_too(alone):
    alone.add("/a.txt", b"a", x=1)
    alone.delete("/a.txt")
    bring_back(alone, "P/D/a.txt")
    assert alone.user("/a.txt") == {"x": 1}
    alone.sync()
    assert alone.platform.paths() == ["/a.txt"]


def test_what_came_back_may_be_deleted_and_come_back_again(deleted: Laptop):
    for _ in range(2):
        bring_back(deleted.b, "P/D/a.txt")
        rested(deleted.b, deleted.a)
        deleted.b.edit("/a.txt", x=5)
        rested(deleted.b, deleted.a)
        deleted.a.delete("/a.txt")
        rested(deleted.a, deleted.b)
    bring_back(deleted.a, "P/D/a.txt")
    rested(deleted.a, deleted.b)
    assert deleted.b.user("/a.txt")["x"] == 5
