"""The pull: what changed on the platform comes in, page by page, each page one transaction with its checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from localloop_schema.kinds import EntityKind
from localloop_sync.comparing import Comparer
from localloop_sync.comparing import Place as Dataset
from localloop_sync.core.safety import Limits, too_many
from localloop_sync.errors import (
    MassDeletionHalt,
    PermanentError,
    RemoteNotFoundError,
    TransientError,
)
from localloop_sync.following import Follower
from localloop_sync.ports import (
    Blobs,
    Cursor,
    Feed,
    Journal,
    Mark,
    Observed,
    Place,
    Position,
    Remote,
    RemoteEntity,
    Scope,
    Target,
)
from localloop_sync.report import Progress, Rejection, SyncReport

PAGE = 1000

#: How far a delta reaches back behind the last one: a platform's index may show a change late, and its machines'
#: clocks differ (docs/platform/wire.md, 8.6).
OVERLAP = timedelta(seconds=60)

#: After so many pulls of a resource all ids are compared, since equal counts can hide a creation and a deletion.
#: After so many pulls by a change feed one does without it: a store must not trust one source for ever.
SWEEP_EVERY = 50

_DETAILS = (EntityKind.ONTOLOGY, EntityKind.RECIPE)
_BULK = (EntityKind.ITEM, EntityKind.ANNOTATION)
_WORK = (EntityKind.TASK, EntityKind.ASSIGNMENT)

#: What may be listed, or changed, ahead of what it is in → what that is.
_AHEAD = {EntityKind.ANNOTATION: EntityKind.ITEM, EntityKind.ASSIGNMENT: EntityKind.TASK}


class Puller:
    """Runs one pull.

    Args:
        remote: The platform.
        journal: The store.
        blobs: Takes content in that has to be compared.
        progress: Hears how far it is.
        report: Counts what happens.
        limits: How much may be deleted here without asking; None allows all.
    """

    def __init__(
        self,
        remote: Remote,
        journal: Journal,
        blobs: Blobs,
        progress: Progress,
        report: SyncReport,
        limits: Limits | None,
    ) -> None:
        self._remote = remote
        self._journal = journal
        self._blobs = blobs
        self._progress = progress
        self._report = report
        self._limits = limits
        self._comparer = Comparer(remote, journal, self, PAGE)

    def run(self) -> None:
        """Pull every project that both sides know.

        Raises:
            MassDeletionHalt: Too much would be deleted here; nothing was deleted.
            RemoteError: The platform could not be asked; what came in so far is kept.
        """
        targets = self._journal.targets()
        feed = self._remote.feed() if targets else None
        for target in targets:
            try:
                self._project(target, feed)
            except PermanentError as error:  # one project that may not be read stops no other
                refusal = Rejection(
                    EntityKind.PROJECT.value, target.project_id, target.remote_id, error.message
                )
                self._report.rejected.append(refusal)

    def _project(self, target: Target, feed: Feed | None) -> None:
        if feed is None:
            self._plainly(target)
        elif not self._followed(target, feed):
            # What changes during the plain pull comes after this place, and so is not missed.
            place = _head(feed, target)
            self._plainly(target)
            # A listing without a single dataset may have been a mistake of the platform's, and a feed would never
            # tell of what was there before its place. To ask again costs little, for there is little to ask for.
            if place is not None and self._journal.known(EntityKind.DATASET, project=target.project_id):
                self._journal.observe(EntityKind.PROJECT, [], Position(target.project_id, place))

    def _followed(self, target: Target, feed: Feed) -> bool:
        """Whether the feed told all that changed; else everything has to be asked for."""
        position = self._journal.position(target.project_id)
        if position is None or position.pulls >= SWEEP_EVERY:
            return False
        try:
            return Follower(feed, self._remote, self._journal, self).follow(target, position)
        except (
            RemoteNotFoundError
        ):  # the project is not shown: the plain pull looks again, and knows what to do
            return False

    def _plainly(self, target: Target) -> None:
        project = self._remote.get(EntityKind.PROJECT, target.remote_id)
        if project is None:
            self.vanished(EntityKind.PROJECT, target.project_id)
            return
        self.take(EntityKind.PROJECT, [project])
        self._listed(EntityKind.MEMBER, Scope(project=target.remote_id), target)
        self._datasets(target)

    def _datasets(self, target: Target) -> None:
        scope = Scope(project=target.remote_id)
        listed = {one.id: one for one in self._remote.list(EntityKind.DATASET, scope)}
        chosen = [one for one in listed.values() if target.discover or one.id in target.datasets.values()]
        self.take(EntityKind.DATASET, chosen)
        known = self._journal.known(EntityKind.DATASET, project=target.project_id)
        missing = {remote: local for remote, local in known.items() if remote not in listed}
        for remote_id, local_id in missing.items():
            if self._remote.get(EntityKind.DATASET, remote_id) is None:
                self.vanished(EntityKind.DATASET, local_id)
        for remote_id, local_id in known.items():
            if remote_id in listed:
                self.dataset(local_id, remote_id, target)

    def dataset(self, local_id: str, remote_id: str, target: Target) -> None:
        """Pull what is in a dataset, without a feed. Its marks come last: they say that all of it was read once.

        Args:
            local_id: The dataset's local id.
            remote_id: Its platform id.
            target: Its project.
        """
        place = Dataset(local_id, remote_id)
        for kind in _WORK:  # items name the tasks that they are in
            scope = Scope(project=target.remote_id, dataset=place.remote)
            self._listed(kind, scope, target, dataset=place.local)
        for kind in _BULK:
            self._bulk(kind, place)

    def take(
        self, kind: EntityKind, entities: Sequence[RemoteEntity], mark: Mark | Position | None = None
    ) -> None:
        """Reconcile entities with the store; items whose bytes are in doubt are fetched and compared first.

        Args:
            kind: Their kind.
            entities: As the platform has them.
            mark: Where the listing stands after them.
        """
        if not entities and mark is None:
            return
        if (
            kind is EntityKind.DATASET
        ):  # what a dataset refers to goes before it, so that its references are known
            for dataset in entities:
                for detail in _DETAILS:
                    self.take(detail, self._remote.list(detail, Scope(dataset=dataset.id)))
        observed = self._journal.observe(kind, entities, mark)
        self._count(kind, observed)
        if observed.unverified:
            self._compare(observed.unverified)
        if observed.orphans and kind in _AHEAD:
            self._adopt(kind, observed.orphans)
        if observed.unfinished and mark is not None:
            self._journal.observe(kind, [], mark)

    def _compare(self, items: Sequence[RemoteEntity]) -> None:
        known = []
        for item in items:
            size = item.document["content"]["size"]
            key = f"item-{item.id}-{item.updated_at}"
            digest = self._blobs.fetch(key, size, partial(self._remote.download, item.id))
            self._report.downloaded_bytes += size
            known.append(
                replace(item, document={**item.document, "content": {"size": size, "digest": digest}})
            )
        self._count(EntityKind.ITEM, self._journal.observe(EntityKind.ITEM, known))

    def _adopt(self, kind: EntityKind, orphans: Sequence[RemoteEntity]) -> None:
        """What came ahead of what it is in: fetch that, then try again."""
        parent = _AHEAD[kind]
        wanted = dict.fromkeys(one.parents[parent] for one in orphans if parent in one.parents)
        found = {one: self._remote.get(parent, one) for one in wanted}
        self.take(parent, [entity for entity in found.values() if entity is not None])
        ready = [one for one in orphans if found.get(one.parents.get(parent, "")) is not None]
        self._count(kind, self._journal.observe(kind, ready))

    def _count(self, kind: EntityKind, observed: Observed) -> None:
        if observed.taken:
            self._report.bump(self._report.pulled, kind.value, observed.taken)
        self._report.conflicts_new += observed.conflicts

    def _listed(self, kind: EntityKind, scope: Scope, target: Target, *, dataset: str | None = None) -> None:
        """A resource that is listed whole: what is known and not in the list is gone, once asked for by id."""
        entities = self._remote.list(kind, scope)
        self.take(kind, entities)
        listed = {one.id for one in entities}
        project = None if dataset else target.project_id
        known = self._journal.known(kind, dataset=dataset, project=project)
        missing = [remote_id for remote_id in known if remote_id not in listed]
        gone = [known[one] for one in missing if self._remote.get(kind, one) is None]
        self.bury(kind, gone, len(known))

    def _bulk(self, kind: EntityKind, place: Dataset) -> None:
        """Items or annotations of a dataset: the first time by id, then by what changed; then deletions."""
        mark = self._journal.mark(place.local, kind)
        if mark is None:
            mark = Mark(place.local, kind, Cursor(), self._remote.newest(kind, place.scope))
        first = mark.cursor.updated_at is None
        if first:
            mark = self._bootstrap(kind, place, mark)
        mark = self._delta(kind, place, mark)
        if not first and mark.pulls % SWEEP_EVERY == SWEEP_EVERY - 1:
            self._comparer.sweep(kind, place)
        else:
            self._comparer.compare(kind, place)
        self._journal.observe(kind, [], replace(mark, pulls=mark.pulls + 1))

    def _bootstrap(self, kind: EntityKind, place: Dataset, mark: Mark) -> Mark:
        total = None
        done = 0
        while True:
            page = self._remote.page(kind, place.scope, mark.cursor, PAGE)
            if page.entities:
                mark = replace(mark, cursor=Cursor(page.entities[-1].id))
                self.take(kind, page.entities, mark)
                done += len(page.entities)
                self._progress.advance(f"{kind.value}s pulled", done, total)
            if not page.more or not page.entities:
                # The delta starts where the newest change was when the listing began: what changed behind the
                # listing's back is newer.
                return replace(mark, cursor=Cursor("", mark.since))

    def _delta(self, kind: EntityKind, place: Dataset, mark: Mark) -> Mark:
        reached = mark.cursor
        cursor = Cursor("", _earlier(reached.updated_at or ""))
        done = 0
        while True:
            page = self._remote.page(kind, place.scope, cursor, PAGE)
            if not page.entities:
                return mark
            last = page.entities[-1]
            cursor = Cursor(last.id, last.updated_at)
            if (last.updated_at, last.id) > (reached.updated_at or "", reached.id):
                mark = replace(mark, cursor=cursor, since=last.updated_at)
            self.take(kind, page.entities, mark)
            done += len(page.entities)
            self._progress.advance(f"{kind.value}s checked", done, None)
            if not page.more:
                return mark

    def vanished(self, kind: EntityKind, entity_id: str) -> None:
        """A whole project or dataset is gone, or may not be seen any more: who lost access gets the same answer.

        So nothing that has anything in it is deleted here before somebody says so.

        Args:
            kind: Project or dataset.
            entity_id: Its local id.

        Raises:
            MassDeletionHalt: There is something in it.
        """
        self._take_over(kind, [entity_id], most=None if self._limits is None else 0)

    def guard(self, kind: EntityKind, ids: Sequence[str], total: int) -> None:
        """Stop before so much is deleted here that somebody has to be asked.

        Args:
            kind: What would be deleted.
            ids: Their local ids, all in one dataset or project.
            total: How many both sides know there.

        Raises:
            MassDeletionHalt: They are too many.
        """
        emptied = kind is EntityKind.ITEM and len(ids) == total > 1  # a dataset that is suddenly empty
        if self._limits is not None and (emptied or too_many(len(ids), total, self._limits)):
            raise MassDeletionHalt(
                f"The platform has {len(ids)} of {total} {kind.value}s of a dataset no more; "
                "they would be deleted here.",
                side="here",
                entities=self._journal.names(kind, ids),
            )

    def bury(self, kind: EntityKind, ids: Sequence[str], total: int) -> None:
        """Take over that the platform has entities no more.

        Args:
            kind: Their kind.
            ids: Their local ids, all in one dataset or project.
            total: How many both sides know there.

        Raises:
            MassDeletionHalt: They are too many; nothing was deleted.
        """
        if not ids:
            return
        self.guard(kind, ids, total)
        self._take_over(kind, ids, most=None)

    def _take_over(self, kind: EntityKind, ids: Sequence[str], *, most: int | None) -> None:
        deleted, conflicts = self._journal.absent(kind, ids, most=most)
        for one, number in deleted.items():
            self._report.bump(self._report.deleted_here, one.value, number)
        self._report.conflicts_new += conflicts


def _head(feed: Feed, target: Target) -> Place | None:
    """Where the feed of a project stands; None when the project is not shown."""
    try:
        return feed.head(target.remote_id)
    except RemoteNotFoundError:
        return None


def _earlier(moment: str) -> str:
    """The moment less the overlap, in the same form; empty stays empty."""
    if not moment:
        return ""
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError as error:
        raise TransientError(f"The platform gave {moment!r} as a time.") from error
    early = parsed - OVERLAP
    return early.strftime("%Y-%m-%dT%H:%M:%S.") + f"{early.microsecond // 1000:03d}Z"
