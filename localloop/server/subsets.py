"""Changing many items of a dataset as a command: metadata, splits, deletions (docs/platform/wire.md, 3.1 and 3.9)."""

from __future__ import annotations

from functools import partial
from typing import Any

from localloop.errors import BadRequest
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.commands import stepped
from localloop.server.export_items import count
from localloop.server.shapes import BULK_METADATA, DELETE_ITEMS, SPLIT
from localloop.server.wire import Json
from localloop.store import bulk, items, subsets
from localloop.store.query import parse
from localloop.store.schemas import check_searchable
from localloop_schema.kinds import EntityKind


def _query(asked: Any) -> Json:
    """The query for the items; what says nothing must not come to mean everything.

    Raises:
        BadRequest: There is no filter.
    """
    query = {**bulk.as_query(asked), "resource": "items"}
    if not isinstance(query.get("filter"), dict):
        raise BadRequest("400", "A change of many items needs a query with a filter, even an empty one.")
    parse(query)
    return query


def update_metadata(call: Call) -> Any:
    """``POST /datasets/{id}/items/bulk-update-metadata``: a command; the same merge patch for all."""
    body = call.object(BULK_METADATA)
    query, told = _query(body.get("query")), body.get("updateQuery") or {}
    metadata = (told.get("update") or {}).get("metadata")
    if not isinstance(metadata, dict):
        raise BadRequest("400", "A change of metadata is an object: updateQuery.update.metadata.")
    system = told.get("systemSpace") is True
    judged = call.taking("change system metadata by query" if system else "change items by query")
    with judged.reading() as (connection, _wire):
        check_searchable(judged.target(connection, EntityKind.DATASET), parse(query))
    work = partial(_update, judged, query, {"metadata": metadata}, system=system)
    return answer_command(call, "BulkUpdateMetadata", work)


def _update(call: Call, query: Json, patch: Json, *, system: bool) -> Json:
    number = 0
    with call.writing("change the metadata of items") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        total = count(tx.connection, query, dataset)
        for rows in stepped(bulk.matching(tx.connection, query, dataset), total):
            edits = [(row, items.patched(row, patch, system=system)) for row in rows]
            tx.update_many(EntityKind.ITEM, edits)
            number += len(rows)
    return {"datasetId": dataset["id"], "updatedItemsCount": number}


def delete_items(call: Call) -> Any:
    """``DELETE /datasets/{id}/items``: a command; everything that the filter and the join find."""
    body = call.object(DELETE_ITEMS)
    query = _query({key: body[key] for key in ("filter", "join") if body.get(key) is not None})
    with call.reading() as (connection, _wire):
        check_searchable(call.target(connection, EntityKind.DATASET), parse(query))
    return answer_command(call, "DeleteItems", partial(_delete, call, query))


def _delete(call: Call, query: Json) -> Json:
    number = 0
    with call.writing("delete items") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        total = count(tx.connection, query, dataset)
        for rows in stepped(bulk.matching(tx.connection, query, dataset), total):
            for row in rows:
                tx.delete(EntityKind.ITEM, row)
            number += len(rows)
    return {"datasetId": dataset["id"], "deletedItemsCount": number}


def split(call: Call) -> Any:
    """``POST /datasets/{id}/split``: a command; each item gets exactly one tag of a subset."""
    body = call.object(SPLIT)
    shares = {name: share for name, share in (body.get("MLSplitList") or {}).items() if share is not None}
    subsets.check_shares(shares)
    query = _query(body.get("itemsQuery"))
    with call.reading() as (connection, _wire):
        check_searchable(call.target(connection, EntityKind.DATASET), parse(query))
    return answer_command(call, "SplitDataset", partial(_split, call, query, shares))


def _split(call: Call, query: Json, shares: Json) -> Json:
    with call.writing("split items into subsets") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        sizes, parts = subsets.parts(tx, dataset, query, shares)
        total = sum(sizes.values())
        for _ in stepped(parts, total):
            pass
    return {"datasetId": dataset["id"], "itemsCount": total, "subsets": sizes}


ROUTES = [
    route("/datasets/{id}/items/bulk-update-metadata", "POST", update_metadata),
    route("/datasets/{id}/items", "DELETE", delete_items),
    route("/datasets/{id}/split", "POST", split),
]
