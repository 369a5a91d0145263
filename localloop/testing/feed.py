"""The change feed of a platform in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localloop_schema.kinds import EntityKind
from localloop_sync.errors import RemoteNotFoundError
from localloop_sync.ports import Change, ChangePage, Place, RemoteEntity

#: Calls something between the hooks of a :class:`localloop.testing.remote.MemoryRemote`: name, work, arguments.
Between = Callable[..., Any]

Entities = Mapping[EntityKind, Mapping[str, RemoteEntity]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """The last change of one entity, and where the entity is."""

    seq: int
    project: str | None
    dataset: str | None


class ChangeLog:
    """What changed last, entity by entity.

    Attributes:
        epoch: The name of the log; another one makes every place unknown that was ever given.
        largest: The most changes of one page.
    """

    def __init__(self) -> None:
        self.epoch = "0"
        self.largest = 1000
        self.seq = 0
        self._entries: dict[tuple[EntityKind, str], _Entry] = {}

    def copy(self) -> ChangeLog:
        """The same log, to go on by itself."""
        twin = ChangeLog()
        twin.epoch, twin.largest, twin.seq = self.epoch, self.largest, self.seq
        twin._entries = dict(self._entries)
        return twin

    def append(self, entity: RemoteEntity) -> None:
        """Enter that an entity came, changed or went.

        Args:
            entity: The entity, as it is or was.
        """
        self.seq += 1
        dataset = entity.id if entity.kind is EntityKind.DATASET else entity.parents.get(EntityKind.DATASET)
        project = entity.id if entity.kind is EntityKind.PROJECT else entity.parents.get(EntityKind.PROJECT)
        if project is None and dataset is not None:
            project = self._entries[EntityKind.DATASET, dataset].project
        self._entries[entity.kind, entity.id] = _Entry(self.seq, project, dataset)

    def page(
        self, entities: Entities, project: str, since: Place, datasets: Sequence[str] | None, limit: int
    ) -> ChangePage | None:
        """A page of changes; see :meth:`localloop_sync.ports.Feed.changes`.

        Args:
            entities: What the platform holds.
            project: The project.
            since: Where to begin.
            datasets: Narrows what is in datasets.
            limit: How many at most.
        """
        if since.epoch != self.epoch or since.seq > self.seq:
            return None
        found = sorted(
            (entry.seq, Change(kind, name, entry.dataset, entities[kind].get(name)))
            for (kind, name), entry in self._entries.items()
            if entry.project == project
            and entry.seq > since.seq
            and (datasets is None or kind is EntityKind.DATASET or entry.dataset in {None, *datasets})
        )
        shown, more = found[: min(limit, self.largest)], len(found) > min(limit, self.largest)
        place = Place(self.epoch, shown[-1][0] if more else self.seq)
        return ChangePage([change for _, change in shown], place, more)


class MemoryFeed:
    """One client's view of a log; keeps the port :class:`localloop_sync.ports.Feed`.

    Args:
        log: The log.
        entities: What the platform holds.
        between: Runs each request between the client's hooks.
    """

    def __init__(self, log: ChangeLog, entities: Entities, between: Between) -> None:
        self._log = log
        self._entities = entities
        self._between = between

    def head(self, project: str) -> Place:
        """The place after the newest change.

        Args:
            project: The project.
        """

        def work() -> Place:
            self._need(project)
            return Place(self._log.epoch, self._log.seq)

        place: Place = self._between("head", work, project)
        return place

    def changes(
        self, project: str, since: Place, datasets: Sequence[str] | None = None, limit: int = 1000
    ) -> ChangePage | None:
        """What changed after a place.

        Args:
            project: The project.
            since: The place.
            datasets: Narrows what is in datasets.
            limit: How many changes at most.
        """

        def work() -> ChangePage | None:
            self._need(project)
            return self._log.page(self._entities, project, since, datasets, limit)

        page: ChangePage | None = self._between("changes", work, project, since, datasets, limit)
        return page

    def _need(self, project: str) -> None:
        if project not in self._entities[EntityKind.PROJECT]:
            raise RemoteNotFoundError(f"There is no project {project!r}.", status=404)
