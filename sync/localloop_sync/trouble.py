"""Telling one entity's trouble from a platform that is down, by what else works meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from localloop_schema.kinds import EntityKind
from localloop_sync.core.plan import Job
from localloop_sync.errors import OutOfTimeError, RemoteError, TransientError
from localloop_sync.ports import Clock, Remote

#: After so many entities that failed in a row, nothing more is begun before the platform has answered a question.
ROW = 5
#: After so many rows of entities that were given up with nothing written in between, the platform counts as down.
_EPIDEMICS = 3
#: The largest pause between two rounds in which nothing worked, in seconds; the first is a tenth of it.
_LONGEST = 5.0

Key = tuple[EntityKind, str]


def key_of(job: Job) -> Key:
    """What a job is about."""
    return job.kind, job.entity_id


class Trouble:
    """What did not get through in a push: requests without an answer, whose outcome is not known.

    Args:
        remote: The platform, to be asked whether it answers at all.
        clock: Time.
        patience: For how many seconds an entity, or the platform, may be in trouble.
    """

    def __init__(self, remote: Remote, clock: Clock, patience: float) -> None:
        self._remote = remote
        self._clock = clock
        self._patience = patience
        self._last_good = clock.monotonic()
        self._row: set[Key] = set()
        self._pause = 0.0
        self._epidemics = 0
        self._since: dict[Key, float] = {}
        self._errors: dict[Key, tuple[Job, RemoteError]] = {}
        self.given_up: set[Key] = set()

    @property
    def epidemic(self) -> bool:
        """Whether so many entities failed one after the other that it is hardly their own trouble."""
        return len(self._row) >= ROW

    @property
    def victims(self) -> dict[Key, tuple[Job, RemoteError]]:
        """What did not get through at some time, and why."""
        return self._errors

    def worked(self) -> None:
        """The platform answered a request of the push."""
        self._last_good = self._clock.monotonic()
        self._row.clear()
        self._pause = 0.0
        self._epidemics = 0

    def failed(self, jobs: Iterable[Job], error: RemoteError, began: float) -> None:
        """The outcome of a request that began then is not known."""
        for job in jobs:
            key = key_of(job)
            self._row.add(key)
            self._since.setdefault(key, began)
            self._errors[key] = job, error

    def wait_for_platform(self) -> None:
        """Where nothing worked since the last failure, make sure that the platform answers at all.

        Raises:
            RemoteError: It does not, and patience is at its end.
        """
        down_since: float | None = None
        while self._row:
            self._pause = min(self._pause * 2 or _LONGEST / 10, _LONGEST)
            before = self._clock.monotonic()
            self._clock.sleep(self._pause)
            asked = self._clock.monotonic()
            try:
                self._remote.account()
            except OutOfTimeError:
                raise
            except TransientError:
                down_since = before if down_since is None else down_since
                if self._out_of_patience(self._last_good):
                    raise
            else:
                self._forgive(self._clock.monotonic() - (asked if down_since is None else down_since))
                return

    def _forgive(self, seconds: float) -> None:
        """For so long the platform answered nobody, which is no entity's own trouble."""
        self._since = {key: since + seconds for key, since in self._since.items()}

    def give_up(self, left: Collection[Key]) -> None:
        """Leave what was in trouble for too long to the next sync.

        Args:
            left: What still waits to be sent, or is in flight; whatever else was in trouble is not any more.

        Raises:
            RemoteError: Others were tried in their place, more than once, and nothing at all could be written.
        """
        last = [error for _, error in self._errors.values()][-1:]
        self._errors = {key: told for key, told in self._errors.items() if key in left}
        late = {key for key in self._errors if self._out_of_patience(self._since.get(key, self._last_good))}
        new = late - self.given_up
        self.given_up |= late
        if self.epidemic and new:
            self._epidemics += 1
            if self._epidemics >= _EPIDEMICS:
                raise last[0]
        self._row.clear()

    def _out_of_patience(self, since: float) -> bool:
        return self._clock.monotonic() - since >= self._patience
