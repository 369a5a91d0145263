"""The plan of a push: which entities to send, in which order, in which batches. Data; running it is the engine's.

Deletions go first, parents before children, so that a path is free before something new wants it and the platform's
own cascade saves requests; recipes and ontologies go last of all, when nothing refers to them. Creations and updates
follow in dependency order; within the items, changes of existing ones (moves) go before new files, for the same
reason. Which tasks an item is in goes when those tasks are there. That a dataset is read-only goes when all else is
there, and that it is so no more goes first of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from json import dumps

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.rules import RULES, TASKS


class Errand(StrEnum):
    """What one job does on the platform."""

    DELETE = "delete"
    CREATE = "create"
    UPDATE = "update"
    ASSIGN = "assign"  # what goes in a request of its own: an item's tasks, and its status in them
    OPEN = "open"  # what lets something below be changed again, and so goes first
    CLOSE = (
        "close"  # what lets nothing below be changed any more, and so goes last: that a dataset is read-only
    )


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
        aside: Whether ``target`` only frees a path for others, and the rest of the edit goes later.
        found_only: Whether the platform makes it itself: a creation is only ever found there, never sent.
        later: Whether base and target differ only in what goes in a request of its own, after all else.
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
    aside: bool = False
    found_only: bool = False
    later: bool = False

    @property
    def errand(self) -> Errand:
        """What is to be done."""
        if self.target is None:
            return Errand.DELETE
        if self.later:
            return Errand.ASSIGN if self.kind is EntityKind.ITEM else Errand.CLOSE
        if self.remote_id is None:
            return Errand.CREATE
        keys, before = RULES[self.kind].closing, self.base or {}
        return (
            Errand.OPEN
            if any(before.get(key) and not self.target.get(key) for key in keys)
            else Errand.UPDATE
        )


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


#: What others refer to without being below it: deleted last, when nothing does so any more.
_REFERRED = (EntityKind.RECIPE, EntityKind.ONTOLOGY)


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
    order = [(Errand.OPEN, EntityKind.DATASET)]
    order += [(Errand.DELETE, kind) for kind in ORDER if kind not in _REFERRED]
    for kind in ORDER[:-1]:
        order += [(Errand.UPDATE, kind), (Errand.CREATE, kind)]
    # Assignments come to be by items that are put into them, but for one that has none.
    order += [(Errand.UPDATE, EntityKind.ASSIGNMENT), (Errand.ASSIGN, EntityKind.ITEM)]
    order += [(Errand.CREATE, EntityKind.ASSIGNMENT)]
    order += [(Errand.CLOSE, EntityKind.DATASET)]
    order += [(Errand.DELETE, kind) for kind in _REFERRED]
    found = []
    for errand, kind in order:
        group = groups.get((errand, kind), [])
        waves = moves(group) if (errand, kind) == (Errand.UPDATE, EntityKind.ITEM) else [group]
        found += [Stage(kind, errand, tuple(wave)) for wave in waves if wave]
    return found


def moves(jobs: Sequence[Job]) -> list[list[Job]]:
    """Updates of items in waves, so that nobody moves to a path that another has not left yet.

    Where items go round in a circle (two that swapped their paths), one steps aside first, to a path of its own;
    what is then left of its move is planned anew in the next round.
    """
    waves: list[list[Job]] = []
    left = list(jobs)
    while left:
        held = {place_of(job, job.base): job for job in left}
        wave = [job for job in left if held.get(place_of(job, job.target), job) is job]
        if not wave:  # everyone waits for another: they go in circles
            first = left[0]
            path = f"{place_of(first, first.base)[1]} (moving {first.entity_id})"
            wave = [replace(first, target={**(first.base or {}), "filename": path}, aside=True)]
        waves.append(wave)
        gone = {job.entity_id for job in wave}
        left = [job for job in left if job.entity_id not in gone]
    return waves


def place_of(job: Job, document: Document | None) -> tuple[str, str]:
    """Where a document puts an item: dataset and path."""
    return job.parents.get(EntityKind.DATASET, ""), str((document or {}).get("filename"))


def comes_to(job: Job) -> tuple[str, str] | None:
    """The place that an item is to have and has not yet; None when it stays where it is."""
    there = place_of(job, job.target)
    return None if job.base is not None and there == place_of(job, job.base) else there


def batches(jobs: Iterable[Job], size: int, *, parent: EntityKind = EntityKind.ITEM) -> list[tuple[Job, ...]]:
    """Creations in batches that one request can carry: one parent each, ``size`` at most, in order."""
    by_parent: dict[str, list[Job]] = {}
    for job in jobs:
        by_parent.setdefault(job.parents.get(parent, ""), []).append(job)
    return [
        tuple(group[start : start + size])
        for group in by_parent.values()
        for start in range(0, len(group), size)
    ]


def alike(jobs: Iterable[Job], size: int) -> list[tuple[Job, ...]]:
    """Assigning jobs in batches that the same requests can carry: one dataset, the same tasks before and after."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        sides = [(side or {}).get(TASKS[0]) for side in (job.base, job.target)]
        groups.setdefault(
            dumps([job.parents.get(EntityKind.DATASET, ""), *sides], sort_keys=True), []
        ).append(job)
    return [
        tuple(group[start : start + size])
        for group in groups.values()
        for start in range(0, len(group), size)
    ]


def titled(jobs: Iterable[Job]) -> list[str]:
    """The jobs as lines for a person (``create item /a.jpg``)."""
    return [f"{job.errand.value} {job.kind.value} {job.name}" for job in jobs]
