"""Three-way merging of documents, leaf by leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import MISSING, Leaves, Path, flatten, overlapping, same, unflatten
from localloop_sync.core.rules import RULES


class Policy(StrEnum):
    """Who wins a field that both sides changed. Whatever loses is kept in the conflict row."""

    MANUAL = "manual"
    OURS = "ours"
    THEIRS = "theirs"


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
    old = flatten(base or {}, rules.atoms)
    local = flatten(mine, rules.atoms)
    remote = flatten(theirs, rules.atoms)
    merged: Leaves = {}
    conflicts: list[FieldConflict] = []
    for path in sorted(old.keys() | local.keys() | remote.keys()):
        was, here, there = (side.get(path, MISSING) for side in (old, local, remote))
        value = here
        if _agree(here, there):
            value = here
        elif _agree(was, here) or (base is None and _platform_first(rules.platform_first, path, there)):
            value = there
        elif _agree(was, there) or (base is None and there is MISSING):
            value = here
        elif base is None and here is MISSING:
            value = there
        else:
            conflicts.append(FieldConflict(path, was, here, there))
        if value is not MISSING:
            merged[path] = value
    conflicts.extend(_settle_overlaps(merged, old, local, remote))
    return Merged(unflatten(merged), tuple(conflicts))


def _agree(left: Any, right: Any) -> bool:
    if left is MISSING or right is MISSING:
        return left is right
    return same(left, right)


def _platform_first(prefixes: tuple[Path, ...], path: Path, there: Any) -> bool:
    """Whether the platform's guess-free value wins: only where it has one, so nothing entered here is dropped."""
    return there is not MISSING and any(path[: len(prefix)] == prefix for prefix in prefixes)


def _settle_overlaps(merged: Leaves, old: Leaves, local: Leaves, remote: Leaves) -> list[FieldConflict]:
    """Where one side made a value of what the other side filled as an object, the local shape stands."""
    conflicts = []
    for path in list(overlapping(merged)):
        below = [other for other in merged if len(other) > len(path) and other[: len(path)] == path]
        here = local.get(path, MISSING)
        conflicts.append(
            FieldConflict(path, _subtree(old, path), _subtree(local, path), _subtree(remote, path))
        )
        if here is MISSING:  # the local side has the object
            del merged[path]
            for other in below:
                if other not in local:
                    del merged[other]
        else:
            for other in below:
                del merged[other]
    return conflicts


def _subtree(leaves: Leaves, path: Path) -> Any:
    """The value at a path: a leaf, or the object made of the leaves below it."""
    if path in leaves:
        return leaves[path]
    below = {other[len(path) :]: value for other, value in leaves.items() if other[: len(path)] == path}
    return unflatten(below) if below else MISSING
