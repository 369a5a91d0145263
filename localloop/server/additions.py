"""What this server offers beyond the platform's API (docs/platform/additions.md); a plain server has none of it.

Whoever does not know of the additions never meets them: they are a header on answers, two paths that the platform
does not have, and a request header that no client of the platform sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localloop._version import __version__
from localloop.errors import BadRequest
from localloop.server.calls import Call, route
from localloop.server.failures import failure
from localloop.server.task_wire import assignments_json, tasks_json
from localloop.server.versions import etag
from localloop.server.wire import Json, Wire
from localloop.store import feed
from localloop.store.feed import Position
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_rows

#: On every answer, so that a client need not ask a platform for what it does not have.
HEADER = "x-localloop"

#: What the header says: where the capabilities are described, below the API base.
DOCUMENT = "/localloop"

CAPABILITIES = ("changes", "if-match")

#: The most entries of one page of changes.
LARGEST_PAGE = 1000


class Announced:
    """Middleware that says on every answer that there are additions.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""

        async def announced(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = DOCUMENT
            await send(message)

        await self._app(scope, receive, announced)


def capabilities(call: Call) -> Json:
    """``GET /localloop``: what there is beyond the platform's API."""
    with call.reading() as (connection, _wire):
        newest = feed.head(connection)
    return {
        "product": "localloop",
        "version": __version__,
        "capabilities": list(CAPABILITIES),
        "feed": {"epoch": newest.epoch, "seq": newest.seq},
    }


def changes(call: Call) -> Any:
    """``GET /localloop/projects/{id}/changes?since=..&epoch=..&limit=..&datasets=..``: what changed since a position.

    Without ``since`` it answers the newest position and no changes. Who may not see the project gets its 404, so that
    losing sight of it never looks like deletions.
    """
    since, limit = _number(call, "since", -1), _number(call, "limit", LARGEST_PAGE)
    with call.reading() as (connection, wire):
        project = call.target(connection, EntityKind.PROJECT)
        if "since" not in call.query:
            return _page(feed.Stretch([], feed.head(connection), more=False), [])
        if not feed.knows(connection, Position(call.query.get("epoch", ""), since)):
            return failure(410, "This feed does not know the position. Read the whole, and begin anew.")
        named = [one for one in call.query.get("datasets", "").split(",") if one]
        size = min(max(limit, 1), LARGEST_PAGE)
        stretch = feed.read(connection, project["id"], since, size, named or None)
        return _page(stretch, _shown(wire, connection, stretch.entries))


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadRequest("400", f"{name} must be a number.")
    return int(text)


def _page(stretch: feed.Stretch, changes: list[Json]) -> Json:
    position = stretch.position
    return {"epoch": position.epoch, "seq": position.seq, "hasNextPage": stretch.more, "changes": changes}


def _shown(wire: Wire, connection: Any, entries: Sequence[Row]) -> list[Json]:
    """Entries with the JSON of the entities that are there, as their own paths would answer it."""
    bodies: dict[tuple[str, str], Json] = {}
    for kind in EntityKind:
        ids = [one["entity_id"] for one in entries if one["kind"] == kind.value and not one["deleted"]]
        rows = list(get_rows(connection, kind, ids).values())
        bodies |= {
            (kind.value, row["id"]): body
            for row, body in zip(rows, _json(wire, connection, kind, rows), strict=True)
        }
    return [_entry(one, bodies.get((one["kind"], one["entity_id"]))) for one in entries]


def _json(wire: Wire, connection: Any, kind: EntityKind, rows: Sequence[Row]) -> list[Json]:
    if kind is EntityKind.TASK:
        return tasks_json(connection, wire, rows)
    if kind is EntityKind.ASSIGNMENT:
        return assignments_json(connection, wire, rows)
    show = {
        EntityKind.PROJECT: wire.projects,
        EntityKind.MEMBER: wire.members,
        EntityKind.ONTOLOGY: wire.ontologies,
        EntityKind.RECIPE: wire.recipes,
        EntityKind.DATASET: wire.datasets,
        EntityKind.ITEM: wire.items,
        EntityKind.ANNOTATION: wire.annotations,
    }
    return show[kind](rows)


def _entry(entry: Row, body: Json | None) -> Json:
    shown = {
        "seq": entry["seq"],
        "etag": etag(Position(entry["epoch"], entry["seq"])),
        "kind": entry["kind"],
        "id": entry["wire_id"],
        "projectId": entry["project_id"],
        "datasetId": entry["dataset_id"],
        "deleted": bool(entry["deleted"]),
    }
    return shown if body is None else {**shown, "entity": body}


ROUTES = [
    route(DOCUMENT, "GET", capabilities),
    route(f"{DOCUMENT}/projects/{{id}}/changes", "GET", changes),
]
