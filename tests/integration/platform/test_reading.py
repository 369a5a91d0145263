"""Reads go out as the measured calls, and what comes back is taken for no more than it says."""

from __future__ import annotations

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import PermanentError, RemoteNotFoundError, TransientError
from localloop_sync.ports import Cursor, Scope
from tests.integration.platform import wire
from tests.integration.platform.recorder import Reply

D, IT, P = wire.D, wire.IT, wire.P
QUERY = f"/api/v1/datasets/{D}/query"
SCOPE = Scope(project=P, dataset=D)


def test_a_first_page_of_items_has_no_clause_at_all(remote, platform):
    platform.answer = lambda _asked: wire.page([wire.item()], more=True)
    page = remote.page(K.ITEM, SCOPE, Cursor())
    assert page.more
    assert [e.id for e in page.entities] == [IT]
    body = {"filter": {}, "sort": {"id": "ascending"}, "page": 0, "pageSize": 1000, "resource": "items"}
    assert platform.forms == [("POST", QUERY, body)]


def test_pages_by_id_go_on_after_the_last_id_without_the_type_default(remote, platform):
    platform.answer = lambda _asked: wire.page([])
    remote.page(K.ANNOTATION, Scope(P, D, IT), Cursor("a" * 24), 50)
    assert platform.forms[0][2] == {
        "filter": {"$and": [{"itemId": IT}, {"id": {"$gt": "a" * 24}}]},
        "sort": {"id": "ascending"},
        "page": 0,
        "pageSize": 50,
        "resource": "annotations",
    }


def test_pages_by_time_break_ties_by_id(remote, platform):
    platform.answer = lambda _asked: wire.page([])
    at = "2026-01-02T03:04:05.678Z"
    remote.page(K.ITEM, SCOPE, Cursor("a" * 24, at), 5000)
    body = platform.asked[0].json
    assert body["filter"] == {
        "$and": [
            {
                "$or": [
                    {"updatedAt": {"$gt": at}},
                    {"$and": [{"updatedAt": at}, {"id": {"$gt": "a" * 24}}]},
                ]
            }
        ]
    }
    assert list(body["sort"].items()) == [("updatedAt", "ascending"), ("id", "ascending")]
    assert body["pageSize"] == 1000
    remote.page(K.ITEM, SCOPE, Cursor("", ""))
    assert platform.asked[1].json["filter"] == {}
    assert list(platform.asked[1].json["sort"]) == ["updatedAt", "id"]


def test_newest_asks_for_one(remote, platform):
    platform.answer = lambda _asked: wire.page([wire.annotation()], more=True)
    assert remote.newest(K.ANNOTATION, SCOPE) == wire.AT
    body = {
        "filter": {},
        "sort": {"updatedAt": "descending"},
        "page": 0,
        "pageSize": 1,
        "resource": "annotations",
    }
    assert platform.forms == [("POST", QUERY, body)]
    platform.answer = lambda _asked: wire.page([])
    assert remote.newest(K.ANNOTATION, SCOPE) == ""


def test_a_count_lists_nothing(remote, platform):
    platform.answer = lambda _asked: {**wire.page([]), "totalItemsCount": 7.0}
    assert remote.count(K.ITEM, SCOPE) == 7
    body = {"filter": {}, "page": 0, "pageSize": 0, "resource": "items"}
    assert platform.forms == [("POST", QUERY, body)]


@pytest.mark.parametrize("reply", [{}, [], None, "x", {"items": []}, {"hasNextPage": False}])
def test_what_is_not_a_page_is_not_the_end_of_a_listing(remote, platform, reply):
    platform.answer = lambda _asked: reply
    with pytest.raises(TransientError):
        remote.page(K.ITEM, SCOPE, Cursor())
    with pytest.raises(TransientError):
        remote.count(K.ITEM, SCOPE)


def test_an_entity_that_cannot_be_read_is_not_skipped(remote, platform):
    platform.answer = lambda _asked: wire.page([wire.item(), {"id": "x"}])
    with pytest.raises(TransientError, match="item"):
        remote.page(K.ITEM, SCOPE, Cursor())


def test_a_missing_dataset_is_an_error_and_not_an_empty_page(remote, platform):
    platform.answer = lambda _asked: Reply({"message": "Dataset not found"}, 404)
    with pytest.raises(RemoteNotFoundError):
        remote.page(K.ITEM, SCOPE, Cursor())


