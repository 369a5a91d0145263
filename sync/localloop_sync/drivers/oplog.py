"""The operation log over SQLite: appending, reading, and moving operations between states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, literal_column, select, update

from localloop_schema.kinds import EntityKind
from localloop_schema.rows import CHUNK, as_list, chunks, listed, mapped
from localloop_schema.tables import Operation as OperationRow
from localloop_sync.core.change import Change
from localloop_sync.core.leaves import Path, below
from localloop_sync.core.operation import OUTSTANDING, TRANSITIONS, Delta, Operation, State, Verb, verb_for
from localloop_sync.drivers.identity import Identity

_TABLE: Any = OperationRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_OUTSTANDING = tuple(sorted(OUTSTANDING))
_APPEND = insert(_TABLE)

#: The action under which a sync writes into the log.
SYNC = "sync"

# Statements are built once: building one takes several times as long as running it.
_OUTSTANDING_OF = (
    select(_TABLE)
    .where(
        _TABLE.c.kind == bindparam("of"),
        _TABLE.c.entity_id.in_(listed("ids")),
        _TABLE.c.state.in_([literal_column(f"'{state}'") for state in _OUTSTANDING]),
    )
    .order_by(_TABLE.c.seq)
)
_IN_STATES = _TABLE.c.state.in_(listed("states"))
_ENTITIES_IN = select(_TABLE.c.kind, _TABLE.c.entity_id).where(_IN_STATES).order_by(_TABLE.c.seq)
_THESE = (
    select(_TABLE)
    .where(_TABLE.c.kind == bindparam("of"), _TABLE.c.entity_id.in_(listed("ids")), _IN_STATES)
    .order_by(_TABLE.c.seq)
)
_EDITS = (
    select(_TABLE.c.created_at, _TABLE.c.changes)
    .where(
        _TABLE.c.kind == bindparam("of"), _TABLE.c.entity_id == bindparam("entity"), _TABLE.c.action != SYNC
    )
    .order_by(_TABLE.c.seq.desc())
)
_MOVABLE = update(_TABLE).where(_TABLE.c.seq.in_(listed("seqs")), _TABLE.c.state.in_(listed("allowed")))
_MOVE = _MOVABLE.values(state=bindparam("to"), reason=bindparam("why"))
_SUPERSEDE = _MOVABLE.values(state=State.SUPERSEDED.value)
_SET_TIMER = (
    update(_TABLE)
    .where(_TABLE.c.seq.in_(listed("seqs")))
    .values(tries=bindparam("count"), not_before=bindparam("due"))
)
_REARM = (
    update(_TABLE)
    .where(_TABLE.c.state == State.REJECTED.value)
    .values(state=State.PENDING.value, reason=None, not_before=None)
)
_REARM_DUE = _REARM.where(_TABLE.c.not_before <= bindparam("due"))
_REARM_ONE = _REARM.where(_TABLE.c.kind == bindparam("of"), _TABLE.c.entity_id == bindparam("one"))
_COUNTS = select(_TABLE.c.state, func.count()).group_by(_TABLE.c.state)


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
    tries: int = 0,
    not_before: str | None = None,
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
        "tries": tries,
        "not_before": not_before,
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
        tries=row["tries"],
        not_before=row["not_before"],
    )


def outstanding_of(
    connection: Connection, kind: EntityKind, ids: Sequence[str]
) -> dict[str, list[Operation]]:
    """The outstanding operations of some entities, by entity id, in order."""
    found: dict[str, list[Operation]] = {}
    for part in chunks(ids):
        rows = connection.execute(_OUTSTANDING_OF, {"of": kind.value, "ids": as_list(part)})
        for row in mapped(rows):
            found.setdefault(row["entity_id"], []).append(_operation(row))
    return found


def last_edit(connection: Connection, kind: EntityKind, entity_id: str, path: Path) -> str:
    """When somebody last edited a field of an entity here, or something below or above it; empty when nobody did.

    What a sync wrote into the log itself, since the base moved under an edit, is none.
    """
    for row in connection.execute(_EDITS, {"of": kind.value, "entity": entity_id}):
        places = [tuple(change["path"]) for change in row.changes]
        if any(below(path, place) or below(place, path) for place in places):
            return str(row.created_at)
    return ""


def unsent(kind: EntityKind) -> Select[Any]:
    """A query for the local ids of a kind that have operations which the platform has not confirmed."""
    return select(_TABLE.c.entity_id).where(_TABLE.c.kind == kind.value, _TABLE.c.state.in_(_OUTSTANDING))


def ever_acknowledged(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> set[str]:
    """Those of some entities of which the platform once had an operation."""
    query = select(_TABLE.c.entity_id).where(
        _TABLE.c.kind == kind.value,
        _TABLE.c.entity_id.in_(ids),
        _TABLE.c.state == State.ACKNOWLEDGED.value,
    )
    return set(connection.execute(query).scalars())


def entities_in(connection: Connection, states: Iterable[State]) -> list[tuple[EntityKind, str]]:
    """Which entities have operations in one of these states, in the order of their first such operation."""
    rows = connection.execute(_ENTITIES_IN, {"states": as_list([state.value for state in states])})
    return [(EntityKind(kind), entity) for kind, entity in dict.fromkeys((row[0], row[1]) for row in rows)]


def move(connection: Connection, seqs: Sequence[int], to: State, *, reason: str | None = None) -> None:
    """Move operations to a state that :data:`TRANSITIONS` allows from where they are.

    What is superseded keeps the reason for which it was refused, as history.

    Raises:
        ValueError: The table does not allow it for one of them; nothing is moved.
    """
    allowed = [state.value for state, targets in TRANSITIONS.items() if to in targets or state is to]
    values = {} if to is State.SUPERSEDED else {"to": to.value, "why": reason}
    statement = _SUPERSEDE if to is State.SUPERSEDED else _MOVE
    for start in range(0, len(seqs), CHUNK):
        numbers = list(seqs[start : start + CHUNK])
        values |= {"seqs": as_list(numbers), "allowed": as_list(allowed)}
        result = connection.execute(statement, values)
        if result.rowcount != len(numbers):
            raise ValueError(f"an operation among {numbers} may not become {to.value}")


def refuse(
    connection: Connection, seqs: Sequence[int], reason: str, *, tries: int, not_before: str | None
) -> None:
    """Move operations that were refused aside.

    Args:
        connection: An open write transaction.
        seqs: The operations.
        reason: Why.
        tries: How often they were refused by now.
        not_before: When they are worth another try without an edit; None is never.
    """
    move(connection, seqs, State.REJECTED, reason=reason)
    for start in range(0, len(seqs), CHUNK):
        values = {"seqs": as_list(list(seqs[start : start + CHUNK])), "count": tries, "due": not_before}
        connection.execute(_SET_TIMER, values)


def rearm(
    connection: Connection,
    *,
    due: str | None = None,
    entities: Sequence[tuple[EntityKind, str]] | None = None,
) -> int:
    """Let refused operations wait to be sent again; how often they were refused is remembered.

    Args:
        connection: An open write transaction.
        due: Those whose timer has run out by then; else
        entities: those of these entities; else all.

    Returns:
        How many operations that were.
    """
    if due is not None:
        return int(connection.execute(_REARM_DUE, {"due": due}).rowcount)
    if entities is None:
        return int(connection.execute(_REARM).rowcount)
    return sum(
        int(connection.execute(_REARM_ONE, {"of": kind.value, "one": entity_id}).rowcount)
        for kind, entity_id in entities
    )


def counts(connection: Connection) -> dict[State, int]:
    """How many operations are in each state."""
    return {State(state): number for state, number in connection.execute(_COUNTS)}


def in_states(
    connection: Connection, entities: Sequence[tuple[EntityKind, str]], states: Iterable[State]
) -> list[Operation]:
    """The operations of these entities that are in one of the states, in order."""
    names = as_list([state.value for state in states])
    by_kind: dict[EntityKind, list[str]] = {}
    for kind, entity_id in entities:
        by_kind.setdefault(kind, []).append(entity_id)
    found = [
        _operation(row)
        for kind, ids in by_kind.items()
        for part in chunks(ids)
        for row in mapped(
            connection.execute(_THESE, {"of": kind.value, "ids": as_list(part), "states": names})
        )
    ]
    return sorted(found, key=lambda one: one.seq)
