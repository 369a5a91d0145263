"""What to do with one entity, from what store and platform say of it. Pure: observations in, an outcome out.

An entity is seen three times: in the *base* (what both sides last agreed on), in the *mirror* (as it is here) and
on the *remote* (as the platform has it). None stands for "not there". ``sync/README.md`` has the same as a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import diff, equal
from localloop_sync.core.leaves import like
from localloop_sync.core.merge import FieldConflict, merge
from localloop_sync.core.rules import RULES


class Action(StrEnum):
    """What becomes of the entity in the store."""

    NOTHING = "nothing"  # it waits for the push, or there is nothing at all
    TAKE = "take"  # it is new on the platform: make it here
    MERGE = "merge"  # it is on both sides: the outcome's mirror and base replace the store's
    DELETE_HERE = "delete here"  # it was deleted on the platform and not touched here
    FORGET = "forget"  # it was deleted on both sides
    KEEP_BOTH = "keep both"  # two different files want one path: ours is renamed, theirs is taken
    CONFLICT = "conflict"  # changed on one side, deleted on the other: nothing moves until somebody decides


class Sort(StrEnum):
    """What a conflict is about."""

    FIELD = "field"
    CONTENT = "content"
    DELETED_THERE = "deleted on the platform"
    DELETED_HERE = "deleted here"


@dataclass(frozen=True, slots=True)
class Observation:
    """One entity as seen in the three places.

    Attributes:
        kind: What it is.
        base: What both sides last agreed on.
        mirror: As it is here; None when it was deleted here, or never was.
        remote: As the platform has it; None when a complete look proved that it has none.
        touched: Whether something below it has outstanding operations, so that deleting it would lose them.
    """

    kind: EntityKind
    base: Document | None
    mirror: Document | None
    remote: Document | None
    touched: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to do.

    Attributes:
        action: What becomes of the entity here.
        mirror: Its new document here.
        base: Its new base: the remote's document.
        conflicts: Fields that need a decision, by a policy or a person; the mirror has the local value meanwhile.
        sort: What an entity-wide conflict is about.
        aside: A local content that lost its place to the platform's, to be kept as an item of its own.
    """

    action: Action
    mirror: Document | None = None
    base: Document | None = None
    conflicts: tuple[FieldConflict, ...] = ()
    sort: Sort | None = None
    aside: Document | None = None


def reconcile(seen: Observation) -> Outcome:
    """Decide about one entity.

    Args:
        seen: The three observations.

    Returns:
        The outcome. ``reconcile`` of three equal documents is :attr:`Action.NOTHING`; no outcome drops a value
        that only one side has, but for a deletion that the other side had not touched.
    """
    if seen.remote is None:
        return _absent_there(seen)
    if seen.mirror is None:
        return _absent_here(seen, seen.remote)
    return _on_both(seen, seen.mirror, seen.remote)


def _absent_there(seen: Observation) -> Outcome:
    if seen.base is None:  # never was there: a local creation waits for the push
        return Outcome(Action.NOTHING, mirror=seen.mirror)
    if seen.mirror is None:  # deleted on both sides
        return Outcome(Action.FORGET)
    if seen.touched or _weighs(seen.kind, seen.base, seen.mirror):  # edited here, deleted there
        return Outcome(Action.CONFLICT, mirror=seen.mirror, base=seen.base, sort=Sort.DELETED_THERE)
    return Outcome(Action.DELETE_HERE)


def _absent_here(seen: Observation, remote: Document) -> Outcome:
    if seen.base is None:  # new on the platform
        return Outcome(Action.TAKE, mirror=remote, base=remote)
    if not _weighs(seen.kind, seen.base, remote):  # deleted here, untouched there: the push deletes it
        return Outcome(Action.NOTHING, base=seen.base)
    return Outcome(Action.CONFLICT, base=remote, sort=Sort.DELETED_HERE)


def _weighs(kind: EntityKind, base: Document, changed: Document) -> bool:
    """Whether one side changed something that the other side's deletion would lose.

    That an item was put into a task, as the task's query wanted it, is nothing that anybody entered for this item.
    """
    slight = RULES[kind].slight
    return any(not any(like(one, change.path) for one in slight) for change in diff(kind, base, changed))


def _on_both(seen: Observation, mirror: Document, remote: Document) -> Outcome:
    if equal(seen.kind, seen.base, remote):  # nothing new there; what is new here waits for the push
        return Outcome(Action.NOTHING, mirror=mirror, base=seen.base)
    aside = None
    if seen.kind is EntityKind.ITEM:
        if seen.base is None and mirror.get("content") != remote.get("content"):
            return Outcome(Action.KEEP_BOTH, mirror=mirror)
        mirror, aside = _settle_content(seen.base, mirror, remote)
    merged = merge(seen.kind, seen.base, mirror, remote)
    return Outcome(Action.MERGE, mirror=merged.document, base=remote, conflicts=merged.conflicts, aside=aside)


def _settle_content(
    base: Document | None, mirror: Document, remote: Document
) -> tuple[Document, Document | None]:
    """The mirror with the content it is to have, and the local content if it has to be kept aside."""
    mine, theirs = mirror.get("content"), remote.get("content")
    if mine == theirs or (base or {}).get("content") in (mine, theirs):
        return mirror, None
    settled = {**mirror}
    if theirs is None:
        del settled["content"]
    else:
        settled["content"] = theirs
    return settled, mine
