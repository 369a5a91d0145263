"""The lock of a store's sync: the kernel's, so that it dies with its owner."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from localloop_sync.errors import LockedError


class SyncLock:
    """At most one process, and one thread, syncs a store. The holder's name is beside the lock, for messages only.

    Args:
        store: The store's directory.
        holder: What to call this process (``pid 123 on rig7``).
    """

    def __init__(self, store: Path, holder: str) -> None:
        self._lock = FileLock(store / "sync.lock", timeout=0)
        self._note = store / "sync.holder"
        self._holder = holder

    def __enter__(self) -> Self:
        try:
            self._lock.acquire()
        except Timeout as error:
            raise LockedError(
                f"{self._who()} is syncing this store.", advice="Wait until it is through, then sync again."
            ) from error
        self._note.write_text(json.dumps({"holder": self._holder}), encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._note.unlink(missing_ok=True)
        self._lock.release()

    def _who(self) -> str:
        try:
            return str(json.loads(self._note.read_text(encoding="utf-8"))["holder"])
        except (OSError, ValueError, KeyError):
            return "Another process"
