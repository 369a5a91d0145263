"""Reading the change feed that the database's triggers keep (``localloop_schema/tables/feed.py``).

Sequence numbers are given inside write transactions, and SQLite has one of those at a time. So they become visible in
their own order: whoever has read up to a number has missed nothing below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select

from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row
from localloop_schema.tables import FeedEntry, FeedEpoch

_FEED: Any = FeedEntry.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_EPOCHS: Any = FeedEpoch.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the feed: after the change ``seq``, in the stretch that is named ``epoch``."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some entries in order, where the feed goes on after them, and whether more follow."""

    entries: Sequence[Row]
    position: Position
    more: bool


def begin_epoch(connection: Connection, name: str) -> None:
    """Begin a stretch with a name that was never used; see :class:`localloop_schema.tables.FeedEpoch`."""
    row = {"start": _newest(connection), "name": name}
    connection.execute(insert(_EPOCHS).prefix_with("OR REPLACE"), row)


def head(connection: Connection) -> Position:
    """The place after the newest change."""
    newest = _newest(connection)
    return Position(_epoch_of(connection, newest), newest)


def knows(connection: Connection, position: Position) -> bool:
    """Whether a place is one of this feed, and not of one that was lost, or of another store."""
    if position.seq > _newest(connection):
        return False
    return position.seq == 0 or _epoch_of(connection, position.seq) == position.epoch


def read(
    connection: Connection, project_id: str, since: int, limit: int, datasets: Sequence[str] | None = None
) -> Stretch:
    """What changed in a project, oldest change first; an entity is there once, with its last change.

    Args:
        connection: One view of the store.
        project_id: The project.
        since: The sequence number to begin after.
        limit: How many entries at most.
        datasets: The datasets whose contents are wanted; all when left out.

    Returns:
        The entries; each has the column ``epoch`` beside its own.
    """
    query = select(_FEED, _named(_FEED.c.seq).label("epoch")).where(
        _FEED.c.project_id == project_id, _FEED.c.seq > since
    )
    if datasets is not None:
        # The datasets themselves are the project's: which are there is to be known whatever is read of them.
        own = _FEED.c.dataset_id.is_(None) | (_FEED.c.kind == EntityKind.DATASET.value)
        query = query.where(or_(own, _FEED.c.dataset_id.in_(datasets)))
    found = connection.execute(query.order_by(_FEED.c.seq).limit(limit + 1)).mappings()
    rows = [dict(row) for row in found]
    if len(rows) <= limit:
        return Stretch(rows, head(connection), more=False)
    rows = rows[:limit]
    return Stretch(rows, Position(rows[-1]["epoch"], rows[-1]["seq"]), more=True)


def version_of(connection: Connection, kind: EntityKind, entity_id: str) -> Position | None:
    """The last change of an entity, deleted or not, by its local id; None when there never was one."""
    found = connection.execute(_VERSION, {"kind": kind.value, "entity_id": entity_id}).first()
    return None if found is None else Position(str(found[0]), int(found[1]))


def _newest(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(_FEED.c.seq), 0))).scalar_one())


def _epoch_of(connection: Connection, seq: int) -> str:
    return str(connection.execute(select(_named(seq))).scalar_one())


def _named(seq: Any) -> Any:
    """The name of the stretch that a sequence number is in, as a sub-query."""
    started = select(_EPOCHS.c.name).where(_EPOCHS.c.start < seq)
    return started.order_by(_EPOCHS.c.start.desc()).limit(1).correlate(_FEED).scalar_subquery()


#: Built once, because every answer that shows an entity tells its version.
_VERSION = select(_named(_FEED.c.seq), _FEED.c.seq).where(
    _FEED.c.kind == bindparam("kind"), _FEED.c.entity_id == bindparam("entity_id")
)
