"""What is left to do where bases were lost: nothing is known to be agreed on, so everything is new on both sides.

The pull has begun at the beginning, since marks and positions count for nothing then, and has reconciled what the
platform lists: what is equal is agreed on again, of what differs both values stand. What it did not list is asked for
by id here. What the platform has no more was deleted there, but who knows what was done here meanwhile: a person has to
say what becomes of it, and until then nothing is deleted and nothing made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from localloop_schema.kinds import EntityKind
from localloop_sync.errors import PermanentError
from localloop_sync.ports import Journal, Remote, RemoteEntity, Scope
from localloop_sync.report import Rejection, SyncReport

#: What can be asked for by many ids at once, and by how many.
_BULK = (EntityKind.ITEM, EntityKind.ANNOTATION)
_MANY = 1000


class Taking(Protocol):
    """What the pull lends for this."""

    def take(self, kind: EntityKind, entities: Sequence[RemoteEntity]) -> None:
        """Reconcile entities with the store."""
        ...

    def missing(self, kind: EntityKind, ids: Sequence[str]) -> None:
        """Take over that the platform has entities (local ids) no more; what may not be deleted is contested."""
        ...


def recover(remote: Remote, journal: Journal, pull: Taking, report: SyncReport) -> None:
    """Ask for each entity whose base is still lost after a pull, parents before children.

    Args:
        remote: The platform.
        journal: The store.
        pull: Takes in.
        report: Hears what may not be looked at.

    Raises:
        RemoteError: The platform could not be asked; the next sync goes on.
    """
    for kind in EntityKind:
        for dataset, entities in journal.unproven(kind).items():
            try:
                _ask(remote, pull, kind, Scope(dataset=dataset or None), entities)
            except PermanentError as error:
                some = next(iter(entities.values()))
                [name] = journal.names(kind, [some])
                report.rejected.append(Rejection(kind.value, some, name, error.message))


def _ask(remote: Remote, pull: Taking, kind: EntityKind, scope: Scope, entities: Mapping[str, str]) -> None:
    ids = list(entities)
    seen: set[str] = set()
    for start in range(0, len(ids) if kind in _BULK else 0, _MANY):
        several = remote.several(kind, scope, ids[start : start + _MANY])
        pull.take(kind, several)
        seen.update(one.id for one in several)
    for remote_id in [one for one in ids if one not in seen]:
        found = remote.get(kind, remote_id)
        if found is None:
            pull.missing(kind, [entities[remote_id]])
        else:
            pull.take(kind, [found])
