"""Undoing actions whose effect the platform has, has not, or has refused."""

from __future__ import annotations

import pytest

from localloop.errors import NotFound
from localloop.store import work
from localloop.store.conflicts import Choice
from localloop.store.items import move_item
from localloop.store.tasks import create_task
from localloop.store.trash import find_heap, restore
from localloop.store.undoing import UndoRefused, actions, find_action, undo, undo_unsent
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.operation import State
from tests.integration.sync.harness import rested


def refuse(laptop, reason="The platform says no."):
    """Have the platform refuse what waits."""
    for job in laptop.journal.begin(laptop.journal.jobs(State.PENDING)):
        laptop.journal.reject(job, reason)


def test_an_unsent_edit_is_undone_without_a_trace_for_the_platform(alone):
    alone.add("/a.txt", x=1)
    alone.sync()
    alone.edit("/a.txt", x=2)
    done = undo(alone.store)
    assert (done.edited, done.waits, alone.user("/a.txt"), alone.unsent()) == ({"item": 1}, 0, {"x": 1}, [])
    assert alone.sync().quiet


def test_a_sent_edit_is_undone_by_the_next_sync_and_again_by_another_undo(pair):
    pair.a.edit("/a.txt", x=2)
    rested(pair.a, pair.b)
    assert undo(pair.a.store).waits == 1
    rested(pair.a, pair.b)
    assert pair.b.user("/a.txt") == {"x": 1, "y": 1}
    undo(pair.a.store)
    rested(pair.a, pair.b)
    assert pair.b.user("/a.txt")["x"] == 2


@pytest.mark.parametrize("whose", ["mine", "pulled"])
def test_a_later_edit_of_the_same_field_is_not_undone_unless_it_is_said(pair, whose):
    pair.a.edit("/a.txt", x=2)
    batch = actions_of(pair.a)[0]
    rested(pair.a, pair.b)
    (pair.a if whose == "mine" else pair.b).edit("/a.txt", x=3)
    pair.b.sync()
    pair.a.sync()
    before = pair.a.dump()
    with pytest.raises(UndoRefused, match=r"Item /a\.txt was edited since: metadata\.user\.x\."):
        undo(pair.a.store, batch)
    assert pair.a.dump() == before
    undo(pair.a.store, batch, force=True)
    rested(pair.a, pair.b)
    assert pair.b.user("/a.txt") == {"x": 1, "y": 1}


def test_a_later_edit_of_another_field_stays(pair):
    pair.a.edit("/a.txt", x=2)
    batch = actions_of(pair.a)[0]
    pair.b.edit("/a.txt", y=3)
    rested(pair.a, pair.b)
    undo(pair.a.store, batch)
    rested(pair.a, pair.b)
    assert pair.b.user("/a.txt") == {"x": 1, "y": 3}


def test_what_is_undone_already_is_not_undone_again(alone):
    alone.add("/a.txt", x=1)
    alone.edit("/a.txt", x=2)
    batch = actions_of(alone)[0]
    undo(alone.store, batch)
    assert undo(alone.store, batch).nothing
    assert alone.user("/a.txt") == {"x": 1}


def test_what_was_made_is_deleted_here_and_there(pair):
    pair.a.add("/b.txt")
    rested(pair.a, pair.b)
    done = undo(pair.a.store)
    assert (done.deleted, done.there) == ({"item": 1}, {"item": 1})
    rested(pair.a, pair.b)
    assert pair.b.paths() == ["/a.txt"]
    undo(pair.a.store)
    rested(pair.a, pair.b)
    assert pair.b.paths() == ["/a.txt", "/b.txt"]


@pytest.mark.parametrize("since", ["annotated", "edited"])
def test_what_was_worked_on_since_it_was_made_is_not_deleted_unless_it_is_said(pair, since):
    pair.a.add("/b.txt")
    batch = actions_of(pair.a)[0]
    rested(pair.a, pair.b)
    if since == "annotated":
        pair.b.annotate("/b.txt", "cat")
    else:
        pair.b.edit("/b.txt", x=1)
    rested(pair.b, pair.a)
    with pytest.raises(UndoRefused, match=r"since|later"):
        undo(pair.a.store, batch)
    undo(pair.a.store, batch, force=True)
    rested(pair.a, pair.b)
    assert pair.b.paths() == ["/a.txt"]


def test_a_sent_deletion_comes_back_with_its_annotations_and_its_ids(pair):
    ids = {row["id"] for kind in (K.ITEM, K.ANNOTATION) for row in pair.a.store.rows(kind)}
    pair.a.delete("/a.txt")
    rested(pair.a, pair.b)
    assert undo(pair.a.store).revived.counts == {"item": 1, "annotation": 2}
    assert {row["id"] for kind in (K.ITEM, K.ANNOTATION) for row in pair.a.store.rows(kind)} == ids
    rested(pair.a, pair.b)
    assert (pair.b.labels(), pair.b.user("/a.txt")) == (["cat", "dog"], {"x": 1, "y": 1})


