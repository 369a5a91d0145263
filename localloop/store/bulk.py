"""Mutations of everything that a query finds, in chunks, so that memory does not grow with the result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from localloop.errors import BadRequest
from localloop.store import items
from localloop.store.annotations import update_annotations
from localloop.store.patch import plain
from localloop.store.query import apart, compile_select, parse
from localloop.store.schemas import check_searchable
from localloop.store.transaction import Transaction
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: How many entities one step reads and writes.
STEP: Final = 500

#: The parts of a query that say what it finds, not how it is shown.
_MEANING = (
    "resource",
    "filter",
    "join",
    "intersect",
    "except",
    "context",
    "systemSpace",
    "projects",
    "datasets",
)

_KINDS = {"items": EntityKind.ITEM, "annotations": EntityKind.ANNOTATION}


def kind_of(query: Mapping[str, Any]) -> EntityKind:
    """Whether a query finds items or annotations.

    Raises:
        BadRequest: It finds something else.
    """
    resource = query.get("resource") or "items"
    if resource not in _KINDS:
        raise BadRequest("400", f"Only items and annotations can be changed by query, not {resource!r}")
    return _KINDS[resource]


def matching(connection: Connection, query: Mapping[str, Any], dataset: Row) -> Iterator[list[Row]]:
    """Everything that a query finds in a dataset, in id order.

    Every chunk is read when it is asked for, so that rows may be changed or deleted between two chunks;
    nothing is seen twice.

    Args:
        connection: A transaction.
        query: The query; its page and its sort do not matter.
        dataset: The dataset's row.

    Returns:
        Chunks of at most :data:`STEP` rows.

    Raises:
        BadRequest: The query is malformed.
        UnprocessableEntity: It uses an operator that is not supported, or names what is not searchable.
    """
    meaning = {key: query[key] for key in _MEANING if query.get(key)}
    check_searchable(dataset, parse(meaning))
    where, meaning["join"] = apart(meaning)
    own = [where] if where else []
    last: str | None = None
    while True:
        clauses = [*own, {"id": {"$gt": last}}] if last is not None else own
        step = {**meaning, "filter": {"$and": clauses} if clauses else {}, "sort": {"id": "ascending"}}
        statement = compile_select(parse(step), [dataset["id"]], paged=False).limit(STEP)
        rows = [dict(row) for row in connection.execute(statement).mappings()]
        if rows:
            yield rows
        if len(rows) < STEP:
            return
        last = rows[-1]["id"]


def update_by_query(
    tx: Transaction,
    query: Mapping[str, Any],
    dataset: Row,
    patch: Mapping[str, Any],
    *,
    system: bool = False,
) -> int:
    """Give everything that a query finds the same merge patch.

    Args:
        tx: The user action.
        query: A query for items or annotations.
        dataset: The dataset's row.
        patch: The patch of each one's wire object, such as ``{"metadata": {"user": {...}}}``.
        system: Whether ``metadata.system`` may be touched.

    Returns:
        How many the query found.

    Raises:
        BadRequest: The query is malformed, or the patch would give all items one path.
        UnprocessableEntity: The query uses an operator that is not supported.
    """
    kind = kind_of(query)
    if kind is EntityKind.ITEM and patch.get("filename") is not None:
        raise BadRequest("400", "Items cannot all be moved to one path")
    number = 0
    for rows in matching(tx.connection, query, dataset):
        if kind is EntityKind.ITEM:
            tx.update_many(kind, [(row, items.patched(row, patch, system=system)) for row in rows])
        else:
            update_annotations(tx, rows, patch, system=system)
        number += len(rows)
    return number


def delete_by_query(tx: Transaction, query: Mapping[str, Any], dataset: Row) -> int:
    """Delete everything that a query finds.

    Args:
        tx: The user action.
        query: A query for items or annotations.
        dataset: The dataset's row.

    Returns:
        How many the query found.

    Raises:
        BadRequest: The query is malformed.
        UnprocessableEntity: It uses an operator that is not supported.
    """
    kind = kind_of(query)
    number = 0
    for rows in matching(tx.connection, query, dataset):
        for row in rows:
            tx.delete(kind, row)
        number += len(rows)
    return number


def as_query(query: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """A query as an object, where it may have come as JSON text (docs/platform/wire.md, 7.1).

    Raises:
        BadRequest: It is neither.
    """
    if query is None or query == "":
        return {}
    try:
        value = plain(json.loads(query)) if isinstance(query, str) else dict(query)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadRequest("400", "The query is not JSON that can be read.") from error
    if not isinstance(value, dict):
        raise BadRequest("400", "The query has to be an object")
    return value
