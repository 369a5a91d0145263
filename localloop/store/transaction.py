"""The one place that mutates: a mirror row and its operation change together, or neither does.

A :class:`Transaction` is one user action. Everything it does is committed at once and shares a batch id in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from localloop.errors import NotFound
from localloop_schema.documents import Document, derived_system, to_columns, to_document
from localloop_schema.graves import grave_of
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import (
    Row,
    children_of,
    get_row,
    get_rows,
    insert_rows,
    live_rows,
    purge_rows,
    resolve,
    update_row,
)
from localloop_schema.tables import BaseSnapshot, Tombstone
from localloop_sync.core.change import diff
from localloop_sync.core.operation import Delta, Effect, State
from localloop_sync.drivers import oplog
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.oplog import Stamp

#: What a dataset holds, and what a read-only one keeps as it is.
_CONTENT = frozenset({EntityKind.ITEM, EntityKind.ANNOTATION})


class Transaction:
    """Mutations of one user action. Made by :meth:`localloop.store.Store.transaction`.

    Args:
        connection: An open write transaction.
        identity: Makes ids.
        stamp: Who does this, where and when.
    """

    def __init__(self, connection: Connection, identity: Identity, stamp: Stamp) -> None:
        self.connection = connection
        self.identity = identity
        self.stamp = stamp
        #: Asked with a dataset's id before something in it is changed; it raises when that may not be.
        self.guard: Callable[[str], None] | None = None
        #: Tells whether the cache has the bytes of a digest.
        self.has_blob: Callable[[str], bool] | None = None

    def row(self, kind: EntityKind, any_id: str) -> Row:
        """The live row with this local or platform id.

        Raises:
            NotFound: There is none, or it is deleted.
        """
        row = resolve(self.connection, kind, any_id)
        if row is None or row["deleted_at"] is not None:
            raise NotFound("404", f"{kind.value.capitalize()} not found. Id: {any_id!r}")
        return row

    def rows(self, kind: EntityKind, **equal: Any) -> list[Row]:
        """The live rows whose columns have these values, in id order."""
        return live_rows(self.connection, kind, **equal)

    def create(
        self,
        kind: EntityKind,
        document: Document,
        parents: Mapping[EntityKind, str],
        *,
        facts: Mapping[str, Any] | None = None,
    ) -> Row:
        """Create one entity; see :meth:`create_many`."""
        return self.create_many(kind, [(document, facts or {})], parents)[0]

    def create_many(
        self,
        kind: EntityKind,
        entries: Sequence[tuple[Document, Mapping[str, Any]]],
        parents: Mapping[EntityKind, str],
    ) -> list[Row]:
        """Create entities of one kind under the same parents.

        Args:
            kind: What they are.
            entries: Each a document and its facts: other columns to set (``id``, ``creator``, ``created_at``,
                ``mimetype``, ...); the key ``derived`` holds derived ``metadata.system`` values.
            parents: Local ids of the parents.

        Returns:
            The new rows, in the order of ``entries``.
        """
        links = {f"{parent}_id": parents.get(parent) for parent in PARENTS[kind]}
        self._ask(kind, links)
        rows, records = [], []
        for given, facts in entries:
            own = dict(facts)
            derived = own.pop("derived", {})
            entity_id = own.pop("id", None) or self.identity.entity_id(kind)
            document = with_client_id(given, entity_id) if kind is EntityKind.ANNOTATION else given
            row: Row = {
                "id": entity_id,
                "remote_id": None,
                "creator": self.stamp.author,
                "created_at": self.stamp.at,
                "updated_at": self.stamp.at,
                "updated_by": self.stamp.author,
                "deleted_at": None,
                **links,
                **own,
                **to_columns(kind, document, derived),
            }
            rows.append(row)
            delta = Delta(Effect.CREATE, tuple(diff(kind, {}, to_document(kind, row))))
            records.append(oplog.record(self.identity, self.stamp, kind, entity_id, delta))
        for group in _same_keys(rows):
            insert_rows(self.connection, kind, group)
        oplog.append(self.connection, records)
        stored = get_rows(self.connection, kind, [row["id"] for row in rows])
        return [stored[row["id"]] for row in rows]  # with the columns that only have their defaults

    def update(self, kind: EntityKind, row: Row, document: Document) -> Row:
        """Give an entity a new document. Nothing is written when the document says the same.

        Args:
            kind: What the entity is.
            row: Its row as read in this transaction.
            document: The whole new document.

        Returns:
            The row as it then is.
        """
        return self.update_many(kind, [(row, document)])[0]

    def update_many(self, kind: EntityKind, edits: Sequence[tuple[Row, Document]]) -> list[Row]:
        """Give entities of one kind new documents; see :meth:`update`."""
        rows, records = [], []
        for row, document in edits:
            columns = to_columns(kind, document, derived_system(kind, row.get("metadata") or {}))
            changed = {**row, **columns}
            changes = diff(kind, to_document(kind, row), to_document(kind, changed))
            if changes:
                self._ask(kind, row)
                columns |= {"updated_at": self.stamp.at, "updated_by": self.stamp.author}
                update_row(self.connection, kind, row["id"], columns)
                delta = Delta(Effect.SET, tuple(changes))
                records.append(oplog.record(self.identity, self.stamp, kind, row["id"], delta))
            rows.append({**row, **columns} if changes else row)
        oplog.append(self.connection, records)
        return rows

    def set_facts(self, kind: EntityKind, row: Row, columns: Mapping[str, Any]) -> Row:
        """Set columns that no document holds (what a platform derives); they are not logged.

        Raises:
            ValueError: A column is part of the document.
        """
        changed = {**row, **columns}
        if diff(kind, to_document(kind, row), to_document(kind, changed)):
            raise ValueError(f"{sorted(columns)} would change the {kind.value}'s document")
        update_row(self.connection, kind, row["id"], columns)
        return changed

    def delete(self, kind: EntityKind, row: Row) -> int:
        """Delete an entity and everything below it.

        What the platform never had is removed at once; the rest is marked until both sides agree. Every last
        document is kept in a tombstone.

        Returns:
            How many entities were deleted, children included.
        """
        self._ask(kind, row)
        number = 0
        for child, child_row in children_of(self.connection, kind, row["id"]):
            current = get_row(self.connection, child, child_row["id"])
            if current is not None and current["deleted_at"] is None:
                number += self.delete(child, current)
        self._bury(kind, row)
        return number + 1

    def _ask(self, kind: EntityKind, row: Mapping[str, Any]) -> None:
        """Ask the guard whether an item or an annotation may be changed."""
        if self.guard is not None and kind in _CONTENT:
            self.guard(row["dataset_id"])

    def _bury(self, kind: EntityKind, row: Row) -> None:
        self.connection.execute(
            insert(Tombstone).prefix_with("OR REPLACE"),
            grave_of(kind, row, origin="local", by=self.stamp.author, at=self.stamp.at),
        )
        if row["remote_id"] is None and self._unknown_to_platform(kind, row["id"]):
            pending = oplog.outstanding_of(self.connection, kind, [row["id"]]).get(row["id"], [])
            oplog.move(self.connection, [one.seq for one in pending], State.SUPERSEDED)
            record = oplog.record(
                self.identity, self.stamp, kind, row["id"], Delta(Effect.DELETE), state=State.SUPERSEDED
            )
            oplog.append(self.connection, [record])
            purge_rows(self.connection, kind, [row["id"]])
            return
        update_row(
            self.connection,
            kind,
            row["id"],
            {"deleted_at": self.stamp.at, "updated_at": self.stamp.at, "updated_by": self.stamp.author},
        )
        record = oplog.record(self.identity, self.stamp, kind, row["id"], Delta(Effect.DELETE))
        oplog.append(self.connection, [record])

    def _unknown_to_platform(self, kind: EntityKind, entity_id: str) -> bool:
        """Whether no create of this entity was ever sent, so that nothing has to be deleted elsewhere."""
        known = select(BaseSnapshot.entity_id).where(  # type: ignore[call-overload]  # columns, not values
            BaseSnapshot.kind == kind.value, BaseSnapshot.entity_id == entity_id
        )
        if self.connection.execute(known).first() is not None:
            return False
        pending = oplog.outstanding_of(self.connection, kind, [entity_id]).get(entity_id, [])
        return all(one.state is not State.IN_FLIGHT for one in pending)


def with_client_id(document: Document, entity_id: str) -> Document:
    """An annotation's document with ``metadata.system.clientId`` set to its local id, where it has none.

    The platform's own studio writes this key; it is how an annotation is found again after a lost reply
    (docs/platform/wire.md, 5.2).
    """
    metadata = document.get("metadata") or {}
    system = metadata.get("system") or {}
    if system.get("clientId"):
        return document
    return {**document, "metadata": {**metadata, "system": {**system, "clientId": entity_id}}}


def _same_keys(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows in groups that have the same columns, as ``executemany`` wants them."""
    groups: dict[frozenset[str], list[Row]] = {}
    for row in rows:
        groups.setdefault(frozenset(row), []).append(row)
    return list(groups.values())
