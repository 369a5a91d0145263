from __future__ import annotations

import json

import pytest

from localloop.errors import BadRequest, UnprocessableEntity
from localloop.store import bulk
from localloop.store.annotations import add_annotations
from localloop.store.bulk import delete_by_query, matching, update_by_query
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.store.tasks import create_task, delete_task, reassign, update_task
from localloop.store.work import (
    Counts,
    add_items,
    assignments_of,
    counts,
    even_workload,
    items_query,
    remove_items,
    set_item_status,
)
from localloop_schema.kinds import EntityKind

LABELLED = {
    "join": {
        "on": {"resource": "annotations", "local": "itemId", "forigen": "id"},
        "filter": {"$and": [{"label": "Ear"}]},
    }
}


@pytest.fixture
def items(world):
    """Seven items; those with an even number carry the label ``Ear``."""
    blob = world.store.blobs.add_bytes(b"abc")
    with world.store.transaction("add") as tx:
        rows = [add_item(tx, world.dataset, f"/{number}.jpg", blob)[0] for number in range(7)]
        for row in rows[::2]:
            add_annotations(tx, row, [{"type": "class", "label": "Ear"}, {"type": "class", "label": "Eye"}])
        other = create_dataset(tx, world.project, "Other")
        add_item(tx, other, "/0.jpg", blob)
    return rows


@pytest.fixture(params=[1, 2, 3, 7, 500])
def step(request, monkeypatch):
    """Chunks of several sizes, so that borders fall everywhere."""
    monkeypatch.setattr(bulk, "STEP", request.param)


def ids(rows):
    return [row["id"] for row in rows]


def test_matching_sees_everything_once_in_id_order(world, items, step):
    with world.store.reading() as connection:
        found = [row["id"] for rows in matching(connection, {}, world.dataset) for row in rows]
    assert found == sorted(ids(items))


def test_an_update_by_query_reaches_what_it_changes_itself(world, items, step):
    query = {"filter": {"$and": [{"metadata.user.seen": {"$exists": False}}]}}
    with world.store.transaction("update") as tx:
        assert update_by_query(tx, query, world.dataset, {"metadata": {"user": {"seen": True}}}) == 7
        assert update_by_query(tx, query, world.dataset, {"metadata": {"user": {"seen": True}}}) == 0


def test_an_update_by_query_through_a_join_touches_only_those(world, items):
    with world.store.transaction("update") as tx:
        assert update_by_query(tx, LABELLED, world.dataset, {"metadata": {"user": {"ear": 1}}}) == 4
    marked = [row["id"] for row in world.store.rows(EntityKind.ITEM) if "user" in row["metadata"]]
    assert marked == sorted(ids(items[::2]))


def test_a_join_inside_the_filter_of_a_saved_query_counts(world, items, step):
    saved = {"filter": {"$and": [{"filename": {"$ne": "/0.jpg"}}], **LABELLED}}
    with world.store.transaction("update") as tx:
        assert update_by_query(tx, saved, world.dataset, {"metadata": {"user": {"ear": 1}}}) == 3
        assert delete_by_query(tx, {"filter": LABELLED}, world.dataset) == 4
    left = {
        row["id"] for row in world.store.rows(EntityKind.ITEM) if row["dataset_id"] == world.dataset["id"]
    }
    assert left == set(ids(items[1::2]))


def test_annotations_are_updated_and_deleted_by_query(world, items, step):
    query = {"resource": "annotations", "filter": {"$and": [{"label": "Ear"}]}}
    with world.store.transaction("update") as tx:
        assert update_by_query(tx, query, world.dataset, {"label": "Nose"}) == 4
        assert delete_by_query(tx, query, world.dataset) == 0
        query["filter"] = {"$and": [{"label": "Nose"}, {"itemId": items[0]["id"]}]}
        assert delete_by_query(tx, query, world.dataset) == 1
    assert len(world.store.rows(EntityKind.ANNOTATION)) == 7


def test_items_are_deleted_by_query_with_what_is_below_them(world, items, step):
    with world.store.transaction("delete") as tx:
        assert delete_by_query(tx, LABELLED, world.dataset) == 4
    assert len(world.store.rows(EntityKind.ITEM)) == 4  # three here, one in the other dataset
    assert world.store.rows(EntityKind.ANNOTATION) == []


@pytest.mark.parametrize(
    ("query", "error"),
    [({"resource": "tasks"}, BadRequest), ({"filter": {"a": {"$glob": "x"}}}, UnprocessableEntity)],
)
def test_a_query_that_cannot_be_run_changes_nothing(world, items, query, error):
    with pytest.raises(error), world.store.transaction("update") as tx:
        update_by_query(tx, query, world.dataset, {"metadata": {"user": {"x": 1}}})


def test_items_cannot_be_moved_by_query(world, items):
    with pytest.raises(BadRequest), world.store.transaction("update") as tx:
        update_by_query(tx, {}, world.dataset, {"filename": "/x"})


