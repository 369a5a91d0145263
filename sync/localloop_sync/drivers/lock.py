"""The lock of a store's sync, and others: the kernel's, so that they die with their owner, however that ends.

Beside it is a note for messages that says who holds it. The note is locked by whoever wrote it, too: one that nobody
has locked was left by a process that was killed, and is believed by nobody.
"""

from __future__ import annotations

import fcntl
import json
import os
import weakref
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from localloop_sync.errors import LockedError

#: The lock of a sync; others are of what else one process at a time does with a store.
SYNC = "sync"

#: A note is one line; nothing reads further.
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Holder:
    """Who syncs a store.

    Attributes:
        pid: The process.
        host: Its machine.
        command: What it runs, as a person would call it.
        since: When it began, as ISO-8601 UTC text.
    """

    pid: int
    host: str
    command: str
    since: str

    def __str__(self) -> str:
        """For a message."""
        return f"{self.command} (process {self.pid} on {self.host}, since {self.since})"

    def to_json(self) -> dict[str, Any]:
        """As an object of its attributes."""
        return asdict(self)


class SyncLock:
    """At most one process, and one thread of it, syncs a store.

    The lock is ``flock`` on a file that stays; on a file system of another machine (NFS) it is as good as that one's,
    and so is SQLite's: a store belongs on a disk of its own machine. A process that is forked off while the lock is
    held does not hold it.

    Args:
        store: The store's directory.
        holder: Who takes it.
        name: What it is the lock of.
    """

    def __init__(self, store: Path, holder: Holder, name: str = SYNC) -> None:
        self._store = store
        self._holder = holder
        self._name = name
        self._files: list[int] = []

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            LockedError: Somebody holds it.
            OSError: The directory cannot be written, or its file system has no locks.
        """
        file = os.open(self._store / f"{self._name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            other = holder_of(self._store, self._name)
            doing = "is syncing this store" if self._name == SYNC else "runs for this store already"
            raise LockedError(
                f"{other or 'Another process'} {doing}.",
                advice="Wait until it is through, then sync again." if self._name == SYNC else "",
                holder=other.to_json() if other else None,
            ) from error
        except BaseException:
            os.close(file)
            raise
        self._files.append(file)
        _held.add(self)
        self._leave_note()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # it is for messages only, and unlocked it is not believed
            (self._note).unlink()
        self.abandon()

    @property
    def _note(self) -> Path:
        return _note(self._store, self._name)

    def abandon(self) -> None:
        """Close what is open. The lock itself goes when nobody has it open any more."""
        _held.discard(self)
        while self._files:
            os.close(self._files.pop())

    def _leave_note(self) -> None:
        """Say who holds the lock, in a file that was not there before: nobody takes an older note for it."""
        path = self._note
        try:
            path.unlink(missing_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError:
            return  # a full disk must not keep anybody from syncing, and the message does without a name
        self._files.append(file)
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(file, json.dumps(self._holder.to_json()).encode())


def _note(store: Path, name: str) -> Path:
    return store / f"{name}.holder"


def holder_of(store: Path, name: str = SYNC) -> Holder | None:
    """Who is syncing a store at the moment, or holds another of its locks.

    Args:
        store: The store's directory.
        name: What it is the lock of.

    Returns:
        The holder; None when nobody holds it, or the one who does has not said its name yet.
    """
    try:
        file = os.open(_note(store, name), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(file)
    finally:
        os.close(file)
    return None


def _read(file: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.read(file, _LONGEST)))
    except (OSError, ValueError, TypeError):
        return None


#: The locks that this process holds.
_held: weakref.WeakSet[SyncLock] = weakref.WeakSet()


def _forked() -> None:
    """Give up what a forked process has inherited: else the lock would outlive its owner in it."""
    for lock in list(_held):
        lock.abandon()


os.register_at_fork(after_in_child=_forked)
