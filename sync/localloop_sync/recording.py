"""Writing down what became of what was sent: in the journal, and in the report."""

from __future__ import annotations

from collections.abc import Iterator

from localloop_schema.kinds import EntityKind
from localloop_sync.addressing import new_assignees
from localloop_sync.core.plan import Errand, Job, Stage
from localloop_sync.core.references import natural_key
from localloop_sync.errors import (
    MassDeletionHalt,
    PermanentError,
    RemoteError,
    RemoteNotFoundError,
    UnsendableError,
)
from localloop_sync.parcels import Answer, Parcel
from localloop_sync.ports import Journal, Remote
from localloop_sync.pulling import Puller
from localloop_sync.report import Rejection, SyncReport
from localloop_sync.scouting import Scout


class Recorder:
    """Writes outcomes down. Used by the syncing thread only.

    Args:
        remote: The platform.
        journal: The store.
        puller: Takes in what was in the way.
        scout: Fetches what an answer refers to.
        report: Counts what happens.
    """

    def __init__(
        self, remote: Remote, journal: Journal, puller: Puller, scout: Scout, report: SyncReport
    ) -> None:
        self._remote = remote
        self._journal = journal
        self._puller = puller
        self._scout = scout
        self._report = report

    def record(self, stage: Stage, parcel: Parcel, answer: Answer) -> None:
        """A parcel's request was answered.

        Args:
            stage: What it was about.
            parcel: What was sent.
            answer: What it came to.
        """
        if answer.found or answer.waits:
            self._journal.release(parcel.jobs)
            self._puller.take(stage.kind, answer.found)
            return
        if stage.errand is Errand.DELETE:
            self._journal.gone(parcel.jobs)
            self._report.bump(self._report.deleted_there, stage.kind.value, len(parcel.jobs))
            return
        if stage.errand is Errand.ASSIGN and any(new_assignees(one) for one in parcel.documents):
            self._scout.assignments(parcel.jobs[:1])
        self._journal.acknowledge(list(zip(parcel.jobs, answer.entities, strict=True)))
        self._report.bump(self._report.pushed, stage.kind.value, len(parcel.jobs))
        self._report.uploaded_bytes += answer.sent_bytes

    def found_apart(self, stage: Stage, parcel: Parcel) -> Iterator[Parcel]:
        """The jobs of a refused batch that are to be tried alone: one bad annotation must not hold the others back.

        Whether a refused batch is refused whole is not said, so what is there already is not sent again.

        Args:
            stage: What it is about.
            parcel: What was refused.

        Raises:
            RemoteError: Nobody can say what is there.
        """
        creates = stage.errand is Errand.CREATE
        keys = [job.key for job in parcel.jobs] if creates else []
        found = self._remote.find(stage.kind, parcel.scope, keys) if creates else ()
        there = {natural_key(stage.kind, one.document): one for one in found}
        for single in parcel.apart():
            [job] = single.jobs
            if job.key in there:
                self.record(stage, single, Answer([there[job.key]]))
            else:
                yield single

    def refuse(self, job: Job, error: PermanentError | UnsendableError) -> None:
        """The platform refused a job, or it cannot be sent from here.

        Args:
            job: The job.
            error: Why. What may be mended elsewhere is tried again after a while; the rest waits for an edit.
                Where the platform has the entity no more, that is no refusal: it was deleted there and edited here.
        """
        if isinstance(error, RemoteNotFoundError) and self._contested(job):
            return
        mendable = isinstance(error, UnsendableError) or error.mendable
        self._journal.reject(job, error.message, mendable=mendable)
        self._report.rejected.append(
            Rejection(job.kind.value, job.entity_id, job.name, error.message, mendable)
        )

    def _contested(self, job: Job) -> bool:
        """Whether a job ran into a deletion that no pull told of, so that a person has to decide about it.

        The deletion may have come since the pull; or a count hid it, and then nothing would tell of it for long.
        """
        kind, entity_id = job.kind, job.entity_id
        if job.remote_id is None:
            kind, entity_id = EntityKind.ITEM, job.parents.get(EntityKind.ITEM, "")
        remote_id = self._journal.remote_ids(kind, [entity_id]).get(entity_id)
        if remote_id is None or kind in (EntityKind.PROJECT, EntityKind.DATASET):
            return False
        try:
            if self._remote.get(kind, remote_id) is not None:
                return False
        except RemoteError:  # then nothing is known but the refusal
            return False
        self._journal.release([job])
        try:
            self._puller.vanished(kind, entity_id)
        except MassDeletionHalt:
            # Nothing of it was edited here but its tasks: the next pull decides, among all others.
            self._journal.begin([job])  # it is the one that was refused
            return False
        return True
