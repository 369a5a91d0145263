"""Audit logs and what a server without organisations says of them."""

from __future__ import annotations

import pytest

from tests.integration.server.test_exports import annotate


def logs(client, **body):
    return client.ask("POST", "/audit/logs", json={"orgId": "any", **body})


@pytest.fixture
def story(alice, bob, project, dataset):
    """Some edits of two people; the item that is left, and the one that is gone."""
    item, gone = alice.upload(dataset, "/1.txt"), alice.upload(dataset, "/2.txt")
    alice.ask("POST", f"/projects/{project}/members/bob@example.test", json={"role": "engineer"})
    annotate(bob, item, "cat")
    bob.ask("PATCH", f"/items/{item['id']}", json={"metadata": {"user": {"k": 1}}})
    alice.ask("DELETE", f"/items/{gone['id']}")
    return item, gone


def test_every_edit_is_told_with_who_when_and_where(alice, project, dataset, story, request):
    item, gone = story
    told = logs(alice, entityType="item", id=item["id"], descending=False)
    assert [(one["eventType"], one["user"]) for one in told["items"]] == [
        ("created", "alice@example.test"),
        ("updated", "bob@example.test"),
    ]
    (last,) = logs(alice, id=gone["id"], action="deleted")["items"]
    assert last.pop("_id")
    assert last.pop("time") >= item["createdAt"]
    assert last == {
        "user": "alice@example.test",
        "entityType": "item",
        "eventType": "deleted",
        "entityId": gone["id"],
        "entityName": "/2.txt",
        "ctx": {"project": project, "projectName": request.node.nodeid, "org": ""},
    }
    (made,) = logs(alice, entityType="Dataset", id=dataset)["items"]
    assert (made["entityName"], made["eventType"]) == ("D", "created")


def test_logs_are_filtered_paged_and_sorted(alice, bob, dataset, story):
    item, _ = story
    whole = logs(alice, id=item["id"])
    assert [one["eventType"] for one in whole["items"]] == ["updated", "created"]
    first = logs(alice, id=item["id"], pageSize=1)
    assert (first["totalItemsCount"], first["totalPagesCount"], first["hasNextPage"]) == (2, 2, True)
    second = logs(alice, id=item["id"], pageSize=1, page=1)
    assert (second["items"], second["hasNextPage"]) == (whole["items"][1:], False)
    moment = whole["items"][0]["time"]
    assert logs(alice, id=item["id"], fromDate=moment)["totalItemsCount"] == 1
    assert logs(alice, id=item["id"], toDate=whole["items"][1]["time"])["totalItemsCount"] == 1
    assert logs(alice, id=item["id"], user="bob@example.test")["totalItemsCount"] == 1
    assert logs(alice, id=item["id"], user=["x", "ALICE@example.test"])["totalItemsCount"] == 1
    by_user = logs(alice, id=item["id"], sortBy="user", descending=False)
    assert [one["user"] for one in by_user["items"]] == ["alice@example.test", "bob@example.test"]


def test_nobody_reads_of_projects_that_they_may_not_see(alice, bob, dataset):
    item = alice.upload(dataset, "/1.txt")
    assert logs(alice, id=item["id"])["totalItemsCount"] == 1
    assert logs(bob, id=item["id"])["totalItemsCount"] == 0
    alice.ask("DELETE", f"/datasets/{dataset}")
    assert [one["eventType"] for one in logs(alice, id=item["id"])["items"]] == ["deleted", "created"]
    assert logs(bob, id=item["id"])["totalItemsCount"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"orgId": "x", "action": "read"},
        {"orgId": "x", "sortBy": "mood"},
        {"orgId": "x", "pageSize": 0},
        {"orgId": "x", "page": 0.5},
        {"orgId": "x", "user": [1]},
        {"orgId": "x", "fromDate": 5},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(alice, body):
    assert alice.send("POST", "/audit/logs", json=body).status_code == 400


def test_people_are_added_to_a_project_all_or_none(alice, project):
    path = f"/projects/{project}/members"
    body = {"role": "annotator", "users": ["x@example.test", "y@example.test"]}
    members = {one["email"]: one["role"] for one in alice.ask("POST", path, json=body)}
    assert (members["x@example.test"], members["y@example.test"]) == ("annotator", "annotator")
    clash = {"role": "engineer", "users": ["z@example.test", "x@example.test"]}
    assert alice.send("POST", path, json=clash).status_code == 409
    assert len(alice.ask("GET", path)) == 3
    assert len(alice.ask("POST", f"{path}?allowUpdate=true", json=clash)) == 4
    for bad in ({"role": "annotator"}, {"role": "king", "users": ["q@example.test"]}):
        assert alice.send("POST", path, json=bad).status_code == 400


def test_there_are_no_organisations_to_attach_a_project_to(alice, bob, project):
    assert project in [one["id"] for one in alice.ask("GET", "/orgs/any/projects")]
    assert project not in [one["id"] for one in bob.ask("GET", "/orgs/any/projects")]
    assert alice.send("PATCH", f"/projects/{project}/org", json={"org_id": "x"}).status_code == 422
    assert alice.send("POST", f"/projects/{project}/accounts", json={"account": "x"}).status_code == 422
    assert bob.send("PATCH", f"/projects/{project}/org", json={"org_id": "x"}).status_code == 404
