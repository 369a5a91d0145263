"""Three-way merging of documents, leaf by leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import (
    MISSING,
    Leaves,
    Path,
    branches,
    flatten,
    like,
    same,
    subtree,
    unflatten,
)
from localloop_sync.core.rules import RULES, Rules


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One leaf that both sides changed to different values since the base."""

    path: Path
    base: Any = MISSING
    mine: Any = MISSING
    theirs: Any = MISSING

    def values(self) -> dict[str, Any]:
        """The three values; an absent one is an absent key."""
        sides = {"base": self.base, "mine": self.mine, "theirs": self.theirs}
        return {side: value for side, value in sides.items() if value is not MISSING}


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged document, and what could not be merged: there the document has the local value."""

    document: Document
    conflicts: tuple[FieldConflict, ...]


def merge(
    kind: EntityKind, base: Mapping[str, Any] | None, mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Merged:
    """Merge two documents that grew from one base.

    Args:
        kind: What the documents are.
        base: What both sides last agreed on; None when the entity is new on both sides.
        mine: The local document. Its value stands where both changed the same leaf.
        theirs: The platform's document.

    Returns:
        The merged document with a conflict for each leaf that both sides changed to different values. Where the
        same leaf has the same value on both sides there is agreement, whatever the base says. ``content`` is
        never merged here: :mod:`localloop_sync.core.reconcile` keeps both files.
    """
    rules = RULES[kind]
    old, local, remote = (_Side.of(one or {}, rules.atoms) for one in (base, mine, theirs))
    merged: Leaves = {}
    disputed: set[Path] = set()
    for path in sorted(old.leaves.keys() | local.leaves.keys() | remote.leaves.keys()):
        was, here, there = old.at(path), local.at(path), remote.at(path)
        value = here
        if _agree(here, there):
            value = here
        elif _agree(was, here) or (base is None and _platform_first(rules, path, there)):
            value = there
        elif _agree(was, there) or (base is None and _unsaid(rules, path, there)):
            value = here
        elif (base is None and here is MISSING) or (
            was is MISSING and there is not MISSING and any(like(one, path) for one in rules.dealt)
        ):
            value = there
        else:
            disputed.add(_lifted(path, local, remote))
        if value is not MISSING:
            merged[path] = value
    disputed |= _torn(rules.units, base or {}, mine, theirs)
    # Where one side made a value of what the other side filled as an object, no document can have both.
    disputed |= {path for path in branches(merged) if not _hollow(merged.get(path, MISSING))}
    disputed = {path for path in disputed if not _within(disputed, path[:-1])}
    merged = {path: value for path, value in merged.items() if not _within(disputed, path)}
    merged |= {path: value for path, value in local.leaves.items() if _within(disputed, path)}
    conflicts = (
        FieldConflict(path, *(subtree(side.leaves, path) for side in (old, local, remote)))
        for path in sorted(disputed)
    )
    return Merged(unflatten(merged), tuple(conflicts))


def _within(disputed: set[Path], path: Path) -> bool:
    """Whether a path, or a place above it, is disputed."""
    return any(path[:length] in disputed for length in range(1, len(path) + 1))


@dataclass(frozen=True, slots=True)
class _Side:
    """The leaves of one document, and the paths that have leaves below."""

    leaves: Leaves
    branches: set[Path]

    @classmethod
    def of(cls, document: Mapping[str, Any], atoms: frozenset[Path]) -> _Side:
        leaves = flatten(document, atoms)
        return cls(leaves, branches(leaves))

    def at(self, path: Path) -> Any:
        """The leaf at a path; an object there counts as an empty one, since its leaves are looked at themselves."""
        if path in self.leaves:
            return self.leaves[path]
        return {} if path in self.branches else MISSING


def _lifted(path: Path, local: _Side, remote: _Side) -> Path:
    """Where a dispute about a leaf really is: the highest place where one side has a value and one an object."""
    for length in range(1, len(path)):
        above = path[:length]
        sides = ((local, remote), (remote, local))
        if any(above in one.branches and not _hollow(other.at(above)) for one, other in sides):
            return above
    return path


def _torn(
    units: tuple[Path, ...],
    base: Mapping[str, Any],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
) -> set[Path]:
    """The units that one side took away while the other changed something in them."""
    torn: set[Path] = set()
    for path in units:
        old, local, remote = (_object_at(one, path) for one in (base, mine, theirs))
        for key, was in old.items():
            if (key in local) != (key in remote) and not same(local.get(key, remote.get(key)), was):
                torn.add((*path, key))
    return torn


def _object_at(document: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    value: Any = document
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _hollow(value: Any) -> bool:
    """Whether nothing, or an empty object, stands at a place that has leaves below."""
    return value is MISSING or (isinstance(value, Mapping) and not value)


def _agree(left: Any, right: Any) -> bool:
    if left is MISSING or right is MISSING:
        return left is right
    return same(left, right)


def _platform_first(rules: Rules, path: Path, there: Any) -> bool:
    """Whether the platform's guess-free value wins: only where it has one, so nothing entered here is dropped."""
    return there is not MISSING and rules.derived(path, there)


def _unsaid(rules: Rules, path: Path, there: Any) -> bool:
    """Whether the platform has nothing, or nothing yet, at a path."""
    return there is MISSING or (path in rules.unfilled and not rules.derived(path, there))
