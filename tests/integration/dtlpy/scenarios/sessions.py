"""Logging in and out, tokens, keys and environments, each time with a client and a cookie of its own."""

from __future__ import annotations

import base64
import json
import os
import uuid
from typing import Any

import pytest

from tests.integration.dtlpy.world import ALICE, BOB, PASSWORD, World, scenario


def _client(world: World) -> Any:
    """A client of dtlpy that nobody has logged in."""
    real = world.dl.client_api
    client = type(real)(cookie_filepath=str(world.folder / f"{uuid.uuid4().hex}.json"))
    client.add_environment(
        environment=f"{world.gate}/api/v1",
        gate_url=world.gate,
        url=f"{world.gate}/",
        alias="here",
        verify_ssl=False,
    )
    client.setenv("here")
    return client


def _projects(world: World, client: Any) -> list[str]:
    return [one.name for one in world.dl.repositories.Projects(client_api=client).list()]


@scenario
def a_person_logs_in_with_a_password(world: World) -> None:
    client = _client(world)
    assert client.token_expired() is True
    assert client.login_m2m(email=ALICE, password=world.password) is True
    assert client.token_expired() is False
    assert client.info(with_token=False) == {
        "environment": f"{world.gate}/api/v1",
        "user_email": ALICE,
    }
    assert client.info()["token"] == client.token
    assert world.project.name in _projects(world, client)


@scenario
def a_person_who_is_logged_in_needs_no_password_again(world: World) -> None:
    client = _client(world)
    client.login_m2m(email=ALICE, password=world.password)
    token = client.token
    assert client.login_m2m(email=ALICE, password="whatever") is True
    assert client.token == token
    assert client.login_m2m(email=ALICE, password="wrong", force=True) is False
    assert client.token is None


@scenario
def another_person_logs_in_instead(world: World) -> None:
    client = _client(world)
    client.login_m2m(email=ALICE, password=world.password)
    assert client.login_m2m(email=BOB, password=PASSWORD) is True
    assert client.info()["user_email"] == BOB
    assert world.project.name not in _projects(world, client)


@scenario
def a_wrong_password_and_an_unknown_person_are_not_logged_in(world: World) -> None:
    client = _client(world)
    assert client.login_m2m(email=ALICE, password="wrong") is False
    assert client.login_m2m(email="nobody@example.test", password=PASSWORD) is False
    assert client.login_secret(email=ALICE, password="", client_id="c") is False
    assert client.token_expired() is True


@scenario
def the_older_way_to_log_in_still_works(world: World) -> None:
    client = _client(world)
    assert client.login_secret(email=ALICE, password=world.password, client_id="c", client_secret="s") is True
    assert client.info()["user_email"] == ALICE


@scenario
def a_token_logs_in(world: World) -> None:
    first, second = _client(world), _client(world)
    first.login_m2m(email=ALICE, password=world.password)
    second.login_token(first.token)
    assert second.info()["user_email"] == ALICE
    assert world.project.name in _projects(world, second)


@scenario
def a_token_that_was_made_elsewhere_is_refused(world: World) -> None:
    client = _client(world)
    client.login_m2m(email=ALICE, password=world.password)
    good = client.token
    head, body, _ = good.split(".")
    with pytest.raises(ValueError, match="Invalid API key"):
        client.login_token(f"{head}.{body}.{'A' * 43}")
    assert client.token == good


@scenario
def an_expired_token_is_renewed_on_the_way(world: World) -> None:
    client = _client(world)
    client.login_m2m(email=ALICE, password=world.password)
    refresh = client.refresh_token
    head = json.dumps({"alg": "none", "typ": "JWT"}).encode()
    body = json.dumps({"exp": 1, "email": ALICE}).encode()
    client.token = ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in (head, body)) + "."
    client.refresh_token = refresh
    assert world.project.name in _projects(world, client)
    assert client.token_expired() is False
    assert client.refresh_token == refresh


@scenario
def without_a_token_nothing_is_sent(world: World) -> None:
    client = _client(world)
    world.refused(lambda: _projects(world, client), "600")


@scenario
def a_person_logs_out(world: World) -> None:
    client = _client(world)
    client.login_m2m(email=ALICE, password=world.password)
    client.token = None
    client.refresh_token = None
    world.refused(lambda: _projects(world, client), "600")
    assert client.login_m2m(email=ALICE, password=world.password) is True


@scenario
def a_key_logs_in(world: World) -> None:
    client = _client(world)
    client.login_m2m(email=ALICE, password=world.password)
    key = client.generate_api_key(description="for a script")
    other = _client(world)
    other.login_api_key(key)
    assert other.info()["user_email"] == ALICE
    assert world.project.name in _projects(world, other)
    assert client.generate_api_key(description="mine", login=True) is True
    assert world.project.name in _projects(world, client)


@scenario
def a_cookie_keeps_somebody_logged_in(world: World) -> None:
    client = _client(world)
    client.login_m2m(email=ALICE, password=world.password)
    again = type(client)(cookie_filepath=client.cookie_io.COOKIE)
    assert again.environment == client.environment
    assert again.token == client.token
    assert world.project.name in _projects(world, again)


@scenario
def an_environment_has_to_be_known(world: World) -> None:
    client = _client(world)
    for unknown in ("no such alias", "http://127.0.0.1:1/api/v1"):
        with pytest.raises(ConnectionError, match="nknown"):
            client.setenv(unknown)
    client.setenv(f"{world.gate}/api/v1")
    assert client.environment == f"{world.gate}/api/v1"


@scenario
def an_environment_is_taken_from_the_process(world: World) -> None:
    inner = {"gate_url": world.gate, "url": f"{world.gate}/api/v1", "alias": "mine", "verify_ssl": "false"}
    client = _client(world)
    os.environ["DTLPY_CUSTOM_ENV"] = base64.b64encode(json.dumps(inner).encode()).decode()
    try:
        client.setenv("custom")
    finally:
        del os.environ["DTLPY_CUSTOM_ENV"]
    assert client.login_m2m(email=ALICE, password=world.password) is True
    assert world.project.name in _projects(world, client)


@scenario
def a_project_is_seen_by_its_members_only(world: World) -> None:
    dataset, client = world.dataset, _client(world)
    client.login_m2m(email=BOB, password=PASSWORD)
    projects = world.dl.repositories.Projects(client_api=client)
    world.refused(lambda: projects.get(project_id=world.project.id), "404")
    world.refused(lambda: projects.get(project_name=world.project.name), "404")
    world.project.add_member(email=BOB, role=world.dl.MemberRole.DEVELOPER)
    project = projects.get(project_id=world.project.id)
    assert (project.name, project.role) == (world.project.name, "engineer")
    assert [one.id for one in project.datasets.list()] == [dataset.id]
    world.project.remove_member(email=BOB)
    world.refused(lambda: projects.get(project_id=world.project.id), "404")