def test_a_stale_listing_of_what_came_back_takes_it_away_from_nobody(pair):
    ghost = pair.platform.at("/a.txt")
    pair.a.delete("/a.txt")
    pair.a.sync()
    undo(pair.a.store)
    pair.platform.entities[K.ITEM][ghost.id] = ghost  # an index that lags behind shows it once more
    pair.platform.contents[ghost.id] = b"first"
    pair.a.sync()
    del pair.platform.entities[K.ITEM][ghost.id]
    rested(pair.a, pair.b)
    assert pair.b.paths() == ["/a.txt"]


def test_a_deletion_that_is_in_conflict_is_decided_and_not_undone(pair):
    pair.a.delete("/a.txt")
    pair.b.edit("/a.txt", x=3)
    pair.b.sync()
    pair.a.sync()
    with pytest.raises(UndoRefused, match="in conflict") as refused:
        undo(pair.a.store)
    assert f"localloop resolve {pair.a.conflict()['id']} --restore" in refused.value.advice


def test_an_edit_before_a_deletion_that_is_taken_back_is_still_sent(pair):
    pair.a.edit("/a.txt", x=2)
    pair.a.delete("/a.txt")
    pair.platform.change(
        pair.platform.at("/a.txt"), pair.platform.at("/a.txt").document, by="bob@example.test"
    )
    pair.a.sync(push=False)  # the base moved: what waits is logged anew, as a deletion and nothing else
    undo(pair.a.store)
    pair.a.sound()
    rested(pair.a, pair.b)
    assert pair.b.user("/a.txt")["x"] == 2


def test_a_refused_deletion_is_taken_back(pair):
    pair.a.delete("/a.txt")
    refuse(pair.a)
    item = pair.a.operations("rejected")[-1]
    assert item["kind"] == "item"
    done = undo_unsent(pair.a.store, K.ITEM, item["entity_id"])
    assert (done.revived.counts, done.waits, pair.a.unsent()) == ({"item": 1, "annotation": 2}, 0, [])
    assert pair.a.sync().quiet
    assert pair.a.labels() == ["cat", "dog"]


def test_a_deletion_that_was_insisted_on_is_taken_back_without_what_others_wrote_meanwhile(pair):
    pair.b.edit("/a.txt", y="b")
    pair.b.put("/a.txt", b"second")
    rested(pair.b)
    pair.a.delete("/a.txt")
    pair.a.sync()
    pair.a.resolve(Choice.MINE)
    with pair.a.store.transaction("restore") as tx:
        restore(tx, find_heap(tx.connection, "P/D/a.txt"))
    pair.a.sound()
    assert pair.a.unsent() == []
    rested(pair.a, pair.b)
    assert pair.b.user("/a.txt") == pair.a.user("/a.txt") == {"x": 1, "y": "b"}
    assert pair.platform.at("/a.txt").document["content"]["size"] == len(b"second")


def test_a_refused_edit_that_is_taken_back_by_another_edit_is_done_with(pair):
    pair.a.edit("/a.txt", x=2)
    refuse(pair.a)
    pair.a.edit("/a.txt", x=1)
    pair.a.sync()
    assert pair.a.unsent() == []
    assert pair.a.operations("rejected") == []


def test_a_refused_edit_and_a_refused_creation_are_given_up(pair):
    pair.a.edit("/a.txt", x=2)
    pair.a.add("/b.txt")
    refuse(pair.a)
    for path in ("/a.txt", "/b.txt"):
        undo_unsent(pair.a.store, K.ITEM, pair.a.item(path)["id"])
    assert (pair.a.unsent(), pair.a.paths(), pair.a.user("/a.txt")["x"]) == ([], ["/a.txt"], 1)
    with pytest.raises(NotFound, match="Nothing of this waits"):
        undo_unsent(pair.a.store, K.ITEM, pair.a.item("/a.txt")["id"])


def test_one_refused_field_is_given_up_and_the_other_stays_as_it_is(pair):
    pair.a.edit("/a.txt", x=2)
    refuse(pair.a)
    pair.a.edit("/a.txt", y=2)
    undo(pair.a.store)
    [left] = pair.a.unsent()
    assert (left["state"], left["changes"][0]["path"]) == ("rejected", ["metadata", "user", "x"])


def test_a_path_that_is_taken_by_now_is_not_moved_back_to(alone):
    alone.add("/a.txt", b"a")
    alone.move("/a.txt", "/b.txt")
    batch = actions_of(alone)[0]
    alone.add("/a.txt", b"new")
    with pytest.raises(UndoRefused, match=r"Another item is called '/a\.txt'"):
        undo(alone.store, batch)
    alone.move("/a.txt", "/c.txt")
    undo(alone.store, batch)
    assert alone.paths() == ["/a.txt", "/c.txt"]


