"""Which items are in a task, whose they are, and their statuses: edited here, on the platform, and on both."""

from __future__ import annotations

import json

import pytest

from localloop.store import work
from localloop.store.conflicts import Choice
from localloop.store.tasks import create_task, delete_task, reassign
from localloop_schema.kinds import EntityKind as K
from localloop_schema.refs import tasks_of
from localloop_sync.errors import TransientError
from tests.integration.sync.harness import agree, rested

BOTH_WAYS = True

ANN, BOB = "ann@example.test", "bob@example.test"


def only(*rows):
    """The query of some items."""
    return {"filter": {"$and": [{"id": {"$in": [row["id"] for row in rows]}}]}}


def give(laptop, name, *paths, assignees=(ANN,)):
    """Create a task over the items at some paths."""
    with laptop.store.transaction("give") as tx:
        rows = [laptop.item(path) for path in paths]
        return create_task(
            tx, tx.row(K.DATASET, laptop.dataset()["id"]), name, only(*rows), assignee_ids=list(assignees)
        )


def task_of(laptop, name="T"):
    [row] = laptop.store.rows(K.TASK, name=name)
    return row


def set_status(laptop, status, *paths, name="T", operation="create"):
    with laptop.store.transaction("status") as tx:
        rows = [tx.row(K.ITEM, laptop.item(path)["id"]) for path in paths]
        return work.set_item_status(tx, task_of(laptop, name), rows, status, operation=operation)


def entry(laptop, path, name="T"):
    """What an item says of a task: its assignee and its status; None when it is not in it."""
    found = work.entry_of(laptop.item(path), task_of(laptop, name))
    if found is None:
        return None
    assignment = found.get("assignment")
    rows = [one for one in laptop.store.rows(K.ASSIGNMENT) if assignment in {one["id"], one["remote_id"]}]
    return [rows[0]["annotator"] if rows else None, found.get("status")]


def there(platform, path):
    """The same on the platform, where there is one task."""
    tasks = platform.at(path).document.get("tasks") or {}
    [found] = tasks.values()
    assignment = platform.entities[K.ASSIGNMENT].get(found.get("assignment"))
    return [assignment.document["annotator"] if assignment else None, found.get("status")]


@pytest.fixture
def shared(pair):
    """Two laptops that agree on a task of Ann's over two items of three."""
    pair.a.add("/b.txt", b"second")
    pair.a.add("/c.txt", b"third")
    give(pair.a, "T", "/a.txt", "/b.txt")
    agree(pair.a, pair.b)
    assert entry(pair.b, "/a.txt") == [ANN, None]
    return pair


def test_a_status_that_was_set_here_reaches_the_platform_and_others(shared):
    set_status(shared.a, "completed", "/a.txt")
    shared.a.sync()
    assert there(shared.platform, "/a.txt") == [ANN, "completed"]
    shared.b.sync()
    assert entry(shared.b, "/a.txt") == [ANN, "completed"]
    set_status(shared.b, "completed", "/a.txt", operation="delete")
    agree(shared.b, shared.a)
    assert entry(shared.a, "/a.txt") == [ANN, None]


def test_statuses_of_many_items_go_in_one_request(shared):
    set_status(shared.a, "completed", "/a.txt", "/b.txt")
    shared.a.sync()
    assert shared.a.calls["assign"] == 1


def test_items_that_are_added_and_removed_here_are_so_there(shared):
    with shared.a.store.transaction("move") as tx:
        work.add_items(tx, task_of(shared.a), only(shared.a.item("/c.txt")))
        work.remove_items(tx, task_of(shared.a), only(shared.a.item("/a.txt")))
    agree(shared.a, shared.b)
    assert entry(shared.b, "/c.txt") == [ANN, None]
    assert entry(shared.b, "/a.txt") is None


def test_an_assignee_who_is_new_here_gets_an_assignment_there(shared):
    with shared.a.store.transaction("give") as tx:
        share = [{"assigneeId": BOB, "load": 100}]
        work.add_items(tx, task_of(shared.a), only(shared.a.item("/c.txt")), workload=share)
    agree(shared.a, shared.b)
    assert entry(shared.b, "/c.txt") == [BOB, None]
    assert sorted(row["annotator"] for row in shared.b.store.rows(K.ASSIGNMENT)) == [ANN, BOB]


