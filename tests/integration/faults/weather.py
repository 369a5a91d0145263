"""A proxy that also fails in ways that take time: outages, a token that ends, and pauses that are asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from random import Random

from localloop.testing.faults import Fault, FaultProxy, Rule, Schedule
from localloop.testing.faults.messages import Asked

#: Up to so many seconds after a pause was asked for, a request may have been on its way already.
_GRACE = 0.25

#: What the proxy itself asks for, in seconds.
_PAUSE = 1

_API = {"path": "/api/*"}

ERRORS = Schedule((Rule(Fault.SERVER_ERROR, probability=0.05, **_API),))
THROTTLING = Schedule(
    (
        Rule(Fault.THROTTLED_SECONDS, probability=0.15, **_API),
        Rule(Fault.THROTTLED_DATE, probability=0.1765, **_API),  # of what the first one lets pass
    )
)
LOST = Schedule((Rule(Fault.DROP_AFTER, method="POST", probability=0.1, path="/api/*/items*"),))


class WeatherProxy(FaultProxy):
    """Counts what arrives, and calls somebody when so many files have arrived.

    Args:
        upstream: The server.
        schedule: What goes wrong.
        after: After how many files.
        then: What happens then; given the proxy, in a thread of its own.
    """

    def __init__(
        self,
        upstream: str,
        schedule: Schedule,
        *,
        after: int = 0,
        then: Callable[[WeatherProxy], None] | None = None,
        **options: object,
    ) -> None:
        super().__init__(upstream, schedule=schedule, **options)  # type: ignore[arg-type]
        self.requests = self.uploads = self.violations = 0
        self.down = 0.0
        self._after, self._then = after, then
        self._spent: set[str] = set()
        self._counting = threading.Lock()
        self._told = self._until = 0.0

    def decide(self, asked: Asked) -> tuple[Fault | None, Random, Callable[[bool, int], None]]:
        """What a request meets."""
        now = time.time()
        with self._counting:
            self.requests += 1
            self.uploads += asked.uploads
            self.violations += self._told + _GRACE < now < self._until - 0.02
            happens = self._then if asked.uploads and self.uploads == self._after else None
        self.bearer = asked.headers.get("Authorization", "")
        if happens is not None:
            threading.Thread(target=happens, args=(self,)).start()
        if self.bearer and self.bearer in self._spent:
            return Fault.UNAUTHORIZED, Random(0), self._settle(asked, Fault.UNAUTHORIZED)
        fault, chance, settle = super().decide(asked)

        def settled(happened: bool, status: int) -> None:
            settle(happened, status)
            if happened and fault in (Fault.THROTTLED_SECONDS, Fault.THROTTLED_DATE):
                told = time.time()
                # A date has no fractions; it was made somewhere between the two looks at the clock.
                until = told + _PAUSE if fault is Fault.THROTTLED_SECONDS else float(int(now + _PAUSE))
                with self._counting:
                    self._told, self._until = max(self._told, told), max(self._until, until)

        return fault, chance, settled

    def _settle(self, asked: Asked, fault: Fault) -> Callable[[bool, int], None]:
        return lambda happened, status: self._record(asked, fault if happened else None, status)

    def expire(self) -> None:
        """The token that is in use is not accepted any more; a new one is."""
        self._spent.add(self.bearer)


def outage(seconds: float) -> Callable[[WeatherProxy], None]:
    """Nothing listens for so long, and what was under way breaks off."""

    def happen(proxy: WeatherProxy) -> None:
        began = time.monotonic()
        proxy.stop()  # waits until all that is under way has ended, which takes a while on a busy machine
        time.sleep(seconds)
        proxy.start()
        proxy.down = time.monotonic() - began

    return happen
