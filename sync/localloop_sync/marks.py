"""What the store tells the engine of a pull: where it stands, what it looks at, and what came of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localloop_schema.kinds import EntityKind
from localloop_sync.remotes import Cursor, Place, RemoteEntity


@dataclass(slots=True)
class Observed:
    """What came of taking in a page.

    Attributes:
        taken: How many entities were new here or changed here.
        conflicts: How many conflicts were opened.
        orphans: Entities whose parent is not known here yet; nothing was written for them.
        unverified: Items whose bytes must be compared first; nothing was written for them.
        fresh: Entities (local ids) that were not here before.
    """

    taken: int = 0
    conflicts: int = 0
    orphans: list[RemoteEntity] = field(default_factory=list)
    unverified: list[RemoteEntity] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)

    @property
    def unfinished(self) -> bool:
        """Whether part of the page is still to be taken in, so that the mark must not pass it yet."""
        return bool(self.orphans or self.unverified)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a pull of one resource of one dataset (local id) has come; written together with what was pulled.

    ``cursor`` says where to go on. A listing by id keeps in ``since`` where the delta starts when it is through. A
    delta under way keeps in it the platform's time when it began; one that is through has no id in its cursor, and
    ``since`` is where the next one starts. ``swept`` is the platform's time when the last sweep began, as far as it is
    known. Until ``wary`` deltas reach back further, because a clock there was seen to be wrong.
    """

    dataset_id: str
    kind: EntityKind
    cursor: Cursor
    since: str = ""
    pulls: int = 0
    swept: str = ""
    wary: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a project's (local id) change feed was read; written together with what was read of it.

    ``pulls`` counts the pulls by the feed since the last one that did without.
    """

    project_id: str
    place: Place
    pulls: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """A project to pull. ``discover`` says whether datasets that are new on the platform are taken too.

    ``datasets`` are those that are mirrored and known to both sides: local id → platform id. ``unread`` are those of
    them (local ids) whose items or annotations were never listed to the end; ``filters`` are the filters of those that
    are not mirrored whole, by local id. ``left`` are datasets (platform ids) that are mirrored no more.
    """

    project_id: str
    remote_id: str
    discover: bool
    datasets: Mapping[str, str]
    unread: frozenset[str] = frozenset()
    filters: Mapping[str, str] = field(default_factory=dict)
    left: frozenset[str] = frozenset()

    def mirrors(self, dataset: str) -> bool:
        """Whether a dataset (platform id) is mirrored, once it is known."""
        return dataset not in self.left and (self.discover or dataset in self.datasets.values())


@dataclass(frozen=True, slots=True)
class Unwatched:
    """What no pull looks at and has something unsent: entities of one kind in a dataset, platform id → local id."""

    kind: EntityKind
    dataset_id: str
    dataset: str
    entities: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Content to fetch: an item's local and platform id, its size in bytes, its digest if known, and its path.

    ``version`` is when the item last changed: a part of an older content is not gone on with.
    """

    item_id: str
    remote_id: str
    size: int
    digest: str | None
    filename: str
    version: str