def test_an_assignee_of_nothing_gets_an_assignment_too(shared):
    with shared.a.store.transaction("give") as tx:
        work.assignment_of(tx, task_of(shared.a), BOB)
    agree(shared.a, shared.b)
    assert sorted(row["annotator"] for row in shared.b.store.rows(K.ASSIGNMENT)) == [ANN, BOB]


def test_a_redistribution_here_arrives_with_the_statuses(shared):
    set_status(shared.a, "completed", "/a.txt", "/b.txt")
    with shared.a.store.transaction("deal") as tx:
        [mine] = tx.rows(K.ASSIGNMENT, task_id=task_of(shared.a)["id"])
        workload = [{"assigneeId": ANN, "load": 50}, {"assigneeId": BOB, "load": 50}]
        assert work.redistribute(tx, task_of(shared.a), mine, workload) == 2
    agree(shared.a, shared.b)
    assert sorted([entry(shared.b, "/a.txt"), entry(shared.b, "/b.txt")]) == [
        [ANN, "completed"],
        [BOB, "completed"],
    ]


def test_a_reassignment_here_arrives(shared):
    with shared.a.store.transaction("reassign") as tx:
        reassign(tx, tx.rows(K.ASSIGNMENT)[0], BOB)
    agree(shared.a, shared.b)
    assert entry(shared.b, "/a.txt") == [BOB, None]


def test_statuses_that_were_set_before_the_platform_knew_the_task_arrive(pair):
    pair.a.add("/b.txt", b"second")
    give(pair.a, "T", "/a.txt", "/b.txt", assignees=[ANN, BOB])
    set_status(pair.a, "completed", "/a.txt", "/b.txt")
    agree(pair.a, pair.b)
    assert {tuple(there(pair.platform, path)) for path in ("/a.txt", "/b.txt")} == {
        (ANN, "completed"),
        (BOB, "completed"),
    }


def test_the_query_of_a_task_names_the_items_as_the_platform_does(pair):
    pair.a.add("/b.txt", b"second")
    give(pair.a, "T", "/b.txt")
    agree(pair.a, pair.b)
    [task] = pair.platform.entities[K.TASK].values()
    assert json.loads(task.document["query"])["filter"]["$and"][0]["id"]["$in"] == [
        pair.platform.at("/b.txt").id
    ]


def test_the_review_of_a_task_that_the_platform_does_not_know_yet_arrives(pair):
    give(pair.a, "T", "/a.txt")
    with pair.a.store.transaction("review") as tx:
        spec = {"type": "qa", "parentTaskId": task_of(pair.a)["id"]}
        create_task(tx, tx.row(K.DATASET, pair.a.dataset()["id"]), "T_qa", {}, spec=spec)
    agree(pair.a, pair.b)
    [parent, review] = pair.platform.entities[K.TASK].values()
    assert review.document["spec"] == {"type": "qa", "parentTaskId": parent.id}
    assert task_of(pair.b, "T_qa")["spec"]["parentTaskId"] == task_of(pair.b)["id"]


def test_what_a_pulling_task_is_made_of_arrives(pair):
    with pair.a.store.transaction("give") as tx:
        system = {"batchSize": 3, "maxBatchWorkload": 5, "allowedAssignees": [ANN], "eval": {"x": 1}}
        create_task(
            tx,
            tx.row(K.DATASET, pair.a.dataset()["id"]),
            "T",
            {},
            metadata={"system": system, "user": {"k": 1}},
        )
    agree(pair.a, pair.b)
    [task] = pair.platform.entities[K.TASK].values()
    assert task.document["metadata"] == {
        "system": {"batchSize": 3, "maxBatchWorkload": 5, "allowedAssignees": [ANN]},
        "user": {"k": 1},
    }


def test_statuses_in_two_tasks_do_not_collide(shared):
    give(shared.a, "U", "/a.txt")
    agree(shared.a, shared.b)
    set_status(shared.a, "completed", "/a.txt")
    set_status(shared.b, "discard", "/a.txt", name="U")
    agree(shared.a, shared.b)
    assert entry(shared.a, "/a.txt") == [ANN, "completed"]
    assert entry(shared.a, "/a.txt", "U") == [ANN, "discard"]
    assert shared.a.conflicts(None) == shared.b.conflicts(None) == []


