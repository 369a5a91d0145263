"""Versions of a dataset: sequence numbers of the operation log, and what changed since one of them.

Every edit that is made here is an operation, so in a store that is the platform for others the log is a complete
account of its datasets. In a store that has a platform itself it is not: what a pull brings has no operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select, union
from sqlalchemy.sql import Subquery

from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import table
from localloop_schema.tables import Operation
from localloop_sync.core.operation import Verb

_OPERATIONS: Any = Operation.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

#: How many ids one step gives.
STEP: Final = 500


def version(connection: Connection) -> int:
    """The version that the store has now; 0 before the first operation."""
    return int(connection.execute(select(func.coalesce(func.max(_OPERATIONS.c.seq), 0))).scalar_one())


def reaches_back_to(connection: Connection, since: int) -> bool:
    """Whether the log still has every operation after a version."""
    first = connection.execute(select(func.min(_OPERATIONS.c.seq))).scalar_one()
    return first is None or int(first) <= since + 1


def changed_items(connection: Connection, dataset_id: str, since: int) -> Iterator[list[str]]:
    """The items that are there and that changed after a version, by themselves or by their annotations.

    Args:
        connection: A transaction.
        dataset_id: The dataset's local id.
        since: The version.

    Returns:
        Local ids in id order, in lists of at most :data:`STEP`.
    """
    items = table(EntityKind.ITEM).c
    changed = _touched(since)
    query = (
        select(items.id)
        .where(items.id.in_(select(changed.c.item_id)), items.dataset_id == dataset_id)
        .where(items.deleted_at.is_(None))
        .order_by(items.id)
    )
    for part in connection.execute(query).partitions(STEP):
        yield [row[0] for row in part]


def count_changed_items(connection: Connection, dataset_id: str, since: int) -> int:
    """How many items :func:`changed_items` gives."""
    items = table(EntityKind.ITEM).c
    changed = _touched(since)
    query = select(func.count()).where(
        items.id.in_(select(changed.c.item_id)), items.dataset_id == dataset_id, items.deleted_at.is_(None)
    )
    return int(connection.execute(query).scalar_one())


def _touched(since: int) -> Subquery:
    """The items that operations after a version are about."""
    annotations = table(EntityKind.ANNOTATION).c
    own = select(_OPERATIONS.c.entity_id.label("item_id")).where(
        _OPERATIONS.c.seq > since, _OPERATIONS.c.kind == EntityKind.ITEM.value
    )
    of_annotations = (_OPERATIONS.c.seq > since, _OPERATIONS.c.kind == EntityKind.ANNOTATION.value)
    there = select(annotations.item_id).where(*of_annotations, annotations.id == _OPERATIONS.c.entity_id)
    gone = select(TOMBSTONES.c.parents["item"].as_string()).where(
        *of_annotations,
        TOMBSTONES.c.kind == EntityKind.ANNOTATION.value,
        TOMBSTONES.c.entity_id == _OPERATIONS.c.entity_id,
    )
    return union(own, there, gone).subquery()


@dataclass(frozen=True, slots=True)
class Deleted:
    """An item that was deleted."""

    id: str
    filename: str
    type: str
    deleted_at: str
    deleted_by: str


def deleted_items(connection: Connection, dataset_id: str, since: int) -> Iterator[Deleted]:
    """The items that were deleted after a version and are not there now, oldest deletion first.

    Args:
        connection: A transaction.
        dataset_id: The dataset's local id.
        since: The version.
    """
    for row in connection.execute(_deleted(dataset_id, since)):
        document = row.document
        yield Deleted(
            row.entity_id,
            document.get("filename") or "",
            document.get("type") or "file",
            row.deleted_at,
            row.deleted_by,
        )


def _deleted(dataset_id: str, since: int) -> Select[Any]:
    items = table(EntityKind.ITEM).c
    live = select(items.id).where(items.id == TOMBSTONES.c.entity_id, items.deleted_at.is_(None))
    later = (
        select(func.min(_OPERATIONS.c.seq).label("seq"), _OPERATIONS.c.entity_id)
        .where(
            _OPERATIONS.c.seq > since,
            _OPERATIONS.c.kind == EntityKind.ITEM.value,
            _OPERATIONS.c.verb == Verb.DELETE.value,
        )
        .group_by(_OPERATIONS.c.entity_id)
        .subquery()
    )
    return (
        select(
            TOMBSTONES.c.entity_id,
            TOMBSTONES.c.document,
            TOMBSTONES.c.deleted_at,
            TOMBSTONES.c.deleted_by,
        )
        .where(
            TOMBSTONES.c.kind == EntityKind.ITEM.value,
            TOMBSTONES.c.entity_id == later.c.entity_id,
            TOMBSTONES.c.parents["dataset"].as_string() == dataset_id,
            ~live.exists(),
        )
        .order_by(later.c.seq)
    )
