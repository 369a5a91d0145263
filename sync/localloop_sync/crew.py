"""Threads that send parcels, and the one place where they are waited for.

Threads only call the platform; what came of each parcel is written down by the thread that syncs. With one worker there
are no threads at all, and the order of requests is that of the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from localloop_sync.core.plan import Stage
from localloop_sync.parcels import WINDOW, Answer, Parcel

#: How long an interrupted sync waits for its requests to break off, in seconds. They are not needed any more.
_FAREWELL = 1.0
#: How often somebody hears how far transfers are, in seconds.
_TICK = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a parcel: an answer or an error; neither when it was not sent at all.

    ``began`` is when it was sent first, on the engine's clock.
    """

    stage: Stage
    parcel: Parcel
    began: float
    answer: Answer | None = None
    error: Exception | None = None


class Crew:
    """Sends parcels, several at once.

    Args:
        send: Sends one parcel; called in any thread.
        workers: How many threads; with one, parcels are sent one after the other by whoever asks for the outcomes.
        break_off: Makes requests that are under way end soon.
        tick: Called now and then while parcels are waited for.
        now: Seconds from some fixed point.
    """

    def __init__(
        self,
        send: Callable[[Stage, Parcel], Answer],
        workers: int,
        break_off: Callable[[], None],
        tick: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._send = send
        self._workers = workers
        self._break_off = break_off
        self._tick = tick
        self._now = now
        self._todo: SimpleQueue[tuple[Stage, Parcel] | None] = SimpleQueue()
        self._done: SimpleQueue[Outcome | BaseException] = SimpleQueue()
        self._threads: list[Thread] = []
        self._halted = Event()
        self._going = 0

    def __enter__(self) -> Self:
        """Threads begin when there is something to send."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads; after an error whatever is under way is broken off, and stays in flight."""
        self._halted.set()
        for _ in self._threads:
            self._todo.put(None)
        if self._going:
            self._break_off()
        for thread in self._threads:
            thread.join(_FAREWELL / len(self._threads) if self._going else None)

    def outcomes(self, take: Callable[[int], Sequence[tuple[Stage, Parcel]]]) -> Iterator[Outcome]:
        """Send parcels, and give what came of each as it comes.

        Args:
            take: Gives the next parcels, so many at most, once they are written down as in flight; none when there
                are no more for now. It is asked whenever half the window is free, so that one long transfer keeps
                nobody waiting.
        """
        self._halted.clear()
        if self._workers <= 1:
            yield from self._one_by_one(take)
            return
        while True:
            if self._going <= WINDOW // 2 and not self._halted.is_set():
                for stage, parcel in take(WINDOW - self._going):
                    self._begin(stage, parcel)
            if not self._going:
                return
            outcome = self._next()
            self._going -= 1
            yield outcome

    def halt(self) -> None:
        """Begin nothing more: what is under way is waited for, what is not comes back as not sent."""
        self._halted.set()

    def _one_by_one(self, take: Callable[[int], Sequence[tuple[Stage, Parcel]]]) -> Iterator[Outcome]:
        while not self._halted.is_set() and (parcels := take(WINDOW)):
            for stage, parcel in parcels:
                self._tick()
                yield self._outcome(stage, parcel)

    def _begin(self, stage: Stage, parcel: Parcel) -> None:
        self._going += 1
        self._todo.put((stage, parcel))
        if len(self._threads) < self._workers:
            thread = Thread(target=self._work, name=f"push-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _next(self) -> Outcome:
        while True:
            try:
                found = self._done.get(timeout=_TICK)
            except Empty:
                self._tick()
                continue
            self._tick()
            if isinstance(found, BaseException):
                self._going -= 1
                raise found
            return found

    def _work(self) -> None:
        while (given := self._todo.get()) is not None:
            try:
                self._done.put(self._outcome(*given))
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that syncs
                self._done.put(error)

    def _outcome(self, stage: Stage, parcel: Parcel) -> Outcome:
        began = self._now()
        if self._halted.is_set():
            return Outcome(stage, parcel, began)
        try:
            return Outcome(stage, parcel, began, answer=self._send(stage, parcel))
        except Exception as error:  # noqa: BLE001 - judged by the thread that syncs
            return Outcome(stage, parcel, began, error=error)
