"""Commands: the platform's form of asynchronous work (docs/platform/wire.md, 3.10).

The work runs in a few threads of its own. What it does is durable when its command has succeeded; a command that
failed or was aborted did nothing, since its transaction rolls back. The command itself is a receipt in memory, kept
for an hour after its end: a restart forgets it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from enum import StrEnum
from threading import Event, Lock
from typing import Any, TypeVar

from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from localloop.errors import BlobMissingError, NotFound, PlatformError

#: How long a receipt is kept after the end of its work, in seconds.
KEPT = 3600.0

#: How many commands do their work at once; together with the requests they stay within the store's connections.
THREADS = 2

#: How many unfinished commands one user may have; each keeps the body of its request in memory.
WAITING = 100

#: How long the request that starts work waits for it, in seconds: short work is answered as done.
GRACE = 0.4

#: How long work may go on after the server was told to stop, in seconds; then it is aborted.
STOP_GRACE = 5.0

_LOG = logging.getLogger(__name__)


class Status(StrEnum):
    """Every status that clients know; any other makes them fail (docs/platform/wire.md, 3.10)."""

    CREATED = "created"
    MAKING_CHILDREN = "making-children"
    WAITING_CHILDREN = "waiting-children"
    RUNNING = "in-progress"
    FINALIZING = "finalizing"
    CLEANING_UP = "cleaning-up"
    ON_ERROR = "on-error"
    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELED = "canceled"
    ABORTED = "aborted"


FINAL = frozenset({Status.SUCCESS, Status.FAILED, Status.TIMEOUT, Status.CANCELED, Status.ABORTED})

Work = Callable[[], Mapping[str, Any]]
_Chunk = TypeVar("_Chunk", bound=Sized)


class Aborted(Exception):
    """Somebody aborted the command whose work this is; raised in the work so that its transaction rolls back."""


class TimedOut(Exception):
    """The work took longer than it may; its message is the command's error."""


