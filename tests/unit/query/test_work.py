"""What the references of items say: their statuses, that they have none, and how far a task is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from tests.unit.query.rows import DATASET, MOMENT, PROJECT, add, annotation, found, item, matching


def ref(name: str, status: Any = None, kind: str = "task") -> dict[str, Any]:
    return {"type": kind, "id": name, "metadata": {} if status is None else {"status": status}}


def in_tasks(db: Connection, name: str, *refs: Any, **more: Any) -> None:
    item(db, name, metadata={"system": {"refs": list(refs)}}, **more)


@pytest.fixture
def items(db: Connection) -> Connection:
    item(db, "bare")
    item(db, "odd", metadata={"system": {"refs": False}})
    in_tasks(db, "free")
    in_tasks(db, "open", ref("t"), ref("a", kind="assignment"))
    in_tasks(db, "done", ref("t", "completed"), ref("a", "completed", "assignment"), ref("u"))
    in_tasks(db, "both", ref("t", "completed"), ref("u", "approved"), "noise", ref("v", ""), ref("w", 3))
    # What the platform once said of it is not what it says now.
    item(db, "stale", metadata={"system": {"refs": [ref("t", "discard")], "annotationStatus": ["completed"]}})
    return db


NONE = ["bare", "free", "odd", "open"]


@pytest.mark.parametrize("name", ["metadata.system.annotationStatus", "annotationStatus"])
@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("completed", ["both", "done"]),
        (["completed"], ["done"]),
        (["approved", "completed"], ["both"]),
        ([], NONE),
        ({"$ne": "completed"}, [*NONE, "stale"]),
        ({"$in": ["approved", "discard"]}, ["both", "stale"]),
        ({"$nin": ["approved", "completed", "discard"]}, NONE),
        ("3", []),
        ("", []),
    ],
)
def test_statuses_are_those_in_the_tasks(
    items: Connection, name: str, condition: Any, ids: list[str]
) -> None:
    assert matching(items, {name: condition}) == sorted(ids)


def test_no_references_are_an_empty_list(items: Connection) -> None:
    assert matching(items, {"metadata.system.refs": []}) == ["bare", "free", "odd"]
    assert matching(items, {"metadata.system.refs": {"$ne": []}}) == ["both", "done", "open", "stale"]
    assert matching(items, {"metadata.system.refs.id": "u"}) == ["both", "done"]
    one_of_u = {"$match": {"id": "u", "metadata.status": "approved"}}
    assert matching(items, {"metadata.system.refs": one_of_u}) == ["both"]


def test_annotations_are_found_by_the_statuses_of_their_item(items: Connection) -> None:
    annotation(items, "x", "done")
    annotation(items, "y", "open")
    join = {"on": {"resource": "items"}, "filter": {"metadata.system.annotationStatus": ["completed"]}}
    assert found(items, {"resource": "annotations", "join": join}) == ["x"]


def task(db: Connection, name: str, status: str, **columns: Any) -> None:
    common = {"project_id": PROJECT, "dataset_id": DATASET, "task_owner": "o@x", "priority": 2, "query": "{}"}
    lists = {"workload": [], "metadata": {}, "spec": {}, "available_actions": []}
    add(db, "tasks", id=name, name=name, status=status, **{**common, **lists, **columns})


def test_a_task_is_found_by_the_status_that_is_shown(db: Connection) -> None:
    task(db, "begun", "open", remote_id="begun-there")
    task(db, "new", "in progress")
    task(db, "done", "open")
    task(db, "empty", "in progress")
    task(db, "named", "completed")
    in_tasks(db, "1", ref("begun"), ref("new"), ref("done", "approved"), ref("named"))
    in_tasks(db, "2", ref("begun-there", "completed"), ref("done", "discard"))
    in_tasks(db, "gone", ref("done"), deleted_at=MOMENT)
    assert matching(db, {"status": "open"}, "tasks") == ["new"]
    assert matching(db, {"status": "in progress"}, "tasks") == ["begun", "empty"]
    assert matching(db, {"status": {"$in": ["completed"]}}, "tasks") == ["done", "named"]
    assert matching(db, {"status": {"$ne": "completed"}}, "tasks") == ["begun", "empty", "new"]


def test_an_assignment_is_found_by_the_status_that_is_shown(db: Connection) -> None:
    task(db, "t", "open")
    for name in ("a", "b"):
        add(
            db, "assignments", id=name, name=name, annotator="x@x", status="todo", metadata={}, task_id="t",
            project_id=PROJECT, dataset_id=DATASET,
        )  # fmt: skip
    in_tasks(db, "1", ref("t", "completed"), ref("a", "completed", "assignment"))
    in_tasks(db, "2", ref("t"), ref("b", kind="assignment"))
    assert matching(db, {"status": "done"}, "assignments") == ["a"]
    assert matching(db, {"status": "todo"}, "assignments") == ["b"]
