"""Own writes whose reply was lost: what the platform has of them is no change that somebody else made."""

from __future__ import annotations

from collections.abc import Sequence

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import apply
from localloop_sync.core.leaves import MISSING, flatten, same, unflatten
from localloop_sync.core.operation import Operation, State
from localloop_sync.core.rules import RULES


def sent(kind: EntityKind, base: Document | None, operations: Sequence[Operation]) -> Document | None:
    """The document that is on its way to the platform, or None when nothing is."""
    changes = [
        change
        for one in sorted(operations, key=lambda one: one.seq)
        if one.state is State.IN_FLIGHT
        for change in one.changes
    ]
    return apply(kind, base or {}, changes) if changes else None


def ancestor(
    kind: EntityKind, base: Document | None, on_its_way: Document | None, remote: Document
) -> Document | None:
    """What both sides last agreed on, given what was sent and may have arrived.

    Args:
        kind: What the entity is.
        base: The base that is written down.
        on_its_way: What was sent, or None.
        remote: The platform's document.

    Returns:
        The base, with each value that was sent and is there now. Of a creation it is all that was sent, or None
        when the platform has something else, which somebody else may have put there. An annotation is told by its
        client id, so one that was matched is the one that was sent, whatever became of it.
    """
    if on_its_way is None:
        return base
    rules = RULES[kind]
    ours, theirs = flatten(on_its_way, rules.atoms), flatten(remote, rules.atoms)
    if base is None:
        arrived = kind is EntityKind.ANNOTATION or all(
            path in theirs and same(value, theirs[path])
            for path, value in ours.items()
            if not any(path[: len(prefix)] == prefix for prefix in rules.platform_first)
        )
        return on_its_way if arrived else None
    known = flatten(base, rules.atoms)
    for path in ours.keys() | known.keys():
        new, there = ours.get(path, MISSING), theirs.get(path, MISSING)
        if new is MISSING and there is MISSING:
            known.pop(path, None)
        elif new is not MISSING and there is not MISSING and same(new, there):
            known[path] = new
    return unflatten(known)
