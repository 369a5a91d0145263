"""What the cache keeps and why, in words."""

from __future__ import annotations

from typing import Final

from localloop.cli import human
from localloop.store.keeping import Fate, Freed

#: Why contents stay, for a person.
WHY: Final = {
    Fate.PINNED: "pinned: `localloop unpin` lets them go",
    Fate.UNSENT: "not known to be anywhere else: `localloop sync` sends them",
    Fate.TRASH: "needed by the trash: `localloop trash empty` drops them",
    Fate.SUBSCRIBED: "kept by a subscription: `localloop subscribe --no-content` ends that",
    Fate.FREE: "on the platform as well: `localloop free` removes them",
    Fate.UNNAMED: "of no item: `localloop cache gc` removes them",
}


def sentence(done: Freed) -> list[str]:
    """A line for each reason why something stayed."""
    return [
        f"{human.count(number, 'content')} stayed, {WHY[fate]}." for fate, number in sorted(done.kept.items())
    ]