def test_two_statuses_of_one_item_are_a_conflict(shared):
    set_status(shared.a, "completed", "/a.txt")
    set_status(shared.b, "discard", "/a.txt")
    shared.a.sync()
    shared.b.sync()
    row = shared.b.conflict()
    assert row["path"] == ["tasks", task_of(shared.b)["id"], "status"]
    assert (row["values"]["mine"], row["values"]["theirs"]) == ("discard", "completed")
    shared.b.resolve(Choice.MINE)
    agree(shared.b, shared.a)
    assert entry(shared.a, "/a.txt") == [ANN, "discard"]


def test_a_status_of_an_item_that_somebody_took_out_of_the_task_is_a_conflict(shared):
    with shared.a.store.transaction("remove") as tx:
        work.remove_items(tx, task_of(shared.a), only(shared.a.item("/a.txt")))
    shared.a.sync()
    set_status(shared.b, "completed", "/a.txt")
    shared.b.sync()
    row = shared.b.conflict()
    assert row["path"] == ["tasks", task_of(shared.b)["id"]]
    shared.b.resolve(Choice.THEIRS)
    agree(shared.b, shared.a)
    assert entry(shared.b, "/a.txt") is None


def test_taking_an_item_out_that_got_a_status_meanwhile_is_a_conflict(shared):
    set_status(shared.a, "completed", "/a.txt")
    shared.a.sync()
    with shared.b.store.transaction("remove") as tx:
        work.remove_items(tx, task_of(shared.b), only(shared.b.item("/a.txt")))
    shared.b.sync()
    assert shared.b.conflict()["path"] == ["tasks", task_of(shared.b)["id"]]
    shared.b.resolve(Choice.MINE)
    agree(shared.b, shared.a)
    assert entry(shared.a, "/a.txt") is None


def test_items_forget_a_task_that_was_deleted_on_either_side(shared):
    with shared.a.store.transaction("delete") as tx:
        delete_task(tx, task_of(shared.a))
    agree(shared.a, shared.b)
    for laptop in (shared.a, shared.b):
        assert laptop.store.rows(K.TASK) == laptop.store.rows(K.ASSIGNMENT) == []
        assert tasks_of(laptop.item("/a.txt")["metadata"].get("system", {}).get("refs")) == {}


def test_an_item_edited_otherwise_too_sends_both(shared):
    shared.a.edit("/a.txt", z=1)
    set_status(shared.a, "completed", "/a.txt")
    shared.a.edit("/a.txt", w=2)
    agree(shared.a, shared.b)
    assert entry(shared.b, "/a.txt") == [ANN, "completed"]
    assert shared.b.user("/a.txt") == {"x": 1, "y": 1, "z": 1, "w": 2}


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_reply_to_an_assignment_is_looked_up(shared, applied):
    set_status(shared.a, "completed", "/a.txt")
    with shared.a.store.transaction("give") as tx:
        share = [{"assigneeId": BOB, "load": 100}]
        work.add_items(tx, task_of(shared.a), only(shared.a.item("/c.txt")), workload=share)

    def lost(method, *_):
        if method == "assign":
            raise TransientError("The reply was lost.")

    shared.a.listen(None if applied else lost, lost if applied else None, gone=True)
    with pytest.raises(TransientError):
        shared.a.sync()
    shared.a.listen()
    agree(shared.a, shared.b)
    assert entry(shared.b, "/a.txt") == [ANN, "completed"]
    assert entry(shared.b, "/c.txt") == [BOB, None]
    assert shared.a.conflicts(None) == []


def test_a_move_that_was_interrupted_halfway_goes_on(shared):
    """An item moves between assignments by leaving the task and coming into it again."""
    with shared.a.store.transaction("deal") as tx:
        [mine] = tx.rows(K.ASSIGNMENT, task_id=task_of(shared.a)["id"])
        work.redistribute(tx, task_of(shared.a), mine, [{"assigneeId": BOB, "load": 100}])
    one = shared.platform.at("/a.txt")

    def halfway(method, *_):
        if method == "assign":
            shared.platform.change(one, {**one.document, "tasks": {}}, by="alice@example.test")
            raise TransientError("The reply was lost.")

    shared.a.listen(halfway, gone=True)
    with pytest.raises(TransientError):
        shared.a.sync()
    shared.a.listen()
    agree(shared.a, shared.b)
    assert entry(shared.b, "/a.txt") == [BOB, None]


