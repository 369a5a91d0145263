"""What was done to the annotations of an item, as the operation log tells (docs/platform/wire.md, 5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, table

#: How many events are told of one item, the oldest first.
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """One edit of one annotation.

    Attributes:
        id: The operation's.
        annotation_id: The annotation's local id.
        user: Who did it.
        timestamp: When.
        changes: What of the annotation got which value; null where it lost one.
        deleted: Whether it was deleted.
    """

    id: str
    annotation_id: str
    user: str
    timestamp: str
    changes: dict[str, Any] = field(default_factory=dict)
    deleted: bool = False


def annotation_events(connection: Connection, item: Row) -> Iterator[Event]:
    """The edits that were made here of an item's annotations, those that are deleted by now too.

    What was edited elsewhere is not in this store's log, and so not told.

    Args:
        connection: A view of the store.
        item: The item's row.

    Yields:
        Events in the order of the log, at most :data:`MOST`.
    """
    annotations = table(EntityKind.ANNOTATION).c
    operations, tombstones = (SQLModel.metadata.tables[name].c for name in ("operations", "tombstones"))
    here = select(annotations.id).where(annotations.item_id == item["id"])
    gone = select(tombstones.entity_id).where(
        tombstones.kind == EntityKind.ANNOTATION.value,
        func.json_extract(tombstones.parents, "$.item") == item["id"],
    )
    query = (
        select(
            operations.id,
            operations.entity_id,
            operations.author,
            operations.created_at,
            operations.changes,
            operations.verb,
        )
        .where(
            operations.kind == EntityKind.ANNOTATION.value,
            operations.entity_id.in_(here.union(gone)),
        )
        .order_by(operations.seq)
        .limit(MOST)
    )
    for row in connection.execute(query).mappings():
        changes: dict[str, Any] = {}
        for change in row["changes"]:
            _put(changes, change["path"], change.get("new"))
        yield Event(
            id=row["id"].replace("-", "")[:24],
            annotation_id=row["entity_id"],
            user=row["author"],
            timestamp=row["created_at"],
            changes=changes,
            deleted=row["verb"] == "delete",
        )


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for key in parents:
        inner = target.setdefault(key, {})
        if not isinstance(inner, dict):  # a leaf that had an object's place
            inner = target[key] = {}
        target = inner
    target[last] = value
