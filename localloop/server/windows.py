"""What was counted lately, by name: windows that move with the time, in memory.

Counting starts no thread and looks at no other window; those that have passed are swept out now and then.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable
from threading import Lock

from limits import RateLimitItem

#: How often windows that have passed are looked for, in seconds.
SWEEP = 60.0


class Windows:
    """The moments of what was counted. Threads may share it.

    Args:
        monotonic: Seconds from some fixed point.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._moments: dict[Hashable, deque[float]] = {}
        self._lasting: dict[Hashable, float] = {}
        self._next_sweep = monotonic() + SWEEP

    def __len__(self) -> int:
        """How many names are remembered."""
        return len(self._moments)

    def hit(self, limit: RateLimitItem, name: Hashable) -> bool:
        """Count one more, unless these were too many; says whether it was counted."""
        with self._lock:
            now = self._monotonic()
            moments = self._recent(limit, name, now)
            if len(moments) >= limit.amount:
                return False
            moments.append(now)
            self._moments[name], self._lasting[name] = moments, limit.get_expiry()
            if now >= self._next_sweep:
                self._sweep(now)
            return True

    def test(self, limit: RateLimitItem, name: Hashable) -> bool:
        """Whether one more would be counted."""
        with self._lock:
            return len(self._recent(limit, name, self._monotonic())) < limit.amount

    def wait(self, limit: RateLimitItem, name: Hashable) -> float:
        """In how many seconds one more is counted again."""
        with self._lock:
            now = self._monotonic()
            moments = self._recent(limit, name, now)
            if len(moments) < limit.amount:
                return 0.0
            return moments[0] + limit.get_expiry() - now

    def _recent(self, limit: RateLimitItem, name: Hashable, now: float) -> deque[float]:
        moments = self._moments.get(name, deque())
        while moments and moments[0] <= now - limit.get_expiry():
            moments.popleft()
        return moments

    def _sweep(self, now: float) -> None:
        for name in [one for one, moments in self._moments.items() if self._passed(one, moments, now)]:
            del self._moments[name], self._lasting[name]
        self._next_sweep = now + SWEEP

    def _passed(self, name: Hashable, moments: deque[float], now: float) -> bool:
        return not moments or moments[-1] <= now - self._lasting[name]
