"""Conflict rows: opening, refreshing and closing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, as_list, chunks, listed, mapped
from localloop_schema.tables import Conflict
from localloop_sync.core.reconcile import Sort
from localloop_sync.core.rules import TASKS

_TABLE: Any = Conflict.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

_OPEN = select(_TABLE.c.kind, _TABLE.c.entity_id, _TABLE.c.sort, _TABLE.c.path).where(
    _TABLE.c.state == "open"
)
_OPEN_OF = select(_TABLE).where(
    _TABLE.c.kind == bindparam("of"), _TABLE.c.entity_id.in_(listed("ids")), _TABLE.c.state == "open"
)


def open_of(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> dict[str, list[Row]]:
    """The open conflicts of entities, by local entity id."""
    found: dict[str, list[Row]] = {}
    for part in chunks(ids):
        for row in mapped(connection.execute(_OPEN_OF, {"of": kind.value, "ids": as_list(part)})):
            found.setdefault(row["entity_id"], []).append(row)
    return found


def listing(connection: Connection, *, state: str | None = "open") -> list[Row]:
    """Conflicts in one state (None: all), oldest first."""
    query = select(_TABLE).order_by(_TABLE.c.created_at, _TABLE.c.id)
    if state is not None:
        query = query.where(_TABLE.c.state == state)
    return [dict(row) for row in connection.execute(query).mappings()]


def whole(connection: Connection, *sorts: Sort) -> set[tuple[EntityKind, str]]:
    """The entities that are contested as a whole by open conflicts of these sorts (all when none is given)."""
    rows = connection.execute(_OPEN)
    return {
        (EntityKind(kind), entity_id)
        for kind, entity_id, sort, path in rows
        if not path and (not sorts or Sort(sort) in sorts)
    }


def disputed_tasks(connection: Connection) -> set[str]:
    """The tasks in which somebody worked on items about which, or about whose work, there is an open conflict."""
    found: set[str] = set()
    query = select(_TABLE.c.path, _TABLE.c["values"]).where(
        _TABLE.c.kind == EntityKind.ITEM.value, _TABLE.c.state == "open"
    )
    for path, values in connection.execute(query):
        if not path:
            entries = (values.get("theirs") or {}).get(TASKS[0]) or {}
            found.update(task for task, entry in entries.items() if entry.get("status"))
        elif path[0] == TASKS[0]:
            found.update(path[1:2])
    return found


def ever_deleted_there(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> set[str]:
    """Those of some entities that were deleted on the platform while they were edited here, decided or not."""
    query = select(_TABLE.c.entity_id).where(
        _TABLE.c.kind == kind.value, _TABLE.c.entity_id.in_(ids), _TABLE.c.sort == Sort.DELETED_THERE.value
    )
    return set(connection.execute(query).scalars())


def deleted_since(
    connection: Connection, kind: EntityKind, entity_id: str, moment: str
) -> dict[str, Any] | None:
    """The values of the first conflict about an entity that others edited after it was deleted here at a moment."""
    query = (
        select(_TABLE.c["values"])
        .where(
            _TABLE.c.kind == kind.value,
            _TABLE.c.entity_id == entity_id,
            _TABLE.c.sort == Sort.DELETED_HERE.value,
            _TABLE.c.created_at >= moment,
        )
        .order_by(_TABLE.c.created_at, _TABLE.c.id)
        .limit(1)
    )
    found: dict[str, Any] | None = connection.execute(query).scalar_one_or_none()
    return found


def add(
    connection: Connection,
    conflict_id: str,
    kind: EntityKind,
    entity_id: str,
    sort: Sort,
    *,
    at: str,
    path: Sequence[str] = (),
    values: dict[str, Any] | None = None,
    resolution: str | None = None,
) -> None:
    """Write a conflict; one that comes with a resolution is closed from the start, as a record."""
    connection.execute(
        insert(_TABLE),
        {
            "id": conflict_id,
            "kind": kind.value,
            "entity_id": entity_id,
            "sort": sort.value,
            "path": list(path),
            "values": values or {},
            "state": "resolved" if resolution else "open",
            "resolution": resolution,
            "created_at": at,
            "resolved_at": at if resolution else None,
        },
    )


def refresh(connection: Connection, conflict_id: str, values: dict[str, Any]) -> None:
    """Give an open conflict newer values."""
    connection.execute(update(_TABLE).where(_TABLE.c.id == conflict_id).values(values=values))


def close(connection: Connection, conflict_id: str, resolution: str, at: str) -> None:
    """Mark a conflict as resolved; its values stay."""
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.id == conflict_id, _TABLE.c.state == "open")
        .values(state="resolved", resolution=resolution, resolved_at=at)
    )
