"""The calls about tasks and assignments one by one (docs/platform/wire.md, 7)."""

from __future__ import annotations

import json

import pytest

from tests.integration.server.commanding import finished
from tests.integration.server.test_exports import operations

ANN, BEN = "a@x.test", "b@x.test"
EACH = [{"assigneeId": ANN, "load": 50}, {"assigneeId": BEN, "load": 50}]


@pytest.fixture
def items(alice, dataset):
    return [alice.upload(dataset, f"/{number}.txt")["id"] for number in range(4)]


@pytest.fixture
def make(alice, project, dataset):
    """Makes a task of what its body says, and returns it as it is shown."""

    def make(name="t", **body):
        whole = {"name": name, "datasetId": dataset, "projectId": project, **body}
        if not {"query", "itemIds"} & body.keys():
            whole["query"] = json.dumps({"filter": {"$and": [{"type": "file"}]}, "resource": "items"})
        command = finished(alice, alice.ask("POST", "/annotationtasks", json=whole))
        assert command["status"] == "success", command
        return alice.ask("GET", f"/annotationtasks/{command['spec']['createdTaskId']}")

    return make


def names(page):
    return sorted(one["name"] for one in page["items"])


def inside(alice, dataset, owner):
    page = alice.query(dataset, {"$and": [{"metadata.system.refs.id": owner}]}, sort={"id": "ascending"})
    return [one["id"] for one in page["items"]]


def set_status(alice, task, items, status, operation="create"):
    payload = {"operation": operation, "returnLastStatus": True, "status": status}
    body = {"itemIds": items, "statusPayload": payload}
    return alice.ask("POST", f"/assignments/items/tasks/{task['id']}/status", json=body)


# What an item says


def test_an_item_tells_its_statuses_in_all_tasks(alice, dataset, items, make):
    first, review = make("first", workload=EACH), make("review")
    set_status(alice, first, items[:2], "completed")
    set_status(alice, review, items[:1], "approved")

    def statuses():
        shown = [alice.ask("GET", f"/items/{one}")["metadata"]["system"] for one in items]
        return [one["annotationStatus"] for one in shown]

    def found(condition):
        page = alice.query(
            dataset, {"$and": [{"type": "file"}, {"metadata.system.annotationStatus": condition}]}
        )
        return sorted(one["id"] for one in page["items"])

    assert statuses() == [["approved", "completed"], ["completed"], [], []]
    assert found(["completed"]) == [items[1]]
    assert found("completed") == sorted(items[:2])
    assert found([]) == sorted(items[2:])
    set_status(alice, first, items[:1], "completed", "delete")
    assert statuses()[0] == ["approved"]


def test_the_statuses_of_an_item_are_no_edit(alice, hub, items, make):
    set_status(alice, make(), items[:1], "completed")
    shown = alice.ask("GET", f"/items/{items[0]}")
    before = operations(hub)
    wrong = {"metadata": {"system": {"annotationStatus": ["approved"], "refs": []}}}
    for body in (shown, wrong):
        answer = alice.ask("PATCH", f"/items/{items[0]}?system=true", json=body)
        assert answer["metadata"] == shown["metadata"]
    assert operations(hub) == before


def test_items_without_references_are_found_as_unassigned(alice, dataset, items, make):
    task = make(itemIds=items[:3])
    free = {"$and": [{"type": "file"}, {"metadata.system.refs": []}]}
    assert [one["id"] for one in alice.query(dataset, free)["items"]] == items[3:]
    query = json.dumps({"filter": {"$and": [{"id": items[0]}]}})
    finished(alice, alice.ask("POST", f"/annotationtasks/{task['id']}/removeFromTask", json={"query": query}))
    found = {one["id"] for one in alice.query(dataset, free)["items"]}
    assert found == {items[0], items[3]}


# Tasks


def test_a_task_takes_the_items_that_are_named(alice, dataset, items, make):
    task = make(itemIds=[items[2], items[0]])
    assert inside(alice, dataset, task["id"]) == sorted([items[0], items[2]])


