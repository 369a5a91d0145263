"""Watching one folder: a full look at the start, where events hint in between, and everywhere from time to time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from localloop.errors import LocalLoopError, NotFound
from localloop.watch.hints import Hints
from localloop.watch.scanning import ALL
from localloop.watch.taking import Look

#: How long events are gathered before somebody looks: a rename is two of them, and a burst is thousands. In seconds.
GATHERED: Final = 0.5

#: How often all is looked at although no event came, with events and without them. In seconds.
RESCAN: Final = 600.0
POLL: Final = 10.0

#: A full look rests for so many times as long as it took, so that a folder of millions keeps no machine busy.
_RESTS: Final = 20.0


class Listener(Protocol):
    """Hears what happens."""

    def looked(self, look: Look) -> None:
        """Something was looked at."""
        ...

    def failed(self, error: Exception) -> None:
        """A look could not be made; the next one tries again."""
        ...

    def polled(self, reason: str) -> None:
        """The folder is looked at from time to time, and why; or no more, where the reason is empty."""
        ...


class Looker(Protocol):
    """Looks at a folder, and does something about what it sees."""

    @property
    def stirred(self) -> bool:
        """Whether there is something to look at although nothing happened in the folder."""
        ...

    def look(self, places: Mapping[str, bool] = ALL) -> Look:
        """Look at the folder, or at parts of it."""
        ...


class Watcher:
    """Watches a folder.

    Args:
        taker: Looks, and takes.
        hints: Where something happened.
        listener: Hears of it.
        idle: Called between looks, with whether something was taken: to sync.
        monotonic: Seconds of a clock that nobody sets.
        rescan: How often all is looked at, in seconds.
    """

    def __init__(
        self,
        taker: Looker,
        hints: Hints,
        listener: Listener,
        idle: Callable[[bool], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        rescan: float = RESCAN,
    ) -> None:
        self._taker = taker
        self._hints = hints
        self._listener = listener
        self._idle = idle
        self._monotonic = monotonic
        self._rescan = rescan
        self._full_at = 0.0
        self._soonest = 0.0
        self._lost = False
        self._stopped = False
        self._waiting: set[str] = set()

    def run(self) -> None:
        """Watch, until :meth:`stop` or an exception ends it: Ctrl-C, for instance."""
        self._hints.start()
        try:
            self._look(ALL)
            while not self._stopped:
                self._wait()
                self._turn()
        finally:
            self._hints.stop()

    def stop(self) -> None:
        """Have :meth:`run` return soon, whichever thread it is in."""
        self._stopped = True
        self._hints.wake()

    def _wait(self) -> None:
        pause = max(0.0, self._full_at - self._monotonic())
        if self._waiting:
            pause = min(pause, 1.0)
        if (
            self._hints.wait(min(pause, 5.0)) and not self._stopped
        ):  # not for ever: who syncs wants to be asked
            time.sleep(GATHERED)

    def _turn(self) -> None:
        if self._stopped:
            return
        places = self._hints.take()
        for path in self._waiting:
            places.setdefault(path.rpartition("/")[0], False)
        if self._monotonic() >= self._full_at:
            self._look(ALL)
        elif places or self._taker.stirred:
            # Events may have been lost where many came, so all is looked at again soon.
            self._full_at = min(self._full_at, self._soonest)
            self._look(places)
        else:
            self._idle(False)

    def _look(self, places: Mapping[str, bool]) -> None:
        began = self._monotonic()
        full = places is ALL
        if self._lost:
            # What was watched was the folder that is gone; if there is one, it is another one in its place.
            self._hints.stop()
            self._hints.start()
        try:
            look = self._taker.look(places)
        except (LocalLoopError, OSError, SQLAlchemyError) as error:
            self._lost = self._lost or isinstance(error, NotFound)
            self._listener.failed(error)
            self._full_at = self._monotonic() + POLL
            self._idle(False)
            return
        self._waiting = set(look.waiting)
        self._lost = False
        if full:
            ended = self._monotonic()
            self._soonest = ended + max(POLL, _RESTS * (ended - began))
            self._hints.check()
            self._listener.polled(self._hints.polled)
            every = POLL if self._hints.polled else self._rescan
            self._full_at = max(ended + every, self._soonest)
        self._listener.looked(look)
        if look.halt is not None:
            self._listener.failed(look.halt)
            self._full_at = min(self._full_at, max(self._soonest, self._monotonic() + POLL))
        self._idle(look.anything)
