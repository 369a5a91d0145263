"""Operations: local edits as data, their states, and folding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import Change, diff_leaves
from localloop_sync.core.leaves import MISSING, Leaves, flatten, same
from localloop_sync.core.rules import CONTENT, RULES


class Verb(StrEnum):
    """What an operation does to its entity."""

    CREATE = "create"
    SET = "set"
    DELETE = "delete"
    PUT_CONTENT = "put-content"


class State(StrEnum):
    """Where an operation is on its way to the platform. :data:`SENTENCES` says each in words."""

    PENDING = "pending"
    IN_FLIGHT = "in flight"
    ACKNOWLEDGED = "acknowledged"
    SUPERSEDED = "superseded"
    PARKED = "parked"
    REJECTED = "rejected"


SENTENCES: dict[State, str] = {
    State.PENDING: "Recorded, not yet sent.",
    State.IN_FLIGHT: "Written down before its request is sent; after a crash its outcome is unknown.",
    State.ACKNOWLEDGED: "The platform has it; the base moved in the same transaction.",
    State.SUPERSEDED: "Folded into another operation, or undone.",
    State.PARKED: "Part of an open conflict, or its parent is.",
    State.REJECTED: "The platform refused it; it is tried again when it is edited, told to, or its timer runs out.",
}

#: Which states an operation may go to from each; the one place that says so.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.IN_FLIGHT, State.SUPERSEDED, State.PARKED, State.ACKNOWLEDGED}),
    State.IN_FLIGHT: frozenset(
        {State.ACKNOWLEDGED, State.PENDING, State.PARKED, State.REJECTED, State.SUPERSEDED}
    ),
    State.ACKNOWLEDGED: frozenset(),
    State.SUPERSEDED: frozenset(),
    State.PARKED: frozenset({State.PENDING, State.SUPERSEDED}),
    State.REJECTED: frozenset({State.PENDING, State.SUPERSEDED}),
}

#: For how many seconds a refusal that may be mended elsewhere is left alone: at first, and at most.
FIRST_REST, LONGEST_REST = 3600.0, 24 * 3600.0


def rest(tries: int) -> float:
    """For how many seconds to leave such a refusal alone after so many tries: twice as long each time."""
    doubled = 1 << min(max(tries - 1, 0), 10)  # more make no difference
    return min(FIRST_REST * doubled, LONGEST_REST)


#: States of operations whose effect is in the mirror and not in the base.
OUTSTANDING = frozenset({State.PENDING, State.IN_FLIGHT, State.PARKED, State.REJECTED})


@dataclass(frozen=True, slots=True)
class Operation:
    """One local edit. ``seq`` orders the log; ``changes`` of a create start from nothing.

    ``reason`` is why the platform refused it, for one that is rejected; ``tries`` how often it did so by now, and
    ``not_before`` when it is worth another try without an edit, None for never.
    """

    seq: int
    kind: EntityKind
    entity_id: str
    verb: Verb
    changes: tuple[Change, ...]
    state: State = State.PENDING
    reason: str | None = None
    tries: int = 0
    not_before: str | None = None


class Effect(StrEnum):
    """What a run of operations on one entity amounts to."""

    NOTHING = "nothing"
    CREATE = "create"
    SET = "set"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Delta:
    """The net effect of operations, or the difference of base and mirror: the two must agree."""

    effect: Effect
    changes: tuple[Change, ...] = ()


def fold(operations: Iterable[Operation]) -> Delta:
    """The smallest delta that does what the operations of *one* entity do, in order.

    create + set is a create, set + set is one set (a value set back to where it was is no change), create + delete
    is nothing, delete + create is a set of what differs.
    """
    leaves: dict[tuple[str, ...], Change] = {}
    created = deleted = False
    for operation in sorted(operations, key=lambda one: one.seq):
        if operation.verb is Verb.DELETE:
            deleted = True
            continue
        if operation.verb is Verb.CREATE:
            created, deleted = not deleted or created, False
        for change in operation.changes:
            first = leaves.get(change.path)
            # What was taken back says nothing of what was there: others may have changed it between two edits.
            old = change.old if first is None or same(first.old, first.new) else first.old
            leaves[change.path] = Change(change.path, old, change.new)
    if deleted:
        return Delta(Effect.NOTHING if created else Effect.DELETE)
    before: Leaves = {path: one.old for path, one in leaves.items() if one.old is not MISSING}
    after: Leaves = {path: one.new for path, one in leaves.items() if one.new is not MISSING}
    changes = tuple(diff_leaves(before, after))
    if created:
        return Delta(Effect.CREATE, changes)
    return Delta(Effect.SET, changes) if changes else Delta(Effect.NOTHING)


def difference(kind: EntityKind, base: Document | None, mirror: Document | None) -> Delta:
    """What separates the base from the mirror; None stands for an entity that is not there."""
    if mirror is None:
        return Delta(Effect.NOTHING if base is None else Effect.DELETE)
    atoms = RULES[kind].atoms
    changes = tuple(diff_leaves(flatten(base or {}, atoms), flatten(mirror, atoms)))
    if base is None:
        return Delta(Effect.CREATE, changes)
    return Delta(Effect.SET, changes) if changes else Delta(Effect.NOTHING)


def verb_for(delta: Delta) -> Verb:
    """The verb under which a delta is logged."""
    if delta.effect is Effect.CREATE:
        return Verb.CREATE
    if delta.effect is Effect.DELETE:
        return Verb.DELETE
    only_content = bool(delta.changes) and all(change.path == CONTENT for change in delta.changes)
    return Verb.PUT_CONTENT if only_content else Verb.SET


def outstanding(operations: Sequence[Operation]) -> list[Operation]:
    """Those whose effect the platform does not have yet."""
    return [one for one in operations if one.state in OUTSTANDING]
