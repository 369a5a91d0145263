"""What can be queried in a dataset, and what its annotations are (docs/platform/wire.md, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from localloop.errors import UnprocessableEntity
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.shapes import SCHEMA_ITEMS, STATISTICS, check
from localloop.server.wire import Json
from localloop.store import schemas
from localloop.store.query import compile_ids, parse
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, table


def schema(call: Call) -> Json:
    """``GET /datasets/{id}/schema``: the keys of metadata with their types, of a sample of the newest entities."""
    with call.reading() as (connection, _wire):
        dataset = call.target(connection, EntityKind.DATASET)
        closed = schemas.unsearchable(dataset)
        found = schemas.keys_of(connection, EntityKind.ITEM, dataset["id"])
        marks = schemas.keys_of(connection, EntityKind.ANNOTATION, dataset["id"])
    open_ones = {
        path: kind
        for path, kind in found.items()
        if not any(path == one or path.startswith(f"{one}.") for one in closed)
    }
    return {
        "items": {
            **_shown(open_ones, schemas.version(dataset)),
            "unsearchablePaths": {path: {"reason": "manual"} for path in closed},
        },
        "annotations": {**_shown(marks, 1), "unsearchablePaths": {}},
    }


def _shown(keys: Mapping[str, str], version: int) -> Json:
    return {
        "keys": {path: {"type": kind} for path, kind in keys.items()},
        "version": version,
        "mode": "inference",
    }


def change_schema(call: Call) -> Any:
    """``POST /datasets/{id}/schema/items``: a command; declares paths unsearchable, or searchable again."""
    body = call.object(SCHEMA_ITEMS)
    for name in ("schemaKeys", "indexingOptions"):
        if body.get(name):
            raise UnprocessableEntity("422", f"The keys of a schema are found out here, not told: {name}.")
    told = body.get("unsearchablePaths") or {}
    with call.writing("change what is searchable") as tx:
        dataset: Row = call.target(tx, EntityKind.DATASET)
        add, remove = told.get("add") or [], told.get("remove") or []
        dataset = schemas.change_unsearchable(tx, dataset, add, remove)
    spec = {"datasetId": dataset["id"], "unsearchablePaths": schemas.unsearchable(dataset)}
    return answer_command(call, "UpdateItemsSchema", lambda: spec)


def labels(call: Call) -> Any:
    """``GET|POST /datasets/{id}/annotations/labels``: how many annotations each label has, most first."""
    return _statistics(call, "label")


def types(call: Call) -> Any:
    """``POST /datasets/{id}/annotations/types``: how many annotations each type has, most first."""
    return _statistics(call, "type")


def _statistics(call: Call, column: str) -> list[Json]:
    asked = dict(call.body) if isinstance(call.body, dict) else {}
    asked |= {key: call.query[key] for key in ("taskId", "assignmentId") if key in call.query}
    check(asked, STATISTICS)
    with call.reading() as (connection, _wire):
        dataset = call.target(connection, EntityKind.DATASET)
        query: Json = {"resource": "annotations", "filter": {}}
        if asked.get("creators"):
            query["filter"] = {"$and": [{"creator": {"$in": asked["creators"]}}]}
        kinds = {"taskId": EntityKind.TASK, "assignmentId": EntityKind.ASSIGNMENT}
        refs = [
            {"metadata.system.refs": {"$match": {"id": call.entity(connection, kind, asked[key])["id"]}}}
            for key, kind in kinds.items()
            if asked.get(key)
        ]
        if refs:
            query["join"] = {"on": {"resource": "items"}, "filter": {"$and": refs}}
        annotations = table(EntityKind.ANNOTATION).c
        found = compile_ids(parse(query), [dataset["id"]]).order_by(None)
        grouped = (
            select(annotations[column], func.count().label("number"))
            .where(annotations.id.in_(found))
            .group_by(annotations[column])
            .order_by(func.count().desc(), annotations[column])
        )
        return [{value: number} for value, number in connection.execute(grouped)]


ROUTES = [
    route("/datasets/{id}/schema", "GET", schema),
    route("/datasets/{id}/schema/items", "POST", change_schema),
    route("/datasets/{id}/annotations/labels", "GET", labels),
    route("/datasets/{id}/annotations/labels", "POST", labels),
    route("/datasets/{id}/annotations/types", "POST", types),
]
