"""Organisations and accounts of the platform, as far as a server without any can speak of them.

A hub is one organisation without a name: whatever id a client gives, it is told of the projects that it may see.
Nothing can be attached to another one.
"""

from __future__ import annotations

from typing import Any

from localloop.errors import BadRequest, UnprocessableEntity
from localloop.server.calls import Call, route
from localloop.server.projects import listing, put_member
from localloop.server.shapes import MEMBERS
from localloop.store import projects
from localloop_schema.kinds import EntityKind


def add_members(call: Call) -> Any:
    """``POST /projects/{id}/members``: several people in one role; all are added or none. Answers all members."""
    body = call.object(MEMBERS)
    users = body.get("users")
    if not users:
        raise BadRequest("400", "The people to add must be a list of e-mails: users.")
    role = str(body.get("role"))
    with call.writing(f"add {len(users)} members") as tx:
        project = call.target(tx, EntityKind.PROJECT)
        for email in users:
            put_member(call, tx, project, email, role)
        return call.wire(tx.connection).members(projects.members_of(tx.connection, project["id"]))


def set_organisation(call: Call) -> Any:
    """``PATCH /projects/{id}/org``.

    Raises:
        UnprocessableEntity: Always.
    """
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.PROJECT)
    raise UnprocessableEntity("422", "There are no organisations here: org_id.")


def add_account(call: Call) -> Any:
    """``POST /projects/{id}/accounts``.

    Raises:
        UnprocessableEntity: Always.
    """
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.PROJECT)
    raise UnprocessableEntity("422", "There are no accounts to pay for projects here: account.")


ROUTES = [
    route("/orgs/{org}/projects", "GET", listing),
    route("/projects/{id}/members", "POST", add_members),
    route("/projects/{id}/org", "PATCH", set_organisation),
    route("/projects/{id}/accounts", "POST", add_account),
]
