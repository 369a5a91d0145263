"""A platform in memory: its entities, its clock and its ids, all deterministic.

:class:`localloop.testing.remote.MemoryRemote` is the way in; several on one world are several clients.
"""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from localloop.testing.feed import ChangeLog
from localloop_schema.documents import Document, to_columns, to_document
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import RemoteNotFoundError
from localloop_sync.ports import RemoteEntity

#: What is deleted with an entity: every entity of these kinds that names it as a parent.
_CASCADE: dict[EntityKind, tuple[EntityKind, ...]] = {
    EntityKind.PROJECT: (
        EntityKind.MEMBER,
        EntityKind.ONTOLOGY,
        EntityKind.RECIPE,
        EntityKind.DATASET,
        EntityKind.TASK,
    ),
    EntityKind.DATASET: (EntityKind.ITEM, EntityKind.TASK),
    EntityKind.ITEM: (EntityKind.ANNOTATION,),
    EntityKind.TASK: (EntityKind.ASSIGNMENT,),
}


class MemoryWorld:
    """What the platform holds.

    Time stands still but for :meth:`now`, which moves one millisecond on, so that no two changes share an
    ``updated_at`` and a run can be repeated exactly.

    Args:
        seed: Makes the ids of projects; two worlds with one seed give the same ids.
        start: The first instant.
        keeps_marks: Whether an item keeps the digest that its writer left beside it.
        feed: Whether clients are offered a change feed.
        tells_time: Whether its answers tell the time.

    Attributes:
        feed: The log behind the change feed, or None.
        entities: Every entity, by kind and id, in order of creation.
        contents: The bytes of items, by id.
        lock: Held by whoever reads or changes several things at once.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        start: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        keeps_marks: bool = True,
        feed: bool = False,
        tells_time: bool = True,
    ) -> None:
        self.keeps_marks = keeps_marks
        self.tells_time = tells_time
        self.feed = ChangeLog() if feed else None
        self.entities: dict[EntityKind, dict[str, RemoteEntity]] = {kind: {} for kind in EntityKind}
        self.contents: dict[str, bytes] = {}
        self.lock = threading.RLock()
        self._seed = seed
        self._time = start
        self._made = 0

    def copy(self) -> MemoryWorld:
        """The same world, to go on by itself. Entities are never changed in place, so they need not be copied."""
        twin = MemoryWorld(seed=self._seed, start=self._time, keeps_marks=self.keeps_marks)
        twin.feed = None if self.feed is None else self.feed.copy()
        twin.entities = {kind: dict(there) for kind, there in self.entities.items()}
        twin.contents = dict(self.contents)
        twin._made = self._made
        return twin

    def now(self) -> str:
        """The time, one millisecond after the last answer."""
        self.advance(timedelta(milliseconds=1))
        return self._time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def moment(self) -> str:
        """The time of the last answer, which stands still."""
        return self._time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def advance(self, step: timedelta) -> None:
        """Let time pass.

        Args:
            step: How much.
        """
        self._time += step

    def new_id(self, kind: EntityKind) -> str:
        """A fresh id: a UUID for a project, else 24 hex digits that grow with time.

        Args:
            kind: What it is for.

        Returns:
            The id.
        """
        self._made += 1
        if kind is EntityKind.PROJECT:
            name = uuid.uuid5(uuid.NAMESPACE_OID, f"{self._seed}/{self._made}")
            return str(uuid.UUID(bytes=name.bytes, version=4))
        return f"{int(self._time.timestamp()):08x}{self._made:016x}"

    def add(
        self,
        kind: EntityKind,
        document: Document,
        parents: Mapping[EntityKind, str],
        *,
        by: str,
        entity_id: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> RemoteEntity:
        """Put a new entity into the world.

        Args:
            kind: What it is.
            document: Its document, in any form; it is normalised.
            parents: The ids of its parents.
            by: Who creates it.
            entity_id: Its id, where the caller decides; else a fresh one.
            facts: Further facts.

        Returns:
            The entity.
        """
        at = self.now()
        entity = RemoteEntity(
            kind,
            entity_id or self.new_id(kind),
            normal(kind, document),
            dict(parents),
            {
                "creator": by,
                "created_at": at,
                "updated_at": at,
                "updated_by": by,
                "derived": {},
                **(facts or {}),
            },
        )
        self.entities[kind][entity.id] = entity
        self._log(entity)
        return entity

    def change(
        self, entity: RemoteEntity, document: Document, *, by: str, facts: Mapping[str, Any] | None = None
    ) -> RemoteEntity:
        """Give an entity a new document.

        Args:
            entity: The entity as it is.
            document: Its new document.
            by: Who changes it.
            facts: Facts that change with it.

        Returns:
            The entity as it then is.
        """
        stamped = {**entity.facts, "updated_at": self.now(), "updated_by": by, **(facts or {})}
        changed = replace(entity, document=normal(entity.kind, document), facts=stamped)
        self.entities[entity.kind][entity.id] = changed
        self._log(changed)
        return changed

    def remove(self, kind: EntityKind, entity_id: str) -> None:
        """Delete an entity and all below it; one that is not there is no error.

        Args:
            kind: What it is.
            entity_id: Its id.
        """
        entity = self.entities[kind].pop(entity_id, None)
        if entity is None:
            return
        self._log(entity)
        if kind is EntityKind.TASK:
            self._forget_task(entity_id)
        self.contents.pop(entity_id, None)
        for below in _CASCADE.get(kind, ()):
            for child in [e.id for e in self.where(below, lambda e: e.parents.get(kind) == entity_id)]:
                self.remove(below, child)

    def _forget_task(self, task: str) -> None:
        for item in self.where(EntityKind.ITEM, lambda e: task in (e.document.get("tasks") or {})):
            left = {name: entry for name, entry in item.document["tasks"].items() if name != task}
            self.change(item, {**item.document, "tasks": left}, by=str(item.facts.get("updated_by")))

    def _log(self, entity: RemoteEntity) -> None:
        if self.feed is not None:
            self.feed.append(entity)

    def need(self, kind: EntityKind, entity_id: str | None) -> RemoteEntity:
        """An entity that has to be there.

        Args:
            kind: What it is.
            entity_id: Its id.

        Returns:
            The entity.

        Raises:
            RemoteNotFoundError: There is none.
        """
        entity = self.entities[kind].get(entity_id or "")
        if entity is None:
            raise RemoteNotFoundError(f"There is no {kind} {entity_id!r}.", status=404)
        return entity

    def where(self, kind: EntityKind, keep: Callable[[RemoteEntity], bool]) -> Iterator[RemoteEntity]:
        """The entities of a kind that a condition holds for, in order of creation.

        Args:
            kind: What they are.
            keep: The condition.

        Returns:
            An iterator over a copy, so that the world may change meanwhile.
        """
        return filter(keep, list(self.entities[kind].values()))

    def recipes_of(self, dataset_id: str | None) -> Sequence[RemoteEntity]:
        """The recipes of a dataset, in its own order.

        Args:
            dataset_id: The dataset's id.

        Returns:
            The recipes that are still there.

        Raises:
            RemoteNotFoundError: There is no such dataset.
        """
        names = self.need(EntityKind.DATASET, dataset_id).document.get("recipes", [])
        known = self.entities[EntityKind.RECIPE]
        return [known[name] for name in names if name in known]


def normal(kind: EntityKind, document: Document) -> Document:
    """A document as a reader of the platform's JSON would build it.

    Args:
        kind: What it describes.
        document: The document in any form.

    Returns:
        A copy with every default filled in.
    """
    return to_document(kind, to_columns(kind, copy.deepcopy(document), {}))
