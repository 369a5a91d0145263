"""Own writes whose reply was lost: what the platform has of them is no change that somebody else made."""

from __future__ import annotations

from collections.abc import Sequence

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import apply
from localloop_sync.core.leaves import MISSING, Path, below, flatten, same, unflatten
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
    apart = rules.apart
    ours, theirs = flatten(on_its_way, rules.atoms), flatten(remote, rules.atoms)
    if base is None:
        arrived = kind is EntityKind.ANNOTATION or all(
            path in theirs and same(value, theirs[path])
            for path, value in ours.items()
            if path[0] not in apart and not rules.derived(path, theirs.get(path, MISSING))
        )
        if not arrived:
            return None
        kept = {
            path: value
            for path, value in ours.items()
            if path[0] not in apart or (path in theirs and same(value, theirs[path]))
        }
        # What closes is sent when all below is there, so what was sent is that it is open.
        return unflatten({**{(key,): False for key in rules.closing if (key,) in ours}, **kept})
    known = flatten(base, rules.atoms)
    for unit in _halfway(kind, base, on_its_way, remote):
        known = {path: value for path, value in known.items() if not below(unit, path)}
    for path in ours.keys() | known.keys():
        new, there = ours.get(path, MISSING), theirs.get(path, MISSING)
        if new is MISSING and there is MISSING:
            known.pop(path, None)
        elif new is not MISSING and there is not MISSING and same(new, there):
            known[path] = new
    return unflatten(known)


def _halfway(kind: EntityKind, base: Document, on_its_way: Document, remote: Document) -> list[Path]:
    """Units that are dealt to somebody, are on their way from one to another and are with neither.

    An item goes from one assignment of a task to another by being taken out of the task and put in again: who was
    interrupted between the two left it out, and nobody else took it away.
    """
    found: list[Path] = []
    for holder, _, whose in RULES[kind].dealt:
        old, sent_there, there = ((document.get(holder) or {}) for document in (base, on_its_way, remote))
        found += [
            (holder, key)
            for key in old.keys() & sent_there.keys() - there.keys()
            if old[key].get(whose) != sent_there[key].get(whose)
        ]
    return found
