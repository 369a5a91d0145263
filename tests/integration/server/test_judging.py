"""A mutation for which nobody's role was judged is not committed."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers, QueryParams

from localloop.errors import Forbidden
from localloop.server.app import build_app
from localloop.server.calls import Call
from localloop.server.roles import Role
from localloop.store import projects
from localloop_schema.kinds import EntityKind


@pytest.fixture
def call(hub, alice, project):
    app = build_app(hub.store, hub.accounts)
    yield Call(
        context=app.state.context,
        user="alice@example.test",
        api="http://x/api/v1",
        path={"id": project},
        query=QueryParams(),
        headers=Headers(),
        least=Role.ANNOTATOR,
    )
    app.state.context.close()


def names(alice):
    return [one["name"] for one in alice.ask("GET", "/projects")]


def test_without_any_look_at_the_role_nothing_is_written(call, alice):
    before = names(alice)
    with pytest.raises(Forbidden, match="No role"), call.writing("create a project") as tx:
        projects.create_project(tx, "never")
    assert names(alice) == before


def test_a_look_at_a_lesser_role_is_not_enough(call, alice):
    before = names(alice)
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.PROJECT)
    with (
        pytest.raises(Forbidden, match="No role"),
        call.taking("delete items by query").writing("create a project") as tx,
    ):
        projects.create_project(tx, "never")
    assert names(alice) == before
