"""Changes: what turns one document into another, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import MISSING, Leaves, Path, below, flatten, same, unflatten
from localloop_sync.core.rules import RULES


@dataclass(frozen=True, slots=True)
class Change:
    """One leaf that went from ``old`` to ``new``; :data:`MISSING` on a side means that there was or is none."""

    path: Path
    old: Any = MISSING
    new: Any = MISSING

    def to_json(self) -> dict[str, Any]:
        """The form in the log: an absent side is an absent key."""
        record: dict[str, Any] = {"path": list(self.path)}
        if self.old is not MISSING:
            record["old"] = self.old
        if self.new is not MISSING:
            record["new"] = self.new
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Change:
        """The change that :meth:`to_json` wrote."""
        return cls(tuple(record["path"]), record.get("old", MISSING), record.get("new", MISSING))


def diff(kind: EntityKind, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The smallest list of leaf changes from ``old`` to ``new``, ordered by path.

    ``apply(kind, old, diff(kind, old, new))`` equals ``new``; ``diff(kind, x, x)`` is empty.
    """
    atoms = RULES[kind].atoms
    return diff_leaves(flatten(old, atoms), flatten(new, atoms))


def diff_leaves(before: Leaves, after: Leaves) -> list[Change]:
    """The changes from one map of leaves to another, ordered by path."""
    changes = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, MISSING), after.get(path, MISSING)
        if old is MISSING or new is MISSING or not same(old, new):
            changes.append(Change(path, old, new))
    return changes


def apply(kind: EntityKind, document: Mapping[str, Any], changes: Iterable[Change]) -> Document:
    """The document after the changes."""
    leaves = flatten(document, RULES[kind].atoms)
    for change in changes:
        if change.new is MISSING:
            leaves.pop(change.path, None)
        else:
            leaves[change.path] = change.new
    return unflatten(leaves)


def put(kind: EntityKind, document: Mapping[str, Any], path: Path, value: Any) -> Document:
    """The document with a value, or nothing for :data:`MISSING`, at a path, whatever stood there, below or above.

    Unlike :func:`apply`, which repeats changes of leaves, this replaces an object by a value and the reverse.
    """
    leaves = {
        other: old
        for other, old in flatten(document, RULES[kind].atoms).items()
        if not below(path, other) and not (value is not MISSING and below(other, path))
    }
    if value is not MISSING:
        leaves[path] = value
    return unflatten(leaves)


def same_changes(left: Iterable[Change], right: Iterable[Change]) -> bool:
    """Whether two lists of changes say the same, old values included."""
    first, second = list(left), list(right)
    return len(first) == len(second) and all(
        one.path == other.path and _same_side(one.old, other.old) and _same_side(one.new, other.new)
        for one, other in zip(first, second, strict=True)
    )


def _same_side(left: Any, right: Any) -> bool:
    if left is MISSING or right is MISSING:
        return left is right
    return same(left, right)


def equal(kind: EntityKind, left: Mapping[str, Any] | None, right: Mapping[str, Any] | None) -> bool:
    """Whether two documents say the same."""
    if left is None or right is None:
        return left is right
    return not diff(kind, left, right)
