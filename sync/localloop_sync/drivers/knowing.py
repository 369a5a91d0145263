"""What both sides know of a dataset and follow: its ids, how many there are, where a span of them has its middle.

Each look costs what is in the span, in an index, and reads no document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select

from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import chunks, table
from localloop_schema.tables import BaseSnapshot, Unfollowed
from localloop_sync.core.reconcile import Sort
from localloop_sync.drivers import conflicts, oplog
from localloop_sync.ports import Key, Span

_BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_UNFOLLOWED: Any = Unfollowed.__table__  # type: ignore[attr-defined]
_KEYS = {Key.ID: _BASES.c.remote_id, Key.UPDATED_AT: _BASES.c.remote_updated_at}


def known(
    connection: Connection,
    kind: EntityKind,
    *,
    dataset: str | None = None,
    project: str | None = None,
    among: Sequence[str] | None = None,
) -> dict[str, str]:
    """See :meth:`localloop_sync.ports.Journal.known`."""
    query = select(_BASES.c.remote_id, _BASES.c.entity_id).where(_BASES.c.kind == kind.value)
    if dataset is not None:
        query = query.where(_BASES.c.dataset_id == dataset)
    if project is not None:
        columns = table(kind).c
        below = select(columns.id).where(columns.project_id == project)
        query = query.where(_BASES.c.entity_id.in_(below))
    lost = _lost(connection, kind)
    found: dict[str, str] = {}
    for part in [None] if among is None else chunks(among):
        narrowed = query if part is None else query.where(_BASES.c.remote_id.in_(part))
        found.update((row[0], row[1]) for row in connection.execute(narrowed) if row[1] not in lost)
    return found


def edited(connection: Connection, kind: EntityKind) -> dict[str, str]:
    """See :meth:`localloop_sync.ports.Journal.edited`."""
    query = select(_BASES.c.remote_id, _BASES.c.entity_id).where(
        _BASES.c.kind == kind.value, _BASES.c.entity_id.in_(oplog.unsent(kind))
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def reborn(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> set[str]:
    """See :meth:`localloop_sync.ports.Journal.reborn`."""
    found: set[str] = set()
    stones = TOMBSTONES.c
    for part in chunks(ids):
        buried = select(stones.entity_id).where(stones.kind == kind.value, stones.entity_id.in_(part))
        found.update(connection.execute(buried).scalars())
        found |= conflicts.ever_deleted_there(connection, kind, part)
        found |= oplog.ever_acknowledged(connection, kind, part)
    return found


def count(connection: Connection, kind: EntityKind, dataset: str, span: Span | None) -> int:
    """See :meth:`localloop_sync.ports.Journal.known_count`."""
    query = _in(select(func.count()).select_from(_BASES), kind, dataset, span or Span())
    query = _followed(connection, query, kind, dataset)
    number = int(connection.execute(query).scalar_one())
    for part in chunks(sorted(_lost(connection, kind))):
        number -= int(connection.execute(query.where(_BASES.c.entity_id.in_(part))).scalar_one())
    return number


def middle(connection: Connection, kind: EntityKind, dataset: str, span: Span) -> str | None:
    """See :meth:`localloop_sync.ports.Journal.known_middle`."""
    key = _KEYS[span.key]
    number = int(
        connection.execute(_in(select(func.count()).select_from(_BASES), kind, dataset, span)).scalar_one()
    )
    if number < 2:
        return None
    keys = _in(select(key), kind, dataset, span).order_by(key)
    half = str(connection.execute(keys.offset(number // 2 - 1).limit(1)).scalar_one())
    largest = str(connection.execute(_in(select(func.max(key)), kind, dataset, span)).scalar_one())
    if half < largest:
        return half
    # Many share one time: what lies before it is the smaller half, unless nothing does.
    smaller = _in(select(func.max(key)), kind, dataset, span).where(key < largest)
    before: str | None = connection.execute(smaller).scalar_one()
    return before


def span(
    connection: Connection, kind: EntityKind, dataset: str, inside: Span, limit: int | None
) -> dict[str, str]:
    """See :meth:`localloop_sync.ports.Journal.known_span`."""
    columns = select(_BASES.c.remote_id, _BASES.c.entity_id)
    query = _followed(connection, _in(columns, kind, dataset, inside), kind, dataset)
    query = query.order_by(_KEYS[inside.key], _BASES.c.remote_id)
    lost = _lost(connection, kind)
    if limit is not None:
        query = query.limit(limit + len(lost))
    found = [(row[0], row[1]) for row in connection.execute(query) if row[1] not in lost]
    return dict(found[:limit])


def unproven(connection: Connection, kind: EntityKind) -> dict[str, dict[str, str]]:
    """See :meth:`localloop_sync.ports.Journal.unproven`."""
    if not any_unproven(connection, kind):
        return {}
    columns, datasets = table(kind).c, table(EntityKind.DATASET)
    place: Any = literal("")
    source: Any = table(kind)
    if EntityKind.DATASET in PARENTS[kind]:
        place = func.coalesce(datasets.c.remote_id, "")
        source = source.join(datasets, datasets.c.id == columns.dataset_id)
    query = select(place, columns.remote_id, columns.id).select_from(source)
    left_alone = _lost(connection, kind)
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(query.where(columns.remote_id.is_not(None), ~_based(kind))):
        if row[2] not in left_alone:
            found.setdefault(row[0], {})[row[1]] = row[2]
    return found


def any_unproven(connection: Connection, kind: EntityKind, dataset: str | None = None) -> bool:
    """Whether the base of an entity that the platform has is lost: of a kind, or of a kind in a dataset (local id).

    Every such entity has a base, so that there are as many bases as such entities.
    """
    columns = table(kind).c
    bound = select(func.count()).where(columns.remote_id.is_not(None))
    bases = select(func.count()).select_from(_BASES).where(_BASES.c.kind == kind.value)
    if dataset is not None:
        bound = bound.where(columns.dataset_id == dataset)
        bases = bases.where(_BASES.c.dataset_id == dataset)
    number, based = (int(connection.execute(query).scalar_one()) for query in (bound, bases))
    return number > based


def _based(kind: EntityKind) -> Any:
    id_ = table(kind).c.id
    return select(_BASES.c.entity_id).where(_BASES.c.kind == kind.value, _BASES.c.entity_id == id_).exists()


def _in(query: Select[Any], kind: EntityKind, dataset: str, span: Span) -> Select[Any]:
    key = _KEYS[span.key]
    query = query.where(_BASES.c.kind == kind.value, _BASES.c.dataset_id == dataset)
    if span.after:
        query = query.where(key > span.after)
    return query if span.upto is None else query.where(key <= span.upto)


def _followed(connection: Connection, query: Select[Any], kind: EntityKind, dataset: str) -> Select[Any]:
    """Without the items that match their dataset's filter no more, and without their annotations."""
    columns = _UNFOLLOWED.c
    if (
        connection.execute(select(columns.item_id).where(columns.dataset_id == dataset).limit(1)).first()
        is None
    ):
        return query
    items = select(columns.item_id).where(columns.dataset_id == dataset)
    if kind is EntityKind.ITEM:
        return query.where(_BASES.c.entity_id.not_in(items))
    annotations = table(EntityKind.ANNOTATION).c
    below = select(annotations.id).where(annotations.item_id.in_(items))
    return query.where(_BASES.c.entity_id.not_in(below))


def _lost(connection: Connection, kind: EntityKind) -> set[str]:
    """Entities (local ids) that the platform has no more, about which there is an open conflict, and what is below.

    They have a base still, which says what the edits here began with, but they are not known to both sides.
    """
    contested = conflicts.whole(connection, Sort.DELETED_THERE)
    lost = {entity_id for of, entity_id in contested if of is kind}
    for project in [one for of, one in contested if of is EntityKind.PROJECT]:
        datasets = table(EntityKind.DATASET).c
        inside = connection.execute(select(datasets.id).where(datasets.project_id == project)).scalars()
        contested |= {(EntityKind.DATASET, one) for one in inside}
    parents = [(parent, entity_id) for parent, entity_id in contested if parent in PARENTS[kind]]
    for parent, entity_id in parents:
        columns = table(kind).c
        query = select(columns.id).where(columns[f"{parent}_id"] == entity_id)
        lost.update(connection.execute(query).scalars())
    return lost