def test_a_task_is_not_deleted_while_work_in_it_is_in_conflict(pair):
    """The platform takes what was done there out of its items with it; the decision would be about nothing."""
    with pair.a.store.transaction("give work") as tx:
        create_task(tx, tx.row(K.DATASET, pair.a.dataset()["id"]), "T", {}, assignee_ids=["ann@x"])
    rested(pair.a, pair.b)
    with pair.b.store.transaction("work") as tx:
        work.set_item_status(tx, tx.rows(K.TASK)[0], tx.rows(K.ITEM), "completed")
    pair.b.sync()
    with pair.a.store.transaction("drop the task") as tx:
        delete_task(tx, tx.rows(K.TASK)[0])
    pair.a.delete("/a.txt")
    pair.a.sync()
    assert pair.platform.entities[K.TASK]
    [conflict] = pair.a.conflicts()
    [entry] = conflict["values"]["theirs"]["tasks"].values()
    assert entry["status"] == "completed"
    pair.a.resolve(Choice.THEIRS)
    rested(pair.a, pair.b)
    assert not pair.platform.entities[K.TASK]
    [entry] = pair.a.conflicts(None)[0]["values"]["theirs"]["tasks"].values()
    assert entry["status"] == "completed"


def test_a_task_is_not_deleted_while_somebody_works_in_it_elsewhere(shared):
    with shared.b.store.transaction("drop the task") as tx:
        delete_task(tx, task_of(shared.b))
    set_status(shared.a, "completed", "/a.txt")
    shared.a.sync()
    shared.b.sync()
    assert shared.platform.entities[K.TASK]
    assert shared.b.conflict()["values"]["theirs"]["status"] == "completed"


def test_an_item_that_came_after_its_task_was_deleted_here_holds_that_up_with_its_status(shared):
    with shared.b.store.transaction("drop the task") as tx:
        delete_task(tx, task_of(shared.b))
    shared.a.add("/d.txt", b"fourth")
    with shared.a.store.transaction("give") as tx:
        work.add_items(tx, task_of(shared.a), only(shared.a.item("/d.txt")))
    set_status(shared.a, "discarded", "/d.txt")
    shared.a.sync()
    shared.b.sync()
    assert shared.b.conflict()["sort"] == "deleted here"
    shared.b.resolve(Choice.MINE)
    agree(shared.b, shared.a)
    assert not shared.platform.entities[K.TASK]


def test_the_status_of_an_item_is_recorded_when_its_task_is_deleted_elsewhere(shared):
    set_status(shared.a, "completed", "/a.txt")
    shared.a.sync()
    task = task_of(shared.a)["id"]
    for remote_id in list(shared.platform.entities[K.TASK]):
        shared.platform.remove(K.TASK, remote_id)
    agree(shared.a, shared.b)
    assert entry_is_gone(shared.a, "/a.txt")
    [record] = shared.a.conflicts(None)
    assert (record["state"], record["path"]) == ("resolved", ["tasks", task])
    assert record["values"]["mine"]["status"] == "completed"


def entry_is_gone(laptop, path):
    """Whether an item is in no task."""
    return tasks_of(laptop.item(path)["metadata"].get("system", {}).get("refs")) == {}


def test_an_item_that_left_a_task_and_is_gone_by_then_is_no_trouble(pair):
    """It was deleted there after the pull, and nothing of it was edited here but that it left the task."""
    with pair.a.store.transaction("give work") as tx:
        create_task(tx, tx.row(K.DATASET, pair.a.dataset()["id"]), "T", {}, assignee_ids=["ann@x"])
    rested(pair.a, pair.b)
    item = pair.platform.at("/a.txt").id
    with pair.a.store.transaction("take it out") as tx:
        work.remove_items(tx, tx.rows(K.TASK)[0], {})

    def before(method, *args):
        if method == "several" and args[0] is K.ITEM and item in pair.platform.entities[K.ITEM]:
            pair.platform.remove(K.ITEM, item)

    pair.a.listen(before)
    pair.a.sync()
    assert item not in pair.platform.entities[K.ITEM]
    pair.a.listen()
    pair.a.sync(limits=None)
    assert pair.a.paths() == []
    assert pair.a.unsent() == []
