"""The table of roles, against the routes that there are."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import localloop.server
from localloop.errors import Forbidden
from localloop.server.accounts import Accounts
from localloop.server.app import build_app
from localloop.server.roles import LEAST, Role, demand, rows_of, ruled
from localloop.store import Store
from localloop.store.projects import ROLES


def routes_of(routes) -> list[Route]:
    found = []
    for route in routes:
        found += routes_of(route.routes) if isinstance(route, Mount) else [route]
    return found


@pytest.fixture
def rows(tmp_path) -> set[str]:
    with Store.create(tmp_path / "store") as store:
        app = build_app(store, Accounts.beside(tmp_path))
    return {row for route in routes_of(app.routes) for row in rows_of(route)}


def test_every_route_has_a_row_in_the_table_of_roles(rows):
    missing = sorted(rows - set(LEAST))
    assert not missing, f"give them a row in localloop/server/roles.py, or they answer 403: {missing}"


def test_every_row_is_a_route_or_an_action_that_a_handler_names(rows):
    source = "".join(path.read_text() for path in Path(localloop.server.__file__).parent.glob("*.py"))
    named = set(re.findall(r'"([a-z][a-z ]+)"', source)) | {
        f"{verb} {resource} by query"
        for verb in ("change", "delete")
        for resource in ("items", "annotations")
    }
    assert set(LEAST) - rows - named == set()


def test_a_route_without_a_row_is_refused():
    async def open_to_all(_request):
        return PlainTextResponse("secret")

    endpoint = ruled(Route("/new", open_to_all)).endpoint
    with pytest.raises(Forbidden, match="No role may do this here"):
        asyncio.run(endpoint(Request({"type": "http"})))


def test_the_roles_are_those_of_the_wire():
    assert {Role.of(title).title for title in ROLES} == set(ROLES)
    assert Role.of("visitor") is Role.ANNOTATOR
    assert Role.OWNER > Role.ENGINEER > Role.MANAGER > Role.ANNOTATOR


def test_who_lacks_a_role_is_told_which_it_takes():
    demand(Role.ENGINEER, Role.ENGINEER)
    with pytest.raises(Forbidden, match="takes the role owner in the project, and yours is engineer"):
        demand(Role.ENGINEER, Role.OWNER)
