"""The operation log, as ``localloop log`` tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, and_, or_, select, union

from localloop.cli import places
from localloop.cli.standing import OPERATIONS, by_kind, names
from localloop.errors import NotFound
from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import table

#: How many operations one step reads.
STEP = 500


def history(connection: Connection, what: str, limit: int) -> Iterator[dict[str, Any]]:
    """Operations, newest first, read as they are asked for.

    Args:
        connection: A transaction.
        what: A place or an id, to see only what was done to it and below it; empty for everything.
        limit: How many at most; 0 for all.

    Yields:
        One object for each.

    Raises:
        BadRequest: ``what`` is neither a place nor an id.
        NotFound: There is no such thing, and never was.
    """
    query = select(OPERATIONS).order_by(OPERATIONS.c.seq.desc())
    if what:
        query = query.where(_about(connection, what))
    left, before = limit, None
    while True:
        step = min(left, STEP) if limit else STEP
        part = query if before is None else query.where(OPERATIONS.c.seq < before)
        rows = [dict(row) for row in connection.execute(part.limit(step)).mappings()]
        called = names(connection, by_kind(rows))
        for row in rows:
            yield _told(row, called[row["kind"], row["entity_id"]])
        left -= len(rows)
        if len(rows) < step or (limit and left == 0):
            return
        before = rows[-1]["seq"]


def _told(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "seq": row["seq"],
        "time": row["created_at"],
        "author": row["author"],
        "device": row["device"],
        "action": row["action"],
        "batch": row["batch"],
        "verb": row["verb"],
        "kind": row["kind"],
        "id": row["entity_id"],
        "name": name,
        "state": row["state"],
        "reason": row["reason"],
        "changes": row["changes"],
    }


def _about(connection: Connection, what: str) -> Any:
    """The condition that an operation is about an entity, or about one below it."""
    try:
        kind, row, place = places.find_any(connection, what)
    except NotFound:
        gone = select(TOMBSTONES.c.entity_id).where(
            or_(TOMBSTONES.c.entity_id == what, TOMBSTONES.c.remote_id == what)
        )
        if connection.execute(gone).first() is not None:
            return OPERATIONS.c.entity_id.in_(gone)
        was_there = _once_at(connection, what)
        if was_there is None:
            raise
        return was_there
    if place is not None and place.path:
        return _at_path(place)
    itself = select(table(kind).c.id).where(table(kind).c.id == row["id"])
    conditions = [_of(kind, itself)]
    conditions += [
        _of(child, _children(kind, child, itself)) for child in EntityKind if kind in PARENTS[child]
    ]
    if kind is EntityKind.PROJECT:
        datasets = _children(kind, EntityKind.DATASET, itself)
        for child in (EntityKind.ITEM, EntityKind.ANNOTATION):
            conditions.append(_of(child, _children(EntityKind.DATASET, child, datasets)))
    return or_(*conditions)


def _once_at(connection: Connection, what: str) -> Any:
    """The condition for a path of a dataset at which nothing is any more; None when nothing ever was."""
    address = places.parse(what)
    if not address.path:
        return None
    dataset = places.find(connection, f"{address.project}/{address.dataset}")
    condition = _at_path(places.Place(dataset.project, dataset.dataset, address.path))
    found = connection.execute(select(OPERATIONS.c.seq).where(condition).limit(1)).first()
    return None if found is None else condition


def _at_path(place: places.Place) -> Any:
    """Operations on items at or below a path, deleted ones too, and on their annotations."""
    assert place.dataset is not None
    items = table(EntityKind.ITEM).c
    path = TOMBSTONES.c.document["filename"].as_string()
    found = union(
        select(items.id).where(items.dataset_id == place.dataset["id"], places.below(place.path)),
        select(TOMBSTONES.c.entity_id).where(
            TOMBSTONES.c.kind == EntityKind.ITEM.value,
            TOMBSTONES.c.parents["dataset"].as_string() == place.dataset["id"],
            or_(path == place.path, and_(path >= f"{place.path}/", path < f"{place.path}0")),
        ),
    )
    return or_(
        _of(EntityKind.ITEM, found),
        _of(EntityKind.ANNOTATION, _children(EntityKind.ITEM, EntityKind.ANNOTATION, found)),
    )


def _of(kind: EntityKind, ids: Any) -> Any:
    return and_(OPERATIONS.c.kind == kind.value, OPERATIONS.c.entity_id.in_(ids))


def _children(parent: EntityKind, child: EntityKind, ids: Any) -> Any:
    """The ids of all entities of a kind, deleted ones too, whose parent is one of these."""
    columns = table(child).c
    return union(
        select(columns.id).where(columns[f"{parent.value}_id"].in_(ids)),
        select(TOMBSTONES.c.entity_id).where(
            TOMBSTONES.c.kind == child.value, TOMBSTONES.c.parents[parent.value].as_string().in_(ids)
        ),
    )
