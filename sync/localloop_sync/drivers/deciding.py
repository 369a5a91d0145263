"""Applying policies: conflicts that were just opened and that a rule decides are resolved in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from localloop_schema.kinds import EntityKind
from localloop_schema.tables import Conflict
from localloop_sync.core.leaves import Path
from localloop_sync.core.policy import Dispute, Policy, Rule, Side, decide
from localloop_sync.core.reconcile import Sort
from localloop_sync.drivers import oplog, states
from localloop_sync.drivers.burying import Undertaker
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.oplog import Stamp
from localloop_sync.drivers.resolving import Choice, ContentMissing, PathTaken, Resolver
from localloop_sync.drivers.scribe import Scribe
from localloop_sync.drivers.states import EntityState
from localloop_sync.moments import seconds

_TABLE: Any = Conflict.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


@dataclass(slots=True)
class Decided:
    """What policies decided.

    Attributes:
        conflicts: How many conflicts.
        deleted: How many entities were deleted here by that, by kind.
    """

    conflicts: int = 0
    deleted: dict[EntityKind, int] = field(default_factory=dict)


class Arbiter(Scribe):
    """Decides conflicts by policy within one transaction.

    Args:
        connection: An open write transaction.
        identity: Makes ids.
        stamp: Under which action the log gets what changes by this.
        rules: The policies, in the order in which they were set.
    """

    def __init__(
        self, connection: Connection, identity: Identity, stamp: Stamp, rules: Sequence[Rule]
    ) -> None:
        super().__init__(connection, identity, stamp)
        self._rules = rules

    def decide(self, conflict_ids: Sequence[str]) -> Decided:
        """Decide conflicts that were opened in this transaction; the others wait for a person.

        A decision that cannot be carried out waits for a person too: an item that is to be made anew on the platform
        and whose content is not here, or a name that another item has here.
        """
        decided = Decided()
        if not self._rules:
            return decided
        resolver = Resolver(self._connection, self._identity, self._stamp)
        for conflict_id in conflict_ids:
            row = self._row(conflict_id)
            if row["state"] != "open":  # deciding another one of the same entity closed it
                continue
            kind = EntityKind(row["kind"])
            state = states.load(self._connection, kind, [row["entity_id"]])[row["entity_id"]]
            policy, side = decide(self._rules, self._dispute(state, Sort(row["sort"]), tuple(row["path"])))
            if side is None:
                continue
            gone = self._doomed(state, Sort(row["sort"]), side)
            try:
                resolver.resolve(conflict_id, Choice(side.value), resolution=resolution(policy, side))
            except (ContentMissing, PathTaken):
                continue
            decided.conflicts += 1
            for one in gone:
                decided.deleted[one.kind] = decided.deleted.get(one.kind, 0) + 1
        return decided

    def _row(self, conflict_id: str) -> Any:
        return self._connection.execute(select(_TABLE).where(_TABLE.c.id == conflict_id)).mappings().one()

    def _dispute(self, state: EntityState, sort: Sort, path: Path) -> Dispute:
        base = state.base or {}
        mine_at = seconds(oplog.last_edit(self._connection, state.kind, state.id, path)) if path else None
        theirs_at = seconds(base.get("remote_updated_at") or "")
        return Dispute(state.kind, base.get("dataset_id"), path, sort, mine_at, theirs_at)

    def _doomed(self, state: EntityState, sort: Sort, side: Side) -> list[EntityState]:
        """What a decision deletes here."""
        if sort is not Sort.DELETED_THERE or side is not Side.THEIRS:
            return []
        undertaker = Undertaker(self._connection, self._identity, self._stamp)
        return [*undertaker.below(state.kind, state.id), state]


def resolution(policy: Policy, side: Side) -> str:
    """What the record of a conflict says of how it was decided: ``policy: theirs``, ``policy: newest (mine)``."""
    return f"policy: {policy.value}" + (f" ({side.value})" if policy is Policy.NEWEST else "")