def test_an_empty_task_has_its_query_and_no_items(alice, dataset, items, make):
    task = make(emptyTask=True, workload=EACH)
    assert (task["totalItems"], inside(alice, dataset, task["id"])) == (0, [])
    assert len(task["assignmentIds"]) == 2


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ({"limit": 3}, 3),
        ({"limit": 9}, 4),
        ({"limit": 50, "percentage": True}, 2),
        ({"limit": 100, "percentage": True}, 4),
        ({"limit": -1}, 4),
    ],
)
def test_a_limit_is_a_number_or_a_share_of_items(items, make, body, number):
    assert make(**body)["totalItems"] == number


def test_items_are_added_up_to_a_limit(alice, items, make):
    task = make(emptyTask=True)
    path = f"/annotationtasks/{task['id']}"
    query = json.dumps({"filter": {"$and": [{"type": "file"}]}})
    for number, total in ((1, 1), (2, 3), (5, 4)):
        finished(alice, alice.ask("POST", f"{path}/addToTask", json={"query": query, "limit": number}))
        assert alice.ask("GET", path)["totalItems"] == total


def test_tasks_are_listed_by_what_they_are(alice, project, dataset, items, make):
    first = make("first", taskOwner="owner@x.test")
    make("second", spec={"type": "qa", "parentTaskId": first["id"]})
    set_status(alice, first, items[:1], "completed")

    def listed(**query):
        return names(alice.ask("GET", "/annotationtasks", params={"projects": project, **query}))

    assert listed() == ["first", "second"]
    assert listed(dataset=dataset) == ["first", "second"]
    assert listed(dataset="0" * 24) == []
    assert listed(name="second") == listed(type="qa") == listed(parentTaskId=first["id"]) == ["second"]
    assert listed(taskOwner="owner@x.test") == listed(status="in progress") == ["first"]
    assert listed(creator="nobody@x.test") == []
    page = alice.ask("GET", "/annotationtasks", params={"projects": project, "pageOffset": 1, "pageSize": 1})
    assert (len(page["items"]), page["hasNextPage"], page["totalItemsCount"]) == (1, False, 2)


def test_tasks_are_queried_by_the_status_that_is_shown(alice, project, items, make):
    task = make("begun")
    make("new")
    done = make("done")
    set_status(alice, task, items[:1], "completed")
    set_status(alice, done, items, "discard")

    def found(status):
        body = {
            "resource": "tasks",
            "context": {"projectIds": [project]},
            "filter": {"$and": [{"status": status}]},
        }
        page = alice.ask("POST", "/annotationtasks/query", json=body)
        assert page["totalItemsCount"] == len(page["items"])
        return [(one["name"], one["status"]) for one in page["items"]]

    assert found("open") == [("new", "open")]
    assert found("in progress") == [("begun", "in progress")]
    assert found({"$in": ["completed"]}) == [("done", "completed")]


def test_tasks_are_counted_with_those_that_are_not_done(alice, bob, project, dataset, items, make):
    make("open")
    set_status(alice, make("done"), items, "completed")
    body = {"projectIds": [project], "datasetId": dataset}
    assert alice.ask("POST", "/annotationtasks/count", json=body) == {
        "activeProjects": 1,
        "activeDatasets": 1,
        "activeTasks": 1,
        "tasksCount": 2,
    }
    other = alice.dataset(project, "other")["id"]
    assert alice.ask("POST", "/annotationtasks/count", json={**body, "datasetId": other})["tasksCount"] == 0
    assert bob.send("POST", "/annotationtasks/count", json=body).status_code == 404


def test_the_relatives_of_a_task_are_its_parent_and_its_reviews(alice, items, make):
    first = make("first")
    review = make("review", spec={"type": "qa", "parentTaskId": first["id"]})
    make("stranger")

    def relatives(task):
        return alice.ask("GET", f"/annotationtasks/{task['id']}/relatives")

    assert relatives(first) == [{"id": review["id"], "name": "review"}]
    assert relatives(review) == [{"id": first["id"], "name": "first"}]


# Assignments


