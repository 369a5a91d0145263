"""What each role of a project may do, and what it may not."""

from __future__ import annotations

import pytest

from tests.integration.server.client import Client
from tests.integration.server.commanding import done

ROLES = ("annotator", "annotationManager", "engineer", "owner")


@pytest.fixture
def world(alice, project, dataset):
    """A project with one item, one annotation and a task; ids by name."""
    item = alice.upload(dataset, "/a.jpg")["id"]
    (annotation,) = alice.ask("POST", f"/items/{item}/annotations", json=[{"type": "class", "label": "x"}])
    alice.upload(dataset, "/folder", type="dir")
    recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
    body = {"name": "T", "datasetId": dataset, "projectId": project}
    body["workload"] = [{"assigneeId": "alice@example.test", "load": 100}]
    made = done(alice, "POST", "/annotationtasks", json={**body, "query": {"filter": {}}})
    return {
        "project": project,
        "dataset": dataset,
        "item": item,
        "annotation": annotation["id"],
        "recipe": recipe,
        "ontology": alice.ask("GET", f"/recipes/{recipe}")["ontologyIds"][0],
        "task": made["createdTaskId"],
    }


@pytest.fixture(params=ROLES)
def member(request, hub, alice, project):
    """Bob, as a member of the project in each role."""
    role = request.param
    alice.ask("POST", f"/projects/{project}/members/bob@example.test", json={"role": role})
    client = Client(hub, "bob@example.test", "pw2")
    yield client, role
    client.close()


def may(role: str, least: str) -> bool:
    return ROLES.index(role) >= ROLES.index(least)


#: What, by whom at least. None of them hinders the ones after it.
CALLS = [
    ("annotator", "GET", "/projects/{project}", None),
    ("annotator", "GET", "/projects/{project}/members", None),
    ("annotator", "GET", "/datasets/{dataset}", None),
    ("annotator", "GET", "/items/{item}", None),
    ("annotator", "GET", "/items/{item}/stream", None),
    ("annotator", "GET", "/recipes/{recipe}", None),
    ("annotator", "GET", "/ontologies/{ontology}", None),
    ("annotator", "GET", "/annotationtasks/{task}", None),
    ("annotator", "POST", "/datasets/{dataset}/query", {"resource": "items", "filter": {}}),
    ("annotator", "POST", "/datasets/{dataset}/export", {}),
    ("annotator", "POST", "/items/{item}/annotations", [{"type": "class", "label": "y"}]),
    ("annotator", "PUT", "/annotations/{annotation}", {"label": "z"}),
    (
        "annotator",
        "POST",
        "/assignments/items/tasks/{task}/status",
        {"itemIds": ["{item}"], "statusPayload": {"operation": "create", "status": "completed"}},
    ),
    ("annotationManager", "PATCH", "/items/{item}", {"metadata": {"user": {"k": 1}}}),
    (
        "annotationManager",
        "POST",
        "/datasets/{dataset}/query",
        {"resource": "items", "filter": {}, "update": {"metadata": {"user": {"k": 2}}}},
    ),
    ("annotationManager", "PATCH", "/annotationtasks/{task}", {"name": "T2"}),
    ("annotationManager", "POST", "/annotationtasks/{task}/removeFromTask", {"query": {"filter": {}}}),
    ("engineer", "PATCH", "/items/{item}", {"filename": "/b.jpg"}),
    ("engineer", "PATCH", "/items/{item}?system=true", {"metadata": {"system": {"k": 1}}}),
    ("engineer", "PATCH", "/datasets/{dataset}", {"name": "D2"}),
    ("engineer", "POST", "/datasets", {"name": "New", "projects": ["{project}"]}),
    ("engineer", "PATCH", "/recipes/{recipe}", {"title": "R2"}),
    ("engineer", "PATCH", "/ontologies/{ontology}/labels", {"labelsNode": [{"tag": "l"}]}),
    ("engineer", "POST", "/items/{item}/clone", {"remoteFileName": "/copy.jpg"}),
    ("owner", "POST", "/projects/{project}/members/eve@example.test", {"role": "annotator"}),
    ("owner", "PATCH", "/projects/{project}/members/eve@example.test", {"role": "engineer"}),
    ("owner", "DELETE", "/projects/{project}/members/eve@example.test", None),
    ("owner", "PATCH", "/projects/{project}", {"name": "renamed"}),
    ("annotator", "DELETE", "/annotations/{annotation}", None),
    (
        "annotator",
        "POST",
        "/datasets/{dataset}/query",
        {"resource": "annotations", "filter": {}, "delete": True},
    ),
    ("annotationManager", "DELETE", "/annotationtasks/{task}", None),
    ("engineer", "POST", "/datasets/{dataset}/query", {"resource": "items", "filter": {}, "delete": True}),
    ("engineer", "DELETE", "/recipes/{recipe}?force=true", None),
    ("engineer", "DELETE", "/datasets/{dataset}", None),
    ("owner", "DELETE", "/projects/{project}", None),
]


