"""The push: what changed here goes out, stage by stage, each request written down before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from localloop_schema.documents import Document
from localloop_schema.errors import LocalLoopError
from localloop_schema.kinds import EntityKind
from localloop_sync.addressing import Address, moves_work, new_assignees
from localloop_sync.core.operation import State
from localloop_sync.core.plan import Errand, Job, Stage, alike, batches, stages
from localloop_sync.core.references import natural_key
from localloop_sync.core.rules import CONTENT, TASKS
from localloop_sync.core.safety import Limits
from localloop_sync.errors import (
    AuthError,
    OfflineError,
    PermanentError,
    RemoteError,
    RemoteNotFoundError,
    ThrottledError,
    UnsendableError,
)
from localloop_sync.guarding import guard
from localloop_sync.ports import Blobs, Journal, Remote, RemoteEntity, Scope
from localloop_sync.pulling import Puller
from localloop_sync.report import Progress, Rejection, SyncReport

#: How many jobs are marked as in flight together: what a crash leaves to be looked up is no more than this.
WINDOW = 64
#: How many annotations one request carries (docs/platform/wire.md, 5.1).
ANNOTATIONS = 100
#: How many items one request assigns or looks at.
ITEMS = 500

_BULK = (EntityKind.ITEM, EntityKind.ANNOTATION)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """Jobs that go in one request, with what they need in the platform's ids."""

    jobs: tuple[Job, ...]
    scope: Scope
    documents: tuple[Document, ...]
    bases: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a parcel's request came to. ``found`` are entities that were in the way of a creation.

    ``waits`` says that nothing was sent: what is only ever found on the platform is not there yet.
    """

    entities: Sequence[RemoteEntity] = ()
    found: Sequence[RemoteEntity] = ()
    waits: bool = False
    sent_bytes: int = 0


class Pusher:
    """Runs one push.

    Args:
        remote: The platform.
        journal: The store.
        blobs: Where content is.
        puller: Takes in what is found on the way.
        progress: Hears how far it is.
        report: Counts what happens.
        limits: How much may be deleted on the platform without asking; None allows all.
        workers: How many requests may be under way at once.
    """

    def __init__(
        self,
        remote: Remote,
        journal: Journal,
        blobs: Blobs,
        puller: Puller,
        progress: Progress,
        report: SyncReport,
        limits: Limits | None,
        workers: int,
    ) -> None:
        self._remote = remote
        self._journal = journal
        self._blobs = blobs
        self._puller = puller
        self._progress = progress
        self._report = report
        self._limits = limits
        self._workers = workers
        self._address = Address(journal)

    def settle(self) -> None:
        """Find out what became of requests whose reply was lost: look, never send again blindly."""
        jobs = self._journal.jobs(State.IN_FLIGHT)
        self._know_assignments([job for job in jobs if moves_work(job)])
        looked: set[tuple[EntityKind, str]] = set()
        for group in _looks(jobs):
            try:
                self._settle(group)
            except RemoteNotFoundError:  # what it would be in is gone, so it is not there either
                pass
            except PermanentError:  # it may not be looked at, so nothing is known: it must not be sent again
                continue
            looked.update((job.kind, job.entity_id) for job in group)
        left = self._journal.jobs(State.IN_FLIGHT) if looked else []
        self._journal.release([job for job in left if (job.kind, job.entity_id) in looked])

    def _settle(self, group: Sequence[Job]) -> None:
        """Look what became of jobs; those of creations may be several of one item, looked for together."""
        job = group[0]
        if job.remote_id is None:
            self._look(group)
            return
        current = self._remote.get(job.kind, job.remote_id)
        if current is None and job.errand is Errand.DELETE:
            self._journal.gone([job])
        elif current is not None:
            self._puller.take(job.kind, [current])

    def _look(self, group: Sequence[Job]) -> None:
        """Look for creations in one parent by their natural keys; what is found is taken in."""
        scope = self._address.scope(group[0])
        keys = [job.key for job in group if job.key]
        if scope is not None and keys:
            self._puller.take(group[0].kind, self._remote.find(group[0].kind, scope, keys))

    def bind(self) -> None:
        """Look for projects and datasets that are new here and exist on the platform already.

        They are bound before the pull, so that their content is merged and nothing is made twice.
        """
        for kind in (EntityKind.PROJECT, EntityKind.DATASET):
            for job in self._journal.jobs(State.PENDING):
                if job.kind is kind and job.errand is Errand.CREATE:
                    self._look([job])

    def plan(self) -> list[Stage]:
        """What there is to send, in order."""
        return stages(self._journal.jobs(State.PENDING))

    def run(self) -> None:
        """Send everything that waits.

        Raises:
            MassDeletionHalt: Too much would be deleted on the platform; nothing was sent.
            RemoteError: The platform stopped answering, or does not accept the credentials.
        """
        before: set[tuple[int, ...]] = set()
        while True:
            plan = self.plan()
            waiting = {job.seqs for stage in plan for job in stage.jobs}
            if not waiting or waiting == before:  # what is left waits for something that was refused
                return
            if self._limits is not None:
                guard(plan, self._limits, self._journal, self._remote)
            self._stages(plan)
            before = waiting

    def _stages(self, plan: Sequence[Stage]) -> None:
        for stage in plan:
            # What earlier stages brought in (ids, adopted labels) is in the journal now.
            fresh = {
                (job.kind, job.entity_id): job
                for job in self._journal.jobs(State.PENDING)
                if job.kind is stage.kind and job.errand is stage.errand
            }
            jobs = [
                replace(fresh[job.kind, job.entity_id], target=job.target, aside=True)
                if job.aside
                else fresh[job.kind, job.entity_id]
                for job in stage.jobs
                if (job.kind, job.entity_id) in fresh
            ]
            self._stage(stage, jobs)

    def _stage(self, stage: Stage, jobs: Sequence[Job]) -> None:
        """Send the jobs of one kind and errand, a window at a time."""
        if stage.errand is Errand.ASSIGN:
            jobs = self._looked_at(jobs)
        creates_annotations = stage.kind is EntityKind.ANNOTATION and stage.errand is Errand.CREATE
        groups = batches(jobs, ANNOTATIONS) if creates_annotations else [(job,) for job in jobs]
        if stage.errand is Errand.ASSIGN:
            groups = alike(jobs, ITEMS)
        done = 0
        by_name = stage.errand is Errand.CREATE and stage.kind not in _BULK
        for window in _named_apart(groups) if by_name else _windows(groups):
            self._window(stage, self._still_free(stage, window))
            done += sum(map(len, window))
            self._progress.advance(f"{stage.kind.value}s: {stage.errand.value}", done, len(jobs))

    def _looked_at(self, jobs: Sequence[Job]) -> list[Job]:
        """Assigning jobs, once what the platform has of their items is taken in.

        A task that was created in this push has dealt out its items itself; what it did is not sent again.
        """
        self._know_assignments([job for job in jobs if moves_work(job)])
        by_scope: dict[Scope, list[str]] = {}
        for job in jobs:
            scope = self._address.scope(job)
            if scope is not None and job.remote_id is not None:
                by_scope.setdefault(scope, []).append(job.remote_id)
        for scope, ids in by_scope.items():
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

    def _know_assignments(self, jobs: Sequence[Job]) -> None:
        """Take in the assignments of the datasets of some items, so that theirs can be told apart."""
        for scope in {self._address.scope(job) for job in jobs if job.kind is EntityKind.ITEM} - {None}:
            assert scope is not None
            try:
                self._puller.take(EntityKind.ASSIGNMENT, self._remote.list(EntityKind.ASSIGNMENT, scope))
            except RemoteNotFoundError:  # the dataset is gone: the next pull finds that out
                continue

    def _still_free(self, stage: Stage, window: list[tuple[Job, ...]]) -> list[tuple[Job, ...]]:
        """The window without files whose path is taken on the platform: those are taken in instead.

        What the platform answers to an upload onto an existing path is not known well enough to rely on
        (docs/platform/wire.md, 4.1), so paths are looked up first, many in one request.
        """
        if stage.kind is not EntityKind.ITEM or stage.errand is not Errand.CREATE:
            return window
        by_scope: dict[Scope, list[Job]] = {}
        for (job,) in window:
            scope = self._address.scope(job)
            if scope is not None:
                by_scope.setdefault(scope, []).append(job)
        taken = False
        for scope, jobs in by_scope.items():
            try:
                found = self._remote.find(EntityKind.ITEM, scope, [job.key for job in jobs])
            except RemoteNotFoundError:  # the dataset went away since the pull: the next one finds that out
                lost = {job.entity_id for job in jobs}
                window = [group for group in window if group[0].entity_id not in lost]
                continue
            self._puller.take(EntityKind.ITEM, found)
            taken = taken or bool(found)
        if not taken:
            return window
        fresh = {
            job.entity_id: job
            for job in self._journal.jobs(State.PENDING)
            if job.kind is stage.kind and job.errand is stage.errand
        }
        return [(fresh[job.entity_id],) for (job,) in window if job.entity_id in fresh]

    def _window(self, stage: Stage, window: Sequence[tuple[Job, ...]]) -> None:
        parcels = list(self._parcels(stage, window))
        going = self._journal.begin([job for parcel in parcels for job in parcel.jobs])
        may = {job.entity_id for job in going}
        parcels = [parcel for parcel in parcels if all(job.entity_id in may for job in parcel.jobs)]
        left = [job for job in going if not any(job in parcel.jobs for parcel in parcels)]
        self._journal.release(left)
        send = self._sender(stage)
        if self._workers == 1:
            self._one_by_one(stage, parcels, send)
            return
        trouble: RemoteError | None = None
        with ThreadPoolExecutor(self._workers, thread_name_prefix="push") as pool:
            running: dict[Future[_Answer], _Parcel] = {
                pool.submit(send, parcel): parcel for parcel in parcels
            }
            try:
                for future in as_completed(running):
                    if future.cancelled():
                        continue
                    problem = self._settled(stage, running[future], future)
                    if problem is not None and trouble is None:
                        trouble = problem
                        _cancel(running)
            except BaseException:  # whoever interrupts a sync must not have to wait for all that was queued
                _cancel(running)
                raise
        if trouble is not None:
            self._journal.release(
                [job for future, parcel in running.items() if future.cancelled() for job in parcel.jobs]
            )
            raise trouble

    def _one_by_one(
        self, stage: Stage, parcels: Sequence[_Parcel], send: Callable[[_Parcel], _Answer]
    ) -> None:
        """Send in this thread: nothing else happens meanwhile, so that a run can be repeated exactly."""
        for number, parcel in enumerate(parcels, 1):
            future: Future[_Answer] = Future()
            try:
                future.set_result(send(parcel))
            except Exception as error:  # noqa: BLE001 - judged where those of other threads are
                future.set_exception(error)
            trouble = self._settled(stage, parcel, future)
            if trouble is not None:
                self._journal.release([job for left in parcels[number:] for job in left.jobs])
                raise trouble

    def _settled(self, stage: Stage, parcel: _Parcel, future: Future[_Answer]) -> RemoteError | None:
        """Write down what became of a parcel; an error that ends the push is returned."""
        error = future.exception()
        if error is None:
            self._record(stage, parcel, future.result())
            return None
        if isinstance(error, (AuthError, OfflineError, ThrottledError)):  # surely not applied
            self._journal.release(parcel.jobs)
            return error
        if isinstance(error, (PermanentError, UnsendableError)):
            self._refused(stage, parcel, error)
            return None
        if isinstance(error, RemoteError):  # its outcome is not known: it stays in flight, to be looked up
            return error
        raise error

    def _refused(self, stage: Stage, parcel: _Parcel, error: LocalLoopError) -> None:
        if len(parcel.jobs) > 1:  # one bad annotation must not hold the others back
            # Whether a refused batch is refused whole is not said, so what is there already is not sent again.
            creates = stage.errand is Errand.CREATE
            keys = [job.key for job in parcel.jobs] if creates else []
            found = self._remote.find(stage.kind, parcel.scope, keys) if creates else ()
            there = {natural_key(stage.kind, one.document): one for one in found}
            for job, document, base in zip(parcel.jobs, parcel.documents, parcel.bases, strict=True):
                single = _Parcel((job,), parcel.scope, (document,), (base,))
                if job.key in there:
                    self._record(stage, single, _Answer([there[job.key]]))
                    continue
                try:
                    answer = self._sender(stage)(single)
                except PermanentError as refusal:
                    self._refused(stage, single, refusal)
                else:
                    self._record(stage, single, answer)
            return
        [job] = parcel.jobs
        self._journal.reject(job, error.message)
        self._report.rejected.append(Rejection(job.kind.value, job.entity_id, job.name, error.message))

    def _record(self, stage: Stage, parcel: _Parcel, answer: _Answer) -> None:
        if answer.found or answer.waits:
            self._journal.release(parcel.jobs)
            self._puller.take(stage.kind, answer.found)
            return
        if stage.errand is Errand.DELETE:
            self._journal.gone(parcel.jobs)
            self._report.bump(self._report.deleted_there, stage.kind.value, len(parcel.jobs))
            return
        if stage.errand is Errand.ASSIGN and any(new_assignees(one) for one in parcel.documents):
            self._know_assignments(parcel.jobs[:1])
        self._journal.acknowledge(list(zip(parcel.jobs, answer.entities, strict=True)))
        self._report.bump(self._report.pushed, stage.kind.value, len(parcel.jobs))
        self._report.uploaded_bytes += answer.sent_bytes

    def _parcels(self, stage: Stage, window: Sequence[tuple[Job, ...]]) -> Iterator[_Parcel]:
        """Jobs in the platform's ids. One that names something the platform does not have yet has to wait."""
        for jobs in window:
            scope = self._address.scope(jobs[0])
            if scope is None and stage.errand is Errand.CREATE:
                continue
            ready, documents, bases = [], [], []
            for job in jobs:
                target = self._address.translated(job, job.target)
                base = self._address.translated(job, job.base)
                if target is None or base is None:
                    continue
                ready.append(job)
                documents.append(target)
                bases.append(base)
            if ready:
                yield _Parcel(tuple(ready), scope or Scope(), tuple(documents), tuple(bases))

    def _sender(self, stage: Stage) -> Callable[[_Parcel], _Answer]:
        if stage.errand is Errand.DELETE:
            return self._delete
        if stage.errand is Errand.UPDATE:
            return self._update
        if stage.errand is Errand.ASSIGN:
            return self._assign
        if stage.kind in _BULK:
            return self._upload if stage.kind is EntityKind.ITEM else self._create
        return self._create_if_absent

    def _delete(self, parcel: _Parcel) -> _Answer:
        [job] = parcel.jobs
        assert job.remote_id is not None
        self._remote.delete(job.kind, job.remote_id)
        return _Answer()

    def _create(self, parcel: _Parcel) -> _Answer:
        return _Answer(self._remote.create(parcel.jobs[0].kind, parcel.scope, parcel.documents))

    def _create_if_absent(self, parcel: _Parcel) -> _Answer:
        [job] = parcel.jobs
        found = self._remote.find(job.kind, parcel.scope, [job.key])
        # Only some kinds have names of their own: another ontology or task may be called the same.
        known = self._journal.known(job.kind) if found else {}
        found = [one for one in found if one.id not in known]
        if job.found_only and not found:
            return _Answer(waits=True)
        return _Answer(found=found) if found else self._create(parcel)

    def _upload(self, parcel: _Parcel) -> _Answer:
        [job], [document] = parcel.jobs, parcel.documents
        if document.get("type") == "dir":
            return self._create(parcel)
        size = document["content"]["size"]
        entity, wrote = self._remote.upload(parcel.scope, document, self._content(job, document))
        return _Answer([entity], sent_bytes=size) if wrote else _Answer(found=[entity])

    def _update(self, parcel: _Parcel) -> _Answer:
        [job], [document], [base] = parcel.jobs, parcel.documents, parcel.bases
        assert job.remote_id is not None
        entity, sent = None, 0
        content = document.get(CONTENT[0])
        if content != base.get(CONTENT[0]):
            entity = self._remote.replace(job.remote_id, document, self._content(job, document))
            sent = content["size"] if content else 0
        without = {key: value for key, value in document.items() if key != CONTENT[0]}
        before = {key: value for key, value in base.items() if key != CONTENT[0]}
        if entity is None or without != before:
            entity = self._remote.update(job.kind, job.remote_id, without, before)
        return _Answer([entity], sent_bytes=sent)

    def _assign(self, parcel: _Parcel) -> _Answer:
        items = [job.remote_id for job in parcel.jobs if job.remote_id is not None]
        tasks, base = (side[0].get(TASKS[0]) or {} for side in (parcel.documents, parcel.bases))
        return _Answer(self._remote.assign(parcel.scope, items, tasks, base))

    def _content(self, job: Job, document: Document) -> Path:
        digest = (document.get(CONTENT[0]) or {}).get("digest")
        path = self._blobs.path(digest) if digest else None
        if path is None:
            raise UnsendableError(f"The content of {job.name} is not in the cache.")
        return path


