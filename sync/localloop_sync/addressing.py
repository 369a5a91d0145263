"""What a push says, in the platform's words: documents and parents of jobs in its ids."""

from __future__ import annotations

import re

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.plan import Job
from localloop_sync.core.references import references, translate
from localloop_sync.core.rules import TASKS
from localloop_sync.ports import Journal, Scope

_SCOPE = (EntityKind.PROJECT, EntityKind.DATASET, EntityKind.ITEM, EntityKind.RECIPE, EntityKind.TASK)

#: What a task's query may name.
_ASKED = (EntityKind.ITEM, EntityKind.TASK, EntityKind.ASSIGNMENT)
_OBJECT_ID = re.compile(r"\b[0-9a-f]{24}\b")


class Address:
    """Local ids as what the platform calls them.

    Args:
        journal: The store.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def scope(self, job: Job) -> Scope | None:
        """A job's parents on the platform, or None while one of them is not there."""
        ids: dict[EntityKind, str] = {}
        for kind, local_id in job.parents.items():
            remote_id = self._journal.remote_ids(kind, [local_id]).get(local_id)
            if remote_id is None:
                return None
            ids[kind] = remote_id
        return Scope(*(ids.get(parent) for parent in _SCOPE))

    def translated(self, job: Job, document: Document | None) -> Document | None:
        """A document in the platform's ids, or None while it names something that is not there yet.

        An assignment that is not there yet is called by the e-mail of whose it is: it comes to be by its first item.
        """
        if not document:
            return {}
        maps = {}
        for kind, ids in references(job.kind, document).items():
            maps[kind] = self._journal.remote_names(kind, ids)
            if kind is EntityKind.ASSIGNMENT:
                maps[kind] = {**self._journal.assignees(ids), **maps[kind]}
            if any(one not in maps[kind] for one in ids):
                return None
        translated = translate(job.kind, document, maps)
        return self._asked(translated) if job.kind is EntityKind.TASK else translated

    def _asked(self, task: Document) -> Document:
        """A task's document whose query names items and tasks as the platform does."""
        query = task.get("query")
        if not isinstance(query, str):
            return task
        names: dict[str, str] = {}
        ids = list(dict.fromkeys(_OBJECT_ID.findall(query)))
        for kind in _ASKED:
            names |= self._journal.remote_ids(kind, ids)
        return {**task, "query": _OBJECT_ID.sub(lambda one: names.get(one[0], one[0]), query)}


def moves_work(job: Job) -> bool:
    """Whether a job puts an item into a task or an assignment, or takes it out."""
    sides = []
    for document in (job.base, job.target):
        tasks = (document or {}).get(TASKS[0]) or {}
        sides.append({task: entry.get("assignment") for task, entry in tasks.items()})
    return sides[0] != sides[1]


def new_assignees(document: Document) -> bool:
    """Whether an item's document, in the platform's ids, names an assignment that the platform makes by it."""
    tasks = document.get(TASKS[0]) or {}
    return any("@" in entry.get("assignment", "") for entry in tasks.values())
