"""Locks of datasets: nothing in one is changed while a command needs it to stay as it is (docs/platform/wire.md, 3.6).

They are of this server and in its memory; other processes that have the store open do not know of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from sqlalchemy import Connection

from localloop.errors import Conflict
from localloop.store import readonly
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import get_row

#: How long a lock lasts when nobody said, in seconds.
LASTS = 3600.0


class Locks:
    """Which datasets are locked, and for which commands. Several commands may lock one dataset.

    Args:
        monotonic: Seconds from some fixed point.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._held: dict[str, dict[str, float]] = {}

    def acquire(self, dataset_id: str, command_id: str, seconds: float | None = None) -> None:
        """Lock a dataset for a command until it is released, or the time is over."""
        until = self._monotonic() + (LASTS if seconds is None else seconds)
        with self._lock:
            self._held.setdefault(dataset_id, {})[command_id] = until

    def release(self, dataset_id: str, command_id: str | None = None) -> None:
        """Take a command's lock from a dataset, or all of them; nothing when there is none."""
        with self._lock:
            held = self._held.get(dataset_id, {})
            if command_id is None:
                held.clear()
            held.pop(command_id or "", None)
            if not held:
                self._held.pop(dataset_id, None)

    def holder(self, dataset_id: str) -> str | None:
        """The command that has locked a dataset, the first of them; None when it is not locked."""
        now = self._monotonic()
        with self._lock:
            held = self._held.get(dataset_id, {})
            return next((command for command, until in held.items() if until > now), None)

    def guard(self, connection: Connection) -> Callable[[str], None]:
        """What a transaction asks before it changes something in a dataset.

        Args:
            connection: The transaction.

        Returns:
            A function of a dataset's local id, which raises when the dataset may not be changed.
        """
        writable = readonly.guard(connection)

        def ask(dataset_id: str) -> None:
            command = self.holder(dataset_id)
            if command is not None:
                row = get_row(connection, EntityKind.DATASET, dataset_id)
                name = "" if row is None else row["name"]
                raise Conflict(
                    "409", f"The dataset {name!r} is locked until the command {command} has ended."
                )
            writable(dataset_id)

        return ask
