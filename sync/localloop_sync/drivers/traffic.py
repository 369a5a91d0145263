"""What all requests to one host share in a process: pauses that it asks for, and how many may be under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock

from localloop_sync.errors import OfflineError, ThrottledError, TransientError
from localloop_sync.ports import Clock

#: How many requests may be under way before anything is known of the host.
FIRST = 4


class Pacer:
    """Holds back all requests to one host for as long as the platform asks.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = 0.0
        self._lock = Lock()

    @property
    def left(self) -> float:
        """For how many seconds requests are not welcome yet; 0 or less when they are."""
        with self._lock:
            return self._until - self._clock.monotonic()

    def wait(self, patience: float, sleep: Callable[[float], None] | None = None) -> None:
        """Wait until requests are welcome again.

        Args:
            patience: For how many seconds at most.
            sleep: How to wait; the clock's own way when left out.

        Raises:
            ThrottledError: That would take longer.
        """
        while (left := self.left) > 0:
            if left > patience:
                raise ThrottledError("The platform asks for a longer pause.", retry_after=left)
            (sleep or self._clock.sleep)(left)

    def hold(self, seconds: float) -> None:
        """No request for so long."""
        with self._lock:
            self._until = max(self._until, self._clock.monotonic() + seconds)


class Valve:
    """How many requests that write may be under way at once: a little more while all goes well, half after trouble.

    One is added for each round of answers in which the valve was what held requests back. All requests that were
    under way when trouble came count as one trouble, so that a single hiccup does not close the valve.

    Args:
        first: How many at first.
    """

    def __init__(self, first: int = FIRST) -> None:
        self._limit = float(first)
        self._active = 0
        self._troubles = 0
        self._change = Condition()

    @property
    def limit(self) -> int:
        """How many may be under way now; at least one."""
        with self._change:
            return int(self._limit)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a free place, and keep it while the block runs; what the block raises is judged."""
        with self._change:
            while self._active >= int(self._limit):
                self._change.wait()
            self._active += 1
        try:
            with self.judged(grow=True):
                yield
        finally:
            with self._change:
                self._active -= 1
                self._change.notify_all()

    @contextmanager
    def judged(self, *, grow: bool = False) -> Iterator[None]:
        """Hear what becomes of a request: ``grow`` says whether its success is a reason to allow more."""
        with self._change:
            known = self._troubles
        try:
            yield
        except TransientError as error:
            if not isinstance(error, OfflineError):  # nobody was there to be spared
                self._narrow(known)
            raise
        if grow:
            with self._change:
                if self._active >= int(self._limit):
                    self._limit += 1 / self._limit
                    self._change.notify_all()

    def _narrow(self, known: int) -> None:
        with self._change:
            if known == self._troubles:
                self._troubles += 1
                self._limit = max(1.0, self._limit / 2)


class Traffic:
    """One host's pacer and valve.

    Args:
        clock: Time.
        first: How many requests may be under way at first.
    """

    def __init__(self, clock: Clock, first: int = FIRST) -> None:
        self.pacer = Pacer(clock)
        self.valve = Valve(first)
