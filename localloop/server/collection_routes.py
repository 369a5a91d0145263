"""Collections of items (docs/platform/wire.md, 3.8)."""

from __future__ import annotations

from functools import partial
from typing import Any

from localloop.errors import BadRequest
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.commands import stepped
from localloop.server.export_items import count
from localloop.server.shapes import COLLECTION, COLLECTION_ITEMS
from localloop.server.wire import Json
from localloop.store import bulk, collections
from localloop.store.query import parse
from localloop.store.schemas import check_searchable
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row


def _shown(dataset: Row) -> Json:
    return {
        f"metadata.system.collections.{key}": {"name": name}
        for key, name in collections.names_of(dataset).items()
    }


def listing(call: Call) -> Json:
    """``GET /datasets/{id}/items/collections``: names by where the items have them."""
    with call.reading() as (connection, _wire):
        return _shown(call.target(connection, EntityKind.DATASET))


def create(call: Call) -> Json:
    """``POST /datasets/{id}/items/collections``: answers all collections."""
    name = call.object(COLLECTION).get("name") or ""
    with call.writing("create a collection") as tx:
        return _shown(collections.create(tx, call.target(tx, EntityKind.DATASET), name))


def rename(call: Call) -> Json:
    """``PATCH /datasets/{id}/items/collections/{name}``: answers all collections."""
    new = call.object(COLLECTION).get("name") or ""
    with call.writing("rename a collection") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        return _shown(collections.rename(tx, dataset, call.path["name"], new))


def delete(call: Call) -> Any:
    """``DELETE /datasets/{id}/items/collections/{name}``: a command; the items stay."""
    with call.reading() as (connection, _wire):
        collections.key_of(call.target(connection, EntityKind.DATASET), call.path["name"])
    return answer_command(call, "DeleteCollection", partial(_delete, call))


def _delete(call: Call) -> Json:
    with call.writing("delete a collection") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        key = collections.key_of(dataset, call.path["name"])
        query = {"resource": "items", "filter": {f"metadata.system.collections.{key}": {"$exists": True}}}
        total = count(tx.connection, query, dataset)
        for rows in stepped(bulk.matching(tx.connection, query, dataset), total):
            collections.assign(tx, rows, [key], member=False)
        collections.remove(tx, dataset, call.path["name"])
    return {"datasetId": dataset["id"], "collection": call.path["name"]}


def add_items(call: Call) -> Any:
    """``POST /datasets/{id}/items/collections/bulk-add``: a command; collections that are not there are made."""
    return _assign(call, member=True)


def remove_items(call: Call) -> Any:
    """``POST /datasets/{id}/items/collections/bulk-remove``: a command."""
    return _assign(call, member=False)


def _assign(call: Call, *, member: bool) -> Any:
    body = call.object(COLLECTION_ITEMS)
    names = list(dict.fromkeys(body.get("collections") or []))
    query = {**bulk.as_query(body.get("query")), "resource": "items"}
    if not names or not isinstance(query.get("filter"), dict):
        raise BadRequest(
            "400", "Collections change by their names and a query with a filter, even an empty one."
        )
    with call.reading() as (connection, _wire):
        dataset = call.target(connection, EntityKind.DATASET)
        check_searchable(dataset, parse(query))
        if not member:
            for name in names:
                collections.key_of(dataset, name)
    kind = "AddToCollections" if member else "RemoveFromCollections"
    return answer_command(call, kind, partial(_work, call, query, names, member=member))


def _work(call: Call, query: Json, names: list[str], *, member: bool) -> Json:
    number = 0
    with call.writing("put items into collections" if member else "take items out of collections") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        for name in names:
            if member and name not in collections.names_of(dataset).values():
                dataset = collections.create(tx, dataset, name)
        keys = [collections.key_of(dataset, name) for name in names]
        total = count(tx.connection, query, dataset)
        for rows in stepped(bulk.matching(tx.connection, query, dataset), total):
            collections.assign(tx, rows, keys, member=member)
            number += len(rows)
    return {"datasetId": dataset["id"], "collections": names, "itemsCount": number}


ROUTES = [
    route("/datasets/{id}/items/collections", "GET", listing),
    route("/datasets/{id}/items/collections", "POST", create),
    route("/datasets/{id}/items/collections/bulk-add", "POST", add_items),
    route("/datasets/{id}/items/collections/bulk-remove", "POST", remove_items),
    route("/datasets/{id}/items/collections/{name:path}", "PATCH", rename),
    route("/datasets/{id}/items/collections/{name:path}", "DELETE", delete),
]
