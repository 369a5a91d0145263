"""Taking edits back: what undoes a list of changes, on a document that may have been edited since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import Change, put
from localloop_sync.core.leaves import MISSING, Leaves, Path, below, branches, flatten, same, unflatten
from localloop_sync.core.rules import RULES


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What is left when changes are taken back.

    Attributes:
        document: The document without them; as it is, where something clashes.
        clashes: Paths whose value is another by now than the one that the changes gave them.
        noticed: Whether the document is another one than before.
    """

    document: Document
    clashes: tuple[Path, ...]
    noticed: bool


def take_back(
    kind: EntityKind, document: Mapping[str, Any], changes: Iterable[Change], *, force: bool = False
) -> TakenBack:
    """Undo changes.

    Args:
        kind: What the document is.
        document: The document as it is now.
        changes: What one operation changed, from which value to which.
        force: Whether a value that was changed since is replaced all the same.

    Returns:
        The document with the old values. ``take_back(k, apply(k, old, c), c)`` is ``old`` for ``c = diff(k, old, new)``
        and has no clashes; so it is on every document that has the new values where ``c`` gave them, or has the old
        ones already.
    """
    wanted = list(changes)
    now = flatten(document, RULES[kind].atoms)
    filled = branches(now)
    news = {change.path: change.new for change in wanted if change.new is not MISSING}
    olds = {change.path: change.old for change in wanted if change.old is not MISSING}
    left = dict(now)
    clashing: list[Change] = []
    for change in wanted:
        if _is_filling(change) and _hollow(now.get(change.path, MISSING)):
            # It says only that an object was, or became, empty; what stands in the object is told by other changes.
            if _alone(change.path, now, frozenset(), news):
                _set(left, change.path, change.old)
                continue
            if _alone(change.path, now, frozenset(), olds):
                continue
        elif _stands(change.path, change.new, now, filled, news):
            _set(left, change.path, change.old)
            continue
        elif _stands(change.path, change.old, now, filled, olds):
            continue
        clashing.append(change)
    if clashing and not force:
        return TakenBack(dict(document), tuple(change.path for change in clashing), False)
    result = unflatten(left)
    # What was not there, or empty, goes first, so that it takes nothing along that was.
    for change in clashing:
        if _hollow(change.old):
            result = put(kind, result, change.path, change.old)
    for change in wanted if clashing else ():
        if not _hollow(change.old):
            result = put(kind, result, change.path, change.old)
    return TakenBack(result, (), flatten(result, RULES[kind].atoms) != now)


def _is_filling(change: Change) -> bool:
    return {type(one) for one in (change.old, change.new)} == {type(MISSING), dict} and (
        _hollow(change.old) and _hollow(change.new)
    )


def _hollow(value: Any) -> bool:
    return value is MISSING or (isinstance(value, Mapping) and not value)


def _stands(path: Path, value: Any, now: Leaves, filled: set[Path], expected: Mapping[Path, Any]) -> bool:
    """Whether a path has a value, and around it there is nothing but what is expected there."""
    return _equal(now.get(path, MISSING), value) and _alone(path, now, filled, expected)


def _alone(path: Path, now: Leaves, filled: AbstractSet[Path], expected: Mapping[Path, Any]) -> bool:
    """Whether the leaves above and below a path are expected ones."""
    around = [path[:length] for length in range(1, len(path))]
    if path in filled:
        around += [other for other in now if below(path, other) and other != path]
    return all(
        _hollow(now.get(one, MISSING)) or _equal(now[one], expected.get(one, MISSING)) for one in around
    )


def _set(leaves: Leaves, path: Path, value: Any) -> None:
    if value is MISSING:
        leaves.pop(path, None)
        return
    if not _hollow(value):  # empty objects may stand where the value was
        for one in [other for other in leaves if below(path, other)]:
            del leaves[one]
    leaves[path] = value


def _equal(left: Any, right: Any) -> bool:
    if left is MISSING or right is MISSING:
        return left is right
    return same(left, right)
