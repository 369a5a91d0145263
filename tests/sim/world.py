"""What tests of single syncs take from the simulated world."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from localloop.testing.simulation import PowerCut
from localloop_sync.drivers.identity import iso

__all__ = ["PowerCut", "VirtualClock"]


class VirtualClock:
    """Time that passes only when somebody sleeps or looks."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> str:
        self.moment += timedelta(milliseconds=1)
        return iso(self.moment)

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds, microseconds=1)
