"""How the daemon is: one file, replaced whole, for `status`, monitoring and people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from localloop.blobs.files import write_whole

#: In the daemon's directory.
FILE: Final = "health.json"

#: How often it is written although nothing happened, in seconds; one that is much older is of a daemon that hangs.
EVERY: Final = 30.0
STALE: Final = 3 * EVERY


def stamp(ahead: float = 0.0) -> str:
    """The time now, or some seconds ahead, as it is told: ISO-8601 text with the machine's zone.

    Args:
        ahead: How many seconds.
    """
    return (datetime.now().astimezone() + timedelta(seconds=ahead)).isoformat(timespec="seconds")


class State(StrEnum):
    """What the sync loop does."""

    STARTING = "starting"
    IDLE = "idle"
    SYNCING = "syncing"
    OFFLINE = "offline"
    PAUSED = "paused"
    QUIET = "quiet hours"
    METERED = "metered"
    LOCAL = "without a platform"
    ATTENTION = "needs attention"
    STOPPED = "stopped"


@dataclass(slots=True)
class RootHealth:
    """How a watched folder is.

    Attributes:
        folder: The folder.
        dataset: Where its files go: ``PROJECT/DATASET``.
        to: The directory of the dataset that stands for it.
        watched_by: ``events``, or ``polling``.
        polled_because: Why it is polled.
        looked_at: When it was last looked at, as ISO-8601 text; empty when never.
        added: How many files became items since the daemon started.
        replaced: How many items got new content.
        moved: How many items got another path.
        gone: How many files are gone; their items stay.
        bytes: The size of what was added or replaced.
        written: How many files were written here, by a mirror; and so on, as in
            :class:`localloop.watch.taking.Look`.
        arranged: How many files were moved here.
        removed: How many files were removed here.
        deleted: How many items were deleted.
        waiting: How many files somebody may still be writing to.
        problems: What could not be taken, and why, by path; the first hundred.
        error: Why it cannot be watched at the moment; empty when it is.
    """

    folder: str
    dataset: str
    to: str = "/"
    watched_by: str = "events"
    polled_because: str = ""
    looked_at: str = ""
    added: int = 0
    replaced: int = 0
    moved: int = 0
    gone: int = 0
    bytes: int = 0
    written: int = 0
    arranged: int = 0
    removed: int = 0
    deleted: int = 0
    waiting: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(slots=True)
class Health:
    """How the daemon is.

    Attributes:
        version: The program's.
        pid: The process.
        started: When, as ISO-8601 text.
        written: When this was written.
        state: What the sync loop does.
        text: What needs attention, or why nothing is synced, as one sentence.
        code: The exit code that ``localloop sync`` would have ended with.
        next_sync: When the next sync is due; empty when that depends on somebody.
        last_sync: When the last sync came to its end; empty when none did since the start.
        syncs: How many came to their ends.
        failures: How many did not.
        sent_bytes: How many bytes of contents were sent.
        fetched_bytes: How many bytes of contents were fetched.
        unsent: How many edits wait to be sent.
        metrics: Where metrics are served; empty when nowhere.
        roots: The watched folders.
    """

    version: str
    pid: int
    started: str
    written: str = ""
    state: State = State.STARTING
    text: str = ""
    code: int = 0
    next_sync: str = ""
    last_sync: str = ""
    syncs: int = 0
    failures: int = 0
    sent_bytes: int = 0
    fetched_bytes: int = 0
    unsent: int = 0
    metrics: str = ""
    roots: list[RootHealth] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As an object of its attributes."""
        return asdict(self)

    def write(self, folder: Path) -> None:
        """Replace the file.

        Args:
            folder: The daemon's directory.

        Raises:
            OSError: It cannot be written, such as on a full disk.
        """
        write_whole(folder / FILE, json.dumps(self.to_json(), indent=2))


def read(folder: Path) -> Health | None:
    """What a daemon last wrote; None where none did, or it cannot be understood.

    Args:
        folder: The daemon's directory.
    """
    try:
        told: Mapping[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        roots = [RootHealth(**root) for root in told["roots"]]
        return Health(**{**told, "state": State(told["state"]), "roots": roots})
    except (OSError, ValueError, TypeError, KeyError):  # it is written anew soon
        return None
