"""How many bytes of a push's contents are through. Filled by the threads that send, read by the one that syncs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from localloop_sync.core.plan import Job
from localloop_sync.core.rules import CONTENT
from localloop_sync.ports import Heard


class Meter:
    """Counts bytes of contents, each content's own progress apart, since a transfer may begin anew."""

    def __init__(self) -> None:
        self._through: dict[str, int] = {}
        self.total = 0

    def expect(self, jobs: Iterable[Job]) -> None:
        """These are what is to be sent; what was counted so far is forgotten."""
        self._through = {}
        self.total = sum(map(_size, jobs))

    def of(self, job: Job) -> Heard:
        """What hears how far a job's content is."""
        return partial(self._hear, job.entity_id)

    def _hear(self, entity_id: str, done: int) -> None:
        self._through[entity_id] = done

    @property
    def done(self) -> int:
        """How many bytes are through."""
        return min(sum(list(self._through.values())), self.total)


def _size(job: Job) -> int:
    """The size of the content that a job sends, in bytes."""
    before, after = ((side or {}).get(CONTENT[0]) or {} for side in (job.base, job.target))
    return 0 if before == after else int(after.get("size") or 0)
