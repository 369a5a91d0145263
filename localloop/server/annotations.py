"""Annotations (docs/platform/wire.md, 5)."""

from __future__ import annotations

from typing import Any

from localloop.server.calls import Call, route
from localloop.server.shapes import ANNOTATION, check
from localloop.server.wire import Json, news
from localloop.store.annotations import add_annotations, update_annotation
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import live_rows


def create(call: Call) -> Any:
    """``POST /items/{id}/annotations``: an array, or a single one; all are added or none."""
    body = call.body
    many = body if isinstance(body, list) else [body]
    check(many, [ANNOTATION])
    with call.writing(f"add {len(many)} annotations") as tx:
        rows = add_annotations(tx, call.target(tx, EntityKind.ITEM), many)
        shown = call.wire(tx.connection).annotations(rows)
    return shown if isinstance(body, list) else shown[0]


def listing(call: Call) -> Any:
    """``GET /items/{id}/annotations``: all of them, of every type."""
    with call.reading() as (connection, wire):
        item = call.target(connection, EntityKind.ITEM)
        return wire.annotations(live_rows(connection, EntityKind.ANNOTATION, item_id=item["id"]))


def get(call: Call) -> Json:
    """``GET /annotations/{id}``."""
    with call.reading() as (connection, wire):
        return wire.annotations([call.target(connection, EntityKind.ANNOTATION)])[0]


def put(call: Call) -> Json:
    """``PUT /annotations/{id}``: a merge patch all the same; read-only keys are ignored."""
    with call.writing("change an annotation") as tx:
        row = call.target(tx, EntityKind.ANNOTATION)
        wire = call.wire(tx.connection)
        patch = news(call.object(ANNOTATION), wire.annotations([row])[0])
        return wire.annotations([update_annotation(tx, row, patch, system=call.system)])[0]


def delete(call: Call) -> Any:
    """``DELETE /annotations/{id}``; the ``username`` in its body says nothing that the token does not."""
    with call.writing("delete an annotation") as tx:
        tx.delete(EntityKind.ANNOTATION, call.target(tx, EntityKind.ANNOTATION))
    return True


ROUTES = [
    route("/items/{id}/annotations", "POST", create),
    route("/items/{id}/annotations", "GET", listing),
    route("/datasets/{dataset}/items/{id}/annotations", "POST", create),
    route("/datasets/{dataset}/items/{id}/annotations", "GET", listing),
    route("/annotations/{id}", "GET", get),
    route("/annotations/{id}", "PUT", put),
    route("/annotations/{id}", "DELETE", delete),
]
