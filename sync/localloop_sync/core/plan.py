"""The plan of a push: which entities to send, in which order, in which batches. Data; running it is the engine's.

Deletions go first, parents before children, so that a path is free before something new wants it and the platform's
own cascade saves requests. Creations and updates follow in dependency order; within the items, changes of existing
ones (moves) go before new files, for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind


class Errand(StrEnum):
    """What one job does on the platform."""

    DELETE = "delete"
    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be sent for one entity.

    Attributes:
        kind: What it is.
        entity_id: Its local id.
        remote_id: Its id on the platform, or None while it has none.
        base: What both sides agree on, or None.
        target: What the platform is to have, or None to delete it. Both documents are in local ids.
        parents: Local ids of the parents.
        seqs: The operations that this job carries.
        name: What to call it to a person.
        key: Its natural key within the parents; while a creation is under way the one that was sent.
    """

    kind: EntityKind
    entity_id: str
    remote_id: str | None
    base: Document | None
    target: Document | None
    parents: Mapping[EntityKind, str] = field(default_factory=dict)
    seqs: tuple[int, ...] = ()
    name: str = ""
    key: str = ""

    @property
    def errand(self) -> Errand:
        """What is to be done."""
        if self.target is None:
            return Errand.DELETE
        return Errand.CREATE if self.remote_id is None else Errand.UPDATE


#: Creation order. A default recipe is no exception: it is made by the platform with its dataset, and bound then.
ORDER: tuple[EntityKind, ...] = (
    EntityKind.PROJECT,
    EntityKind.MEMBER,
    EntityKind.ONTOLOGY,
    EntityKind.RECIPE,
    EntityKind.DATASET,
    EntityKind.ITEM,
    EntityKind.ANNOTATION,
    EntityKind.TASK,
    EntityKind.ASSIGNMENT,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Jobs that do not depend on one another, of one kind and errand."""

    kind: EntityKind
    errand: Errand
    jobs: tuple[Job, ...]


def stages(jobs: Iterable[Job]) -> list[Stage]:
    """The jobs as stages, to be run one after the other."""
    groups: dict[tuple[Errand, EntityKind], list[Job]] = {}
    for job in jobs:
        groups.setdefault((job.errand, job.kind), []).append(job)
    order = [(Errand.DELETE, kind) for kind in ORDER]
    for kind in ORDER:
        order += [(Errand.UPDATE, kind), (Errand.CREATE, kind)]
    return [
        Stage(kind, errand, tuple(groups[errand, kind])) for errand, kind in order if (errand, kind) in groups
    ]


def batches(jobs: Iterable[Job], size: int) -> list[tuple[Job, ...]]:
    """Creations of annotations in batches that one request can carry: one item each, ``size`` at most, in order."""
    by_item: dict[str, list[Job]] = {}
    for job in jobs:
        by_item.setdefault(job.parents.get(EntityKind.ITEM, ""), []).append(job)
    return [
        tuple(group[start : start + size])
        for group in by_item.values()
        for start in range(0, len(group), size)
    ]


def titled(jobs: Iterable[Job]) -> list[str]:
    """The jobs as lines for a person (``create item /a.jpg``)."""
    return [f"{job.errand.value} {job.kind.value} {job.name}" for job in jobs]
