"""Retrying and pacing, as a Remote that wraps a Remote. Only here is an error asked whether to try again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
from threading import Lock
from typing import Protocol, TypeVar

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import OfflineError, ThrottledError, TransientError
from localloop_sync.ports import (
    Account,
    ChangePage,
    Clock,
    Cursor,
    Feed,
    Place,
    Remote,
    RemoteEntity,
    RemotePage,
    Scope,
    Span,
)

_Result = TypeVar("_Result")


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

    budget: float = 60.0
    greeting: float = 5.0
    first: float = 0.5
    longest: float = 20.0


class Pacer:
    """Holds back all requests to one host for as long as the platform asks.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = 0.0
        self._lock = Lock()

    def wait(self, patience: float) -> None:
        """Wait until requests are welcome again.

        Args:
            patience: For how many seconds at most.

        Raises:
            ThrottledError: That would take longer.
        """
        while True:
            with self._lock:
                left = self._until - self._clock.monotonic()
            if left <= 0:
                return
            if left > patience:
                raise ThrottledError("The platform asks for a longer pause.", retry_after=left)
            self._clock.sleep(left)

    def hold(self, seconds: float) -> None:
        """No request for so long."""
        with self._lock:
            self._until = max(self._until, self._clock.monotonic() + seconds)


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
    """

    def __init__(
        self,
        inner: Remote,
        clock: Clock,
        patience: Patience = Patience(),
        entropy: Random | None = None,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._patience = patience
        self._entropy = entropy or SystemRandom()
        self._pacer = Pacer(clock)

    def _try(
        self, call: Callable[[], _Result], *, repeatable: bool = True, budget: float | None = None
    ) -> _Result:
        until = self._clock.monotonic() + (self._patience.budget if budget is None else budget)
        pause = self._patience.first
        while True:
            self._pacer.wait(until - self._clock.monotonic())
            try:
                return call()
            except TransientError as error:
                unsent = isinstance(error, (OfflineError, ThrottledError))
                if not (repeatable or unsent):
                    raise
                self._pause(error, pause, until)
                pause = min(pause * 2, self._patience.longest)

    def _pause(self, error: TransientError, pause: float, until: float) -> None:
        """Wait before another try, or raise the error when there is no time for one."""
        delay = self._entropy.uniform(0, pause)
        if isinstance(error, ThrottledError):  # all requests wait, not only this one
            delay = max(delay, error.retry_after or 0.0)
            self._pacer.hold(delay)
        if self._clock.monotonic() + delay > until:
            raise error
        if not isinstance(error, ThrottledError):
            self._clock.sleep(delay)

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
        return self._try(lambda: self._inner.create(kind, scope, documents), repeatable=False)

    def update(self, kind: EntityKind, remote_id: str, document: Document, base: Document) -> RemoteEntity:
        """Send a patch; the same patch twice is the same as once."""
        return self._try(lambda: self._inner.update(kind, remote_id, document, base))

    def several(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> Sequence[RemoteEntity]:
        """Entities by id."""
        return self._try(lambda: self._inner.several(kind, scope, ids))

    def assign(
        self, scope: Scope, items: Sequence[str], tasks: Document, base: Document
    ) -> Sequence[RemoteEntity]:
        """Put items into tasks; twice is the same as once."""
        return self._try(lambda: self._inner.assign(scope, items, tasks, base))

    def delete(self, kind: EntityKind, remote_id: str) -> None:
        """Delete; twice is the same as once."""
        self._try(lambda: self._inner.delete(kind, remote_id))

    def upload(self, scope: Scope, document: Document, content: Path) -> tuple[RemoteEntity, bool]:
        """Send a new file."""
        return self._try(lambda: self._inner.upload(scope, document, content), repeatable=False)

    def replace(self, remote_id: str, document: Document, content: Path) -> RemoteEntity:
        """Replace a content; the same content twice is the same as once."""
        return self._try(lambda: self._inner.replace(remote_id, document, content))

    def download(self, remote_id: str, offset: int = 0) -> Iterator[bytes]:
        """Content from an offset on; a broken stream goes on where it broke."""
        until = self._clock.monotonic() + self._patience.budget
        pause = self._patience.first
        while True:
            self._pacer.wait(until - self._clock.monotonic())
            try:
                for chunk in self._inner.download(remote_id, offset):
                    offset += len(chunk)
                    # It moves: patience anew.
                    until, pause = self._clock.monotonic() + self._patience.budget, self._patience.first
                    yield chunk
            except TransientError as error:
                self._pause(error, pause, until)
                pause = min(pause * 2, self._patience.longest)
            else:
                return
