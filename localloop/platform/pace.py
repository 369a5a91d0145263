"""A limit on how fast bytes go over the line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: The longest sleep in one piece, in seconds: so soon is a transfer given up that is not wanted any more.
_NAP = 0.25


class TokenBucket:
    """Lets so many bytes a second pass, summed over all threads.

    A second's worth may pass at once after a pause. Whoever takes more than there is goes into debt, and waits until it
    is paid; so pieces of any size pass, and the order of threads does not matter.

    Args:
        rate: Bytes a second; more than 0.
        now: Seconds from some fixed point.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        rate: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if rate <= 0:
            raise ValueError(f"A rate is more than 0 bytes a second, not {rate!r}.")
        self.rate = rate
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = rate
        self._at = now()

    def take(self, number: int, check: Callable[[], None] = lambda: None) -> None:
        """Wait until so many bytes may pass.

        Args:
            number: How many bytes.
            check: Raises when nobody wants them to pass any more; asked while waiting.
        """
        with self._lock:
            now = self._now()
            self._tokens = min(self.rate, self._tokens + (now - self._at) * self.rate) - number
            self._at = now
            until = now + max(0.0, -self._tokens / self.rate)
        while (left := until - self._now()) > 0:
            check()
            self._sleep(min(left, _NAP))
