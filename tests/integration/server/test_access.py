"""Who gets in, and what they see."""

from __future__ import annotations

import pytest
import requests

from tests.integration.server.client import Client

ABSENT = "0" * 24


def token(hub, **body):
    return requests.post(f"{hub.gate}/token?default", json=body, timeout=30)


def test_a_log_in_answers_tokens_that_name_their_user(hub):
    reply = token(hub, username="alice@example.test", password="pw", type="user_credentials")
    assert reply.status_code == 200
    assert {"id_token", "access_token", "refresh_token"} == set(reply.json())
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(hub):
    replies = [
        token(hub, username=email, password="wrong", type="user_credentials")
        for email in ("alice@example.test", "nobody@example.test")
    ]
    assert [reply.status_code for reply in replies] == [401, 401]
    assert replies[0].json() == replies[1].json() == {"status": 401, "message": "Wrong e-mail or password."}


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "a", "type": "user_credentials"}, {"type": "magic"}, {"type": "refresh_token"}, []],
)
def test_a_malformed_log_in_is_400(hub, body):
    reply = requests.post(f"{hub.gate}/token", json=body, timeout=30)
    assert (reply.status_code, reply.json()["status"]) == (400, 400)


def test_a_refresh_token_brings_a_new_access_token_and_is_no_bearer(hub, alice):
    login = token(hub, username="alice@example.test", password="pw", type="user_credentials").json()
    reply = token(hub, type="refresh_token", refresh_token=login["refresh_token"])
    assert reply.status_code == 200
    bearer = {"Authorization": f"Bearer {reply.json()['id_token']}"}
    assert (
        requests.get(f"{hub.api}/users/me", headers=bearer, timeout=30).json()["email"]
        == "alice@example.test"
    )
    bearer = {"Authorization": f"Bearer {login['refresh_token']}"}
    assert requests.get(f"{hub.api}/users/me", headers=bearer, timeout=30).status_code == 401
    assert token(hub, type="refresh_token", refresh_token=login["id_token"]).status_code == 401


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer x", "Basic YTpi", "Bearer a.b.c"])
@pytest.mark.parametrize("path", ["/projects", "/users/me", f"/items/{ABSENT}/stream"])
def test_without_a_valid_token_everything_is_401(hub, path, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    reply = requests.get(f"{hub.api}{path}", headers=headers, timeout=30)
    assert reply.status_code == 401
    assert reply.json()["status"] == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_an_upload_without_a_token_is_401(hub):
    reply = requests.post(f"{hub.api}/datasets/{ABSENT}/items", files={"file": b"x"}, timeout=30)
    assert reply.status_code == 401


def test_an_api_key_is_a_bearer_for_its_user_alone(hub, alice):
    made = alice.ask("POST", "/apiKeys", json={"userId": "alice@example.test", "description": "ci"})
    headers = {"Authorization": f"Bearer {made['jwt']}"}
    assert (
        requests.get(f"{hub.api}/users/me", headers=headers, timeout=30).json()["email"]
        == "alice@example.test"
    )
    assert alice.send("POST", "/apiKeys", json={"userId": "bob@example.test"}).status_code == 403


@pytest.mark.parametrize("name", ["apiKeys", "apikeys"])
def test_keys_are_listed_shown_and_revoked_by_their_user_alone(hub, alice, bob, name):
    made = alice.ask("POST", f"/{name}", json={"userId": "alice@example.test", "description": "ci"})
    key = made["key"]
    assert {"id", "createdAt", "updatedAt", "creator", "description", "expiresAt", "type"} <= set(key)
    assert (key["creator"], key["description"]) == ("alice@example.test", "ci")
    assert alice.ask("GET", f"/{name}/{key['id']}") == key
    assert key in alice.ask("GET", f"/{name}")
    assert made["jwt"] not in alice.send("GET", f"/{name}").text
    assert key not in bob.ask("GET", f"/{name}")
    for method in ("GET", "DELETE"):
        assert bob.send(method, f"/{name}/{key['id']}").status_code == 404
    headers = {"Authorization": f"Bearer {made['jwt']}"}
    assert requests.get(f"{hub.api}/users/me", headers=headers, timeout=30).ok
    assert alice.send("DELETE", f"/{name}/{key['id']}").status_code == 204
    assert requests.get(f"{hub.api}/users/me", headers=headers, timeout=30).status_code == 401
    assert alice.send("DELETE", f"/{name}/{key['id']}").status_code == 404


def test_the_eleventh_key_is_refused(hub):
    hub.accounts.add_user("keys@example.test", "pw")
    client = Client(hub, "keys@example.test", "pw")
    replies = [client.send("POST", "/apikeys", json={"userId": "keys@example.test"}) for _ in range(11)]
    assert [reply.status_code for reply in replies] == [200] * 10 + [409]
    client.close()


def test_a_user_who_was_removed_is_refused_at_once(hub):
    hub.accounts.add_user("eve@example.test", "pw")
    eve = Client(hub, "eve@example.test", "pw")
    assert eve.send("GET", "/projects").ok
    hub.accounts.remove_user("eve@example.test")
    assert eve.send("GET", "/projects").status_code == 401
    eve.close()


def test_strangers_see_nothing_of_a_project(alice, bob, project, dataset):
    item = alice.upload(dataset, "/a.jpg")
    (annotation,) = alice.ask(
        "POST", f"/items/{item['id']}/annotations", json=[{"type": "class", "label": "x"}]
    )
    recipe = alice.ask("GET", f"/datasets/{dataset}")["metadata"]["system"]["recipes"][0]
    ontology = alice.ask("GET", f"/recipes/{recipe}")["ontologyIds"][0]
    for path in (
        f"/projects/{project}",
        f"/projects/{project}/members",
        f"/datasets/{dataset}",
        f"/datasets/{dataset}/directoryTree",
        f"/items/{item['id']}",
        f"/items/{item['id']}/stream",
        f"/items/{item['id']}/annotations",
        f"/annotations/{annotation['id']}",
        f"/recipes/{recipe}",
        f"/ontologies/{ontology}",
        f"/recipes?projects={project}",
    ):
        assert bob.send("GET", path).status_code == 404, path
        assert alice.send("GET", path).ok, path
    assert bob.send("POST", f"/datasets/{dataset}/query", json={}).status_code == 404
    assert bob.send("PATCH", f"/items/{item['id']}", json={"description": "mine"}).status_code == 404
    assert bob.send("DELETE", f"/items/{item['id']}").status_code == 404
    assert bob.send("DELETE", f"/projects/{project}").status_code == 404
    assert bob.send_file(dataset, "/b.jpg").status_code == 404
    body = {"name": "theirs", "projects": [project]}
    assert bob.send("POST", "/datasets", json=body).status_code == 404
    assert project not in [one["id"] for one in bob.ask("GET", "/projects")]
    assert bob.ask("POST", "/datasets/query", json={"resource": "datasets", "filter": {}})["items"] == []


def test_a_member_sees_the_project_until_removed(alice, bob, project, dataset):
    alice.ask("POST", f"/projects/{project}/members/BOB@example.test", json={"role": "engineer"})
    assert project in [one["id"] for one in bob.ask("GET", "/projects")]
    assert bob.upload(dataset, "/from-bob.jpg")["creator"] == "bob@example.test"
    assert bob.ask("GET", f"/projects/{project}")["role"] == "engineer"
    alice.ask("DELETE", f"/projects/{project}/members/BOB@example.test")
    assert bob.send("GET", f"/datasets/{dataset}").status_code == 404


def test_a_recipe_of_another_project_cannot_be_borrowed(alice, bob, dataset):
    theirs = bob.dataset(bob.project("Bob's own"))
    recipe = theirs["metadata"]["system"]["recipes"][0]
    body = {"metadata": {"system": {"recipes": [recipe]}}}
    assert alice.send("PATCH", f"/datasets/{dataset}?system=true", json=body).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.test"}, 400),
        ({"Host": ""}, 400),
        ({"Host": "10.1.2.3"}, 400),
        ({"Host": "localhost"}, 200),
        ({"Host": "LOCALHOST:80"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
def test_only_our_own_names_and_pages_are_served(alice, headers, status):
    reply = alice.send("GET", "/users/me", headers=headers)
    assert reply.status_code == status
    assert status == 200 or reply.json()["status"] == status


def test_a_page_of_our_own_is_served(alice):
    assert alice.send("GET", "/users/me", headers={"Origin": alice.hub.gate}).ok
