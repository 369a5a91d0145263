"""Looking before anything is sent: what is on the platform already, and what lies in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from localloop_schema.kinds import EntityKind
from localloop_sync.addressing import Address, moves_work
from localloop_sync.core.operation import State
from localloop_sync.core.plan import Errand, Job, comes_to, place_of
from localloop_sync.errors import PermanentError, RemoteError, RemoteNotFoundError
from localloop_sync.parcels import BULK, ITEMS, Group
from localloop_sync.ports import Journal, Remote, RemoteEntity, Scope
from localloop_sync.pulling import Puller

#: Asks what is there.
Look = Callable[[], Sequence[RemoteEntity]]

#: Hears of jobs that could not be looked for, and why.
Unknown = Callable[[Sequence[Job], RemoteError], None]


class Scout:
    """Looks at the platform for a push, and has what it finds taken in.

    Args:
        remote: The platform.
        journal: The store.
        puller: Takes in what is found.
        address: Translates.
    """

    def __init__(self, remote: Remote, journal: Journal, puller: Puller, address: Address) -> None:
        self._remote = remote
        self._journal = journal
        self._puller = puller
        self._address = address

    def look(self, group: Sequence[Job]) -> None:
        """Look for creations in one parent by their natural keys; what is found is taken in."""
        scope = self._address.scope(group[0])
        keys = [job.key for job in group if job.key]
        if scope is not None and keys:
            self._puller.take(group[0].kind, self._remote.find(group[0].kind, scope, keys))

    def items(self, jobs: Sequence[Job]) -> list[Job]:
        """Assigning jobs, once what the platform has of their items is taken in.

        A task that was created in this push has dealt out its items itself; what it did is not sent again.
        """
        self.assignments(jobs)
        for scope, those in self._by_scope(jobs).items():
            ids = [job.remote_id for job in those if job.remote_id is not None]
            for start in range(0, len(ids), ITEMS):
                try:
                    found = self._remote.several(EntityKind.ITEM, scope, ids[start : start + ITEMS])
                except RemoteNotFoundError:  # the dataset is gone: the next pull finds that out
                    continue
                self._puller.take(EntityKind.ITEM, found)
        wanted = {job.entity_id for job in jobs}
        return [
            job
            for job in self._journal.jobs(State.PENDING)
            if job.errand is Errand.ASSIGN and job.entity_id in wanted
        ]

    def assignments(self, jobs: Iterable[Job]) -> None:
        """Take in the assignments of the datasets of items that go in or out of tasks, so that theirs are known."""
        moving = [job for job in jobs if job.kind is EntityKind.ITEM and moves_work(job)]
        for scope in self._by_scope(moving):
            try:
                self._puller.take(EntityKind.ASSIGNMENT, self._remote.list(EntityKind.ASSIGNMENT, scope))
            except RemoteNotFoundError:  # the dataset is gone: the next pull finds that out
                continue

    def still_free(self, window: list[Group], unknown: Unknown) -> list[Group]:
        """New or moved files without those whose path is taken on the platform: what is there is taken in instead.

        What the platform answers to an upload or a move onto an existing path is not known well enough to rely on
        (docs/platform/wire.md, 4.1), so paths are looked up first, many in one request.

        Args:
            window: Creations, or changes, of files.
            unknown: Hears of jobs whose paths the platform does not let us look at; they are left out.
        """
        taken = False
        for scope, jobs in self._by_scope(
            job for (job,) in window if comes_to(job) and not job.aside
        ).items():
            try:
                found = self._remote.find(
                    EntityKind.ITEM, scope, [place_of(job, job.target)[1] for job in jobs]
                )
            except PermanentError as error:
                lost = {job.entity_id for job in jobs}
                window = [group for group in window if group[0].entity_id not in lost]
                if not isinstance(error, RemoteNotFoundError):
                    unknown(jobs, error)
                continue  # a dataset that went away since the pull: the next one finds that out
            self._puller.take(EntityKind.ITEM, found)
            taken = taken or bool(found)
        if not taken:
            return window
        fresh = {
            job.entity_id: job
            for job in self._journal.jobs(State.PENDING)
            if job.kind is EntityKind.ITEM and job.errand in (Errand.CREATE, Errand.UPDATE)
        }
        return [
            (
                replace(fresh[job.entity_id], target=job.target, aside=True)
                if job.aside
                else fresh[job.entity_id],
            )
            for (job,) in window
            if job.entity_id in fresh and fresh[job.entity_id].errand is job.errand
        ]

    def not_back(self, window: list[Group], unknown: Unknown) -> list[Group]:
        """New annotations without those that are on the platform by now.

        Nobody else knows the key of one that is really new. One that was deleted and is made again may have been made
        again by another store as well, so its item is looked at.

        Args:
            window: Creations of annotations, item by item.
            unknown: Hears of jobs that may not be looked for; they are left out.
        """
        ids = [job.entity_id for group in window for job in group]
        back = self._journal.reborn(EntityKind.ANNOTATION, ids)
        if not back:
            return window
        lost: set[str] = set()
        for group in window:
            jobs = [job for job in group if job.entity_id in back]
            try:
                if jobs:
                    self.look(jobs)
            except RemoteNotFoundError:  # its item is gone: the creation finds that out
                continue
            except PermanentError as error:
                lost.update(job.entity_id for job in group)
                unknown(group, error)
        waiting = {
            job.entity_id: job
            for job in self._journal.jobs(State.PENDING)
            if job.kind is EntityKind.ANNOTATION and job.errand is Errand.CREATE
        }
        left = [
            tuple(
                waiting[job.entity_id]
                for job in group
                if job.entity_id in waiting and job.entity_id not in lost
            )
            for group in window
        ]
        return [group for group in left if group]

    def as_known(self, window: list[Group], unknown: Unknown) -> list[Group]:
        """Deletions without those of what somebody changed since the pull, which are conflicts from here on.

        A platform without preconditions deletes whatever is there (docs/platform/wire.md, 8.4), so it is looked at
        right before, many in one request.

        Args:
            window: Deletions of one kind.
            unknown: Hears of jobs at which the platform does not let us look; they are left out.
        """
        jobs = [job for group in window for job in group]
        looks = self._looks_at_many(jobs) if jobs[0].kind in BULK else self._looks_at_each(jobs)
        lost: set[str] = set()
        for those, look in looks:
            try:
                self._puller.take(those[0].kind, look())
            except RemoteNotFoundError:  # what it is in is gone, and so is it: a deletion finds that in order
                continue
            except PermanentError as error:
                lost.update(job.entity_id for job in those)
                unknown(those, error)
        waiting = {
            (job.kind, job.entity_id): job
            for job in self._journal.jobs(State.PENDING)
            if job.errand is Errand.DELETE
        }
        left = [waiting.get((job.kind, job.entity_id)) for job in jobs if job.entity_id not in lost]
        return [(job,) for job in left if job is not None]

    def _looks_at_many(self, jobs: Sequence[Job]) -> Iterator[tuple[Sequence[Job], Look]]:
        by_dataset: dict[str | None, list[Job]] = {}
        for scope, those in self._by_scope(jobs).items():
            by_dataset.setdefault(scope.dataset, []).extend(those)
        for dataset, those in by_dataset.items():
            ids = [job.remote_id for job in those if job.remote_id is not None]
            yield those, partial(self._remote.several, those[0].kind, Scope(dataset=dataset), ids)

    def _looks_at_each(self, jobs: Sequence[Job]) -> Iterator[tuple[Sequence[Job], Look]]:
        def look(job: Job) -> Sequence[RemoteEntity]:
            found = self._remote.get(job.kind, job.remote_id) if job.remote_id is not None else None
            return [] if found is None else [found]

        for job in jobs:
            yield [job], partial(look, job)

    def _by_scope(self, jobs: Iterable[Job]) -> dict[Scope, list[Job]]:
        """Jobs by their parents; without those whose parents are not on the platform."""
        found: dict[Scope, list[Job]] = {}
        for job in jobs:
            scope = self._address.scope(job)
            if scope is not None:
                found.setdefault(scope, []).append(job)
        return found
