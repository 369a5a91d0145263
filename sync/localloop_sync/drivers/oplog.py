"""The operation log over SQLite: appending, reading, and moving operations between states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, tuple_, update

from localloop_schema.kinds import EntityKind
from localloop_schema.rows import chunks
from localloop_schema.tables import Operation as OperationRow
from localloop_sync.core.change import Change
from localloop_sync.core.operation import OUTSTANDING, TRANSITIONS, Delta, Operation, State, Verb, verb_for
from localloop_sync.drivers.identity import Identity

_TABLE: Any = OperationRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_OUTSTANDING = tuple(sorted(OUTSTANDING))
_APPEND = insert(_TABLE)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who does something, where, when, and as part of which user action."""

    batch: str
    action: str
    author: str
    device: str
    at: str


def record(
    identity: Identity,
    stamp: Stamp,
    kind: EntityKind,
    entity_id: str,
    delta: Delta,
    *,
    state: State = State.PENDING,
    reason: str | None = None,
) -> dict[str, Any]:
    """The log row for one edit, to be given to :func:`append`."""
    return {
        "id": identity.operation_id(),
        "kind": kind.value,
        "entity_id": entity_id,
        "verb": verb_for(delta).value,
        "changes": [change.to_json() for change in delta.changes],
        "batch": stamp.batch,
        "action": stamp.action,
        "author": stamp.author,
        "device": stamp.device,
        "created_at": stamp.at,
        "state": state.value,
        "reason": reason,
    }


def append(connection: Connection, records: Sequence[dict[str, Any]]) -> None:
    """Append operations, in this order."""
    if records:
        connection.execute(_APPEND, list(records))


def _operation(row: Any) -> Operation:
    return Operation(
        seq=row["seq"],
        kind=EntityKind(row["kind"]),
        entity_id=row["entity_id"],
        verb=Verb(row["verb"]),
        changes=tuple(Change.from_json(change) for change in row["changes"]),
        state=State(row["state"]),
        reason=row["reason"],
    )


def outstanding_of(
    connection: Connection, kind: EntityKind, ids: Sequence[str]
) -> dict[str, list[Operation]]:
    """The outstanding operations of some entities, by entity id, in order."""
    found: dict[str, list[Operation]] = {}
    for part in chunks(ids):
        query = (
            select(_TABLE)
            .where(
                _TABLE.c.kind == kind.value, _TABLE.c.entity_id.in_(part), _TABLE.c.state.in_(_OUTSTANDING)
            )
            .order_by(_TABLE.c.seq)
        )
        for row in connection.execute(query).mappings():
            found.setdefault(row["entity_id"], []).append(_operation(row))
    return found


def entities_in(connection: Connection, states: Iterable[State]) -> list[tuple[EntityKind, str]]:
    """Which entities have operations in one of these states, in the order of their first such operation."""
    query = (
        select(_TABLE.c.kind, _TABLE.c.entity_id)
        .where(_TABLE.c.state.in_([state.value for state in states]))
        .order_by(_TABLE.c.seq)
    )
    return list(dict.fromkeys((EntityKind(kind), entity) for kind, entity in connection.execute(query)))


def move(connection: Connection, seqs: Sequence[int], to: State, *, reason: str | None = None) -> None:
    """Move operations to a state that :data:`TRANSITIONS` allows from where they are.

    What is superseded keeps the reason for which it was refused, as history.

    Raises:
        ValueError: The table does not allow it for one of them; nothing is moved.
    """
    allowed = [state.value for state, targets in TRANSITIONS.items() if to in targets or state is to]
    texts = [str(seq) for seq in seqs]
    values = {"state": to.value} if to is State.SUPERSEDED else {"state": to.value, "reason": reason}
    for part in chunks(texts):
        numbers = [int(text) for text in part]
        result = connection.execute(
            update(_TABLE).where(_TABLE.c.seq.in_(numbers), _TABLE.c.state.in_(allowed)).values(**values)
        )
        if result.rowcount != len(numbers):
            raise ValueError(f"an operation among {numbers} may not become {to.value}")


def counts(connection: Connection) -> dict[State, int]:
    """How many operations are in each state."""
    query = select(_TABLE.c.state, func.count()).group_by(_TABLE.c.state)
    return {State(state): number for state, number in connection.execute(query)}


def in_states(
    connection: Connection, entities: Sequence[tuple[EntityKind, str]], states: Iterable[State]
) -> list[Operation]:
    """The operations of these entities that are in one of the states, in order."""
    names = [state.value for state in states]
    found: list[Operation] = []
    for start in range(0, len(entities), 250):
        keys = [(kind.value, entity) for kind, entity in entities[start : start + 250]]
        query = (
            select(_TABLE)
            .where(tuple_(_TABLE.c.kind, _TABLE.c.entity_id).in_(keys), _TABLE.c.state.in_(names))
            .order_by(_TABLE.c.seq)
        )
        found.extend(_operation(row) for row in connection.execute(query).mappings())
    return found
