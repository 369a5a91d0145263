"""What the query endpoint takes beside a filter, over HTTP."""

from __future__ import annotations

import pytest

from tests.integration.server.commanding import done


@pytest.fixture
def ids(alice, dataset) -> list[str]:
    """The ids of five files, a.txt to e.txt."""
    return [alice.upload(dataset, f"/{name}.txt", name.encode())["id"] for name in "abcde"]


BY_NAME = {"sort": {"filename": "ascending"}}


def names(found) -> str:
    return "".join(item["name"][0] for item in found["items"])


@pytest.mark.parametrize(
    ("more", "found", "total", "next_"),
    [
        ({}, "abcde", 5, False),
        ({"skip": 1}, "bcde", 4, False),
        ({"limit": 3}, "abc", 3, False),
        ({"limit": 3, "pageSize": 2}, "ab", 3, True),
        ({"limit": 3, "pageSize": 2, "page": 1}, "c", 3, False),
        ({"limit": 3, "pageSize": 2, "page": 2}, "", 3, False),
        ({"skip": 3, "limit": 9}, "de", 2, False),
        ({"skip": 9}, "", 0, False),
        ({"skip": 1, "limit": 2, "pageSize": 0}, "", 2, False),
        ({"limit": 0}, "", 0, False),
        ({"countTotal": False, "pageSize": 2}, "ab", 3, True),
        ({"queryEngine": "sql", "collectMetrics": False, "sign": {"exp": 9}}, "abcde", 5, False),
    ],
)
def test_results_are_cut_before_they_are_paged(alice, dataset, ids, more, found, total, next_):
    page = alice.query(dataset, {"type": "file"}, **BY_NAME, **more)
    assert (names(page), page["totalItemsCount"], page["hasNextPage"]) == (found, total, next_)


