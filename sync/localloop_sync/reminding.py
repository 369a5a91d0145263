"""A platform that went back in time: it was put back from a copy, and does not know what it had acknowledged since.

Only a feed tells: it does not know a position that it gave. Then it is read from its beginning. What it has no word of,
neither as there nor as deleted, was lost there and not deleted by anybody; so nothing is deleted here for it, and the
next push makes it again. What it has in an older state than both sides agreed on is brought up to what is here.
"""

from __future__ import annotations

from collections.abc import Sequence

from localloop_schema.kinds import EntityKind
from localloop_sync.errors import RemoteNotFoundError, TransientError
from localloop_sync.ports import Feed, Journal, Place, Remote, RemoteEntity, Target
from localloop_sync.report import SyncReport

#: What is looked for, parents before children: what is lost with a dataset is not looked for by itself. A recipe or an
#: ontology may be of several projects, and is asked for where a dataset here refers to it.
_IN_PROJECT = (EntityKind.ONTOLOGY, EntityKind.RECIPE, EntityKind.MEMBER, EntityKind.DATASET)
_IN_DATASET = (EntityKind.TASK, EntityKind.ASSIGNMENT, EntityKind.ITEM, EntityKind.ANNOTATION)

#: Feeds have nothing before this.
_BEGINNING = 0


class Reminder:
    """Prepares a store for a platform that lost what it had acknowledged. A plain pull has to follow.

    Args:
        feed: The platform's feed.
        remote: The platform.
        journal: The store.
        report: Counts what the platform lost.
    """

    def __init__(self, feed: Feed, remote: Remote, journal: Journal, report: SyncReport) -> None:
        self._feed = feed
        self._remote = remote
        self._journal = journal
        self._report = report

    def is_needed(self, targets: Sequence[Target]) -> bool:
        """Whether the platform does not know any more where its feed stood after the last push.

        What a store sent comes after the position that it had read to before, so the position alone cannot tell.

        Args:
            targets: The projects of the store.
        """
        witness = self._journal.witness()
        if witness is None:
            return False
        project, place = witness
        remote_id = next((one.remote_id for one in targets if one.project_id == project), None)
        if remote_id is None:
            return False
        try:
            return self.forgot(remote_id, place)
        except RemoteNotFoundError:
            return False  # it is not shown: that is a question for the pull

    def forgot(self, project: str, place: Place) -> bool:
        """Whether the platform does not know a place of its feed that it once gave.

        Args:
            project: A project, by its platform id.
            place: The place.

        Raises:
            RemoteNotFoundError: The project is not shown.
        """
        return self._feed.changes(project, place, limit=1) is None

    def run(self, target: Target) -> None:
        """Find what the platform lost in a project, and have it made again; killed anywhere, it can run again.

        Args:
            target: The project.

        Raises:
            RemoteNotFoundError: The project is not shown: that is a question for a person, not for this.
            RemoteError: The platform could not be asked; nothing is deleted for that.
        """
        spoken_of = self._read(target)
        for kind in _IN_PROJECT:
            known = self._journal.known(kind, project=target.project_id)
            self._forget(kind, known, spoken_of)
        for dataset in self._journal.known(EntityKind.DATASET, project=target.project_id).values():
            for kind in _IN_DATASET:
                self._forget(kind, self._journal.known(kind, dataset=dataset), spoken_of)

    def _read(self, target: Target) -> set[tuple[EntityKind, str]]:
        """All that the feed has a word of; older states of it are taken note of on the way."""
        place, more = Place(self._feed.head(target.remote_id).epoch, _BEGINNING), True
        spoken_of: set[tuple[EntityKind, str]] = set()
        while more:
            page = self._feed.changes(target.remote_id, place)
            if page is None:
                raise TransientError("The platform's feed does not know its own beginning.")
            place, more = page.place, page.more
            spoken_of.update((one.kind, one.id) for one in page.changes)
            there: dict[EntityKind, list[RemoteEntity]] = {}
            for one in page.changes:
                if one.entity is not None:
                    there.setdefault(one.kind, []).append(one.entity)
            for kind, entities in there.items():
                self._journal.step_back(kind, entities)
        return spoken_of

    def _forget(
        self, kind: EntityKind, known: dict[str, str], spoken_of: set[tuple[EntityKind, str]]
    ) -> None:
        silent = {remote: local for remote, local in known.items() if (kind, remote) not in spoken_of}
        lost = [local for remote, local in silent.items() if self._remote.get(kind, remote) is None]
        if lost:
            for one, number in self._journal.make_anew(kind, lost).items():
                self._report.bump(self._report.lost_there, one.value, number)
