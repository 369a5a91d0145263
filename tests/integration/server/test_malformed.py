"""Whatever a client sends, it is told what is wrong; a 500 is a fault of this program."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.server.client import Client
from tests.integration.server.commanding import done

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "\0",
    "ü" * 300,
    [],
    [1],
    [[]],
    ["x"],
    {},
    {"x": 1},
    {"$x": []},
]

#: Method, path, and a body that is right; each of its values is replaced by every odd one in turn.
CALLS: list[tuple[str, str, Any]] = [
    ("POST", "/projects", {"name": "p"}),
    ("PATCH", "/projects/{project}", {"name": "p"}),
    ("POST", "/projects/{project}/members/x@x.test", {"role": "engineer"}),
    ("PATCH", "/projects/{project}/members/x@x.test", {"role": "annotator"}),
    (
        "POST",
        "/datasets",
        {
            "name": "d",
            "projects": ["{project}"],
            "createDefaultRecipe": True,
            "expirationOptions": {"itemMaxDays": 1},
            "indexDriver": "v1",
            "metadata": {"user": {}},
        },
    ),
    (
        "PATCH",
        "/datasets/{dataset}?system=true",
        {"name": "d", "readonly": False, "expirationOptions": {}, "metadata": {"system": {"recipes": []}}},
    ),
    (
        "POST",
        "/datasets/query",
        {
            "filter": {"name": "d"},
            "page": 0,
            "pageSize": 1,
            "context": {"projects": ["x"]},
            "systemSpace": True,
        },
    ),
    (
        "POST",
        "/datasets/{dataset}/query",
        {
            "resource": "items",
            "filter": {"$and": [{"id": {"$gt": "1"}}], "metadata.user.k": 1},
            "sort": {"id": "ascending"},
            "page": 0,
            "pageSize": 10,
            "join": {"on": {"resource": "annotations"}, "filter": {"$and": [{"label": "x"}]}},
            "intersect": {"query": {"filter": {}}},
            "context": {},
            "systemSpace": False,
            "select": {"id": 1},
        },
    ),
    (
        "POST",
        "/datasets/{dataset}/query",
        {"filter": {"type": "x"}, "update": {"metadata": {"user": {"k": 1}}}},
    ),
    (
        "POST",
        "/datasets/{dataset}/query",
        {"filter": {"type": "x"}, "delete": True, "resource": "annotations"},
    ),
    ("PUT", "/datasets/{dataset}/items/{directory}", {"dqlQuery": {"filter": {"type": "x"}}}),
    (
        "PATCH",
        "/items/{item}?system=true",
        {"filename": "/f", "description": "d", "metadata": {"user": {}, "system": {}}},
    ),
    (
        "POST",
        "/items/{item}/annotations",
        {
            "type": "box",
            "label": "x",
            "coordinates": [],
            "attributes": [],
            "metadata": {"system": {"clientId": "c", "attributes": {}}, "user": {}},
            "source": "sdk",
            "description": "d",
            "hash": None,
        },
    ),
    (
        "PUT",
        "/annotations/{annotation}?system=true",
        {
            "type": "box",
            "label": "x",
            "coordinates": [],
            "attributes": [],
            "source": "ui",
            "description": "d",
            "metadata": {"system": {"attributes": {}, "status": "x"}},
        },
    ),
    (
        "POST",
        "/recipes",
        {
            "title": "t",
            "projectIds": ["{project}"],
            "ontologyIds": [],
            "uiSettings": {},
            "metadata": {},
            "examples": {},
        },
    ),
    (
        "PATCH",
        "/recipes/{recipe}?system=true",
        {"title": "t", "ontologyIds": [], "instructions": [], "metadata": {"system": {}}},
    ),
    ("POST", "/recipes/{recipe}/clone", {"shallow": True}),
    (
        "POST",
        "/ontologies",
        {"title": "t", "projectIds": ["{project}"], "roots": [], "attributes": [], "metadata": {}},
    ),
    (
        "PUT",
        "/ontologies/{ontology}",
        {
            "title": "t",
            "roots": [{"value": {"tag": "a", "color": "#010203"}, "children": []}],
            "metadata": {"attributes": []},
        },
    ),
    (
        "PATCH",
        "/ontologies/{ontology}/labels",
        {"labelsNode": [{"tag": "a", "color": "#010203", "attributes": []}], "upsert": True},
    ),
    ("PATCH", "/ontologies/{ontology}/attributes", {"items": [{"key": "k", "type": "options"}]}),
    ("DELETE", "/ontologies/{ontology}/attributes", {"keys": []}),
    (
        "POST",
        "/annotationtasks",
        {
            "name": "t",
            "query": "{}",
            "datasetId": "{dataset}",
            "recipeId": "{recipe}",
            "taskOwner": "x",
            "dueDate": 1.0,
            "priority": 1,
            "workload": [{"assigneeId": "x@x.test", "load": 100}],
            "availableActions": [],
            "spec": {"type": "annotation"},
            "metadata": {"system": {}},
            "checkIfExist": {"query": {"filter": {"name": "no"}}},
        },
    ),
    (
        "PATCH",
        "/annotationtasks/{task}?system=true",
        {
            "name": "t",
            "status": "open",
            "dueDate": 1,
            "priority": 1,
            "spec": {},
            "availableActions": [],
            "metadata": {"system": {}},
        },
    ),
    ("POST", "/annotationtasks/{task}/addToTask", {"query": "{}", "workload": []}),
    ("POST", "/annotationtasks/{task}/removeFromTask", {"query": "{}"}),
    ("POST", "/annotationtasks/query", {"filter": {}, "context": {"projectIds": []}}),
    (
        "POST",
        "/assignments/items/tasks/{task}/status",
        {"itemIds": ["{item}"], "statusPayload": {"status": "x", "operation": "create"}},
    ),
    ("PATCH", "/assignments/{assignment}", {"name": "n", "status": "done", "annotator": "a", "metadata": {}}),
    ("POST", "/assignments/{assignment}/reassign", {"annotator": "x@x.test"}),
    ("POST", "/assignments/{assignment}/items/{item}/status", {"operation": "create", "status": "x"}),
    ("POST", "/assignments/{assignment}/items/status", {"itemIds": [], "statusPayload": {}}),
    (
        "POST",
        "/datasets/{dataset}/clone",
        {
            "name": "c",
            "filter": {"filter": {"type": "x"}},
            "cloneDatasetParams": {"targetDatasetId": "x", "targetDirectory": "/", "withMetadata": True},
        },
    ),
    (
        "POST",
        "/items/{item}/clone",
        {"targetDatasetId": "x", "remoteFileName": "/c", "metadata": {"system": {}}},
    ),
    (
        "POST",
        "/datasets/{dataset}/export",
        {
            "exportType": "json",
            "itemsQuery": {"filter": {"type": "x"}},
            "annotationsQuery": {"filter": {"label": "x"}},
            "annotations": {"include": True},
        },
    ),
    ("POST", "/apiKeys", {"userId": "alice@example.test", "description": "d"}),
]


def spoiled(body: Any):
    """Every body that differs from the right one in one value, at any depth."""
    yield from ODD
    if isinstance(body, dict):
        for key, value in body.items():
            yield from ({**body, key: odd} for odd in spoiled(value))
    elif isinstance(body, list) and body:
        yield from ([odd, *body[1:]] for odd in spoiled(body[0]))


@pytest.fixture
def place(alice: Client) -> dict[str, str]:
    """One entity of each kind, by name."""
    project = alice.project()
    made = alice.dataset(project)
    dataset, recipe = made["id"], made["metadata"]["system"]["recipes"][0]
    item = alice.upload(dataset, "/a.txt")["id"]
    (annotation,) = alice.ask("POST", f"/items/{item}/annotations", json=[{"type": "box", "label": "x"}])
    directory = alice.ask("POST", f"/datasets/{dataset}/items", data={"type": "dir", "path": "/d"})["id"]
    body = {"name": "t", "datasetId": dataset, "workload": [{"assigneeId": "a@x.test", "load": 100}]}
    task = done(alice, "POST", "/annotationtasks", json=body)["createdTaskId"]
    (assignment,) = alice.ask("GET", f"/annotationtasks/{task}")["assignmentIds"]
    return {
        "project": project,
        "dataset": dataset,
        "recipe": recipe,
        "ontology": alice.ask("GET", f"/recipes/{recipe}")["ontologyIds"][0],
        "item": item,
        "annotation": annotation["id"],
        "directory": directory,
        "task": task,
        "assignment": assignment,
    }


@pytest.mark.slow
def test_no_odd_value_anywhere_in_a_body_is_a_500(alice: Client, place: dict[str, str]):
    def filled(text: str) -> str:
        for name, entity in place.items():
            text = text.replace(f"{{{name}}}", entity)
        return text

    broken = []
    for method, path, body in CALLS:
        for odd in spoiled(body):
            data = filled(json.dumps(odd)).encode()
            reply = alice.send(method, filled(path), data=data, headers={"Content-Type": "application/json"})
            if reply.status_code >= 500:
                broken.append(f"{method} {path} {data.decode()[:300]}")
            elif not reply.ok:
                assert reply.json()["status"] == reply.status_code
    assert not broken, "\n".join([str(len(broken)), *broken])
    for name, path in (
        ("dataset", "datasets"),
        ("item", "items"),
        ("recipe", "recipes"),
        ("ontology", "ontologies"),
        ("task", "annotationtasks"),
        ("assignment", "assignments"),
    ):
        assert alice.send("GET", f"/{path}/{place[name]}").ok, name
    assert alice.send("POST", f"/datasets/{place['dataset']}/query", json={"resource": "annotations"}).ok
    assert alice.send("GET", f"/datasets/{place['dataset']}/directoryTree").ok
