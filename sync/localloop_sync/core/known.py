"""What a store knows of one entity, gathered for an explanation."""

from __future__ import annotations

from dataclasses import dataclass

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import Path
from localloop_sync.core.operation import OUTSTANDING, Operation
from localloop_sync.core.policy import Rule
from localloop_sync.core.reconcile import Sort


@dataclass(frozen=True, slots=True)
class Logged:
    """An operation with who did it, and as part of what."""

    operation: Operation
    at: str = ""
    author: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A conflict: its id, sort, path, when it was opened, and how it was decided (None: it is open)."""

    id: str
    sort: Sort
    path: Path = ()
    at: str = ""
    resolution: str | None = None
    resolved_at: str | None = None


@dataclass(frozen=True, slots=True)
class Grave:
    """A deletion: whose it was, when, and whether enough is kept to take it back."""

    origin: str
    at: str
    by: str = ""
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Parent:
    """Something that an entity is in, and how it stands: ``unsent``, ``refused``, ``conflict`` or ``deleted``."""

    kind: EntityKind
    name: str
    stands: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The platform's answer to a look: its document, or None when it has no such entity."""

    at: str
    document: Document | None


@dataclass(frozen=True, slots=True)
class Known:
    """All that a store knows of one entity.

    Attributes:
        kind: What it is.
        id: Its local id.
        name: What it is called.
        base: What both sides last agreed on.
        seen: The platform's time of the last change that is in the base.
        mirror: As it is here; None when it is deleted here, or is not here at all.
        here: Whether there is a row of it, deleted or not.
        log: Its operations, oldest first.
        conflicts: Its conflicts, oldest first.
        grave: Its tombstone.
        parents: What it is in, as far as that matters: what is not in sync.
        synced: When the last complete sync was; empty when there was none.
        subscribed: Whether syncs look at it at all.
        content: ``here``, ``remote-only``, ``missing``, or empty for what has none.
        asked: The platform's answer, where it was asked.
        touched: Whether something below it has edits that are not sent.
        dataset: The local id of the dataset that it is in, or is.
        rules: The policies that decide conflicts.
    """

    kind: EntityKind
    id: str
    name: str
    base: Document | None = None
    seen: str = ""
    mirror: Document | None = None
    here: bool = True
    log: tuple[Logged, ...] = ()
    conflicts: tuple[Dispute, ...] = ()
    grave: Grave | None = None
    parents: tuple[Parent, ...] = ()
    synced: str = ""
    subscribed: bool = True
    content: str = ""
    asked: Asked | None = None
    touched: bool = False
    dataset: str | None = None
    rules: tuple[Rule, ...] = ()

    @property
    def outstanding(self) -> list[Logged]:
        """The operations whose effect the platform does not have."""
        return [one for one in self.log if one.operation.state in OUTSTANDING]

    @property
    def open(self) -> list[Dispute]:
        """The conflicts that are not decided."""
        return [one for one in self.conflicts if one.resolution is None]