@pytest.fixture
def pulled(make, items):
    """A task whose items wait to be pulled, two at a time and three open ones at most."""
    system = {"batchSize": 2, "maxBatchWorkload": 3, "allowedAssignees": [ANN, BEN]}
    return make("pulled", metadata={"system": system})


@pytest.fixture
def share(alice, pulled):
    """The assignment of one annotator of it, with the first batch."""
    query = json.dumps({"filter": {"$and": [{"filename": "/nothing"}]}})
    body = {"query": query, "workload": [{"assigneeId": ANN, "load": 100}]}
    finished(alice, alice.ask("POST", f"/annotationtasks/{pulled['id']}/addToTask", json=body))
    [one] = alice.ask("GET", f"/annotationtasks/{pulled['id']}")["assignmentIds"]
    return one


def pull(alice, share, what="batch"):
    command = finished(alice, alice.ask("POST", f"/assignments/{share}/{what}", json={}))
    assert command["status"] == "success", command
    return command["spec"]["itemsCount"]


def test_a_batch_brings_the_next_items_up_to_the_most_that_may_be_open(alice, dataset, items, pulled, share):
    def waiting():
        return alice.ask("GET", f"/annotationtasks/{pulled['id']}/queue")["remaining"]

    assert waiting() == 4
    assert pull(alice, share) == 2
    assert inside(alice, dataset, share) == sorted(items)[:2]
    assert pull(alice, share) == 1
    assert (pull(alice, share), waiting()) == (0, 1)
    set_status(alice, pulled, sorted(items)[:1], "completed")
    assert (pull(alice, share), waiting()) == (1, 0)
    assert (pull(alice, share), waiting()) == (0, 0)


def test_what_is_cleared_goes_back_but_for_what_has_a_status(alice, dataset, items, pulled, share):
    pull(alice, share)
    done, not_done = sorted(items)[:2]
    set_status(alice, pulled, [done], "completed")
    assert pull(alice, share, "clear") == 1
    assert inside(alice, dataset, share) == [done]
    assert inside(alice, dataset, pulled["id"]) == sorted(items)
    assert alice.ask("GET", f"/annotationtasks/{pulled['id']}/queue") == {"remaining": 3}
    assert not_done in inside(alice, dataset, pulled["id"])


def test_no_batch_comes_from_a_task_whose_work_is_dealt_out(alice, items, make):
    [share] = make(workload=[{"assigneeId": ANN, "load": 100}])["assignmentIds"]
    command = alice.ask("POST", f"/assignments/{share}/batch", json={})
    failed = finished(alice, command)
    assert failed["status"] == "failed"
    assert "batchSize" in json.dumps(failed)


def test_a_part_of_an_assignment_is_what_is_asked_for(alice, bob, items, make):
    [share] = make(workload=[{"assigneeId": ANN, "load": 100}])["assignmentIds"]
    path = f"/assignments/{share}/partial"
    wanted = {"fields": ["annotator", "totalItems", "nonsense"]}
    assert alice.ask("POST", path, json=wanted) == {"annotator": ANN, "totalItems": 4}
    assert alice.ask("POST", path, json={}) == {}
    assert bob.send("POST", path, json=wanted).status_code == 404


def test_assignments_are_listed_by_what_they_are(alice, project, dataset, items, make):
    task = make(workload=EACH)
    make("other", workload=[{"assigneeId": ANN, "load": 100}])

    def listed(**query):
        page = alice.ask("GET", "/assignments", params={"projects": project, **query})
        return sorted(one["annotator"] for one in page["items"])

    assert listed() == [ANN, ANN, BEN]
    assert listed(taskId=task["id"]) == [ANN, BEN]
    assert listed(annotator=BEN) == [BEN]
    [mine] = [
        one for one in task["assignmentIds"] if alice.ask("GET", f"/assignments/{one}")["annotator"] == BEN
    ]
    set_status(alice, task, inside(alice, dataset, mine), "completed")
    assert listed(status="done") == [BEN]
    assert listed(status="todo") == [ANN, ANN]
