"""What is kept of an entity that is deleted: enough to bring it back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from localloop_schema.documents import derived_system, to_columns, to_document
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, chunks
from localloop_schema.tables import Tombstone

TOMBSTONES: Any = Tombstone.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

#: Columns that are told otherwise, or anew, when an entity comes back.
_NOT_KEPT = frozenset({"id", "remote_id", "updated_at", "updated_by", "deleted_at"})


def grave_of(kind: EntityKind, row: Row, *, origin: str, by: str, at: str) -> Row:
    """The tombstone of an entity.

    Args:
        kind: What it is.
        row: Its row as it last was.
        origin: Who deleted it: ``local`` or ``platform``.
        by: The e-mail of whoever did; empty when it is not known.
        at: When, as ISO-8601 text.
    """
    return {
        "kind": kind.value,
        "entity_id": row["id"],
        "remote_id": row["remote_id"],
        "document": to_document(kind, row),
        "parents": {parent.value: row[f"{parent}_id"] for parent in PARENTS[kind]},
        "facts": kept_facts(kind, row),
        "deleted_by": by,
        "deleted_at": at,
        "origin": origin,
        "emptied_at": None,
    }


def kept_facts(kind: EntityKind, row: Row) -> Row:
    """What a row holds beside its document: columns by name, and ``derived``, the derived ``metadata.system``."""
    told = {*to_columns(kind, {"filename": "/"}, {}), *(f"{parent}_id" for parent in PARENTS[kind])}
    kept = {name: value for name, value in row.items() if name not in told and name not in _NOT_KEPT}
    derived = derived_system(kind, row.get("metadata") or {})
    return {**kept, "derived": derived} if derived else kept


def graves(connection: Connection, kind: EntityKind, ids: list[str]) -> dict[str, Row]:
    """The tombstones of entities of a kind, by local id; those that were emptied are not among them."""
    found: dict[str, Row] = {}
    for part in chunks(ids):
        query = select(TOMBSTONES).where(
            TOMBSTONES.c.kind == kind.value,
            TOMBSTONES.c.entity_id.in_(part),
            TOMBSTONES.c.emptied_at.is_(None),
        )
        found.update((row["entity_id"], dict(row)) for row in connection.execute(query).mappings())
    return found
