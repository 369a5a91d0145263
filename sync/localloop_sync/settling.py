"""Settling: finding out what became of requests whose reply was lost. Nothing is ever sent again blindly."""

from __future__ import annotations

from collections.abc import Sequence

from localloop_schema.kinds import EntityKind
from localloop_sync.core.operation import State
from localloop_sync.core.plan import Errand, Job, batches
from localloop_sync.errors import (
    OfflineError,
    OutOfTimeError,
    PermanentError,
    RemoteNotFoundError,
    ThrottledError,
    TransientError,
)
from localloop_sync.parcels import BULK, WINDOW
from localloop_sync.ports import Journal, Remote
from localloop_sync.pulling import Puller
from localloop_sync.scouting import Scout
from localloop_sync.trouble import Key, key_of


class Settler:
    """Settles what is in flight.

    Args:
        remote: The platform.
        journal: The store.
        puller: Takes in what is found.
        scout: Looks for creations.
    """

    def __init__(self, remote: Remote, journal: Journal, puller: Puller, scout: Scout) -> None:
        self._remote = remote
        self._journal = journal
        self._puller = puller
        self._scout = scout

    def settle(self) -> None:
        """Look at all that is in flight: what is found is taken over, what is not is pending again.

        What cannot be looked at stays in flight, and holds nothing else up.

        Raises:
            RemoteError: The platform cannot be asked at all.
        """
        jobs = self._journal.jobs(State.IN_FLIGHT)
        self._scout.assignments(jobs)
        looked: set[Key] = set()
        for group in _looks(jobs):
            try:
                self._settle(group)
            except RemoteNotFoundError:  # what it would be in is gone, so it is not there either
                pass
            except PermanentError:  # it may not be looked at, so nothing is known: it must not be sent again
                continue
            except (OfflineError, OutOfTimeError, ThrottledError):
                raise
            except TransientError:
                self._remote.account()  # the trouble is this entity's only if anything else works
                continue
            looked.update(map(key_of, group))
        left = self._journal.jobs(State.IN_FLIGHT) if looked else []
        self._journal.release([job for job in left if key_of(job) in looked])

    def bind(self) -> None:
        """Look for projects and datasets that are new here and exist on the platform already.

        They are bound before the pull, so that their content is merged and nothing is made twice.
        """
        for kind in (EntityKind.PROJECT, EntityKind.DATASET):
            for job in self._journal.jobs(State.PENDING):
                if job.kind is kind and job.errand is Errand.CREATE:
                    self._scout.look([job])

    def _settle(self, group: Sequence[Job]) -> None:
        """Look what became of jobs; those of creations may be several in one parent, looked for together."""
        job = group[0]
        if job.remote_id is None:
            self._scout.look(group)
            return
        current = self._remote.get(job.kind, job.remote_id)
        if current is not None:
            self._puller.take(job.kind, [current])
        # One 404 is no proof that a deletion arrived. It goes again, by an id that nothing else will ever have.


def _looks(jobs: Sequence[Job]) -> list[tuple[Job, ...]]:
    """Jobs as they are looked up: new annotations of an item in one listing of it, new files by many paths at once."""
    new = {kind: [job for job in jobs if job.kind is kind and job.remote_id is None] for kind in BULK}
    together = {key_of(job) for those in new.values() for job in those}
    drawn = new[EntityKind.ANNOTATION]
    return [
        *((job,) for job in jobs if key_of(job) not in together),
        *batches(new[EntityKind.ITEM], WINDOW, parent=EntityKind.DATASET),
        *batches(drawn, max(len(drawn), 1)),
    ]