def test_two_items_that_changed_places_change_back(alone):
    alone.add("/a.txt", b"a")
    alone.add("/b.txt", b"b")
    alone.sync()
    with alone.store.transaction("swap") as tx:
        for path, to in (("/a.txt", "/x"), ("/b.txt", "/a.txt"), ("/x", "/b.txt")):
            [row] = tx.rows(K.ITEM, filename=path)
            move_item(tx, row, to)
    assert alone.bytes("/a.txt") == b"b"
    undo(alone.store)
    assert alone.bytes("/a.txt") == b"a"
    assert alone.unsent() == []


def test_content_comes_back_while_its_bytes_are_here(pair):
    pair.a.put("/a.txt", b"second")
    rested(pair.a, pair.b)
    undo(pair.a.store)
    rested(pair.a, pair.b)
    assert pair.b.bytes("/a.txt") == b"first"


def test_content_that_is_not_here_any_more_does_not(pair):
    digest = pair.a.item("/a.txt")["digest"]
    pair.a.put("/a.txt", b"second")
    rested(pair.a, pair.b)
    with pair.a.store.transaction("lose") as tx:
        tx.connection.exec_driver_sql("DELETE FROM blobs WHERE digest = ?", (digest,))
    with pytest.raises(UndoRefused, match=r"The content that /a\.txt had before is not here"):
        undo(pair.a.store)
    assert undo(pair.a.store, force=True).passed_over != []
    assert pair.a.bytes("/a.txt") == b"second"


def test_an_edit_in_conflict_is_decided_and_not_undone(pair):
    pair.b.edit("/a.txt", x="b")
    pair.a.edit("/a.txt", x="a")
    pair.b.sync()
    pair.a.sync()
    with pytest.raises(UndoRefused, match="in conflict") as refused:
        undo(pair.a.store)
    assert "localloop resolve" in refused.value.advice
    pair.a.resolve(Choice.THEIRS)
    pair.a.edit("/a.txt", y=9)
    undo(pair.a.store)
    pair.a.edit("/a.txt", x="c")
    pair.b.edit("/a.txt", x="d")
    pair.b.sync()
    pair.a.sync()
    pair.a.resolve(Choice.MINE)
    with pytest.raises(UndoRefused, match="decision"):
        undo(pair.a.store)


def test_a_deletion_that_is_being_sent_is_not_taken_back_before_its_outcome_is_known(pair):
    pair.a.delete("/a.txt")
    pair.a.journal.begin(pair.a.journal.jobs(State.PENDING))
    with pytest.raises(UndoRefused, match="just being sent"):
        undo(pair.a.store)
    pair.a.sync()
    undo(pair.a.store)
    rested(pair.a, pair.b)
    assert pair.b.paths() == ["/a.txt"]


def test_an_edit_that_is_being_sent_is_undone_and_the_platform_ends_with_the_old_value(pair):
    pair.a.edit("/a.txt", x=2)
    [job] = pair.a.journal.begin(pair.a.journal.jobs(State.PENDING))
    undo(pair.a.store)
    pair.a.sound()
    pair.platform.edit(K.ITEM, job.remote_id, metadata={"user": {"x": 2, "y": 1}})  # it arrived, unanswered
    rested(pair.a, pair.b)
    assert pair.b.user("/a.txt") == {"x": 1, "y": 1}


def test_an_edit_that_was_being_sent_and_never_arrived_is_undone(pair):
    pair.a.edit("/a.txt", x=2)
    pair.a.journal.begin(pair.a.journal.jobs(State.PENDING))
    undo(pair.a.store)
    pair.a.sync()
    assert pair.a.unsent() == []
    rested(pair.a, pair.b)
    assert pair.b.user("/a.txt") == {"x": 1, "y": 1}


def test_actions_are_found_by_number_and_by_the_end_of_an_id(alone):
    alone.add("/a.txt", x=1)
    alone.sync()
    alone.edit("/a.txt", x=2)
    with alone.store.reading() as connection:
        listed = actions(connection)
        assert [one.action for one in listed] == ["edit", "add", "found"]
        assert listed[1].states == {"acknowledged": 1}
        last = alone.operations()[-1]
        for name in ("", str(last["seq"]), last["id"], last["batch"][-8:]):
            assert find_action(connection, name)[0].batch == last["batch"], name
        for name in ("99999", "nothing", "ab"):
            with pytest.raises(NotFound):
                find_action(connection, name)


def actions_of(laptop):
    """The ids of the last actions, the newest first."""
    with laptop.store.reading() as connection:
        return [one.batch for one in actions(connection)]


def test_what_was_done_for_a_task_goes_with_the_undone_task(pair):
    """Its items would name a task that is not there, and the platform would refuse that for ever."""
    with pair.a.store.transaction("give work") as tx:
        create_task(tx, tx.row(K.DATASET, pair.a.dataset()["id"]), "T", {}, assignee_ids=["ann@x"])
    given = actions_of(pair.a)[0]
    with pair.a.store.transaction("work") as tx:
        work.set_item_status(tx, tx.rows(K.TASK)[0], tx.rows(K.ITEM), "completed")
    undo(pair.a.store, given, force=True)
    assert to_document(K.ITEM, pair.a.item("/a.txt")).get("tasks", {}) == {}
    rested(pair.a, pair.b)
