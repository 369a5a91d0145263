"""What a sync says of itself: its phases, and the report at its end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Phase(StrEnum):
    """Where a sync is. :data:`PHASES` says each in words."""

    LOCK = "lock"
    AUTHENTICATE = "authenticate"
    SETTLE = "settle"
    PULL = "pull"
    PUSH = "push"
    TRANSFER = "transfer"
    RECORD = "record"


PHASES: dict[Phase, str] = {
    Phase.LOCK: "Making sure that no other process syncs this store.",
    Phase.AUTHENTICATE: "Asking the platform who is logged in.",
    Phase.SETTLE: "Finding out what became of requests whose reply was lost.",
    Phase.PULL: "Fetching what changed on the platform and reconciling it with what changed here.",
    Phase.PUSH: "Sending what changed here.",
    Phase.TRANSFER: "Fetching the content that was asked for.",
    Phase.RECORD: "Writing down that the sync is complete.",
}


class Progress(Protocol):
    """Hears how far a sync is. Called from the syncing thread only."""

    def phase(self, phase: Phase) -> None:
        """A phase begins."""
        ...

    def advance(self, what: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` of something (``items pulled``) are through; total None when not known."""
        ...

    def transfer(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` bytes of contents (``sending``) are through."""
        ...


class Silent:
    """A progress that nobody hears."""

    def phase(self, phase: Phase) -> None:
        """Ignore it."""

    def advance(self, what: str, done: int, total: int | None) -> None:
        """Ignore it."""

    def transfer(self, what: str, done: int, total: int) -> None:
        """Ignore it."""


@dataclass(slots=True)
class Rejection:
    """An operation's entity that the platform refused, or that did not get through.

    ``mendable`` says that it is tried again after a while, since the cause may go away without an edit.
    """

    kind: str
    entity_id: str
    name: str
    reason: str
    mendable: bool = False


@dataclass(slots=True)
class SyncReport:
    """What one sync did, as counts by kind, and what it left undone.

    ``postponed`` are entities that did not get through although others did: the next sync tries them again.
    """

    pulled: dict[str, int] = field(default_factory=dict)
    deleted_here: dict[str, int] = field(default_factory=dict)
    pushed: dict[str, int] = field(default_factory=dict)
    deleted_there: dict[str, int] = field(default_factory=dict)
    lost_there: dict[str, int] = field(default_factory=dict)
    uploaded_bytes: int = 0
    downloaded_bytes: int = 0
    downloaded_files: int = 0
    unfetched: int = 0
    conflicts_new: int = 0
    conflicts_open: int = 0
    conflicts_decided: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    postponed: list[Rejection] = field(default_factory=list)
    unsent: int = 0
    requests: int = 0
    seconds: float = 0.0
    dry_run: bool = False
    planned: list[str] = field(default_factory=list)

    @staticmethod
    def bump(counts: dict[str, int], kind: str, by: int = 1) -> None:
        """Count one more of a kind."""
        counts[kind] = counts.get(kind, 0) + by

    @property
    def quiet(self) -> bool:
        """Whether the sync found nothing to do on either side."""
        return not (self.pulled or self.deleted_here or self.pushed or self.deleted_there or self.rejected)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON, for ``localloop sync --json``."""
        return {**asdict(self), "quiet": self.quiet}
