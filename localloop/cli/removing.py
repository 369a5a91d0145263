"""Deleting what places name, and saying beforehand how much that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from localloop.cli import places
from localloop.store import Transaction
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, live_rows, table


class Removal:
    """What is to be deleted.

    Args:
        connection: A transaction.
        what: Places and ids.

    Attributes:
        counts: How many entities of each kind that is, everything below them included.

    Raises:
        BadRequest: One of ``what`` is neither a place nor an id.
        NotFound: There is no such thing.
    """

    def __init__(self, connection: Connection, what: Sequence[str]) -> None:
        self._what = list(dict.fromkeys(what))
        self.counts: dict[str, int] = {}
        for text in self._what:
            kind, row, place = places.find_any(connection, text)
            self._count(connection, kind, row, place)

    def _count(self, connection: Connection, kind: EntityKind, row: Row, place: places.Place | None) -> None:
        if place is not None and place.path:
            self._bump(EntityKind.ITEM, _items_at(connection, place))
            self._bump(EntityKind.ANNOTATION, _annotations_at(connection, place))
            return
        self._bump(kind, 1)
        for child in EntityKind:
            if kind in PARENTS[child]:
                self._bump(child, _below(connection, kind, row["id"], child))
        if kind is EntityKind.PROJECT:
            for dataset in live_rows(connection, EntityKind.DATASET, project_id=row["id"]):
                for child in (EntityKind.ITEM, EntityKind.ANNOTATION):
                    self._bump(child, _below(connection, EntityKind.DATASET, dataset["id"], child))

    def _bump(self, kind: EntityKind, by: int) -> None:
        if by:
            self.counts[kind.value] = self.counts.get(kind.value, 0) + by

    def run(self, tx: Transaction) -> int:
        """Delete it, as one user action. What is gone meanwhile is no error.

        Args:
            tx: The user action.

        Returns:
            How many entities were deleted.
        """
        number = 0
        for text in self._what:
            kind, row, place = places.find_any(tx.connection, text)
            if place is None or not place.path:
                number += tx.delete(kind, row)
                continue
            for item in places.items_in(tx.connection, place):
                number += tx.delete(EntityKind.ITEM, item)
        return number


def _items_at(connection: Connection, place: places.Place) -> int:
    return _number(connection, select(func.count()).select_from(_at(place).subquery()))


def _annotations_at(connection: Connection, place: places.Place) -> int:
    annotations = table(EntityKind.ANNOTATION).c
    query = (
        select(func.count())
        .select_from(table(EntityKind.ANNOTATION))
        .where(annotations.item_id.in_(_at(place)), annotations.deleted_at.is_(None))
    )
    return _number(connection, query)


def _at(place: places.Place) -> Any:
    assert place.dataset is not None
    items = table(EntityKind.ITEM).c
    return select(items.id).where(
        items.dataset_id == place.dataset["id"], items.deleted_at.is_(None), places.below(place.path)
    )


def _below(connection: Connection, parent: EntityKind, entity_id: str, child: EntityKind) -> int:
    columns = table(child).c
    query = select(func.count()).where(
        columns[f"{parent.value}_id"] == entity_id, columns.deleted_at.is_(None)
    )
    return _number(connection, query)


def _number(connection: Connection, query: Any) -> int:
    return int(connection.execute(query).scalar_one())
