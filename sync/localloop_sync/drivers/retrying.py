"""Retrying and pacing, as a Remote that wraps a Remote. Only here is an error asked whether to try again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
from threading import Event
from typing import Protocol, TypeVar

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.drivers.traffic import Traffic
from localloop_sync.errors import OfflineError, OutOfTimeError, RemoteError, ThrottledError, TransientError
from localloop_sync.ports import (
    Account,
    ChangePage,
    Clock,
    Cursor,
    Feed,
    Heard,
    Place,
    Remote,
    RemoteEntity,
    RemotePage,
    Scope,
    Span,
)

_Result = TypeVar("_Result")

#: After these the request was surely not applied.
_UNSENT = (OfflineError, OutOfTimeError, ThrottledError)

#: Contents above so many bytes take no place of the valve's.
LARGE = 8 << 20
#: The longest sleep in one piece, in seconds: so soon does a pause end that is not needed any more.
_NAP = 0.25


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to keep trying one request: a budget of time, not a count of tries.

    Attributes:
        budget: Seconds from the first try after which the last error is final.
        first: The largest first pause in seconds; it doubles with each try.
        longest: The largest pause in seconds.
        greeting: The budget of the question who is logged in, with which every sync begins: whoever is offline
            wants to hear it soon.
    """

    budget: float = 120.0
    greeting: float = 5.0
    first: float = 0.5
    longest: float = 20.0


class _Trying(Protocol):
    """Calls something again after transient errors."""

    def __call__(self, call: Callable[[], _Result]) -> _Result:
        """What the call returns in the end."""
        ...


class RetryingFeed:
    """The change feed of a platform that is asked again after transient errors.

    Args:
        inner: The platform's feed.
        trying: How to ask again.
    """

    def __init__(self, inner: Feed, trying: _Trying) -> None:
        self._inner = inner
        self._try = trying

    def head(self, project: str) -> Place:
        """The place after the newest change."""
        return self._try(lambda: self._inner.head(project))

    def changes(
        self, project: str, since: Place, datasets: Sequence[str] | None = None, limit: int = 1000
    ) -> ChangePage | None:
        """What changed after a place."""
        return self._try(lambda: self._inner.changes(project, since, datasets, limit))