def test_projects_and_members_are_listed(remote, platform):
    platform.routes(
        {
            ("GET", "/api/v1/projects"): [wire.project()],
            ("GET", f"/api/v1/projects/{P}/members"): [wire.member(), {"id": "a-group", "name": "Crew"}],
        }
    )
    (project,) = remote.list(K.PROJECT, Scope())
    assert (project.id, project.document) == (P, {"name": "Field work"})
    (member,) = remote.list(K.MEMBER, SCOPE)
    assert (member.id, member.parents) == (f"{P}/bob@example.test", {K.PROJECT: P})
    assert remote.get(K.MEMBER, f"{P}/bob@example.test") == member
    assert remote.get(K.MEMBER, f"{P}/eve@example.test") is None


def test_recipes_and_ontologies_of_a_dataset_are_reached_through_it(remote, platform):
    platform.routes(
        {
            ("GET", f"/api/v1/datasets/{D}"): wire.dataset(),
            ("GET", f"/api/v1/recipes/{wire.R}"): wire.recipe(),
            ("GET", f"/api/v1/ontologies/{wire.ON}"): wire.ontology(),
        }
    )
    assert [e.id for e in remote.list(K.RECIPE, SCOPE)] == [wire.R]
    assert [e.id for e in remote.list(K.ONTOLOGY, SCOPE)] == [wire.ON]
    assert [asked.path for asked in platform.asked] == [
        f"/api/v1/datasets/{D}",
        f"/api/v1/recipes/{wire.R}",
        f"/api/v1/datasets/{D}",
        f"/api/v1/recipes/{wire.R}",
        f"/api/v1/ontologies/{wire.ON}",
    ]


def test_recipes_of_a_project_are_listed_page_by_page(remote, platform):
    other = {**wire.recipe(), "id": "c" * 24, "projectIds": ["another"]}
    pages = {"0": wire.page([wire.recipe()], more=True), "1": wire.page([other])}
    platform.answer = lambda asked: pages[asked.params["pageOffset"]]
    assert [e.id for e in remote.list(K.RECIPE, Scope(project=P))] == [wire.R]
    assert [asked.params for asked in platform.asked] == [
        {"projects": P, "pageSize": "1000", "pageOffset": "0"},
        {"projects": P, "pageSize": "1000", "pageOffset": "1"},
    ]


def test_a_listing_that_repeats_itself_ends_in_an_error(remote, platform):
    platform.answer = lambda _asked: wire.page([wire.recipe()], more=True)
    with pytest.raises(TransientError):
        remote.list(K.RECIPE, Scope(project=P))
    assert len(platform.asked) == 2


def test_datasets_are_queried_in_the_context_of_their_project(remote, platform):
    rows = [{**wire.dataset(), "id": f"{n:024x}"} for n in range(2)]
    platform.answer = lambda asked: wire.page([rows[asked.json["page"]]], more=asked.json["page"] == 0)
    assert [e.id for e in remote.list(K.DATASET, Scope(project=P))] == [row["id"] for row in rows]
    body = {
        "filter": {},
        "page": 0,
        "pageSize": 1000,
        "resource": "datasets",
        "context": {"projects": [P]},
        "systemSpace": True,
    }
    assert platform.forms == [
        ("POST", "/api/v1/datasets/query", body),
        ("POST", "/api/v1/datasets/query", {**body, "page": 1}),
    ]


def test_a_dataset_is_found_by_the_measured_query(remote, platform):
    platform.answer = lambda _asked: wire.page([wire.dataset(), {**wire.dataset(), "name": "FaceX"}])
    (found,) = remote.find(K.DATASET, Scope(project=P), ["Faces"])
    assert found.document["name"] == "Faces"
    body = {
        "filter": {"$and": [{"name": "Faces"}]},
        "page": 0,
        "pageSize": 1000,
        "resource": "datasets",
        "context": {"projects": [P]},
        "systemSpace": True,
    }
    assert platform.forms == [("POST", "/api/v1/datasets/query", body)]


def test_tasks_are_queried_with_a_context_of_their_own(remote, platform):
    platform.answer = lambda _asked: wire.page([wire.task()])
    (task,) = remote.list(K.TASK, SCOPE)
    assert task.parents == {K.PROJECT: P, K.DATASET: D, K.RECIPE: wire.R}
    remote.find(K.TASK, SCOPE, ["test"])
    assert platform.forms == [
        (
            "POST",
            "/api/v1/annotationtasks/query",
            {
                "filter": {"$and": [clause]} if isinstance(clause, dict) else {"$and": clause},
                "page": 0,
                "pageSize": 1000,
                "resource": "tasks",
                "context": {"projectIds": [P]},
            },
        )
        for clause in ({"datasetId": D}, [{"name": "test"}, {"projectId": P}, {"datasetId": D}])
    ]


