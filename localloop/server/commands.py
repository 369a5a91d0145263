"""Commands: the platform's form of asynchronous work (docs/platform/wire.md, 3.10).

Here the work is done while the request waits, and what it did is durable when the command is answered. The
command itself is a receipt in memory, kept for an hour: a restart forgets it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from localloop.errors import BlobMissingError, NotFound, PlatformError

#: How long a receipt is kept, in seconds.
KEPT = 3600.0
RUNNING, SUCCESS, FAILED = "in-progress", "success", "failed"


@dataclass(frozen=True, slots=True)
class Command:
    """One receipt."""

    id: str
    owner: str
    type: str
    spec: Mapping[str, Any]
    at: str
    error: str | None = None

    def to_json(self, api: str, *, first: bool = False) -> dict[str, Any]:
        """The wire form.

        Args:
            api: The API base; clients poll ``url`` after its literal ``api/v1``.
            first: Whether this is the answer to the request that started the work. A failed command is then
                shown as running, since clients raise its error only from a later look at it.
        """
        failed = self.error is not None
        running = failed and first
        return {
            "id": self.id,
            "url": f"{api}/commands/{self.id}",
            "type": self.type,
            "status": RUNNING if running else FAILED if failed else SUCCESS,
            "progress": 0 if running else 100,
            "spec": dict(self.spec),
            "error": None if running else self.error,
            "createdAt": self.at,
            "updatedAt": self.at,
        }


class Commands:
    """The receipts of one server.

    Args:
        new_id: Makes ids.
        monotonic: Seconds from some fixed point.
    """

    def __init__(self, new_id: Callable[[], str], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._new_id = new_id
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, Command]] = {}
        self._lock = Lock()

    def run(self, kind: str, owner: str, at: str, work: Callable[[], Mapping[str, Any]]) -> Command:
        """Do the work and keep its receipt.

        Args:
            kind: The command's type.
            owner: Who asked for it; nobody else sees the receipt.
            at: The time.
            work: Does it, and returns the command's ``spec``. An error that it raises on purpose becomes
                the command's own; anything else is a fault of this program and is raised.

        Returns:
            The receipt.
        """
        try:
            spec, message = work(), None
        except (PlatformError, BlobMissingError) as error:
            spec, message = {}, error.message
        command = Command(self._new_id(), owner, kind, spec, at, message)
        now = self._monotonic()
        with self._lock:
            self._kept = {key: kept for key, kept in self._kept.items() if now - kept[0] < KEPT}
            self._kept[command.id] = (now, command)
        return command

    def get(self, command_id: str, owner: str) -> Command:
        """A receipt of this user.

        Raises:
            NotFound: There is none, it is too old, or it is somebody else's.
        """
        with self._lock:
            kept = self._kept.get(command_id)
        if kept is None or kept[1].owner != owner or self._monotonic() - kept[0] >= KEPT:
            raise NotFound("404", f"Command not found. Id: {command_id!r}")
        return kept[1]
