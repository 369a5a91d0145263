"""What goes in one request: jobs grouped, put into windows, and translated into the platform's ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.addressing import Address
from localloop_sync.core.plan import Errand, Job, Stage, alike, batches
from localloop_sync.ports import RemoteEntity, Scope

#: How many jobs are marked as in flight together: what a crash leaves to be looked up is no more than this.
WINDOW = 64
#: How many annotations one request carries (docs/platform/wire.md, 5.1).
ANNOTATIONS = 100
#: How many items one request assigns or looks at.
ITEMS = 500

#: Kinds that there are many of, whose creations are looked up many at a time.
BULK = (EntityKind.ITEM, EntityKind.ANNOTATION)

#: The jobs of one request, before they are translated.
Group = tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Jobs that go in one request, with what they need in the platform's ids."""

    jobs: Group
    scope: Scope
    documents: tuple[Document, ...]
    bases: tuple[Document, ...]

    def apart(self) -> Iterator[Parcel]:
        """Each job in a parcel of its own."""
        for job, document, base in zip(self.jobs, self.documents, self.bases, strict=True):
            yield Parcel((job,), self.scope, (document,), (base,))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a parcel's request came to. ``found`` are entities that were in the way of a creation.

    ``waits`` says that nothing was sent: what is only ever found on the platform is not there yet.
    """

    entities: Sequence[RemoteEntity] = ()
    found: Sequence[RemoteEntity] = ()
    waits: bool = False
    sent_bytes: int = 0


def groups(stage: Stage, jobs: Sequence[Job]) -> list[Group]:
    """A stage's jobs as they go in requests.

    Args:
        stage: What they are about.
        jobs: The jobs of it that are to go.
    """
    if stage.errand is Errand.ASSIGN:
        return alike(jobs, ITEMS)
    if stage.kind is EntityKind.ANNOTATION and stage.errand is Errand.CREATE:
        return batches(jobs, ANNOTATIONS)
    return [(job,) for job in jobs]


def lots(stage: Stage, jobs: Sequence[Job]) -> Iterator[list[Group]]:
    """The groups of a stage in lots: only what is in one lot may be under way together."""
    all_groups = groups(stage, jobs)
    return (
        _named_apart(all_groups)
        if stage.errand is Errand.CREATE and stage.kind not in BULK
        else iter([all_groups])
    )


def _named_apart(all_groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Lots in which no two creations have one name, not even in different parents.

    What is found under a name is taken in, and must not be what another request of the lot is about.
    """
    waiting = list(all_groups)
    while waiting:
        lot: dict[str, Group] = {}
        for group in waiting:
            lot.setdefault(group[0].key, group)
        chosen = set(map(id, lot.values()))
        waiting = [group for group in waiting if id(group) not in chosen]
        yield list(lot.values())


def packed(address: Address, stage: Stage, window: Sequence[Group]) -> Iterator[Parcel]:
    """Groups in the platform's ids. A job that names something the platform does not have yet has to wait.

    Args:
        address: Translates.
        stage: What they are about.
        window: The groups.
    """
    for jobs in window:
        scope = address.scope(jobs[0])
        if scope is None and stage.errand is Errand.CREATE:
            continue
        ready, documents, bases = [], [], []
        for job in jobs:
            target = address.translated(job, job.target)
            base = address.translated(job, job.base)
            if target is None or base is None:
                continue
            ready.append(job)
            documents.append(target)
            bases.append(base)
        if ready:
            yield Parcel(tuple(ready), scope or Scope(), tuple(documents), tuple(bases))
