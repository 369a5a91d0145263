"""Changing many items of a dataset as a command: metadata, splits, deletions (docs/platform/wire.md, 3.1 and 3.9)."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from localloop.errors import BadRequest
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.commands import stepped
from localloop.server.export_items import count
from localloop.server.shapes import BULK_METADATA, DELETE_ITEMS, SPLIT
from localloop.server.wire import Json
from localloop.store import bulk, items
from localloop.store.query import apart, compile_ids, parse
from localloop.store.schemas import check_searchable
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import chunks, get_rows

#: The subsets of a split, in the order in which they are filled.
SUBSETS = ("train", "validation", "test")


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
    unknown = sorted(set(shares) - set(SUBSETS))
    if unknown or not shares:
        raise BadRequest("400", f"The subsets of a split are {', '.join(SUBSETS)}.")
    if sum(shares.values()) != 100 or any(share < 0 for share in shares.values()):
        raise BadRequest("400", "The shares of a split are from 0, and are 100 together.")
    query = _query(body.get("itemsQuery"))
    with call.reading() as (connection, _wire):
        check_searchable(call.target(connection, EntityKind.DATASET), parse(query))
    return answer_command(call, "SplitDataset", partial(_split, call, query, shares))


def _split(call: Call, query: Json, shares: Json) -> Json:
    with call.writing("split items into subsets") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        where, join = apart(query)
        only_files = {**query, "filter": {"$and": [where, {"type": "file"}]}, "join": join}
        found = compile_ids(parse({**only_files, "sort": {"id": "ascending"}}), [dataset["id"]])
        # Ids alone are few bytes each. By their hash the order is as good as random, and always the same.
        ids = sorted(tx.connection.execute(found).scalars(), key=_rank)
        sizes, begun = sizes_of(len(ids), shares), 0
        for subset, size in sizes.items():
            own = ids[begun : begun + size]
            tags = {name: True if name == subset else None for name in SUBSETS}
            patch = {"metadata": {"system": {"tags": tags}}}
            for part in stepped(chunks(own, bulk.STEP), len(own)):
                rows = get_rows(tx.connection, EntityKind.ITEM, part)
                edits = [(row, items.patched(row, patch, system=True)) for row in rows.values()]
                tx.update_many(EntityKind.ITEM, edits)
            begun += size
    return {"datasetId": dataset["id"], "itemsCount": len(ids), "subsets": sizes}


def sizes_of(total: int, shares: Json) -> dict[str, int]:
    """How many items each subset gets: its share rounded down, and one more where the rest was largest."""
    exact = {name: total * shares[name] / 100 for name in SUBSETS if name in shares}
    sizes = {name: int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: (sizes[name] - exact[name], SUBSETS.index(name)))
    for name in by_rest[: total - sum(sizes.values())]:
        sizes[name] += 1
    return sizes


def _rank(item_id: str) -> bytes:
    return hashlib.sha256(item_id.encode()).digest()


ROUTES = [
    route("/datasets/{id}/items/bulk-update-metadata", "POST", update_metadata),
    route("/datasets/{id}/items", "DELETE", delete_items),
    route("/datasets/{id}/split", "POST", split),
]
