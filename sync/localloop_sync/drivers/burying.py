"""Deletions: taking over the platform's, and finishing those that both sides agree on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert

from localloop_schema.graves import TOMBSTONES, grave_of
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, get_rows, purge_rows, rows_where
from localloop_sync.core.operation import State
from localloop_sync.core.reconcile import Action, Observation, Sort, reconcile
from localloop_sync.core.safety import listing
from localloop_sync.drivers import conflicts, oplog, states
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.oplog import Stamp
from localloop_sync.drivers.relog import relog
from localloop_sync.drivers.scribe import Scribe
from localloop_sync.drivers.states import EntityState
from localloop_sync.errors import MassDeletionHalt

#: What a project or dataset is kept for.
_CONTENTS = frozenset({EntityKind.ITEM, EntityKind.ANNOTATION})

_KEEP = insert(TOMBSTONES).prefix_with("OR IGNORE")
_ENTOMB = insert(TOMBSTONES).prefix_with("OR REPLACE")


class Undertaker(Scribe):
    """Removes entities within one transaction, leaving a tombstone with their last document."""

    def __init__(self, connection: Connection, identity: Identity, stamp: Stamp) -> None:
        super().__init__(connection, identity, stamp)
        #: The conflicts that were opened.
        self.opened: list[str] = []

    def absent(
        self, kind: EntityKind, ids: Sequence[str], *, most: int | None = None
    ) -> tuple[dict[EntityKind, int], int]:
        """Take over that the platform has these entities (local ids) no more.

        Args:
            kind: What they are.
            ids: Their local ids.
            most: How many live items and annotations may be deleted by this; None for any number.

        Returns:
            How many were deleted here by kind, children included, and how many conflicts were opened.

        Raises:
            MassDeletionHalt: There are more; the transaction must not be committed.
        """
        deleted: dict[EntityKind, int] = {}
        opened = lost = 0
        whom = names(self._connection, kind, ids)
        for entity_id, state in states.load(self._connection, kind, ids).items():
            if state.row is None:
                continue
            below = self.below(kind, entity_id)
            touched = any(one.operations for one in below)
            seen = Observation(kind, state.base_document, state.mirror, None, touched=touched)
            outcome = reconcile(seen)
            if outcome.action in (Action.DELETE_HERE, Action.FORGET):
                for one in [*below, state]:
                    lost += one.kind in _CONTENTS and one.mirror is not None
                    self.bury(one, origin="platform")
                    deleted[one.kind] = deleted.get(one.kind, 0) + 1
            elif outcome.action is Action.CONFLICT:
                opened += self._contest(state)
        if most is not None and lost > most:
            raise MassDeletionHalt(
                f"The platform has a {kind.value} no more, or does not show it to you any more; "
                f"{lost} items and annotations would be deleted here.",
                side="here",
                entities=whom,
                listed=listing("here", kind.value, ids, lost),
            )
        return deleted, opened

    def bury(self, state: EntityState, *, origin: str) -> None:
        """Remove an entity for good; its outstanding operations are superseded.

        Args:
            state: The entity; nothing live may be below it.
            origin: Who deleted it: ``local`` or ``platform``.
        """
        assert state.row is not None
        oplog.move(self._connection, [one.seq for one in state.operations], State.SUPERSEDED)
        for row in state.conflicts:
            conflicts.close(self._connection, row["id"], "deleted on both sides", self._stamp.at)
        # One that was deleted here has its tombstone since then; an older one is of a deletion that was taken back.
        verb = _KEEP if state.mirror is None else _ENTOMB
        by = self._stamp.author if origin == "local" else ""
        grave = grave_of(state.kind, state.row, origin=origin, by=by, at=self._stamp.at)
        self._connection.execute(verb, grave)
        states.drop_bases(self._connection, state.kind, [state.id])
        purge_rows(self._connection, state.kind, [state.id])

    def bury_tree(self, kind: EntityKind, entity_id: str, *, origin: str) -> None:
        """Remove an entity and everything below it, deleted or not."""
        for one in self.below(kind, entity_id):
            self.bury(one, origin=origin)
        state = states.load(self._connection, kind, [entity_id])[entity_id]
        if state.row is not None:
            self.bury(state, origin=origin)

    def below(self, kind: EntityKind, entity_id: str) -> list[EntityState]:
        """Everything below an entity, deleted here or not, deepest first."""
        found: list[EntityState] = []
        seen: set[tuple[EntityKind, str]] = set()
        for child in reversed(EntityKind):
            if kind not in PARENTS[child]:
                continue
            rows = rows_where(self._connection, child, **{f"{kind}_id": entity_id})
            loaded = states.load(self._connection, child, [row["id"] for row in rows])
            for row in rows:
                for one in (*self.below(child, row["id"]), loaded[row["id"]]):
                    if (one.kind, one.id) not in seen:
                        seen.add((one.kind, one.id))
                        found.append(one)
        return found

    def _contest(self, state: EntityState) -> int:
        """Open a conflict about an entity that was edited here and deleted there; 0 when it is open already."""
        if () in state.contested:
            return 0
        values: dict[str, Any] = {"mine": state.mirror}
        if state.lost:  # from now on it is known that they agree on nothing
            states.write_bases(self._connection, [states.empty_snapshot(state)])
        else:
            values["base"] = state.base_document
        conflict_id = self._identity.object_id()
        self.opened.append(conflict_id)
        conflicts.add(
            self._connection,
            conflict_id,
            state.kind,
            state.id,
            Sort.DELETED_THERE,
            at=self._stamp.at,
            values=values,
        )
        relog(
            self._connection,
            self._identity,
            self._stamp,
            state.kind,
            state.id,
            base=state.base_document,
            mirror=state.mirror,
            operations=state.operations,
            contested=frozenset({()}),
        )
        return 1


def names(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> list[str]:
    """What to call these entities to a person."""
    return [title(kind, row) for row in get_rows(connection, kind, ids).values()]


def title(kind: EntityKind, row: Row) -> str:
    """What to call an entity to a person: its path, name, title, e-mail, or label and id."""
    if kind is EntityKind.ANNOTATION:
        return f"{row['type']} {row['label']!r} ({row['id']})"
    for column in ("filename", "name", "title", "email", "annotator"):
        if row.get(column):
            return str(row[column])
    return str(row["id"])
