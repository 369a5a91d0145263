"""The four narrow ports through which the engine sees the world.

Each is a contract that any adapter keeps; ``tests/contract`` holds one suite per port. Documents that cross the
``Remote`` port are in the platform's own ids; the journal translates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.operation import State
from localloop_sync.core.plan import Job
from localloop_sync.marks import Mark, Observed, Position, Target, Unwatched, Wanted
from localloop_sync.remotes import (
    Account,
    Change,
    ChangePage,
    Cursor,
    Key,
    Place,
    RemoteEntity,
    RemotePage,
    Scope,
    Span,
)
from localloop_sync.report import SyncReport

__all__ = [
    "Account",
    "Blobs",
    "Change",
    "ChangePage",
    "ChunkSource",
    "Clock",
    "Cursor",
    "Feed",
    "Heard",
    "Journal",
    "Key",
    "Mark",
    "Observed",
    "Place",
    "Position",
    "Remote",
    "RemoteEntity",
    "RemotePage",
    "Scope",
    "Span",
    "Target",
    "Unwatched",
    "Wanted",
]


class Heard(Protocol):
    """Hears how far a transfer is."""

    def __call__(self, done: int) -> object:
        """So many bytes are through; a transfer that begins anew says so by a smaller number."""
        ...


class Feed(Protocol):
    """What changed in a project, where a platform tells that. Errors are those of :class:`Remote`.

    An entity comes once, with its last change, and no change is left out that was made after a place. Who may not see
    a project gets ``RemoteNotFoundError``, never deletions.
    """

    def head(self, project: str) -> Place:
        """The place after the newest change."""
        ...

    def changes(
        self, project: str, since: Place, datasets: Sequence[str] | None = None, limit: int = 1000
    ) -> ChangePage | None:
        """What changed after a place; of what is in datasets only that of ``datasets``, when they are given.

        Returns:
            A page; None when the platform does not know the place, so that the whole has to be read.
        """
        ...


class Remote(Protocol):
    """A platform. Every method may raise the errors of :mod:`localloop_sync.errors` and no others."""

    def account(self) -> Account:
        """Who is logged in; asks the platform, so it also proves that the credentials are accepted."""
        ...

    def feed(self) -> Feed | None:
        """The platform's change feed; None when it has none. A platform that does not offer one is not asked."""
        ...

    def now(self) -> str:
        """The platform's own time as far as its last answer told it, as ISO-8601 UTC text; empty when it never did.

        It may be a little behind, and sends no request.
        """
        ...

    def page(self, kind: EntityKind, scope: Scope, cursor: Cursor, limit: int = 1000) -> RemotePage:
        """One page of items or annotations of ``scope.dataset``, ordered as the cursor says."""
        ...

    def newest(self, kind: EntityKind, scope: Scope) -> str:
        """The largest ``updatedAt`` among items or annotations of a dataset; empty text when there are none."""
        ...

    def count(self, kind: EntityKind, scope: Scope, span: Span | None = None) -> int:
        """How many items or annotations a dataset has, or has of a span, without listing them."""
        ...

    def present(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> int:
        """How many of these ids items or annotations of a dataset have, without listing them."""
        ...

    def list(self, kind: EntityKind, scope: Scope) -> Sequence[RemoteEntity]:
        """All projects; or all members, recipes, ontologies, datasets, tasks or assignments of a scope."""
        ...

    def get(self, kind: EntityKind, remote_id: str) -> RemoteEntity | None:
        """One entity, or None when the platform says it has none (404)."""
        ...

    def find(self, kind: EntityKind, scope: Scope, keys: Sequence[str]) -> Sequence[RemoteEntity]:
        """Entities by natural key: names, titles, paths, e-mails, or annotations' ``metadata.system.clientId``."""
        ...

    def create(self, kind: EntityKind, scope: Scope, documents: Sequence[Document]) -> Sequence[RemoteEntity]:
        """Create entities of one kind in one parent; the result is in the order of ``documents``.

        Not for items of type ``file``, which come with their content (:meth:`upload`). A dataset whose document
        has no ``recipes`` gets the platform's default recipe.
        """
        ...

    def update(self, kind: EntityKind, remote_id: str, document: Document, base: Document) -> RemoteEntity:
        """Send the smallest patch that turns ``base`` into ``document``; returns the entity as it then is."""
        ...

    def several(self, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> Sequence[RemoteEntity]:
        """Those items or annotations of a dataset that have one of these ids, in any order."""
        ...

    def assign(
        self, scope: Scope, items: Sequence[str], tasks: Document, base: Document
    ) -> Sequence[RemoteEntity]:
        """Put items into tasks, take them out, and set their statuses; the same for all of them.

        Args:
            scope: The dataset.
            items: The items' ids.
            tasks: What their documents' ``tasks`` shall be. An assignment that the platform does not have yet is
                called by the e-mail of whose it is; it comes to be by this.
            base: What they are now.

        Returns:
            The items as they then are, in the order of ``items``.
        """
        ...

    def delete(self, kind: EntityKind, remote_id: str) -> None:
        """Delete; an entity that is already gone is success."""
        ...

    def upload(
        self, scope: Scope, document: Document, content: Path, heard: Heard | None = None
    ) -> tuple[RemoteEntity, bool]:
        """Send a new file to the path ``document["filename"]`` of a dataset, streamed.

        Args:
            scope: The dataset.
            document: The item's document.
            content: The file.
            heard: Hears how many bytes of the file are sent, in whatever thread sends them.

        Returns:
            The item that is then at that path, and whether this call wrote it (False: something was there).
        """
        ...

    def replace(
        self, remote_id: str, document: Document, content: Path, heard: Heard | None = None
    ) -> RemoteEntity:
        """Give an existing item new content; its id and annotations stay. ``heard`` as for an upload."""
        ...

    def download(self, remote_id: str, offset: int = 0) -> Iterator[bytes]:
        """The content of an item from a byte offset on, in chunks."""
        ...

    def break_off(self) -> None:
        """End what is under way in other threads soon, with a ``TransientError``; nothing is sent afterwards.

        What becomes of such a request is not known. It is called when a sync is interrupted.
        """
        ...


class Journal(Protocol):
    """The store as the engine sees it. Each call is one transaction: all of it happens, or none."""

    def claim(self, account: Account) -> None:
        """Tie the store to an account at its first sync.

        Raises:
            OtherAccountHalt: The store belongs to another gate or account.
        """
        ...

    def targets(self) -> Sequence[Target]:
        """The projects to pull, as far as the platform has them."""
        ...

    def mark(self, dataset_id: str, kind: EntityKind) -> Mark | None:
        """How far the pull of a resource has come; None before the first page."""
        ...

    def position(self, project_id: str) -> Position | None:
        """How far the change feed of a project (local id) was read; None when a plain pull has to come first."""
        ...

    def witness(self) -> tuple[str, Place] | None:
        """Where the feed of a project (local id) stood after the last push, until a pull has come past it."""
        ...

    def attest(self, witness: tuple[str, Place] | None) -> None:
        """Write down, or forget, where the feed stood after a push."""
        ...

    def observe(
        self, kind: EntityKind, entities: Sequence[RemoteEntity], mark: Mark | Position | None = None
    ) -> Observed:
        """Reconcile entities with what is here, and move the mark along unless that is left unfinished."""
        ...

    def absent(
        self, kind: EntityKind, ids: Sequence[str], *, most: int | None = None
    ) -> tuple[dict[EntityKind, int], int]:
        """Take over that the platform has these entities (local ids) no more.

        Returns:
            How many were deleted here by kind, children included, and how many conflicts were opened.

        Raises:
            MassDeletionHalt: More than ``most`` live items and annotations would be deleted; nothing was.
        """
        ...

    def unproven(self, kind: EntityKind) -> dict[str, dict[str, str]]:
        """Entities that the platform has and whose base is lost: platform id → local id, by their datasets there.

        The dataset is empty for what is in none. What is below one about whose deletion on the platform a conflict is
        open is left out. While there are any, :meth:`mark` and :meth:`position` say that the pull has to begin at the
        beginning.
        """
        ...

    def make_anew(self, kind: EntityKind, ids: Sequence[str]) -> dict[EntityKind, int]:
        """Forget that the platform ever had these entities (local ids): it lost them, and the push makes them again.

        Returns:
            How many, by kind, with what is below them.
        """
        ...

    def step_back(self, kind: EntityKind, entities: Sequence[RemoteEntity]) -> None:
        """Take what the platform has in an older state than was agreed on for what both sides agree on now."""
        ...

    def known(
        self,
        kind: EntityKind,
        *,
        dataset: str | None = None,
        project: str | None = None,
        among: Sequence[str] | None = None,
    ) -> dict[str, str]:
        """Entities that both sides know, below a dataset or project (local ids): platform id → local id.

        ``among`` narrows them to these platform ids.
        """
        ...

    def replaced(self, ids: Sequence[str], fresh: Sequence[str]) -> set[str]:
        """Those of these items (local ids), none of which the platform has any more, that have another in their place.

        That is one at the same path, or one of the ``fresh`` items (local ids) with the same content, each for one.
        """
        ...

    def follow(self, ids: Sequence[str]) -> None:
        """These items (platform ids) match their dataset's filter: pulls look at them from now on."""
        ...

    def unfollow(self, ids: Sequence[str]) -> None:
        """These items (local ids) match no more: they stay, and no pull looks at those that have nothing unsent."""
        ...

    def unwatched(self) -> Sequence[Unwatched]:
        """What has something unsent and is looked at by no pull, items before annotations."""
        ...

    def reborn(self, kind: EntityKind, ids: Sequence[str]) -> set[str]:
        """Those of some entities (local ids) without a platform id that had one before: they were brought back."""
        ...

    def edited(self, kind: EntityKind) -> dict[str, str]:
        """What both sides know of a kind and that has something unsent: platform id → local id."""
        ...

    def known_count(self, kind: EntityKind, dataset: str, span: Span | None = None) -> int:
        """How many entities of a kind in a dataset (local id), or in a span of it, both sides know and are followed."""
        ...

    def known_middle(self, kind: EntityKind, dataset: str, span: Span) -> str | None:
        """The key about half-way in a span of what :meth:`known_count` counts.

        Something known has that key or a smaller one, and something has a larger one; None when nothing is such.
        """
        ...

    def known_span(
        self, kind: EntityKind, dataset: str, span: Span, limit: int | None = None
    ) -> dict[str, str]:
        """What :meth:`known_count` counts, by key: platform id → local id."""
        ...

    def jobs(self, waiting: State) -> Sequence[Job]:
        """A job for each entity with operations in the state ``pending`` or ``in flight``."""
        ...

    def remote_ids(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
        """Local id → platform id, for those that have one."""
        ...

    def names(self, kind: EntityKind, ids: Sequence[str]) -> list[str]:
        """What to call these entities (local ids) to a person."""
        ...

    def remote_names(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
        """What to call on the platform what a document refers to: local id → platform id.

        What is here and not there yet is left out: a reference to it has to wait. What is not here at all, because
        it was removed or never came, keeps its id: there is nothing to wait for.
        """
        ...

    def assignees(self, ids: Sequence[str]) -> dict[str, str]:
        """Local id of an assignment → the e-mail of whose it is."""
        ...

    def begin(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Mark jobs as in flight before anything is sent; returns those that may go."""
        ...

    def release(self, jobs: Sequence[Job]) -> None:
        """These were surely not applied: they wait again."""
        ...

    def acknowledge(self, answers: Sequence[tuple[Job, RemoteEntity]]) -> None:
        """The platform has these creations and updates; its answers become the bases."""
        ...

    def gone(self, jobs: Sequence[Job]) -> None:
        """These deletions are done there."""
        ...

    def reject(self, job: Job, reason: str, *, mendable: bool = False) -> None:
        """The platform refused it. ``mendable`` says that the cause may go away without an edit: a timer is set."""
        ...

    def held_paths(self) -> set[tuple[str, str]]:
        """Dataset (local id) and path of items that moved or went here, and may not do so on the platform yet.

        Their move or deletion waits for a person or was refused, so nothing else may be put there.
        """
        ...

    def rearm(self) -> int:
        """What was refused and whose timer has run out waits again; returns how many operations that were."""
        ...

    def wanted(self) -> Sequence[Wanted]:
        """Content that was asked for and is not here."""
        ...

    def hydrated(self, item_id: str, digest: str, size: int) -> None:
        """The content of an item is here now."""
        ...

    def finish(self, report: SyncReport) -> None:
        """Write down that a sync is complete, and count what is left into the report."""
        ...


class Blobs(Protocol):
    """The content-addressed cache, as far as the engine needs it."""

    def path(self, digest: str) -> Path | None:
        """Where the bytes of a digest are, or None when they are not here."""
        ...

    def keeps(self, digest: str) -> bool:
        """Whether the bytes of a digest are here to stay; makes them durable where their maker did not get that far."""
        ...

    def fetch(self, key: str, size: int, chunks: ChunkSource) -> str:
        """Take content in, resuming an earlier part of the same ``key``; returns its digest.

        Raises:
            TransientError: The content came short.
        """
        ...


class ChunkSource(Protocol):
    """Opens content at a byte offset."""

    def __call__(self, offset: int) -> Iterator[bytes]:
        """Chunks from ``offset`` on."""
        ...


class Clock(Protocol):
    """Time, for the engine: the core itself knows none."""

    def now(self) -> str:
        """The time as ISO-8601 UTC text with milliseconds and ``Z``."""
        ...

    def monotonic(self) -> float:
        """Seconds from some fixed point."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
