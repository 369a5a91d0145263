"""Everything the store knows of some entities, read in a few queries however many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from localloop_schema.documents import Document, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, as_list, chunks, get_rows, listed, mapped
from localloop_schema.tables import BaseSnapshot, Blob
from localloop_sync.core.leaves import Path
from localloop_sync.core.operation import Operation
from localloop_sync.drivers import conflicts, oplog

_BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]  # the same
_THESE = (_BASES.c.kind == bindparam("of"), _BASES.c.entity_id.in_(listed("ids")))
_BASES_OF = select(_BASES).where(*_THESE)
_WRITE = insert(_BASES).prefix_with("OR REPLACE")
_DROP = delete(_BASES).where(*_THESE)
_BLOB = select(_BLOBS.c.digest).where(_BLOBS.c.digest == bindparam("digest"))


@dataclass(slots=True)
class EntityState:
    """One entity: its row, its base, its outstanding operations and open conflicts."""

    kind: EntityKind
    id: str
    row: Row | None
    base: Row | None
    operations: list[Operation] = field(default_factory=list)
    conflicts: list[Row] = field(default_factory=list)

    @property
    def mirror(self) -> Document | None:
        """The document here; None when it is deleted here or was never here."""
        if self.row is None or self.row["deleted_at"] is not None:
            return None
        return to_document(self.kind, self.row)

    @property
    def base_document(self) -> Document | None:
        """What both sides last agreed on: None for what they do not both have, nothing at all where that is lost."""
        if self.base is None:
            return {} if self.lost else None
        document: Document = self.base["document"]
        return document

    @property
    def lost(self) -> bool:
        """Whether both sides have it, and what they last agreed on is not known any more.

        Then everything in it counts as new on both sides.
        """
        return self.base is None and self.row is not None and self.row["remote_id"] is not None

    @property
    def contested(self) -> frozenset[Path]:
        """Paths under an open conflict; the empty path stands for the whole entity."""
        return frozenset(tuple(row["path"]) for row in self.conflicts)


def load(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> dict[str, EntityState]:
    """The states of entities by local id; one that the store has never seen has neither row nor base."""
    rows = get_rows(connection, kind, ids)
    bases = bases_of(connection, kind, ids)
    operations = oplog.outstanding_of(connection, kind, ids)
    contested = conflicts.open_of(connection, kind, ids)
    return {
        one: EntityState(
            kind, one, rows.get(one), bases.get(one), operations.get(one, []), contested.get(one, [])
        )
        for one in ids
    }


def bases_of(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> dict[str, Row]:
    """The base snapshots of entities, by local id."""
    found: dict[str, Row] = {}
    for part in chunks(ids):
        rows = mapped(connection.execute(_BASES_OF, {"of": kind.value, "ids": as_list(part)}))
        found.update((row["entity_id"], row) for row in rows)
    return found


def write_bases(connection: Connection, snapshots: Sequence[Row]) -> None:
    """Write base snapshots, replacing older ones."""
    if snapshots:
        connection.execute(_WRITE, list(snapshots))


def has_blob(connection: Connection, digest: str | None) -> bool:
    """Whether a content has been in this store's cache."""
    return connection.execute(_BLOB, {"digest": digest}).first() is not None


def remote_only(connection: Connection, state: EntityState) -> bool:
    """Whether an entity is a file whose content only the platform has, so that it cannot be sent from here."""
    row = state.row or {}
    is_file = state.kind is EntityKind.ITEM and row.get("type") == "file"
    return is_file and not has_blob(connection, row["digest"])


def drop_bases(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> None:
    """Forget what both sides agreed on."""
    for part in chunks(ids):
        connection.execute(_DROP, {"of": kind.value, "ids": as_list(part)})


def empty_snapshot(state: EntityState) -> Row:
    """The base snapshot of an entity of which nothing is agreed on any more."""
    assert state.row is not None
    dataset_id = state.id if state.kind is EntityKind.DATASET else state.row.get("dataset_id")
    return snapshot(state.kind, state.id, state.row["remote_id"], dataset_id, {}, "")


def snapshot(
    kind: EntityKind, entity_id: str, remote_id: str, dataset_id: str | None, document: Document, at: str
) -> Row:
    """A base snapshot for :func:`write_bases`."""
    return {
        "kind": kind.value,
        "entity_id": entity_id,
        "remote_id": remote_id,
        "dataset_id": dataset_id,
        "document": document,
        "remote_updated_at": at,
    }
