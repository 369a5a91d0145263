"""Keeping log and state in agreement: the outstanding operations of an entity fold to its delta, always."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import Change, same_changes
from localloop_sync.core.leaves import Path
from localloop_sync.core.operation import Delta, Effect, Operation, State, difference, fold
from localloop_sync.drivers import oplog
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.oplog import Stamp

#: In which state an outstanding change waits; a change in flight counts as pending.
Wanted = dict[State, Delta]


def relog(
    connection: Connection,
    identity: Identity,
    stamp: Stamp,
    kind: EntityKind,
    entity_id: str,
    *,
    base: Document | None,
    mirror: Document | None,
    operations: Sequence[Operation],
    contested: frozenset[Path],
    again: bool = False,
) -> bool:
    """Make the outstanding operations of an entity say what separates its base from its mirror.

    Operations are never edited: where they no longer say it (the base moved under them, a field became contested),
    they are superseded and new ones are appended.

    Args:
        connection: An open write transaction.
        identity: Makes ids.
        stamp: Under which action new operations are logged.
        kind: What the entity is.
        entity_id: Its local id.
        base: What both sides agree on, or None.
        mirror: The local document, or None when it is deleted here.
        operations: Its outstanding operations.
        contested: Paths under an open conflict; the empty path contests the whole entity.
        again: Whether what the platform refused is to be tried again.

    Returns:
        Whether anything was written.
    """
    wanted = split(difference(kind, base, mirror), operations, contested, again=again)
    current = {
        state: fold(group)
        for state in (State.PENDING, State.PARKED, State.REJECTED)
        if (group := [one for one in operations if _waits_as(one) is state])
    }
    current = {state: delta for state, delta in current.items() if delta.effect is not Effect.NOTHING}
    leftovers = not wanted and bool(operations)
    if not leftovers and _same(current, wanted):
        return False
    refusals = [one for one in operations if one.state is State.REJECTED]
    reasons = dict.fromkeys(one.reason for one in refusals if one.reason)
    tries = max((one.tries for one in operations), default=0)
    timers = [one.not_before for one in refusals]
    due = None if None in timers else max((one for one in timers if one), default=None)
    oplog.move(connection, [one.seq for one in operations], State.SUPERSEDED)
    oplog.append(
        connection,
        [
            oplog.record(
                identity,
                stamp,
                kind,
                entity_id,
                delta,
                state=state,
                reason="; ".join(reasons) if state is State.REJECTED else None,
                tries=0 if state is State.PARKED else tries,
                not_before=due if state is State.REJECTED else None,
            )
            for state, delta in wanted.items()
        ],
    )
    return True


def split(
    delta: Delta, operations: Sequence[Operation], contested: frozenset[Path], *, again: bool = False
) -> Wanted:
    """The delta by the state in which each part of it has to wait; ``again`` forgets refusals."""
    if delta.effect is Effect.NOTHING:
        return {}
    if () in contested:
        return {State.PARKED: delta}
    still = [] if again else refused(operations, delta.effect)
    if delta.effect in (Effect.CREATE, Effect.DELETE):
        return {State.REJECTED if still else State.PENDING: delta}
    barred = {change.path for one in still for change in one.changes}
    parts: dict[State, list[Change]] = {}
    for change in delta.changes:
        state = State.PENDING
        if any(_related(change.path, path) for path in contested):
            state = State.PARKED
        elif change.path in barred:
            state = State.REJECTED
        parts.setdefault(state, []).append(change)
    return {state: Delta(Effect.SET, tuple(changes)) for state, changes in parts.items()}


def refused(operations: Sequence[Operation], effect: Effect) -> list[Operation]:
    """The rejected operations that are not worth another try.

    An edit after a refusal may have removed its cause: any edit where the whole entity was refused, else one of
    what was refused. Operations that went in one request were refused for one reason, and are tried again together.
    """
    whole = effect in (Effect.CREATE, Effect.DELETE)
    rejected = [one for one in operations if one.state is State.REJECTED]
    others = [one for one in operations if one.state is not State.REJECTED]
    again = {
        one.reason
        for one in rejected
        for later in others
        if later.seq > one.seq and (whole or _touches(later, one))
    }
    return [one for one in rejected if one.reason not in again]


def _touches(later: Operation, earlier: Operation) -> bool:
    return any(_related(one.path, other.path) for one in later.changes for other in earlier.changes)


def _related(path: Path, other: Path) -> bool:
    """Whether one path is the other or lies below it."""
    shorter = min(len(path), len(other))
    return path[:shorter] == other[:shorter]


def _waits_as(operation: Operation) -> State:
    return State.PENDING if operation.state is State.IN_FLIGHT else operation.state


def _same(left: Wanted, right: Wanted) -> bool:
    return left.keys() == right.keys() and all(
        left[state].effect is right[state].effect and same_changes(left[state].changes, right[state].changes)
        for state in left
    )
