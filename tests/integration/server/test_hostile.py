"""What a caller with a token sends to hurt: it is refused with a sentence, and what is kept stays readable."""

from __future__ import annotations

import json

import pytest
from blake3 import blake3

from tests.integration.server.client import Client
from tests.integration.server.commanding import done
from tests.media import image

#: Larger than any float; read carelessly it is infinity, which no JSON answer can hold.
HUGE = "1e999"


def send(client: Client, method: str, path: str, body: str):
    return client.send(method, path, data=body, headers={"Content-Type": "application/json"})


@pytest.fixture
def places(alice: Client, project: str, dataset: str) -> dict[str, str]:
    recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
    item = alice.upload(dataset, "/a.png")["id"]
    note = alice.ask("POST", f"/items/{item}/annotations", json={"type": "class", "label": "cat"})
    return {
        "project": project,
        "dataset": dataset,
        "item": item,
        "annotation": note[0]["id"] if isinstance(note, list) else note["id"],
        "recipe": recipe,
        "ontology": alice.ask("GET", f"/recipes/{recipe}")["ontologyIds"][0],
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/ontologies/{ontology}", '{"roots":[{"tag":"a","displayData":{"x":HUGE}}]}'),
        ("PATCH", "/ontologies/{ontology}/labels", '{"labelsNode":[{"tag":"a","displayData":{"x":HUGE}}]}'),
        ("PATCH", "/ontologies/{ontology}/attributes", '{"items":[{"key":"k","range":{"min":HUGE}}]}'),
        ("POST", "/annotationtasks", '{"name":"T","datasetId":"{dataset}","query":{},"spec":{"x":HUGE}}'),
        ("POST", "/items/{item}/annotations", '{"type":"point","label":"a","coordinates":{"x":HUGE,"y":1}}'),
    ],
)
def test_a_number_that_would_be_infinite_is_never_kept(alice, places, method, path, body):
    for name, value in places.items():
        path, body = path.replace(f"{{{name}}}", value), body.replace(f"{{{name}}}", value)
    assert send(alice, method, path, body.replace("HUGE", HUGE)).status_code == 400
    assert alice.send("GET", f"/ontologies/{places['ontology']}").ok
    assert alice.send("GET", f"/items/{places['item']}/annotations").ok


def test_a_page_of_logs_that_no_number_reaches_is_refused(alice):
    reply = alice.send("POST", "/audit/logs", json={"orgId": "o", "page": 2**63 - 1, "pageSize": 1000})
    assert (reply.status_code, reply.json()["status"]) == (400, 400)


@pytest.mark.parametrize("path", ["/datasets/{dataset}/export", "/annotationtasks"])
def test_a_query_in_a_text_may_not_be_nested_without_end(alice, dataset, path):
    query = "[" * 100_000
    body = {"name": "T", "datasetId": dataset, "query": query, "itemsQuery": query}
    reply = alice.send("POST", path.replace("{dataset}", dataset), json=body)
    if reply.ok:  # a command says it later
        reply = alice.send("GET", f"/commands/{reply.json()['id']}")
        assert reply.json()["status"] == "failed"
        assert "wrong on the server" not in reply.json()["error"]
    else:
        assert reply.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"sort": {f"metadata.user.k{number}": "ascending" for number in range(300)}},
        {"filter": {"$or": [{f"metadata.user.k{number}": 1} for number in range(5000)]}},
        {"filter": {"filename": {"$in": [f"/x{number}*" for number in range(5000)]}}},
        {"filter": {"filename": {"$nin": [f"/x{number}*" for number in range(5000)]}}},
    ],
    ids=["sort", "alternatives", "patterns", "no patterns"],
)
def test_a_query_that_would_be_planned_for_minutes_is_refused(alice, dataset, query):
    assert alice.send("POST", f"/datasets/{dataset}/query", json=query).status_code == 400


def test_many_values_of_one_field_are_one_test(alice, dataset):
    item = alice.upload(dataset, "/a.txt")["id"]
    many = [f"/x{number}" for number in range(5000)]
    assert alice.query(dataset, {"filename": {"$in": ["/a.txt", *many]}})["totalItemsCount"] == 1
    found = alice.query(dataset, {"$or": [{"filename": one} for one in ["/a.txt", *many]]})
    assert [one["id"] for one in found["items"]] == [item]


@pytest.mark.parametrize(
    "system",
    [
        {"shebang": "x"},
        {"shebang": {"linkInfo": [1]}},
        {"width": 10, "height": 10, "exif": [1]},
        {"width": 10, "height": 10, "exif": {"Orientation": {}}},
    ],
)
def test_a_thumbnail_is_made_whatever_stands_in_the_metadata(alice, places, system):
    item = alice.upload(places["dataset"], "/b.png", image())["id"]
    alice.ask("POST", f"/items/{item}/annotations", json={"type": "class", "label": "cat"})
    alice.ask("PATCH", f"/items/{item}?system=true", json={"metadata": {"system": system}})
    assert alice.send("GET", f"/items/{item}/thumbnail?annotations=true").ok


def test_an_annotation_with_an_odd_parent_can_be_cloned(alice, places):
    odd = {"metadata": {"system": {"parentId": {"x": 1}}}}
    alice.ask("PUT", f"/annotations/{places['annotation']}?system=true", json=odd)
    command = alice.ask("POST", f"/items/{places['item']}/clone", json={"remoteFileName": "/c.png"})
    assert command["status"] == "success", json.dumps(command)


def test_cloning_a_recipe_writes_into_its_own_project_and_reads_what_the_caller_may_see(alice, bob, places):
    other = bob.project("bob's")
    alice.ask("POST", f"/projects/{places['project']}/members/bob@example.test", json={"role": "engineer"})
    secret = bob.ask("POST", "/ontologies", json={"title": "S", "projectIds": [other], "roots": []})["id"]
    mixed = {"title": "M", "projectIds": [places["project"]], "ontologyIds": [secret]}
    recipe = bob.ask("POST", "/recipes", json=mixed)["id"]
    assert alice.send("POST", f"/recipes/{recipe}/clone", json={}).status_code == 404
    copy = bob.ask("POST", f"/recipes/{recipe}/clone", json={})["ontologyIds"]
    assert alice.ask("GET", f"/ontologies/{copy[0]}")["title"] == "S"
    assert [one["id"] for one in bob.ask("GET", f"/ontologies?projects={other}")["items"]] == [secret]


def test_an_export_cannot_be_given_new_content_and_none_is_received_for_it(hub, alice, dataset):
    output = done(alice, "POST", f"/datasets/{dataset}/export", json={})["outputItemId"]
    assert alice.ask("GET", f"/items/{output}")["id"] == output
    data = b"never to be received"
    reply = alice.send("POST", f"/items/{output}/revisions", files={"file": ("a", data)})
    assert reply.status_code == 404
    assert hub.store.blobs.path(blake3(data).hexdigest()) is None