class RetryingRemote:
    """A platform that is asked again after transient errors, with full-jitter pauses.

    A creation or an upload is repeated only when the first one was surely not applied (nothing was sent, or the
    platform refused to take it for now); after a lost reply it is the engine's to look before it sends again.

    Args:
        inner: The platform.
        clock: Time.
        patience: How long to keep trying.
        entropy: Where the jitter comes from; the system's by default.
        traffic: What is shared with others that talk to the same host; of its own when left out.
        time_limit: After how many seconds from now nothing more is asked; None is never.
    """

    def __init__(
        self,
        inner: Remote,
        clock: Clock,
        patience: Patience = Patience(),
        entropy: Random | None = None,
        *,
        traffic: Traffic | None = None,
        time_limit: float | None = None,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._patience = patience
        self._entropy = entropy or SystemRandom()
        self._traffic = traffic or Traffic(clock)
        self._time_limit = time_limit
        self._end = None if time_limit is None else clock.monotonic() + time_limit
        self._broken_off = Event()

    def break_off(self) -> None:
        """End what is under way, and whatever waits for another try."""
        self._broken_off.set()
        self._inner.break_off()

    def out_of_time(self) -> OutOfTimeError:
        """What to raise when the time limit is over."""
        return OutOfTimeError(
            f"The time limit of {self._time_limit or 0:g} s is over.",
            advice="What was done is kept, and the next sync goes on.",
        )

    def _may(self) -> None:
        """Raise an error when nothing more is to be asked; what comes after it was surely not sent."""
        if self._end is not None and self._clock.monotonic() >= self._end:
            raise self.out_of_time()
        if self._broken_off.is_set():
            raise OfflineError("The connection was broken off on purpose.")

    def _sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end of the time limit, and not after all was broken off."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            self._may()
            self._clock.sleep(min(left, _NAP))

    def _try(
        self,
        call: Callable[[], _Result],
        *,
        repeatable: bool = True,
        budget: float | None = None,
        place: Callable[[], AbstractContextManager[None]] | None = None,
    ) -> _Result:
        """Call until it works; ``place`` is what has to be had from the valve while a request is under way."""
        until = self._clock.monotonic() + (self._patience.budget if budget is None else budget)
        pause = self._patience.first
        unsure = False
        try:
            while True:
                self._welcome(until)
                try:
                    with (place or self._traffic.valve.judged)():
                        # Others may have been asked to pause while this one waited for its place.
                        if self._traffic.pacer.left <= 0:
                            self._may()
                            return call()
                except TransientError as error:
                    if isinstance(error, _UNSENT):
                        self._may()  # says why, where it was broken off
                    if error.unsure or not isinstance(error, _UNSENT):
                        unsure = True
                        if not repeatable or self._broken_off.is_set():
                            raise self._no_answer(error) from error
                    self._pause(error, pause, until)
                    pause = min(pause * 2, self._patience.longest)
        except RemoteError as error:
            error.unsure = error.unsure or unsure
            raise

    def _no_answer(self, error: TransientError) -> TransientError:
        """An error that is final: a pause that it asks for is kept, but it is no word about this request alone."""
        if not isinstance(error, _UNSENT):
            return error
        if isinstance(error, ThrottledError):
            self._traffic.pacer.hold(error.retry_after or 0.0)
        return TransientError(error.message, status=error.status, advice=error.advice)

    def _welcome(self, until: float) -> None:
        """Wait until the platform takes requests again."""
        self._may()
        self._traffic.pacer.wait(until - self._clock.monotonic(), self._sleep)

    def _pause(self, error: TransientError, pause: float, until: float) -> None:
        """Wait before another try, or raise the error when there is no time for one."""
        if isinstance(error, OutOfTimeError):
            raise error
        delay = self._entropy.uniform(0, pause)
        if isinstance(error, ThrottledError):
            told = error.retry_after or 0.0
            # Who was told a time need not guess one; a little more keeps clients apart that were told the same.
            delay = told * self._entropy.uniform(1, 1.1) if told >= self._patience.first else max(delay, told)
            self._traffic.pacer.hold(delay)  # all requests wait, not only this one
        if self._clock.monotonic() + delay > until:
            raise error
        if not isinstance(error, ThrottledError):
            self._sleep(delay)

    def _write(self, call: Callable[[], _Result], *, repeatable: bool = True, size: int = 0) -> _Result:
        """Something that changes the platform; ``size`` is how many bytes of content go along.

        A large content takes no place of the valve's: it is under way for long, and would keep a narrow one shut.
        """
        valve = self._traffic.valve
        return self._try(call, repeatable=repeatable, place=valve.judged if size > LARGE else valve.slot)

    def account(self) -> Account:
        """Who is logged in."""
        return self._try(self._inner.account, budget=min(self._patience.greeting, self._patience.budget))

    def feed(self) -> Feed | None:
        """The platform's change feed, which is asked again like the platform itself."""
        inner = self._try(self._inner.feed)
        return None if inner is None else RetryingFeed(inner, self._try)

    def now(self) -> str:
        """The platform's own time; no request."""
        return self._inner.now()

    def page(self, kind: EntityKind, scope: Scope, cursor: Cursor, limit: int = 1000) -> RemotePage:
        """One page of items or annotations."""
        return self._try(lambda: self._inner.page(kind, scope, cursor, limit))

    def newest(self, kind: EntityKind, scope: Scope) -> str:
        """The largest ``updatedAt``."""
        return self._try(lambda: self._inner.newest(kind, scope))

    def count(self, kind: EntityKind, scope: Scope, span: Span | None = None) -> int:
        """How many there are."""
        return self._try(lambda: self._inner.count(kind, scope, span))

    def present(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> int:
        """How many of these ids there are."""
        return self._try(lambda: self._inner.present(kind, scope, ids))

    def list(self, kind: EntityKind, scope: Scope) -> Sequence[RemoteEntity]:
        """All of a scope."""
        return self._try(lambda: self._inner.list(kind, scope))

    def get(self, kind: EntityKind, remote_id: str) -> RemoteEntity | None:
        """One entity, or None."""
        return self._try(lambda: self._inner.get(kind, remote_id))

    def find(self, kind: EntityKind, scope: Scope, keys: Sequence[str]) -> Sequence[RemoteEntity]:
        """Entities by natural key."""
        return self._try(lambda: self._inner.find(kind, scope, keys))

    def create(self, kind: EntityKind, scope: Scope, documents: Sequence[Document]) -> Sequence[RemoteEntity]:
        """Create entities."""
        return self._write(lambda: self._inner.create(kind, scope, documents), repeatable=False)

    def update(self, kind: EntityKind, remote_id: str, document: Document, base: Document) -> RemoteEntity:
        """Send a patch; the same patch twice is the same as once."""
        return self._write(lambda: self._inner.update(kind, remote_id, document, base))

    def several(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> Sequence[RemoteEntity]:
        """Entities by id."""
        return self._try(lambda: self._inner.several(kind, scope, ids))

    def assign(
        self, scope: Scope, items: Sequence[str], tasks: Document, base: Document
    ) -> Sequence[RemoteEntity]:
        """Put items into tasks; twice is the same as once."""
        return self._write(lambda: self._inner.assign(scope, items, tasks, base))

    def delete(self, kind: EntityKind, remote_id: str) -> None:
        """Delete; twice is the same as once."""
        self._write(lambda: self._inner.delete(kind, remote_id))

    def upload(
        self, scope: Scope, document: Document, content: Path, heard: Heard | None = None
    ) -> tuple[RemoteEntity, bool]:
        """Send a new file."""
        return self._write(
            lambda: self._inner.upload(scope, document, content, heard),
            repeatable=False,
            size=_size(document),
        )

    def replace(
        self, remote_id: str, document: Document, content: Path, heard: Heard | None = None
    ) -> RemoteEntity:
        """Replace a content; the same content twice is the same as once."""
        return self._write(
            lambda: self._inner.replace(remote_id, document, content, heard), size=_size(document)
        )

    def download(self, remote_id: str, offset: int = 0) -> Iterator[bytes]:
        """Content from an offset on; a broken stream goes on where it broke."""
        until = self._clock.monotonic() + self._patience.budget
        pause = self._patience.first
        while True:
            self._welcome(until)
            try:
                with self._traffic.valve.judged():
                    for chunk in self._inner.download(remote_id, offset):
                        offset += len(chunk)
                        # It moves: patience anew.
                        until, pause = self._clock.monotonic() + self._patience.budget, self._patience.first
                        yield chunk
                        self._may()
            except TransientError as error:
                self._pause(error, pause, until)
                pause = min(pause * 2, self._patience.longest)
            else:
                return


def _size(document: Document) -> int:
    return int((document.get("content") or {}).get("size") or 0)
