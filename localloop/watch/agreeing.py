"""What makes a folder and a dataset agree again. Pure: what was agreed on, and what is on both sides; what to do out.

What is done to the folder, for an item. What happened in the folder alone (new, changed and moved files) is taken into
the dataset elsewhere (:mod:`localloop.watch.taking`).

============  =====================  ===========================  ==================================================
agreed on     the file               the item                     step
============  =====================  ===========================  ==================================================
never         none at its path       there                        write
never         the same bytes there   there                        adopt
never         other bytes there      there                        keep both, then write
once          as it was              the same                     nothing
once          as it was              other content                replace
once          as it was, or changed  at another path              move; then as the content says
once          changed                other content                keep both, then write
once          changed                the same                     nothing: the change is taken
once          gone                   the same                     delete the item
once          gone                   other content, other path    write: the edit wins
once          as it was              deleted                      remove
once          changed                deleted                      forget: the change becomes a new item
once          gone                   deleted                      forget
============  =====================  ===========================  ==================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from localloop_sync.core.safety import Limits, too_many


class Here(StrEnum):
    """How the file is that an item was agreed on with."""

    SAME = "as it was"
    CHANGED = "changed"
    GONE = "gone"


class Step(StrEnum):
    """What to do."""

    NOTHING = "nothing"
    WRITE = "write"
    REPLACE = "replace"
    KEEP_BOTH = "keep both"
    MOVE = "move"
    DELETE = "delete the item"
    REMOVE = "remove"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Side:
    """A file, or an item, as far as both sides can be told apart by it.

    Attributes:
        path: Where it is below the root.
        digest: Of its content; None where that is not known.
    """

    path: str
    digest: str | None


def decide(base: Side | None, here: Here, item: Side | None) -> Step:
    """What to do about one item, and the file that it was agreed on with.

    Whether there is another file at the path of an item is looked at when it is written or moved.

    Args:
        base: What was agreed on last; None when nothing was.
        here: How the file is now; it says nothing without a base.
        item: The item now; None when it is deleted.
    """
    if base is None:
        return Step.WRITE if item is not None else Step.NOTHING
    if item is None:
        return Step.REMOVE if here is Here.SAME else Step.FORGET
    if here is Here.GONE:
        return Step.DELETE if item == base else Step.WRITE
    if item.path != base.path:
        return Step.MOVE
    if item.digest == base.digest:
        return Step.NOTHING
    return Step.REPLACE if here is Here.SAME else Step.KEEP_BOTH


def is_too_much(deletions: int, total: int, limits: Limits | None) -> bool:
    """Whether so many deletions need somebody's word: as in a sync, or all of several at once.

    Args:
        deletions: How many files, or items, are to be deleted.
        total: How many there were.
        limits: How many may be; None for however many.
    """
    return limits is not None and (too_many(deletions, total, limits) or 1 < total <= deletions)