@pytest.mark.parametrize(
    ("people", "loads"),
    [([], []), (["a"], [100]), (["a", "b", "c"], [34, 33, 33]), (["a"] * 7, [15, 15] + [14] * 5)],
)
def test_an_even_workload_makes_a_hundred(people, loads):
    assert [share["load"] for share in even_workload(people)] == loads


def test_a_task_takes_the_items_of_its_query_and_splits_them(world, items):
    with world.store.transaction("create task") as tx:
        task = create_task(tx, world.dataset, "t", {}, assignee_ids=["a@x", "b@x"], due_date_ms=1000.0)
        shares = assignments_of(tx.connection, task["id"])
        assert counts(tx.connection, task) == Counts(7, {})
        assert [(row["annotator"], counts(tx.connection, row).total) for row in shares] == [
            ("a@x", 4),
            ("b@x", 3),
        ]
        found = [
            row["id"]
            for rows in matching(tx.connection, items_query(shares[0]), world.dataset)
            for row in rows
        ]
    assert found == sorted(ids(items))[:4]
    assert (task["task_owner"], task["due_date"], task["status"]) == ("ann@example.test", 1000.0, "open")
    assert (task["recipe_id"], json.loads(task["query"])) == (world.dataset["recipes"][0], {})


def test_items_that_come_into_a_task_are_operations(world, items):
    with world.store.transaction("create task") as tx:
        create_task(tx, world.dataset, "t", LABELLED, assignee_ids=["a@x"])
        batch = tx.stamp.batch
    with world.store.reading() as connection:
        kinds = connection.exec_driver_sql(
            "SELECT kind FROM operations WHERE batch = ? ORDER BY seq", (batch,)
        )
        assert kinds.scalars().all() == ["task", "assignment", *["item"] * 4]


@pytest.mark.parametrize(
    "workload", [[{"load": 1}], [{"assigneeId": "a"}], [{"assigneeId": "a", "load": -1}]]
)
def test_a_workload_that_makes_no_sense_is_refused(world, workload):
    with pytest.raises(BadRequest), world.store.transaction("create task") as tx:
        create_task(tx, world.dataset, "t", {}, workload=workload)


def test_a_query_may_be_json_text(world, items):
    with world.store.transaction("create task") as tx:
        task = create_task(tx, world.dataset, "t", json.dumps(LABELLED))
        assert counts(tx.connection, task).total == 4
        with pytest.raises(BadRequest):
            create_task(tx, world.dataset, "u", "{")
        with pytest.raises(BadRequest):
            create_task(tx, world.dataset, "", {})


def test_items_are_added_once_and_removed(world, items):
    with world.store.transaction("tasks") as tx:
        task = create_task(tx, world.dataset, "t", LABELLED, assignee_ids=["a@x"])
        assert add_items(tx, task, {}) == 3
        assert add_items(tx, task, {}) == 0
        assert len(assignments_of(tx.connection, task["id"])) == 1
        assert remove_items(tx, task, LABELLED) == 4
        assert counts(tx.connection, task).total == 3


def test_a_status_counts_in_the_task_and_the_assignment(world, items):
    with world.store.transaction("tasks") as tx:
        task = create_task(tx, world.dataset, "t", LABELLED, assignee_ids=["a@x"])
        (share,) = assignments_of(tx.connection, task["id"])
        some = [tx.row(EntityKind.ITEM, row["id"]) for row in items[:3]]
        assert set_item_status(tx, task, some, "completed") == 2  # the second one is not in the task
        for owner in (task, share):
            done = counts(tx.connection, owner)
            assert (done, done.completed, done.remaining) == (Counts(4, {"completed": 2}), 2, 2)
        first = tx.row(EntityKind.ITEM, items[0]["id"])
        assert set_item_status(tx, task, [first], "completed", operation="delete") == 1
        assert counts(tx.connection, task) == Counts(4, {"completed": 1})
        log = tx.row(EntityKind.ITEM, items[0]["id"])["metadata"]["system"]["taskStatusLog"]
        assert [entry["action"] for entry in log] == ["create", "delete"]
        with pytest.raises(BadRequest):
            set_item_status(tx, task, [first], "completed", operation="mend")


def test_deleting_a_task_frees_its_items(world, items):
    with world.store.transaction("tasks") as tx:
        task = create_task(tx, world.dataset, "t", {}, assignee_ids=["a@x"])
        assert delete_task(tx, task) == 2
        assert tx.row(EntityKind.ITEM, items[0]["id"])["metadata"]["system"]["refs"] == []


def test_a_task_and_an_assignment_are_edited(world, items):
    with world.store.transaction("tasks") as tx:
        task = create_task(tx, world.dataset, "t", {}, assignee_ids=["a@x"])
        task = update_task(tx, task, {"name": "u", "priority": 3, "totalItems": 99, "status": None})
        assert (task["name"], task["priority"], task["status"]) == ("u", 3, "open")
        (share,) = assignments_of(tx.connection, task["id"])
        assert reassign(tx, share, "z@x")["annotator"] == "z@x"
        with pytest.raises(BadRequest):
            reassign(tx, share, " ")
