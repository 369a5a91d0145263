"""Which role may do what: one table, and whatever is in no row of it is refused.

A row is a route, as ``METHOD /path`` exactly as it is declared, or a finer action that a handler names because
the route alone does not say what a body asks for (:meth:`localloop.server.calls.Call.taking`). Its value is the
least role that may; the roles form a ladder (docs/platform/wire.md, 2.1). A route without a row answers 403.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localloop.errors import Forbidden

#: Where a request carries the least role of its route.
_SCOPE = "localloop.least"


class Role(IntEnum):
    """Steps of a ladder: each role may do what those below it may."""

    #: No token at all: logging in.
    ANYBODY = 0
    #: Whoever has an account, in no project in particular; the handler looks after what is theirs.
    ACCOUNT = 1
    ANNOTATOR = 2
    MANAGER = 3
    ENGINEER = 4
    OWNER = 5

    @property
    def title(self) -> str:
        """The role as it is called on the wire."""
        return _TITLES[self]

    @classmethod
    def of(cls, title: str) -> Role:
        """The role of a member; one that is unknown here may the least."""
        return _BY_TITLE.get(title, cls.ANNOTATOR)


_TITLES: Final[Mapping[Role, str]] = {
    Role.ANYBODY: "anybody",
    Role.ACCOUNT: "user",
    Role.ANNOTATOR: "annotator",
    Role.MANAGER: "annotationManager",
    Role.ENGINEER: "engineer",
    Role.OWNER: "owner",
}
_BY_TITLE: Final[Mapping[str, Role]] = {
    title: role for role, title in _TITLES.items() if role >= Role.ANNOTATOR
}

#: The table.
LEAST: Final[Mapping[str, Role]] = {
    # The gate itself.
    "POST /token": Role.ANYBODY,
    "GET /login": Role.ANYBODY,
    "POST /login": Role.ANYBODY,
    # One's own account.
    "GET /users/me": Role.ACCOUNT,
    **{
        row: Role.ACCOUNT
        for name in ("apiKeys", "apikeys")
        for row in (f"GET /{name}", f"POST /{name}", f"GET /{name}/{{id}}", f"DELETE /{name}/{{id}}")
    },
    # Receipts, which are their owner's alone.
    "GET /commands": Role.ACCOUNT,
    "GET /commands/{id}": Role.ACCOUNT,
    "POST /commands/{id}/abort": Role.ACCOUNT,
    # What is offered beyond the platform's API.
    "GET /localloop": Role.ACCOUNT,
    "GET /localloop/projects/{id}/changes": Role.ANNOTATOR,
    # Projects and members.
    "POST /projects": Role.ACCOUNT,
    "GET /projects": Role.ACCOUNT,
    "GET /projects/{id}": Role.ANNOTATOR,
    "GET /projects/{name:path}/name": Role.ACCOUNT,
    "PATCH /projects/{id}": Role.OWNER,
    "DELETE /projects/{id}": Role.OWNER,
    "GET /projects/{id}/members": Role.ANNOTATOR,
    "POST /projects/{id}/members": Role.OWNER,
    "POST /projects/{id}/members/{email}": Role.OWNER,
    "PATCH /projects/{id}/members/{email}": Role.OWNER,
    "DELETE /projects/{id}/members/{email}": Role.OWNER,
    # Where there are no organisations: the caller's projects, and refusals.
    "GET /orgs/{org}/projects": Role.ACCOUNT,
    "PATCH /projects/{id}/org": Role.OWNER,
    "POST /projects/{id}/accounts": Role.OWNER,
    # What was done in the caller's projects.
    "POST /audit/logs": Role.ACCOUNT,
    # Datasets. The query answers those of the caller's projects, and completes them on the way.
    "POST /datasets": Role.ENGINEER,
    "POST /datasets/query": Role.ACCOUNT,
    "GET /datasets": Role.ACCOUNT,
    "POST /datasets/count": Role.ACCOUNT,
    "POST /datasets/restore": Role.ENGINEER,
    "GET /datasets/{id}": Role.ANNOTATOR,
    "DELETE /datasets/{id}/counters": Role.ENGINEER,
    "POST /datasets/{id}/sync": Role.ENGINEER,
    "GET /datasets/{id}/schema": Role.ANNOTATOR,
    "POST /datasets/{id}/schema/items": Role.ENGINEER,
    "GET /datasets/{id}/annotations/labels": Role.ANNOTATOR,
    "POST /datasets/{id}/annotations/labels": Role.ANNOTATOR,
    "POST /datasets/{id}/annotations/types": Role.ANNOTATOR,
    # Many items at once. What a change of metadata touches has rows of its own, below.
    "POST /datasets/{id}/items/bulk-update-metadata": Role.MANAGER,
    "DELETE /datasets/{id}/items": Role.ENGINEER,
    "POST /datasets/{id}/split": Role.ENGINEER,
    "GET /datasets/{id}/items/collections": Role.ANNOTATOR,
    "POST /datasets/{id}/items/collections": Role.ENGINEER,
    "PATCH /datasets/{id}/items/collections/{name:path}": Role.ENGINEER,
    "DELETE /datasets/{id}/items/collections/{name:path}": Role.ENGINEER,
    "POST /datasets/{id}/items/collections/bulk-add": Role.ENGINEER,
    "POST /datasets/{id}/items/collections/bulk-remove": Role.ENGINEER,
    "PATCH /datasets/{id}": Role.ENGINEER,
    "PATCH /datasets/{id}/unlock": Role.ENGINEER,
    "DELETE /datasets/{id}": Role.ENGINEER,
    "POST /datasets/{id}/clone": Role.ENGINEER,
    "POST /datasets/merge": Role.ENGINEER,
    # Exports. Their files are their owner's alone, and the history that of the caller's projects.
    "POST /datasets/{id}/export": Role.ANNOTATOR,
    "POST /datasets/{id}/export/v3": Role.ANNOTATOR,
    "GET /datasets/{id}/export/v3/{export}/manifest": Role.ANNOTATOR,
    "GET /datasets/{id}/export/v3/{export}/files/{name}": Role.ANNOTATOR,
    "GET /datasets/{id}/annotations/json": Role.ANNOTATOR,
    "GET /datasets/{id}/annotations/zip": Role.ANNOTATOR,
    "POST /datasets/exports": Role.ACCOUNT,
    "GET /datasets/{id}/directoryTree": Role.ANNOTATOR,
    # What a query only finds, everybody in the project may see; what it changes has rows of its own.
    "POST /datasets/{id}/query": Role.ANNOTATOR,
    "change annotations by query": Role.ANNOTATOR,
    "delete annotations by query": Role.ANNOTATOR,
    "change items by query": Role.MANAGER,
    "change system metadata by query": Role.ENGINEER,
    "change references by query": Role.MANAGER,
    "delete items by query": Role.ENGINEER,
    # Items.
    "POST /datasets/{id}/items": Role.ENGINEER,
    "PUT /datasets/{id}/items/{dir}": Role.ENGINEER,
    "GET /datasets/{dataset}/items/{id}": Role.ANNOTATOR,
    "GET /items/{id}": Role.ANNOTATOR,
    "PATCH /items/{id}": Role.MANAGER,
    "move an item": Role.ENGINEER,
    "change system metadata of an item": Role.ENGINEER,
    "DELETE /items/{id}": Role.ENGINEER,
    "GET /items/{id}/stream": Role.ANNOTATOR,
    "GET /items/{id}/thumbnail": Role.ANNOTATOR,
    "GET /datasets/{dataset}/items/{id}/thumbnail": Role.ANNOTATOR,
    "POST /datasets/{id}/imports": Role.ENGINEER,
    "POST /items/{id}/revisions": Role.ENGINEER,
    "POST /items/{id}/clone": Role.ENGINEER,
    "POST /datasets/{dataset}/items/{id}/clone": Role.ENGINEER,
    "POST /items/{id}/snapshots": Role.ENGINEER,
    "POST /datasets/{dataset}/items/{id}/revisions": Role.ENGINEER,
    "POST /datasets/{dataset}/items/{id}/snapshots": Role.ENGINEER,
    "GET /datasets/{id}/items": Role.ANNOTATOR,
    "GET /items/{id}/items": Role.ANNOTATOR,
    "GET /datasets/{dataset}/items/{id}/items": Role.ANNOTATOR,
    "GET /datasets/{dataset}/items/{id}/stream": Role.ANNOTATOR,
    "PATCH /datasets/{dataset}/items/{id}": Role.MANAGER,
    "DELETE /datasets/{dataset}/items/{id}": Role.ENGINEER,
    # Annotations, by themselves and below their items.
    "GET /items/{id}/annotations": Role.ANNOTATOR,
    "POST /items/{id}/annotations": Role.ANNOTATOR,
    "GET /datasets/{dataset}/items/{id}/annotations": Role.ANNOTATOR,
    "POST /datasets/{dataset}/items/{id}/annotations": Role.ANNOTATOR,
    "GET /annotations/{id}": Role.ANNOTATOR,
    "PUT /annotations/{id}": Role.ANNOTATOR,
    "DELETE /annotations/{id}": Role.ANNOTATOR,
    "PUT /annotations/{id}/issue": Role.ANNOTATOR,
    **{
        f"{method} {below}/annotations/{{id}}{path}": Role.ANNOTATOR
        for below in ("/items/{item}", "/datasets/{dataset}/items/{item}")
        for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("PUT", "/issue"))
    },
    **{
        f"POST {below}/annotations/{name}": Role.ENGINEER
        for below in ("/items/{id}", "/datasets/{dataset}/items/{id}")
        for name in ("archiveAnnotationLogs", "restore-archived-annotation-logs")
    },
    "GET /datasets/{dataset}/items/{id}/annotations-log": Role.ANNOTATOR,
    "POST /datasets/{id}/annotations": Role.MANAGER,
    "GET /scores/tasks/{task}": Role.ANNOTATOR,
    "GET /scores/tasks/{task}/items/{id}": Role.ANNOTATOR,
    "GET /scores/tasks/{task}/annotations/{id}": Role.ANNOTATOR,
    # Recipes and ontologies. Listings answer what is in the caller's projects.
    "POST /recipes": Role.ENGINEER,
    "GET /recipes": Role.ACCOUNT,
    "GET /recipes/{id}": Role.ANNOTATOR,
    "PATCH /recipes/{id}": Role.ENGINEER,
    "DELETE /recipes/{id}": Role.ENGINEER,
    "POST /recipes/{id}/clone": Role.ENGINEER,
    "POST /ontologies": Role.ENGINEER,
    "GET /ontologies": Role.ACCOUNT,
    "GET /ontologies/{id}": Role.ANNOTATOR,
    "PUT /ontologies/{id}": Role.ENGINEER,
    "DELETE /ontologies/{id}": Role.ENGINEER,
    "PATCH /ontologies/{id}/labels": Role.ENGINEER,
    "PATCH /ontologies/{id}/addLabels": Role.ENGINEER,
    "PATCH /ontologies/{id}/attributes": Role.ENGINEER,
    "DELETE /ontologies/{id}/attributes": Role.ENGINEER,
    "GET /ontologies/{id}/labels/{part}": Role.ANNOTATOR,
    **{
        f"{method} /ontologies/{{id}}/{path}": least
        for part in ("labels", "attributes", "structures")
        for method, path, least in (
            ("POST", part, Role.ENGINEER),
            ("POST", f"{part}/query", Role.ANNOTATOR),
            ("DELETE", f"{part}/{{part}}", Role.ENGINEER),
        )
    },
    "PATCH /ontologies/{id}/attributes/{part}": Role.ENGINEER,
    "PATCH /ontologies/{id}/structures/{part}": Role.ENGINEER,
    # Tasks, under both of their names, and assignments.
    **{
        f"{method} /{name}{path}": role
        for name in ("annotationtasks", "tasks")
        for method, path, role in (
            ("POST", "", Role.MANAGER),
            ("GET", "", Role.ACCOUNT),
            ("POST", "/count", Role.ACCOUNT),
            ("GET", "/{id}/relatives", Role.ANNOTATOR),
            ("GET", "/{id}/queue", Role.ANNOTATOR),
            ("POST", "/query", Role.ACCOUNT),
            ("GET", "/{id}", Role.ANNOTATOR),
            ("PATCH", "/{id}", Role.MANAGER),
            ("DELETE", "/{id}", Role.MANAGER),
            ("POST", "/{id}/addToTask", Role.MANAGER),
            ("POST", "/{id}/removeFromTask", Role.MANAGER),
        )
    },
    "GET /assignments": Role.ACCOUNT,
    "POST /assignments/items/tasks/{id}/status": Role.ANNOTATOR,
    "GET /assignments/{id}": Role.ANNOTATOR,
    "PATCH /assignments/{id}": Role.MANAGER,
    "POST /assignments/{id}/reassign": Role.MANAGER,
    "POST /assignments/{id}/redistribute": Role.MANAGER,
    "POST /assignments/{id}/batch": Role.ANNOTATOR,
    "POST /assignments/{id}/clear": Role.ANNOTATOR,
    "POST /assignments/{id}/partial": Role.ANNOTATOR,
    "POST /assignments/{id}/items/status": Role.ANNOTATOR,
    "POST /assignments/{id}/items/{item}/status": Role.ANNOTATOR,
}


def rows_of(route: Route) -> list[str]:
    """The rows of the table that a route needs, one a method; HEAD goes with GET."""
    methods: Collection[str] = route.methods or ()
    return [f"{method} {route.path}" for method in sorted(methods) if method != "HEAD"]


def ruled(route: Route) -> Route:
    """The route, with the least role of its row given to each request, or refused where it has no row."""
    rows = rows_of(route)
    least = max(LEAST[row] for row in rows) if rows and all(row in LEAST for row in rows) else None

    async def endpoint(request: Request) -> Response:
        if least is None:
            raise Forbidden("403", "No role may do this here.")
        request.scope[_SCOPE] = least
        answer: Response = await route.endpoint(request)
        return answer

    return Route(route.path, endpoint, methods=list(route.methods or ()), name=route.name)


def least_of(request: Request) -> Role:
    """The least role of the route that a request came by.

    Raises:
        Forbidden: It came by none that has a row.
    """
    least = request.scope.get(_SCOPE)
    if not isinstance(least, Role):
        raise Forbidden("403", "No role may do this here.")
    return least


def demand(held: Role, least: Role) -> None:
    """Refuse a member whose role does not reach.

    Args:
        held: The member's role in the project.
        least: What is needed.

    Raises:
        Forbidden: It is more than is held.
    """
    if held < least:
        raise Forbidden(
            "403", f"This takes the role {least.title} in the project, and yours is {held.title}."
        )