def _windows(groups: Sequence[tuple[Job, ...]]) -> Iterator[list[tuple[Job, ...]]]:
    waiting = iter(groups)
    while window := list(islice(waiting, WINDOW)):
        yield window


def _named_apart(groups: Sequence[tuple[Job, ...]]) -> Iterator[list[tuple[Job, ...]]]:
    """Windows in which no two creations have one name, not even in different parents.

    What is found under a name is taken in, and must not be what another request of the window is about.
    """
    waiting = list(groups)
    while waiting:
        window: dict[str, tuple[Job, ...]] = {}
        for group in waiting:
            if len(window) < WINDOW:
                window.setdefault(group[0].key, group)
        chosen = set(map(id, window.values()))
        waiting = [group for group in waiting if id(group) not in chosen]
        yield list(window.values())


def _looks(jobs: Sequence[Job]) -> list[tuple[Job, ...]]:
    """Jobs as they are looked up: the creations of annotations of one item need one listing of that item."""
    drawn = [job for job in jobs if job.kind is EntityKind.ANNOTATION and job.remote_id is None]
    others = [(job,) for job in jobs if job.kind is not EntityKind.ANNOTATION or job.remote_id is not None]
    return [*others, *batches(drawn, max(len(drawn), 1))]


def _cancel(futures: Iterable[Future[_Answer]]) -> None:
    """Keep what has not begun from being sent."""
    for one in futures:
        one.cancel()