def filled(value, world):
    if isinstance(value, str):
        return value.format(**world)
    if isinstance(value, list):
        return [filled(one, world) for one in value]
    if isinstance(value, dict):
        return {key: filled(one, world) for key, one in value.items()}
    return value


def test_a_role_may_what_its_row_says_and_nothing_above_it(member, alice, world):
    bob, role = member
    for least, method, path, body in CALLS:
        reply = bob.send(method, path.format(**world), json=filled(body, world))
        if may(role, least):
            assert reply.ok, (role, method, path, reply.text)
        else:
            assert reply.status_code == 403, (role, method, path, reply.text)
            assert reply.json()["message"].endswith(f"yours is {role}.")
    if role == "annotator":
        assert alice.ask("GET", f"/items/{world['item']}")["filename"] == "/a.jpg"
        assert alice.ask("GET", f"/datasets/{world['dataset']}")["name"] == "D"


def test_content_is_for_engineers_and_nothing_of_a_refused_upload_is_kept(member, hub, dataset, world):
    bob, role = member
    before = sum(1 for path in (hub.path / "blobs").rglob("*") if path.is_file())
    reply = bob.send_file(dataset, "/new.jpg", role.encode() * 100)
    assert reply.status_code == (200 if may(role, "engineer") else 403), reply.text
    revision = bob.send("POST", f"/items/{world['item']}/revisions", files={"file": ("a", role * 200)})
    assert revision.status_code == (200 if may(role, "engineer") else 403), revision.text
    after = sum(1 for path in (hub.path / "blobs").rglob("*") if path.is_file())
    assert (after > before) is may(role, "engineer")


def test_a_copy_into_another_project_takes_the_role_in_both(hub, alice, bob, project, world):
    alice.ask("POST", f"/projects/{project}/members/bob@example.test", json={"role": "annotator"})
    own = bob.dataset(bob.project("Bob's copies"))["id"]
    body = {"targetDatasetId": own, "remoteFileName": "/taken.jpg"}
    assert bob.send("POST", f"/items/{world['item']}/clone", json=body).status_code == 403
    assert bob.query(own)["items"] == []


def test_an_account_may_always_start_a_project_of_its_own(member):
    bob, role = member
    made = bob.ask("POST", "/projects", data={"name": f"own of {role}"})
    assert bob.ask("PATCH", f"/projects/{made['id']}", json={"name": f"renamed by {role}"})


def test_a_member_without_an_account_may_be_added_and_given_work(alice, project, dataset):
    alice.ask("POST", f"/projects/{project}/members/ghost@example.test", json={"role": "annotator"})
    alice.upload(dataset, "/a.jpg")
    workload = [{"assigneeId": "nobody@example.test", "load": 100}]
    body = {"name": "T", "datasetId": dataset, "query": {"filter": {}}, "workload": workload}
    assert alice.ask("POST", "/annotationtasks", json=body)["status"] == "success"
