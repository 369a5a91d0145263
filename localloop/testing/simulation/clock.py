"""Time in a simulated world: it passes only when somebody looks, sleeps, or lets it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from localloop_sync.drivers.identity import iso

START = datetime(2026, 1, 1, tzinfo=UTC)


class WorldTime:
    """The time that really passes; every clock of a world follows it.

    Args:
        moment: When it begins.
    """

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment
        self._followers: list[Callable[[timedelta], None]] = []

    def follow(self, advance: Callable[[timedelta], None]) -> None:
        """Have somebody told of each step.

        Args:
            advance: Called with how much time passed.
        """
        self._followers.append(advance)

    def passes(self, step: timedelta) -> None:
        """Let time pass.

        Args:
            step: How much.
        """
        self.moment += step
        for advance in self._followers:
            advance(step)


class LaptopClock:
    """What a laptop believes the time to be; keeps the port :class:`localloop_sync.ports.Clock`.

    Args:
        time: The time that really passes.
        skew: By how much this clock is fast.
    """

    def __init__(self, time: WorldTime, skew: timedelta) -> None:
        self._time = time
        self._skew = skew

    def now(self) -> str:
        """The time as this laptop has it; a look takes a millisecond."""
        self._time.passes(timedelta(milliseconds=1))
        return iso(self._time.moment + self._skew)

    def monotonic(self) -> float:
        """Seconds from the beginning of the epoch."""
        return self._time.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting for it."""
        self._time.passes(timedelta(seconds=seconds, microseconds=1))
