"""When the next sync is due. Pure: seconds of a clock that nobody sets in, seconds out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

#: The first pause after a sync without a connection, and the longest; it doubles. In seconds.
FIRST: Final = 15.0
LONGEST: Final = 600.0

#: How soon it is tried again when another process syncs. In seconds.
LOCKED: Final = 20.0


class Timing:
    """Knows when a sync is due. It begins with one that is due at once.

    Args:
        every: How often at least, in seconds.
        after: How soon after an edit, and how far apart two syncs are at least, in seconds.
        chance: Gives a number from 0 to 1: not all machines are to come at the same time.
    """

    def __init__(self, every: float, after: float, chance: Callable[[], float]) -> None:
        self._every = every
        self._after = after
        self._chance = chance
        self._pause = 0.0
        self._ended = float("-inf")
        self.due = float("-inf")

    def edited(self, now: float) -> None:
        """Something waits to be sent. While there is no connection that changes nothing."""
        if not self._pause:
            self.due = min(self.due, max(now, self._ended) + self._after)

    def reachable(self, now: float) -> None:
        """The platform answers again: there is no reason to wait."""
        if self._pause:
            self.due = min(self.due, now + self._after * self._chance())

    def done(self, now: float, *, more: bool = False) -> None:
        """A sync came to its end.

        Args:
            now: When.
            more: Whether it left something that can go on at once, since its time was over.
        """
        self._pause = 0.0
        self._ended = now
        self.due = now + (self._after if more else self._every * (0.9 + 0.2 * self._chance()))

    def offline(self, now: float) -> None:
        """A sync met no platform."""
        self._pause = min(LONGEST, 2 * self._pause or FIRST)
        self._ended = now
        self.due = now + self._pause * (0.5 + 0.5 * self._chance())

    def locked(self, now: float) -> None:
        """Another process syncs."""
        self.due = now + LOCKED

    def stuck(self, now: float) -> None:
        """A sync ended with what somebody has to look after: it is tried again, but not soon."""
        self._pause = 0.0
        self._ended = now
        self.due = now + max(self._every, FIRST)
