"""What is kept of deleted entities, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Integer, Select, bindparam, select, update

from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import table
from localloop_sync.drivers.identity import iso

#: For how many days what is deleted can be brought back when nobody says, and the setting that says.
DAYS: Final = 30
SETTING: Final = "trash_days"

#: How many tombstones one sync empties at most, so that it costs next to nothing; the next one goes on.
MOST: Final = 1000

#: What stays of a document: what the entity was called, for the log.
_NAMES: Final = frozenset({"filename", "name", "title", "email", "annotator", "type", "label"})


_EMPTY = (
    update(TOMBSTONES)
    .where(TOMBSTONES.c.kind == bindparam("of"), TOMBSTONES.c.entity_id == bindparam("one"))
    .values(document=bindparam("document"), facts=bindparam("facts"), emptied_at=bindparam("emptied_at"))
)


def expire(connection: Connection, settings: Mapping[str, Any], now: str) -> int:
    """Empty tombstones that are older than the store keeps them, the oldest first.

    Args:
        connection: An open write transaction.
        settings: The store's settings.
        now: The time, as ISO-8601 text.

    Returns:
        How many were emptied, at most :data:`MOST`.
    """
    days = settings.get(SETTING, DAYS)
    moment = iso(datetime.fromisoformat(now) - timedelta(days=days))
    return empty_graves(connection, moment, at=now, most=MOST)


def empty_graves(connection: Connection, before: str, *, at: str, most: int | None = None) -> int:
    """Drop what is kept of entities that were deleted before a moment.

    That they were deleted stays known. What is only marked as deleted, because the platform has it still, is kept.

    Args:
        connection: An open write transaction.
        before: The moment, as ISO-8601 text.
        at: The time now.
        most: How many at most; all when left out.

    Returns:
        How many.
    """
    number = 0
    for kind in EntityKind:
        left = -1 if most is None else most - number  # no limit, to SQLite
        due = connection.execute(_due(kind), {"before": before, "most": left}).all()
        for entity_id, document in due:
            named = {key: value for key, value in document.items() if key in _NAMES}
            connection.execute(
                _EMPTY, {"of": kind.value, "one": entity_id, "document": named, "facts": {}, "emptied_at": at}
            )
        number += len(due)
    return number


@cache
def _due(kind: EntityKind) -> Select[Any]:
    columns = table(kind).c
    here = select(columns.id).where(columns.id == TOMBSTONES.c.entity_id)
    return (
        select(TOMBSTONES.c.entity_id, TOMBSTONES.c.document)
        .where(
            TOMBSTONES.c.emptied_at.is_(None),
            TOMBSTONES.c.deleted_at < bindparam("before"),
            TOMBSTONES.c.kind == kind.value,
            ~here.exists(),
        )
        .order_by(TOMBSTONES.c.deleted_at)
        .limit(bindparam("most", type_=Integer))
    )
