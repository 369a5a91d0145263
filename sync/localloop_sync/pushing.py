"""The push: what changed here goes out, stage by stage, each request written down before it is sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from localloop_schema.kinds import EntityKind
from localloop_sync.addressing import Address
from localloop_sync.core.operation import State
from localloop_sync.core.plan import Errand, Job, Stage, comes_to, place_of, stages
from localloop_sync.core.safety import Limits
from localloop_sync.crew import Crew, Outcome
from localloop_sync.errands import Messenger
from localloop_sync.errors import (
    AuthError,
    OfflineError,
    OutOfTimeError,
    PermanentError,
    RemoteError,
    ThrottledError,
    UnsendableError,
)
from localloop_sync.guarding import guard
from localloop_sync.metering import Meter
from localloop_sync.parcels import Group, Parcel, lots, packed
from localloop_sync.ports import Blobs, Clock, Journal, Remote
from localloop_sync.pulling import Puller
from localloop_sync.recording import Recorder
from localloop_sync.report import Progress, Rejection, SyncReport
from localloop_sync.scouting import Scout
from localloop_sync.settling import Settler
from localloop_sync.trouble import Key, Trouble, key_of

#: What surely was not applied, and what everything else would meet as well: the push ends.
_ENDS = (AuthError, OfflineError, OutOfTimeError, ThrottledError)


class Pusher:
    """Runs one push.

    Args:
        remote: The platform.
        journal: The store.
        blobs: Where content is.
        clock: Time.
        puller: Takes in what is found on the way.
        progress: Hears how far it is.
        report: Counts what happens.
        limits: How much may be deleted on the platform without asking; None allows all.
        workers: How many requests may be under way at once.
        patience: For how many seconds an entity, or the platform, may be in trouble.
    """

    def __init__(
        self,
        remote: Remote,
        journal: Journal,
        blobs: Blobs,
        clock: Clock,
        puller: Puller,
        progress: Progress,
        report: SyncReport,
        *,
        limits: Limits | None,
        workers: int,
        patience: float,
    ) -> None:
        self._remote = remote
        self._journal = journal
        self._progress = progress
        self._report = report
        self._limits = limits
        self._puller = puller
        self._address = Address(journal)
        self._meter = Meter()
        self._scout = Scout(remote, journal, puller, self._address)
        self._settler = Settler(remote, journal, puller, self._scout)
        self._recorder = Recorder(remote, journal, puller, self._scout, report)
        self._trouble = Trouble(remote, clock, patience)
        messenger = Messenger(remote, journal, blobs, self._meter)
        self._crew = Crew(messenger.send, workers, remote.break_off, self._tick, clock.monotonic)
        self._ready: deque[Group] = deque()
        self._apart: deque[tuple[Stage, Parcel]] = deque()
        self._unsure: set[Key] = set()
        self._end: RemoteError | None = None

    def settle(self) -> None:
        """Find out what became of requests whose reply was lost: look, never send again blindly."""
        self._settler.settle()

    def bind(self) -> None:
        """Look for projects and datasets that are new here and exist on the platform already."""
        self._settler.bind()

    def plan(self) -> list[Stage]:
        """What there is to send, in order."""
        given_up = self._trouble.given_up
        return stages(
            job
            for job in self._journal.jobs(State.PENDING)
            if key_of(job) not in given_up
            and not self._puller.unread(job.kind, job.entity_id, job.parents.values())
        )

    def run(self) -> None:
        """Send everything that waits.

        Raises:
            MassDeletionHalt: Too much would be deleted on the platform; nothing was sent.
            RemoteError: The platform stopped answering, or does not accept the credentials.
        """
        self._journal.rearm()
        self._trouble.worked()
        before: set[tuple[int, ...]] = set()
        with self._crew:
            while True:
                plan = self.plan()
                waiting = {job.seqs for stage in plan for job in stage.jobs}
                if not waiting or waiting == before:  # what is left waits for something that was refused
                    break
                if self._limits is not None:
                    guard(plan, self._limits, self._journal, self._remote)
                self._stages(plan)
                if self._end is not None:
                    raise self._end
                before = set() if self._reconsider() else waiting
        self._postpone()

    def _stages(self, plan: Sequence[Stage]) -> None:
        for stage in plan:
            if self._end is not None or self._trouble.epidemic:
                return
            # What earlier stages brought in (ids, adopted labels) is in the journal now.
            fresh = {
                (job.kind, job.entity_id): job
                for job in self._journal.jobs(State.PENDING)
                if job.kind is stage.kind and job.errand is stage.errand
            }
            jobs = [
                replace(fresh[key_of(job)], target=job.target, aside=True)
                if job.aside
                else fresh[key_of(job)]
                for job in stage.jobs
                if key_of(job) in fresh
            ]
            # What was in trouble goes last, so that it holds nobody up.
            jobs.sort(key=lambda job: key_of(job) in self._trouble.victims)
            self._stage(stage, self._with_free_paths(jobs))

    def _with_free_paths(self, jobs: Sequence[Job]) -> list[Job]:
        """Without items that would go where one that could not be moved away still is."""
        held = {
            place_of(job, job.base)
            for job, _ in self._trouble.victims.values()
            if job.kind is EntityKind.ITEM and job.base is not None
        }
        if any(job.kind is EntityKind.ITEM for job in jobs):
            held |= self._journal.held_paths()
        return [
            job
            for job in jobs
            if job.kind is not EntityKind.ITEM or job.errand is Errand.DELETE or comes_to(job) not in held
        ]

    def _with_nothing_left(self, jobs: Sequence[Job]) -> list[Job]:
        """Without datasets in which something waits still, which could not be sent once they are closed."""
        waiting = [job for state in (State.PENDING, State.IN_FLIGHT) for job in self._journal.jobs(state)]
        busy = {job.parents.get(EntityKind.DATASET) for job in waiting}
        return [job for job in jobs if job.entity_id not in busy]

    def _stage(self, stage: Stage, jobs: Sequence[Job]) -> None:
        """Send the jobs of one kind and errand."""
        if stage.errand is Errand.ASSIGN:
            jobs = self._scout.items(jobs)
        elif stage.errand is Errand.CLOSE:
            jobs = self._with_nothing_left(jobs)
        self._meter.expect(jobs)
        done = 0
        for lot in lots(stage, jobs):
            self._ready = deque(lot)
            for outcome in self._crew.outcomes(lambda room: self._take(stage, room)):
                self._settled(outcome)
                done += len(outcome.parcel.jobs)
                self._progress.advance(f"{stage.kind.value}s: {stage.errand.value}", done, len(jobs))
            self._journal.release([job for _, parcel in self._apart for job in parcel.jobs])
            self._apart.clear()
            if self._end is not None or self._trouble.epidemic:
                return

    def _take(self, stage: Stage, room: int) -> list[tuple[Stage, Parcel]]:
        """The next parcels, written down as in flight. What cannot even be asked for ends the push."""
        taken = [self._apart.popleft() for _ in range(min(room, len(self._apart)))]
        while not taken and self._ready:
            window = [self._ready.popleft() for _ in range(min(room, len(self._ready)))]
            try:
                if stage.errand is Errand.DELETE:
                    window = self._scout.as_known(window, self._unseen)
                elif stage.kind is EntityKind.ANNOTATION and stage.errand is Errand.CREATE:
                    window = self._scout.not_back(window, self._unseen)
                elif stage.kind is EntityKind.ITEM and stage.errand in (Errand.CREATE, Errand.UPDATE):
                    window = self._scout.still_free(window, self._unseen)
            except RemoteError as error:
                self._stop(error)
                return []
            taken = [(stage, parcel) for parcel in self._begun(stage, window)]
        return taken

    def _begun(self, stage: Stage, window: Sequence[Group]) -> list[Parcel]:
        parcels = list(packed(self._address, stage, window))
        going = self._journal.begin([job for parcel in parcels for job in parcel.jobs])
        may = {job.entity_id for job in going}
        parcels = [parcel for parcel in parcels if all(job.entity_id in may for job in parcel.jobs)]
        carried = {key_of(job) for parcel in parcels for job in parcel.jobs}
        self._journal.release([job for job in going if key_of(job) not in carried])
        return parcels

    def _settled(self, outcome: Outcome) -> None:
        """Write down what became of a parcel."""
        jobs, error = outcome.parcel.jobs, outcome.error
        if outcome.answer is not None:
            self._trouble.worked()
            self._recorder.record(outcome.stage, outcome.parcel, outcome.answer)
        elif error is None:  # it was not sent
            self._journal.release(jobs)
        elif isinstance(error, _ENDS):
            if not error.unsure:  # else it stays in flight: an earlier try may have been applied
                self._journal.release(jobs)
            self._stop(error)
        elif isinstance(error, UnsendableError) or (isinstance(error, PermanentError) and not error.unsure):
            self._trouble.worked()
            self._refused(outcome.stage, outcome.parcel, error, outcome.began)
        elif isinstance(error, RemoteError):
            self._unknown(jobs, error, outcome.began)
        else:
            raise error

    def _refused(
        self, stage: Stage, parcel: Parcel, error: PermanentError | UnsendableError, began: float
    ) -> None:
        """What was refused alone is set aside; what was refused with others is tried alone."""
        if len(parcel.jobs) == 1:
            self._recorder.refuse(parcel.jobs[0], error)
            return
        try:
            self._apart.extend((stage, single) for single in self._recorder.found_apart(stage, parcel))
        except PermanentError as refusal:  # nor may anybody look what of it is there
            for job in parcel.jobs:
                self._recorder.refuse(job, refusal)
        except _ENDS as trouble:
            self._stop(trouble)  # what of it was applied is found out next time
        except RemoteError as trouble:
            self._unknown(parcel.jobs, trouble, began)

    def _unknown(self, jobs: Sequence[Job], error: RemoteError, began: float) -> None:
        """The outcome is not known, so it stays in flight, to be looked up at the end of this round."""
        self._trouble.failed(jobs, error, began)
        self._unsure.update(map(key_of, jobs))
        if self._trouble.epidemic:
            self._crew.halt()

    def _unseen(self, jobs: Sequence[Job], error: RemoteError) -> None:
        """They may not be looked for, so they are not sent either."""
        for job in jobs:
            self._trouble.victims[key_of(job)] = job, error
            self._trouble.given_up.add(key_of(job))

    def _stop(self, error: RemoteError) -> None:
        """End the push as soon as what is under way is through."""
        self._end = self._end or error
        self._crew.halt()

    def _reconsider(self) -> bool:
        """Look what became of requests without an answer; says whether there is a reason for another round."""
        if not self._unsure:
            return False
        self._trouble.wait_for_platform()
        self._settler.settle()
        self._trouble.give_up(self._left())
        again = self._unsure - self._trouble.given_up
        self._unsure.clear()
        return bool(again)

    def _postpone(self) -> None:
        """Say what did not get through although other things did."""
        victims = self._trouble.victims
        if not victims:
            return
        left = self._left()
        for key, (job, error) in victims.items():
            if key in left:
                told = Rejection(job.kind.value, job.entity_id, job.name, error.message, mendable=True)
                self._report.postponed.append(told)

    def _left(self) -> set[Key]:
        """What waits to be sent, or is in flight."""
        return {
            key_of(job) for state in (State.PENDING, State.IN_FLIGHT) for job in self._journal.jobs(state)
        }

    def _tick(self) -> None:
        if self._meter.total:
            self._progress.transfer("sending", self._meter.done, self._meter.total)
