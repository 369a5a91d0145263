"""How entities stand towards the platform: what waits to be sent, was refused, or is in conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, get_rows, table
from localloop_schema.tables import BaseSnapshot, Blob, Conflict, Operation
from localloop_sync.core.operation import OUTSTANDING, State
from localloop_sync.drivers.burying import title

OPERATIONS: Any = Operation.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
CONFLICTS: Any = Conflict.__table__  # type: ignore[attr-defined]  # the same
BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # the same
BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]  # the same

#: What an entity is called whose last edit the platform has.
IN_SYNC = "in sync"

#: What an entity is called that has an open conflict.
CONFLICT = "conflict"

#: Of several states of one entity's operations, the first of these is told.
_WEIGHT = (State.REJECTED, State.PARKED, State.IN_FLIGHT, State.PENDING)


def standings(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
    """How entities stand, by id: ``conflict``, a state of an operation, or ``in sync``."""
    found: dict[str, set[str]] = {}
    for part in chunks(ids):
        states = select(OPERATIONS.c.entity_id, OPERATIONS.c.state).where(
            OPERATIONS.c.kind == kind.value,
            OPERATIONS.c.entity_id.in_(part),
            OPERATIONS.c.state.in_(sorted(OUTSTANDING)),
        )
        for entity_id, state in connection.execute(states):
            found.setdefault(entity_id, set()).add(state)
        open_ones = select(CONFLICTS.c.entity_id).where(
            CONFLICTS.c.kind == kind.value, CONFLICTS.c.entity_id.in_(part), CONFLICTS.c.state == "open"
        )
        for (entity_id,) in connection.execute(open_ones):
            found.setdefault(entity_id, set()).add(CONFLICT)
    return {entity_id: _weightiest(found.get(entity_id, set())) for entity_id in ids}


def _weightiest(states: set[str]) -> str:
    return next((one for one in (CONFLICT, *_WEIGHT) if one in states), IN_SYNC)


def is_here() -> Any:
    """The condition that an item's content is in the cache, for a query over items."""
    return select(BLOBS.c.digest).where(BLOBS.c.digest == table(EntityKind.ITEM).c.digest).exists()


def remote_only(connection: Connection, items: Sequence[Row]) -> set[str]:
    """The ids of those items whose content the platform has and this store does not."""
    files = [row["id"] for row in items if row["type"] == "file"]
    columns = table(EntityKind.ITEM).c
    found: set[str] = set()
    for part in chunks(files):
        found.update(connection.execute(select(columns.id).where(columns.id.in_(part), ~is_here())).scalars())
    return found


def annotation_counts(connection: Connection, item_ids: Sequence[str]) -> dict[str, int]:
    """How many annotations items have, by item id; an item without any is left out."""
    columns = table(EntityKind.ANNOTATION).c
    counts: dict[str, int] = {}
    for part in chunks(item_ids):
        query = select(columns.item_id, func.count()).where(
            columns.item_id.in_(part), columns.deleted_at.is_(None)
        )
        counts.update((row[0], row[1]) for row in connection.execute(query.group_by(columns.item_id)))
    return counts


def names(connection: Connection, wanted: Mapping[EntityKind, Sequence[str]]) -> dict[tuple[str, str], str]:
    """What to call entities, also those that are gone: (kind, id) → name; one that nobody knows has its id."""
    found: dict[tuple[str, str], str] = {}
    for kind, ids in wanted.items():
        rows = get_rows(connection, kind, ids)
        missing = [one for one in ids if one not in rows]
        found.update(((kind.value, one), one) for one in missing)
        found.update(((kind.value, row["id"]), title(kind, row)) for row in rows.values())
        for part in chunks(missing):
            query = select(TOMBSTONES.c.entity_id, TOMBSTONES.c.document).where(
                TOMBSTONES.c.kind == kind.value, TOMBSTONES.c.entity_id.in_(part)
            )
            for entity_id, document in connection.execute(query):
                found[kind.value, entity_id] = title(kind, {**document, "id": entity_id})
    return found


def by_kind(rows: Sequence[Mapping[str, Any]]) -> dict[EntityKind, list[str]]:
    """The entities that rows with ``kind`` and ``entity_id`` name, by kind and each once."""
    found: dict[EntityKind, dict[str, None]] = {}
    for row in rows:
        found.setdefault(EntityKind(row["kind"]), {})[row["entity_id"]] = None
    return {kind: list(ids) for kind, ids in found.items()}
