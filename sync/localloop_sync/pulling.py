"""The pull: what changed on the platform comes in, page by page, each page one transaction with its checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from localloop_schema.kinds import EntityKind
from localloop_sync.comparing import Place as Dataset
from localloop_sync.comparing import peek
from localloop_sync.contents import Contents
from localloop_sync.core.safety import Limits, listing, too_many
from localloop_sync.errors import (
    MassDeletionHalt,
    PermanentError,
    RemoteNotFoundError,
)
from localloop_sync.following import Follower
from localloop_sync.ports import (
    Blobs,
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
    Unwatched,
)
from localloop_sync.recovering import recover
from localloop_sync.reminding import Reminder
from localloop_sync.report import Progress, Rejection, SyncReport

PAGE = 1000

#: After so many pulls of a resource all ids are compared, since equal counts can hide a creation and a deletion, and
#: all that changed since the last time is read again, since a clock may be wrong.
#: After so many pulls by a change feed one does without it: a store must not trust one source for ever.
SWEEP_EVERY = 50

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
        self._fresh: list[str] = []
        self._read: set[str] = set()
        self._unread: set[tuple[EntityKind | None, str]] = set()
        self._feed: Feed | None = None
        self._contents = Contents(remote, journal, self, progress, page=PAGE, sweep_every=SWEEP_EVERY)

    def run(self) -> None:
        """Pull every project that both sides know.

        Raises:
            MassDeletionHalt: Too much would be deleted here; nothing was deleted.
            RemoteError: The platform could not be asked; what came in so far is kept.
        """
        targets = self._journal.targets()
        feed = self._feed = self._remote.feed() if targets else None
        reminder = Reminder(feed, self._remote, self._journal, self._report) if feed else None
        witnessed = reminder is not None and self._journal.witness() is not None
        forgotten = witnessed and reminder is not None and reminder.is_needed(targets)
        refused = len(self._report.rejected)
        for target in targets:
            try:
                self._project(target, feed, reminder, forgotten=forgotten)
            except PermanentError as error:  # one project that may not be read stops no other
                self._refused(EntityKind.PROJECT, target.project_id, target.remote_id, error)
                known = self._journal.known(EntityKind.DATASET, project=target.project_id)
                self._unread.update((None, local) for local in known.values())
        recover(self._remote, self._journal, self, self._report)
        self._unwatched()
        if witnessed and len(self._report.rejected) == refused:
            self._journal.attest(None)

    def _unwatched(self) -> None:
        """What no listing shows and has something unsent is looked at by its id, so that it is not sent blindly.

        So are recipes and ontologies that no dataset led to: theirs may not be on the platform yet.
        """
        for kind in (EntityKind.ONTOLOGY, EntityKind.RECIPE):
            for remote_id, local_id in self._journal.edited(kind).items():
                if remote_id in self._read:
                    continue
                found = peek(self._remote, kind, remote_id)
                if isinstance(found, RemoteEntity):
                    self.take(kind, [found])
                elif found is not None:
                    self._unread.add((None, local_id))
        for one in self._journal.unwatched():
            try:
                self._look(one)
            except PermanentError as error:
                self._refused(EntityKind.DATASET, one.dataset_id, one.dataset, error)

    def _refused(
        self,
        kind: EntityKind,
        entity_id: str,
        name: str,
        error: PermanentError,
        *,
        of: EntityKind | None = None,
    ) -> None:
        """What may not be read is not written to either: nobody knows what would be overwritten."""
        self._report.rejected.append(Rejection(kind.value, entity_id, name, error.message))
        self._unread.add((of, entity_id))

    def unread(self, kind: EntityKind, entity_id: str, parents: Iterable[str]) -> bool:
        """Whether what an entity is in, or it itself, could not be read in this pull.

        Args:
            kind: What it is.
            entity_id: Its local id.
            parents: The local ids of its parents.
        """
        if not self._unread:
            return False
        return any((of, one) in self._unread for one in (entity_id, *parents) for of in (None, kind))

    def _look(self, one: Unwatched) -> None:
        if one.kind is EntityKind.DATASET:
            dataset = self._remote.get(one.kind, one.dataset)
            if dataset is None:
                self.vanished(one.kind, one.dataset_id)
            else:
                self.take(one.kind, [dataset])
            return
        found = self._remote.several(one.kind, Scope(dataset=one.dataset), list(one.entities))
        self.take(one.kind, found)
        missing = one.entities.keys() - {entity.id for entity in found}
        gone = [one.entities[name] for name in sorted(missing) if self._remote.get(one.kind, name) is None]
        self.bury(one.kind, gone, self._journal.known_count(one.kind, one.dataset_id))

    def attest(self) -> None:
        """After a push: remember where the feed stands, so that the next pull sees whether it was all forgotten."""
        if self._feed is None or not (self._report.pushed or self._report.deleted_there):
            return
        for target in self._journal.targets():
            place = _head(self._feed, target)
            if place is not None:
                self._journal.attest((target.project_id, place))
                return

    def _project(
        self, target: Target, feed: Feed | None, reminder: Reminder | None, *, forgotten: bool
    ) -> None:
        if feed is None or reminder is None:
            self._plainly(target)
        elif not self._followed(target, feed, reminder, forgotten=forgotten):
            # What changes during the plain pull comes after this place, and so is not missed.
            place = _head(feed, target)
            position = self._journal.position(target.project_id)
            # Whoever read the feed before and cannot now trusts nothing that counts and times say.
            self._plainly(target, sweep=position is not None)
            # A listing without a single dataset may have been a mistake of the platform's, and a feed would never
            # tell of what was there before its place. To ask again costs little, for there is little to ask for.
            if place is not None and self._journal.known(EntityKind.DATASET, project=target.project_id):
                self._journal.observe(EntityKind.PROJECT, [], Position(target.project_id, place))

    def _followed(self, target: Target, feed: Feed, reminder: Reminder, *, forgotten: bool) -> bool:
        """Whether the feed told all that changed; else everything has to be asked for."""
        position = self._journal.position(target.project_id)
        try:
            if not forgotten:
                if position is None:
                    return False
                if position.pulls >= SWEEP_EVERY:
                    if not reminder.forgot(target.remote_id, position.place):
                        return False
                elif Follower(feed, self._remote, self._journal, self).follow(target, position):
                    return True
            reminder.run(target)
        except RemoteNotFoundError:
            return False  # the project is not shown: the plain pull looks again, and knows what to do
        return False

    def _plainly(self, target: Target, *, sweep: bool = False) -> None:
        project = self._remote.get(EntityKind.PROJECT, target.remote_id)
        if project is None:
            self.vanished(EntityKind.PROJECT, target.project_id)
            return
        self.take(EntityKind.PROJECT, [project])
        try:
            self._listed(EntityKind.MEMBER, Scope(project=target.remote_id), target)
        except RemoteNotFoundError:
            raise
        except PermanentError as error:  # not everybody may see who else is a member
            self._refused(
                EntityKind.PROJECT, target.project_id, target.remote_id, error, of=EntityKind.MEMBER
            )
        self._datasets(target, sweep=sweep)

    def _datasets(self, target: Target, *, sweep: bool) -> None:
        scope = Scope(project=target.remote_id)
        listed = {one.id: one for one in self._remote.list(EntityKind.DATASET, scope)}
        chosen = [one for one in listed.values() if target.mirrors(one.id)]
        self.take(EntityKind.DATASET, chosen)
        there = self._journal.known(EntityKind.DATASET, project=target.project_id)
        known = {remote: local for remote, local in there.items() if remote not in target.left}
        missing = {remote: local for remote, local in known.items() if remote not in listed}
        for remote_id, local_id in missing.items():
            found = self._remote.get(EntityKind.DATASET, remote_id)
            if found is None:
                self.vanished(EntityKind.DATASET, local_id)
            else:  # the listing was wrong; what is not pulled must not be pushed to
                listed[remote_id] = found
                self.take(EntityKind.DATASET, [found])
        for remote_id, local_id in known.items():
            if remote_id not in listed:
                continue
            try:
                self.dataset(local_id, remote_id, target, sweep=sweep)
            except RemoteNotFoundError:
                raise
            except PermanentError as error:  # nor does one dataset stop another
                self._refused(EntityKind.DATASET, local_id, remote_id, error)

    def dataset(self, local_id: str, remote_id: str, target: Target, *, sweep: bool = False) -> None:
        """Pull what is in a dataset, without a feed. Its marks come last: they say that all of it was read once.

        Args:
            local_id: The dataset's local id.
            remote_id: Its platform id.
            target: Its project.
            sweep: Whether nothing is trusted that counts and times say.
        """
        place = Dataset(local_id, remote_id, target.filters.get(local_id, ""))
        for kind in _WORK:  # items name the tasks that they are in
            scope = Scope(project=target.remote_id, dataset=place.remote)
            self._listed(kind, scope, target, dataset=place.local)
        for kind in _BULK:
            self._contents.pull(kind, place, sweep=sweep)

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
        if kind is EntityKind.DATASET:
            self._details(entities)
        observed = self._journal.observe(kind, entities, mark)
        self._count(kind, observed)
        first = isinstance(mark, Mark) and mark.cursor.updated_at is None
        if kind is EntityKind.ITEM and not first:  # before a first listing is through, nothing can have moved
            self._fresh += observed.fresh
        if observed.unverified:
            self._compare(observed.unverified)
        if observed.orphans and kind in _AHEAD:
            self._adopt(kind, observed.orphans)
        if observed.unfinished and mark is not None:
            self._journal.observe(kind, [], mark)

    def _details(self, datasets: Sequence[RemoteEntity]) -> None:
        """What datasets refer to comes in before them, so that their references are known; what they share, once."""
        recipes = self._referred(EntityKind.RECIPE, [one.document["recipes"] for one in datasets])
        ontologies = self._referred(EntityKind.ONTOLOGY, [one.document["ontologies"] for one in recipes])
        self.take(EntityKind.ONTOLOGY, ontologies)
        self.take(EntityKind.RECIPE, recipes)

    def _referred(self, kind: EntityKind, named: Sequence[Sequence[str]]) -> list[RemoteEntity]:
        ids = dict.fromkeys(name for names in named for name in names)
        seen = (peek(self._remote, kind, name) for name in ids)
        found = [one for one in seen if isinstance(one, RemoteEntity)]
        self._read.update(one.id for one in found)
        return found

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
        found = {one: peek(self._remote, parent, one) for one in wanted}
        self.take(parent, [entity for entity in found.values() if isinstance(entity, RemoteEntity)])
        ready = [one for one in orphans if isinstance(found.get(one.parents.get(parent, "")), RemoteEntity)]
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
        there = {one: peek(self._remote, kind, one) for one in missing}
        self.take(kind, [one for one in there.values() if isinstance(one, RemoteEntity)])  # it was wrong
        gone = [known[one] for one, found in there.items() if found is None]
        self.bury(kind, gone, len(known))

    def vanished(self, kind: EntityKind, entity_id: str) -> None:
        """A whole project or dataset is gone, or may not be seen any more: who lost access gets the same answer.

        So nothing that has anything in it is deleted here before somebody says so.

        Args:
            kind: Project or dataset.
            entity_id: Its local id.

        Raises:
            MassDeletionHalt: There is something in it.
        """
        [one] = listing("here", kind.value, [entity_id])
        self._take_over(
            kind, [entity_id], most=None if self._limits is None else self._limits.agreed.get(one, 0)
        )

    def guard(self, kind: EntityKind, ids: Sequence[str], total: int) -> None:
        """Stop before so much is deleted here that somebody has to be asked.

        Args:
            kind: What would be deleted.
            ids: Their local ids, all in one dataset or project.
            total: How many both sides know there.

        Raises:
            MassDeletionHalt: They are too many.
        """
        if self._limits is None or not ids:
            return
        replaced = self._journal.replaced(ids, self._fresh) if kind is EntityKind.ITEM else set()
        ids = [one for one in ids if one not in replaced]  # what has a new place was not deleted
        emptied = kind is EntityKind.ITEM and len(ids) == total > 1  # a dataset that is suddenly empty
        listed = listing("here", kind.value, ids)
        if (emptied or too_many(len(ids), total, self._limits)) and not self._limits.allow(listed):
            raise MassDeletionHalt(
                f"The platform has {len(ids)} of {total} {kind.value}s of a dataset no more; "
                "they would be deleted here.",
                side="here",
                entities=self._journal.names(kind, ids),
                listed=listed,
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

    def missing(self, kind: EntityKind, ids: Sequence[str]) -> None:
        """Take over that the platform has entities (local ids) no more of which nothing is agreed on.

        So that none of them is deleted here: each is contested, but for one that was deleted here too.
        """
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
