"""Exports: one JSON file of the items that a query finds, annotations and all (docs/platform/wire.md, 3.6).

The file is an item of the project's system dataset, from which clients download it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import Connection

from localloop.errors import UnprocessableEntity
from localloop.server.binaries import binaries_of
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.shapes import EXPORT
from localloop.server.wire import Json, Wire
from localloop.store import bulk, items
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: Where the files are; hidden from listings.
FOLDER = "/.dataloop/exports"


def export(call: Call) -> Any:
    """``POST /datasets/{id}/export``: a command."""
    body = call.object(EXPORT)
    if body.get("exportType", "json") != "json":
        raise UnprocessableEntity("422", "Exports are of the type json here.")
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.DATASET)
    return answer_command(call, "ExportDatasetAsJson", partial(_export, call, body))


def _export(call: Call, body: Json) -> Json:
    with call.reading() as (connection, wire):
        dataset = call.target(connection, EntityKind.DATASET)
        blob = call.store.blobs.add_stream(_array(_items(connection, wire, dataset, body)))
    with call.writing("export a dataset") as tx:
        project = call.entity(tx.connection, EntityKind.PROJECT, dataset["project_id"])
        binaries = binaries_of(tx, project, call.context.settings)
        name = f"{FOLDER}/{dataset['id']}/{tx.identity.object_id()}.json"
        row, _ = items.add_item(tx, binaries, name, blob)
    return {"outputItemId": row["id"], "datasetId": dataset["id"]}


def _array(values: Iterator[Json]) -> Iterator[bytes]:
    """A JSON array, one value in memory at a time."""
    before = b"["
    for value in values:
        yield before + json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        before = b",\n"
    yield b"[]" if before == b"[" else b"]"


def _items(connection: Connection, wire: Wire, dataset: Row, body: Json) -> Iterator[Json]:
    include = bool((body.get("annotations") or {}).get("include", True))
    query = {**bulk.as_query(body.get("itemsQuery")), "resource": "items"}
    for rows in bulk.matching(connection, query, dataset):
        found = _annotations(connection, wire, dataset, rows, body) if include else {}
        for shown in wire.items(rows):
            yield {**shown, "annotations": found.get(shown["id"], [])} if include else shown


def _annotations(
    connection: Connection, wire: Wire, dataset: Row, rows: list[Row], body: Json
) -> dict[str, list[Json]]:
    """The annotations of some items that the export asks for, by item."""
    wanted = bulk.as_query(body.get("annotationsQuery"))
    of_these = {"itemId": {"$in": [row["id"] for row in rows]}}
    clauses = [one for one in (wanted.get("filter"), of_these) if one]
    query = {**wanted, "resource": "annotations", "filter": {"$and": clauses}}
    by_item: dict[str, list[Json]] = {}
    for part in bulk.matching(connection, query, dataset):
        for shown in wire.annotations(part):
            by_item.setdefault(shown["itemId"], []).append(shown)
    return by_item


ROUTES = [route("/datasets/{id}/export", "POST", export)]
