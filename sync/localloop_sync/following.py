"""The pull by a change feed: what changed comes in, in the order of commits, and what was deleted goes last.

A page is applied kind by kind, parents before children, and the position moves in the transaction of the last of them.
Deletions wait until all pages are in, because only then can be told how many there are; the position waits with them.
Killed anywhere, a pull begins again at the position, and what it applied already is nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from localloop_schema.kinds import EntityKind
from localloop_sync.core.references import references
from localloop_sync.ports import Change, Feed, Journal, Position, Remote, RemoteEntity, Target

#: More datasets than this are not named in a request; what is read of others is left out here then.
NAMED = 50

#: Kinds whose deletions are taken over one by one. A recipe or ontology stays, as in a plain pull: others may refer
#: to it. What is in a deleted dataset goes with it, and only when that is safe.
_SINGLE = (EntityKind.ITEM, EntityKind.ANNOTATION, EntityKind.TASK, EntityKind.ASSIGNMENT)

#: What items name; so it comes in before them.
_WORK = (EntityKind.TASK, EntityKind.ASSIGNMENT)

Gone = Mapping[tuple[EntityKind, str], Change]


class Taking(Protocol):
    """What the pull lends for this: taking in, and burying under the same limits."""

    def take(self, kind: EntityKind, entities: Sequence[RemoteEntity], mark: Position | None = None) -> None:
        """Reconcile entities with the store."""
        ...

    def dataset(self, local_id: str, remote_id: str, target: Target) -> None:
        """Pull what is in a dataset, without a feed."""
        ...

    def bury(self, kind: EntityKind, ids: Sequence[str], total: int) -> None:
        """Take over that the platform has entities no more."""
        ...

    def vanished(self, kind: EntityKind, entity_id: str) -> None:
        """Take over that a whole dataset is gone."""
        ...


class Follower:
    """Pulls a project by the platform's change feed.

    Args:
        feed: The feed.
        remote: The platform.
        journal: The store.
        pull: Takes in and buries.
    """

    def __init__(self, feed: Feed, remote: Remote, journal: Journal, pull: Taking) -> None:
        self._feed = feed
        self._remote = remote
        self._journal = journal
        self._pull = pull
        self._fresh: set[str] = set()

    def follow(self, target: Target, position: Position) -> bool:
        """Take in what changed in a project since a position.

        Args:
            target: The project.
            position: How far it was read.

        Returns:
            Whether the platform knows the position; when it does not, nothing was done.

        Raises:
            MassDeletionHalt: Too much would be deleted here; what else changed came in.
            RemoteNotFoundError: The project is not shown.
        """
        gone: dict[tuple[EntityKind, str], Change] = {}
        more = True
        while more:
            page = self._feed.changes(target.remote_id, position.place, self._narrowed(target))
            if page is None:
                return False
            for change in page.changes:
                gone.pop((change.kind, change.id), None)
                if change.entity is None:
                    gone[change.kind, change.id] = change
            position, more = replace(position, place=page.place), page.more
            self._page(target, page.changes, None if gone else position)
        self._bury(target, gone)
        self._unread(target)
        self._journal.observe(EntityKind.PROJECT, [], replace(position, pulls=position.pulls + 1))
        return True

    def _narrowed(self, target: Target) -> list[str] | None:
        """The datasets to ask for; None for all."""
        wanted = sorted(target.datasets.values())
        return None if target.discover or not 0 < len(wanted) <= NAMED else wanted

    def _page(self, target: Target, changes: Sequence[Change], position: Position | None) -> None:
        there = [one.entity for one in changes if one.entity is not None]
        if not there:
            return
        by_kind = {kind: [one for one in there if one.kind is kind] for kind in EntityKind}
        self._pull.take(EntityKind.PROJECT, by_kind[EntityKind.PROJECT])
        self._pull.take(EntityKind.MEMBER, by_kind[EntityKind.MEMBER])
        self._details(by_kind[EntityKind.ONTOLOGY], by_kind[EntityKind.RECIPE])
        self._pull.take(EntityKind.DATASET, self._chosen(target, by_kind[EntityKind.DATASET]))
        followed = self._followed(target)
        inside = {(one.kind, one.id) for one in changes if one.kind in _SINGLE and one.dataset in followed}
        order = (*_WORK, EntityKind.ITEM, EntityKind.ANNOTATION)
        waiting = [(kind, [one for one in by_kind[kind] if (kind, one.id) in inside]) for kind in order]
        waiting = [(kind, entities) for kind, entities in waiting if entities] or [(EntityKind.ITEM, [])]
        for kind, entities in waiting:
            if kind is EntityKind.ITEM:
                self._named(entities)
            self._pull.take(kind, entities, position if kind is waiting[-1][0] else None)

    def _named(self, items: Sequence[RemoteEntity]) -> None:
        """Tasks and assignments that items name and that are not here, because they come only on a later page."""
        derived = [item.facts.get("derived") or {} for item in items]
        refs = [ref for one in derived for ref in one.get("refs") or () if isinstance(ref, Mapping)]
        for kind in _WORK:
            said = [str(ref.get("id")) for ref in refs if ref.get("type") == kind.value]
            for item in items:
                said += references(EntityKind.ITEM, item.document).get(kind, [])
            ids = list(dict.fromkeys(said))
            here = self._journal.known(kind, among=ids) if ids else {}
            fetched = [self._remote.get(kind, one) for one in ids if one not in here]
            self._pull.take(kind, [one for one in fetched if one is not None])

    def _details(self, ontologies: Sequence[RemoteEntity], recipes: Sequence[RemoteEntity]) -> None:
        """Recipes and ontologies that are here. Others come with the dataset, or the recipe, that refers to them."""
        known = self._known(recipes)
        referred = dict.fromkeys(name for one in known for name in one.document["ontologies"])
        here = self._journal.known(EntityKind.ONTOLOGY, among=list(referred))
        fetched = [self._remote.get(EntityKind.ONTOLOGY, name) for name in referred if name not in here]
        fresh = [one for one in fetched if one is not None]
        brought = {one.id for one in fresh}
        changed = [one for one in self._known(ontologies) if one.id not in brought]
        self._pull.take(EntityKind.ONTOLOGY, [*changed, *fresh])
        self._pull.take(EntityKind.RECIPE, known)

    def _known(self, entities: Sequence[RemoteEntity]) -> list[RemoteEntity]:
        if not entities:
            return []
        here = self._journal.known(entities[0].kind, among=[one.id for one in entities])
        return [one for one in entities if one.id in here]

    def _chosen(self, target: Target, datasets: Sequence[RemoteEntity]) -> list[RemoteEntity]:
        """Those that are mirrored; one that the platform keeps for itself as well, like wherever they are listed."""
        known = target.datasets.values()
        chosen = [one for one in datasets if target.mirrors(one.id)]
        self._fresh.update(one.id for one in chosen if one.id not in known)
        return chosen

    def _followed(self, target: Target) -> set[str]:
        """The datasets (platform ids) that the feed is read for: those that are mirrored and were read whole before."""
        known = self._journal.known(EntityKind.DATASET, project=target.project_id)
        return {
            remote
            for remote, local in known.items()
            if local in target.datasets and local not in target.unread and local not in target.filters
        }

    def _unread(self, target: Target) -> None:
        """What is in datasets that came to be known only now, or whose first listing was cut short.

        A feed does not tell which items match a filter, so datasets with one are asked themselves.
        """
        for remote_id, local_id in self._journal.known(EntityKind.DATASET, project=target.project_id).items():
            plainly = local_id in target.unread or local_id in target.filters
            if (plainly and local_id in target.datasets) or remote_id in self._fresh:
                self._pull.dataset(local_id, remote_id, target)

    def _bury(self, target: Target, gone: Gone) -> None:
        if not gone:
            return
        datasets = self._local(EntityKind.DATASET, gone.values())
        for remote_id, local_id in datasets.items():
            if remote_id in target.left:
                continue
            self._pull.vanished(EntityKind.DATASET, local_id)
        members = self._local(EntityKind.MEMBER, gone.values())
        known = self._journal.known(EntityKind.MEMBER, project=target.project_id)
        self._pull.bury(EntityKind.MEMBER, sorted(members.values()), len(known))
        lost = {one.id for one in gone.values() if one.kind is EntityKind.DATASET}
        by_dataset: dict[str, list[Change]] = {}
        for one in gone.values():
            if one.kind in _SINGLE and one.dataset is not None and one.dataset not in lost:
                by_dataset.setdefault(one.dataset, []).append(one)
        here = self._journal.known(EntityKind.DATASET, among=sorted(by_dataset))
        for remote_id, local_id in here.items():
            if local_id not in target.datasets or local_id in target.filters:
                continue
            for (
                kind
            ) in _SINGLE:  # what goes with an item is not counted a second time: it is not known by then
                ids = self._local(kind, by_dataset[remote_id])
                if ids:
                    total = self._journal.known_count(kind, local_id)
                    self._pull.bury(kind, sorted(ids.values()), total)

    def _local(self, kind: EntityKind, changes: Iterable[Change]) -> dict[str, str]:
        """Those of a kind that are known here: platform id → local id."""
        ids = sorted(one.id for one in changes if one.kind is kind)
        return self._journal.known(kind, among=ids) if ids else {}