class Command:
    """One piece of work and what is known of it. Made by :meth:`Commands.run`.

    Args:
        command_id: Its id.
        owner: Who asked for it; nobody else sees it.
        kind: What kind of work it is.
        now: Tells the time.
    """

    def __init__(self, command_id: str, owner: str, kind: str, now: Callable[[], str]) -> None:
        self.id = command_id
        self.owner = owner
        self.type = kind
        self._now = now
        self._lock = Lock()
        self._abort = Event()
        self._done = Event()
        self._begun = False
        self.created_at = self.updated_at = now()
        self.status = Status.CREATED
        self.progress = 0
        self.spec: Mapping[str, Any] = {}
        self.error: str | None = None

    def to_json(self, api: str, *, first: bool = False) -> dict[str, Any]:
        """The wire form.

        Args:
            api: The API base; clients poll ``url`` after its literal ``api/v1``.
            first: Whether this is the answer to the request that started the work. A command that ended
                badly is then shown as running, since clients raise its error only from a later look at it.
        """
        with self._lock:
            running = first and self.status in FINAL and self.status is not Status.SUCCESS
            return {
                "id": self.id,
                "url": f"{api}/commands/{self.id}",
                "type": self.type,
                "status": (Status.RUNNING if running else self.status).value,
                "progress": 0 if running else self.progress,
                "spec": dict(self.spec),
                "error": None if running else self.error,
                "createdAt": self.created_at,
                "updatedAt": self.updated_at,
                "report": None,
            }

    @property
    def final(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self._done.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is final.

        Returns:
            Whether it is.
        """
        return self._done.wait(seconds)

    def abort(self) -> None:
        """Ask the work to end without having done anything. What is committed already stays done."""
        with self._lock:
            if self.status in FINAL:
                return
            self._abort.set()
            if self._begun:
                self.status, self.updated_at = Status.CLEANING_UP, self._now()
                return
        self._end(Status.CANCELED, error="The command was canceled before its work began.")

    def begin(self) -> bool:
        """Note that the work begins; False when it must not."""
        with self._lock:
            if self._abort.is_set() or self.status in FINAL:
                return False
            self._begun = True
            self.status, self.updated_at = Status.RUNNING, self._now()
            return True

    def step(self, done: int = 0, total: int = 0) -> None:
        """Note how far the work is.

        Args:
            done: How much is done of it.
            total: How much there is; 0 when that is not known.

        Raises:
            Aborted: Somebody aborted the command.
        """
        if self._abort.is_set():
            raise Aborted
        if total > 0:
            progress = min(99, 100 * done // total)
            with self._lock:
                if progress > self.progress:
                    self.progress, self.updated_at = progress, self._now()

    def succeed(self, spec: Mapping[str, Any]) -> None:
        """End well."""
        with self._lock:
            self.spec = spec
            self.progress = 100
        self._end(Status.SUCCESS)

    def fail(self, status: Status, error: str) -> None:
        """End badly."""
        self._end(status, error=error)

    def _end(self, status: Status, *, error: str | None = None) -> None:
        with self._lock:
            self.status, self.error, self.updated_at = status, error, self._now()
        self._done.set()


#: The command whose work the current thread does.
_CURRENT: ContextVar[Command | None] = ContextVar("localloop_command", default=None)


def current() -> Command | None:
    """The command whose work this thread does; None in a plain request."""
    return _CURRENT.get()


def step(done: int = 0, total: int = 0) -> None:
    """Note how far the work of the current command is; nothing in a plain request.

    Work that can take long calls this between two chunks, which is where it can be aborted.

    Args:
        done: How much is done of it.
        total: How much there is; 0 when that is not known.

    Raises:
        Aborted: Somebody aborted the command.
    """
    command = _CURRENT.get()
    if command is not None:
        command.step(done, total)


def stepped(chunks: Iterable[_Chunk], total: int) -> Iterator[_Chunk]:
    """Chunks of work as they come, with a :func:`step` before each and after the last.

    Args:
        chunks: The chunks.
        total: How many entities all of them have together.

    Raises:
        Aborted: Somebody aborted the command.
    """
    done = 0
    for chunk in chunks:
        step(done, total)
        yield chunk
        done += len(chunk)
    step(done, total)


class Commands:
    """The commands of one server.

    Args:
        new_id: Makes ids.
        now: Tells the time.
        monotonic: Seconds from some fixed point.
        threads: How many commands do their work at once.
    """

    def __init__(
        self,
        new_id: Callable[[], str],
        now: Callable[[], str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        threads: int = THREADS,
    ) -> None:
        self._new_id = new_id
        self._now = now
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, Command]] = {}
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="localloop-command")
        self._closed = False

    def run(self, kind: str, owner: str, work: Work) -> Command:
        """Start some work.

        Args:
            kind: The command's type.
            owner: Who asked for it.
            work: Does it, and returns the command's ``spec``. An error that it raises on purpose becomes the
                command's own.

        Returns:
            The command; its work may not have begun yet.

        Raises:
            HTTPException: 429 when the owner has too many unfinished ones, 503 when the server is stopping.
        """
        command = Command(self._new_id(), owner, kind, self._now)
        with self._lock:
            if self._closed:
                raise HTTPException(503, "The server is stopping.")
            self._forget()
            mine = sum(1 for _, one in self._kept.values() if one.owner == owner and not one.final)
            if mine >= WAITING:
                raise HTTPException(
                    429, f"{mine} of your commands are not finished yet.", headers={"Retry-After": "5"}
                )
            self._kept[command.id] = (self._monotonic(), command)
            self._threads.submit(self._work, command, work)
        return command

    def _work(self, command: Command, work: Work) -> None:
        if not command.begin():
            return
        token = _CURRENT.set(command)
        try:
            command.succeed(work())
        except Aborted:
            command.fail(Status.ABORTED, "The command was aborted; nothing was changed.")
        except TimedOut as error:
            command.fail(Status.TIMEOUT, str(error))
        except (PlatformError, BlobMissingError) as error:
            command.fail(Status.FAILED, error.message)
        except HTTPException as error:
            command.fail(Status.FAILED, str(error.detail))
        except OperationalError as error:
            _LOG.warning(
                "command %s (%s) found the store busy or failing: %s", command.id, command.type, error
            )
            command.fail(Status.FAILED, "The store could not be written or read. Try again.")
        except Exception:  # noqa: BLE001 - a command has to end, whatever happened; the log has the rest
            _LOG.exception("command %s (%s) failed", command.id, command.type)
            command.fail(
                Status.FAILED, f"Something went wrong on the server. Its log says more: command {command.id}."
            )
        finally:
            _CURRENT.reset(token)
            with self._lock:
                self._kept[command.id] = (self._monotonic(), command)

    def _forget(self) -> None:
        """Drop what ended too long ago."""
        now = self._monotonic()
        self._kept = {
            key: (since, one)
            for key, (since, one) in self._kept.items()
            if not one.final or now - since < KEPT
        }

    def get(self, command_id: str, owner: str) -> Command:
        """A command of this user.

        Raises:
            NotFound: There is none, it is too old, or it is somebody else's.
        """
        with self._lock:
            self._forget()
            kept = self._kept.get(command_id)
        if kept is None or kept[1].owner != owner:
            raise NotFound("404", f"Command not found. Id: {command_id!r}")
        return kept[1]

    def running(self, command_id: str) -> bool:
        """Whether there is such a command, anybody's, that is not final."""
        with self._lock:
            kept = self._kept.get(command_id)
        return kept is not None and not kept[1].final

    def of(self, owner: str) -> list[Command]:
        """The commands of this user, newest first."""
        with self._lock:
            self._forget()
            found = [one for _, one in self._kept.values() if one.owner == owner]
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)

    def close(self, grace: float = STOP_GRACE) -> None:
        """Take no more work, and return when none is being done: what is not finished in time is aborted.

        Args:
            grace: How long running work may go on, in seconds.
        """
        with self._lock:
            self._closed = True
            unfinished = [one for _, one in self._kept.values() if not one.final]
        deadline = self._monotonic() + grace
        for command in unfinished:
            command.wait(max(0.0, deadline - self._monotonic()))
        for command in unfinished:
            command.abort()
        self._threads.shutdown(wait=True)