def test_the_project_of_a_dataset_is_looked_up_when_it_is_not_said(remote, platform):
    platform.routes(
        {
            ("GET", f"/api/v1/datasets/{D}"): wire.dataset(),
            ("GET", "/api/v1/assignments"): wire.page([wire.assignment(), wire.assignment(dataset="e" * 24)]),
        }
    )
    (assignment,) = remote.list(K.ASSIGNMENT, Scope(dataset=D))
    assert assignment.parents == {K.PROJECT: P, K.DATASET: D, K.TASK: wire.T}
    assert platform.asked[1].params == {"projects": P, "pageSize": "500", "pageOffset": "0"}


@pytest.mark.parametrize(
    ("name", "path"),
    [("Field work", "/api/v1/projects/Field%20work/name"), ("täst?", "/api/v1/projects/t%C3%A4st%3F/name")],
)
def test_a_project_is_found_by_name(remote, platform, name, path):
    platform.answer = lambda _asked: [{**wire.project(), "name": name}]
    (found,) = remote.find(K.PROJECT, Scope(), [name])
    assert found.document["name"] == name
    assert platform.forms == [("GET", path, None)]


def test_no_project_of_a_name_is_no_error(remote, platform):
    platform.answer = lambda _asked: Reply({"message": "Project not found"}, 404)
    assert remote.find(K.PROJECT, Scope(), ["nobody"]) == []


@pytest.mark.parametrize("name", ["a/b", "..", "."])
def test_a_name_that_would_be_another_path_is_looked_for_in_the_list(remote, platform, name):
    platform.answer = lambda _asked: [wire.project(), {**wire.project(), "name": name}]
    assert len(remote.find(K.PROJECT, Scope(), [name])) == 1
    assert platform.forms == [("GET", "/api/v1/projects", None)]


def test_items_are_found_by_path_a_hundred_at_a_time(remote, platform):
    platform.answer = lambda asked: wire.page(
        [wire.item(filename=name) for name in asked.json["filter"]["$and"][0]["filename"]["$in"]]
    )
    names = [f"/{n}.jpg" for n in range(250)]
    assert [e.document["filename"] for e in remote.find(K.ITEM, SCOPE, names)] == names
    bodies = [asked.json for asked in platform.asked]
    assert [len(body["filter"]["$and"][0]["filename"]["$in"]) for body in bodies] == [100, 100, 50]
    assert {key: bodies[0][key] for key in ("sort", "page", "pageSize", "resource")} == {
        "sort": {"id": "ascending"},
        "page": 0,
        "pageSize": 1000,
        "resource": "items",
    }


def test_annotations_are_found_by_client_id_among_those_of_the_item(remote, platform):
    mine = wire.annotation(metadata={"system": {"clientId": "c" * 24}})
    platform.answer = lambda _asked: wire.page([wire.annotation(), mine])
    (found,) = remote.find(K.ANNOTATION, Scope(P, D, IT), ["c" * 24, "d" * 24])
    assert found.id == mine["id"]
    assert platform.asked[0].json["filter"] == {"$and": [{"itemId": IT}]}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (K.PROJECT, "projects"),
        (K.DATASET, "datasets"),
        (K.ITEM, "items"),
        (K.ANNOTATION, "annotations"),
        (K.RECIPE, "recipes"),
        (K.ONTOLOGY, "ontologies"),
        (K.TASK, "annotationtasks"),
        (K.ASSIGNMENT, "assignments"),
    ],
)
def test_one_entity_is_got_by_id(remote, platform, kind, path):
    platform.answer = lambda _asked: Reply({"message": "not found"}, 404)
    assert remote.get(kind, "f" * 24) is None
    assert platform.forms == [("GET", f"/api/v1/{path}/{'f' * 24}", None)]


def test_a_bad_request_means_absence_only_for_an_id_that_cannot_be_one(remote, platform):
    platform.answer = lambda _asked: Reply({"message": "bad id"}, 400)
    assert remote.get(K.ANNOTATION, "not-an-id") is None
    with pytest.raises(PermanentError):
        remote.get(K.ANNOTATION, "f" * 24)


def test_the_account_is_asked_of_the_platform(remote, platform):
    platform.answer = lambda _asked: {"id": "x", "email": "alice@example.test"}
    account = remote.account()
    assert (account.gate, account.email) == (platform.gate, "alice@example.test")
    assert platform.forms == [("GET", "/api/v1/users/me", None)]