@pytest.mark.parametrize(
    ("more", "status", "word"),
    [
        ({"collectMetrics": True}, 422, "collectMetrics"),
        ({"user": "x"}, 422, "user"),
        ({"filter": {"a": {"$near": 1}}}, 422, "$near"),
        ({"resource": "feature_sets"}, 422, "feature_sets"),
        ({"limit": -1}, 400, "limit"),
        ({"skip": "x"}, 400, "skip"),
        ({"countTotal": 1}, 400, "countTotal"),
        ({"datasets": "x"}, 400, "datasets"),
        ({"select": {"a": 1, "b": 0}}, 400, "select"),
        ({"select": {"a": "x"}}, 400, "select"),
        ({"intersect": {"query": {"filter": {}, "limit": 1}}}, 422, "limit"),
        ({"delete": True, "limit": 1}, 422, "limit"),
        ({"update": {"metadata": {}}, "skip": 1}, 422, "skip"),
        ({"delete": True, "update": {}}, 400, "one change"),
        ({"references": {"operation": "x", "refs": []}}, 400, "References"),
        ({"references": {"operation": "create", "refs": [{"type": "x", "id": "1"}]}}, 422, "'x'"),
        ({"references": []}, 400, "references"),
        ({"delete": "yes"}, 400, "delete"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(alice, dataset, more, status, word):
    reply = alice.send("POST", f"/datasets/{dataset}/query", json={"filter": {}, **more})
    assert (reply.status_code, word in reply.json()["message"]) == (status, True), reply.text


def test_a_query_is_confined_to_datasets_and_projects_that_it_names(alice, dataset, project, ids):
    other = alice.dataset(alice.project(f"Other than {dataset}"))["id"]
    assert names(alice.query(dataset, datasets=[dataset], projects=[project], **BY_NAME)) == "abcde"
    assert names(alice.query(dataset, datasets=[other])) == ""
    body = {"filter": {}, "datasets": [other], "delete": True}
    assert alice.ask("POST", f"/datasets/{dataset}/query", json=body)["totalItemsCount"] == 0
    assert names(alice.query(dataset, **BY_NAME)) == "abcde"


def test_a_projection_shows_what_it_names_and_the_id(alice, dataset, ids):
    [first, *_] = alice.query(dataset, select={"name": 1, "metadata.system.size": 1}, **BY_NAME)["items"]
    assert first == {"id": ids[0], "name": "a.txt", "metadata": {"system": {"size": 1}}}
    [first, *_] = alice.query(dataset, select={"name": 1, "id": 0}, **BY_NAME)["items"]
    assert first == {"name": "a.txt"}
    [first, *_] = alice.query(dataset, select={"metadata.system": 0, "url": 0}, **BY_NAME)["items"]
    assert (first["metadata"], first["id"], "url" in first) == ({}, ids[0], False)


@pytest.fixture
def task(alice, dataset) -> str:
    """A task of nothing with one assignment."""
    body = {
        "name": "T",
        "query": {"filter": {"$and": [{"filename": "/none"}]}},
        "datasetId": dataset,
        "workload": [{"assigneeId": "alice@example.test", "load": 100}],
    }
    return done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]


def refer(client, dataset, operation, refs, **filter_):
    body = {"filter": filter_, "references": {"operation": operation, "refs": refs}}
    return client.ask("POST", f"/datasets/{dataset}/query", json=body)


def test_items_come_into_a_task_and_out_of_it_by_query(alice, dataset, ids, task):
    refs = [{"type": "task", "id": task}]
    assert refer(alice, dataset, "create", refs, name={"$in": ["a.txt", "b.txt"]})["totalItemsCount"] == 2
    found = alice.query(dataset, {"metadata.system.refs.id": task}, **BY_NAME)
    assert names(found) == "ab"
    again = refer(alice, dataset, "create", refs, name="a.txt")
    assert again["totalItemsCount"] == 1
    assert len(alice.ask("GET", f"/items/{ids[0]}")["metadata"]["system"]["refs"]) == 1
    refer(alice, dataset, "delete", refs, name="a.txt")
    assert names(alice.query(dataset, {"metadata.system.refs.id": task})) == "b"


def test_an_item_in_an_assignment_is_in_its_task_and_leaves_both(alice, dataset, ids, task):
    [assignment] = alice.ask("GET", f"/assignments?taskId={task}&pageSize=10")["items"] or [None]
    refer(alice, dataset, "create", [{"type": "assignment", "id": assignment["id"]}], name="c.txt")
    refs = alice.ask("GET", f"/items/{ids[2]}")["metadata"]["system"]["refs"]
    assert [(ref["type"], ref["id"]) for ref in refs] == [("task", task), ("assignment", assignment["id"])]
    refer(alice, dataset, "delete", [{"type": "task", "id": task}], name="c.txt")
    assert alice.ask("GET", f"/items/{ids[2]}")["metadata"]["system"]["refs"] == []


def test_a_reference_to_what_the_caller_may_not_see_is_404(alice, bob, dataset, ids, task):
    own = bob.dataset(bob.project("Bob's"))["id"]
    body = {"filter": {}, "references": {"operation": "create", "refs": [{"type": "task", "id": task}]}}
    assert bob.send("POST", f"/datasets/{own}/query", json=body).status_code == 404
    other = alice.dataset(alice.project(f"Other than {dataset}"))["id"]
    assert alice.send("POST", f"/datasets/{other}/query", json=body).status_code == 404


def test_annotations_are_changed_and_deleted_by_query_and_by_their_ids(alice, dataset, ids):
    new = [{"type": "class", "label": label} for label in "xyz"]
    made = alice.ask("POST", f"/items/{ids[0]}/annotations", json=new)
    chosen = {"$and": [{"annotationId": {"$in": [made[0]["id"], made[1]["id"]]}}, {"itemId": ids[0]}]}
    body = {"resource": "annotations", "filter": chosen, "update": {"label": "w"}}
    assert alice.ask("POST", f"/datasets/{dataset}/query", json=body)["totalItemsCount"] == 2
    assert alice.ask("GET", f"/annotations/{made[1]['id']}")["label"] == "w"
    body = {"resource": "annotations", "filter": chosen, "delete": True, "page": 0, "pageSize": 1000}
    alice.ask("POST", f"/datasets/{dataset}/query", json=body)
    left = alice.ask("GET", f"/items/{ids[0]}/annotations")
    assert [one["label"] for one in left] == ["z"]
