"""Projects and their members (docs/platform/wire.md, 2)."""

from __future__ import annotations

from typing import Any

from localloop.errors import NotFound
from localloop.server.access import project_ids
from localloop.server.binaries import binaries_of
from localloop.server.calls import Call, route
from localloop.server.shapes import MEMBER, PROJECT
from localloop.server.wire import Wire
from localloop.store import Transaction, projects
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_rows

#: The last client that does not take ``systemProject`` in a project says this in its ``User-Agent``.
_OLD_CLIENTS = ("dtlpy/1.121.",)


def _plain(call: Call) -> bool:
    return call.headers.get("user-agent", "").startswith(_OLD_CLIENTS)


def _shown(call: Call, wire: Wire, row: Row) -> Any:
    return wire.projects([row], plain=_plain(call))[0]


def create(call: Call) -> Any:
    """``POST /projects``, form-urlencoded or JSON."""
    name = call.object(PROJECT).get("name")
    with call.writing("create a project") as tx:
        row = projects.create_project(tx, name or "")
        binaries_of(tx, row)
        return _shown(call, call.wire(tx.connection), row)


def listing(call: Call) -> Any:
    """``GET /projects``: the caller's own."""
    with call.reading() as (connection, wire):
        rows = get_rows(connection, EntityKind.PROJECT, project_ids(connection, call.user))
        ordered = sorted(rows.values(), key=lambda row: (row["created_at"], row["id"]))
        return wire.projects(ordered, plain=_plain(call))


def get(call: Call) -> Any:
    """``GET /projects/{id}``."""
    with call.reading() as (connection, wire):
        return _shown(call, wire, call.target(connection, EntityKind.PROJECT))


def named(call: Call) -> Any:
    """``GET /projects/{name}/name``: an array; 404 rather than an empty one, which clients cannot take."""
    name = call.path["name"]
    with call.reading() as (connection, wire):
        rows = get_rows(connection, EntityKind.PROJECT, project_ids(connection, call.user))
        found = [row for row in rows.values() if row["name"] == name]
        if not found:
            raise NotFound("404", f"Project not found. Name: {name!r}")
        return wire.projects(found, plain=_plain(call))


def patch(call: Call) -> Any:
    """``PATCH /projects/{id}``: the name; whatever else comes along is ignored."""
    with call.writing("change a project") as tx:
        row = projects.update_project(tx, call.target(tx, EntityKind.PROJECT), call.object(PROJECT))
        return _shown(call, call.wire(tx.connection), row)


def delete(call: Call) -> Any:
    """``DELETE /projects/{id}``, with everything in it."""
    with call.writing("delete a project") as tx:
        tx.delete(EntityKind.PROJECT, call.target(tx, EntityKind.PROJECT))
    return True


def members(call: Call) -> Any:
    """``GET /projects/{id}/members``."""
    with call.reading() as (connection, wire):
        project = call.target(connection, EntityKind.PROJECT)
        return wire.members(projects.members_of(connection, project["id"]))


def add_member(call: Call) -> Any:
    """``POST /projects/{id}/members/{email}``; answers all members."""
    role = str(call.object(MEMBER).get("role"))
    with call.writing("add a member") as tx:
        project = call.target(tx, EntityKind.PROJECT)
        put_member(call, tx, project, call.path["email"], role)
        return call.wire(tx.connection).members(projects.members_of(tx.connection, project["id"]))


def put_member(call: Call, tx: Transaction, project: Row, email: str, role: str) -> None:
    """Add somebody to a project; with ``allowUpdate``, whoever is a member already gets the role."""
    known = projects.find_member(tx.connection, project["id"], email)
    if known is not None and call.flag("allowUpdate"):
        projects.update_member(tx, project, email, role)
    else:
        projects.add_member(tx, project, email, role)


def update_member(call: Call) -> Any:
    """``PATCH /projects/{id}/members/{email}``; answers all members."""
    with call.writing("change a member's role") as tx:
        project = call.target(tx, EntityKind.PROJECT)
        projects.update_member(tx, project, call.path["email"], str(call.object(MEMBER).get("role")))
        return call.wire(tx.connection).members(projects.members_of(tx.connection, project["id"]))


def remove_member(call: Call) -> Any:
    """``DELETE /projects/{id}/members/{email}``; answers those who are left."""
    with call.writing("remove a member") as tx:
        project = call.target(tx, EntityKind.PROJECT)
        projects.remove_member(tx, project, call.path["email"])
        return call.wire(tx.connection).members(projects.members_of(tx.connection, project["id"]))


ROUTES = [
    route("/projects", "POST", create),
    route("/projects", "GET", listing),
    route("/projects/{id}/members", "GET", members),
    route("/projects/{id}/members/{email}", "POST", add_member),
    route("/projects/{id}/members/{email}", "PATCH", update_member),
    route("/projects/{id}/members/{email}", "DELETE", remove_member),
    route("/projects/{name:path}/name", "GET", named),
    route("/projects/{id}", "GET", get),
    route("/projects/{id}", "PATCH", patch),
    route("/projects/{id}", "DELETE", delete),
]
