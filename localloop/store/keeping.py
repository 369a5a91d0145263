"""Which contents of the cache may go: only what somebody else has for sure, and nobody pinned or still needs here.

Whoever removes a blob does so in a write transaction, and whoever writes down that a blob is here looks for it in one
(:mod:`localloop.store.items`). So none is removed between being added and being named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, case, func, select, union
from sqlalchemy import delete as delete_rows
from sqlalchemy.dialects.sqlite import insert

from localloop.errors import BlobMissingError
from localloop.store.trash import kept_digests
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import chunks, listed, table
from localloop_schema.session import writing
from localloop_schema.tables import BaseSnapshot, Blob, Conflict, Operation
from localloop_sync.core.operation import OUTSTANDING
from localloop_sync.drivers.subscribing import keeping_content

if TYPE_CHECKING:
    from localloop.store.store import Store

__all__ = [
    "GRACE",
    "QUOTA",
    "Fate",
    "Freed",
    "Keeper",
    "Usage",
    "collect",
    "forget",
    "free",
    "on_platform",
    "pin",
    "trim",
    "usage",
    "used",
]

#: The setting that holds how many bytes the cache may have; absent for any number.
QUOTA: Final = "cache_quota"

#: For how many seconds what nobody names stays: it may be about to be named.
GRACE: Final = 3600.0

#: How many blobs one transaction removes at most, so that nobody waits long for it.
_STEP: Final = 256

_BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]
_CONFLICTS: Any = Conflict.__table__  # type: ignore[attr-defined]
_OPERATIONS: Any = Operation.__table__  # type: ignore[attr-defined]


class Fate(StrEnum):
    """What may become of a blob, and why."""

    PINNED = "pinned"
    UNSENT = "unsent"
    TRASH = "trash"
    SUBSCRIBED = "subscribed"
    FREE = "free"
    UNNAMED = "unnamed"


@dataclass(slots=True)
class Usage:
    """What is in the cache.

    Attributes:
        blobs: How many blobs, by fate.
        bytes: How many bytes they have, by fate.
        quota: How many bytes the cache may have; None for any number.
    """

    blobs: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    bytes: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    quota: int | None = None


@dataclass(slots=True)
class Freed:
    """What was removed, or would be.

    Attributes:
        blobs: How many blobs.
        bytes: How many bytes they had.
        kept: How many stayed, by why.
    """

    blobs: int = 0
    bytes: int = 0
    kept: dict[Fate, int] = field(default_factory=dict)

    def add(self, other: Freed) -> None:
        """Count what another call removed as well."""
        self.blobs += other.blobs
        self.bytes += other.bytes
        for fate, number in other.kept.items():
            self.kept[fate] = self.kept.get(fate, 0) + number

    def to_json(self) -> dict[str, Any]:
        """The keys that ``--json`` prints."""
        return {
            "blobs": self.blobs,
            "bytes": self.bytes,
            "kept": {fate.value: number for fate, number in sorted(self.kept.items())},
        }


class Keeper:
    """Tells what may become of blobs, within one transaction.

    Args:
        connection: The transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._trash = kept_digests(connection)
        self._waiting = set(connection.execute(_WAITING).scalars())
        self._keeping = json.dumps(keeping_content(connection))

    def fates(self, digests: Sequence[str]) -> dict[str, Fate]:
        """What may become of some blobs.

        What somebody pinned stays. So does what only this store is known to have: the content of an item that the
        platform has not, or has with other bytes, and what an operation or a conflict is waiting with. So does what
        the trash needs, and what the next sync would only fetch again, since its dataset's files are kept here. Any
        other content of items may go, for the platform has it; what no item has may be collected.

        Args:
            digests: The blobs, at most as many as a statement takes values.
        """
        rows = self._connection.execute(
            _NAMED.where(table(EntityKind.ITEM).c.digest.in_(digests)), {"keeping": self._keeping}
        )
        named = {row.digest: (bool(row.there), bool(row.subscribed)) for row in rows}
        pinned = set(
            self._connection.execute(
                select(_BLOBS.c.digest).where(_BLOBS.c.digest.in_(digests), _BLOBS.c.pinned)
            ).scalars()
        )
        return {one: self._fate(one, named.get(one), pinned=one in pinned) for one in digests}

    def _fate(self, digest: str, named: tuple[bool, bool] | None, *, pinned: bool) -> Fate:
        there, subscribed = named or (True, False)
        if pinned:
            return Fate.PINNED
        if not there or digest in self._waiting:
            return Fate.UNSENT
        if digest in self._trash:
            return Fate.TRASH
        if subscribed:
            return Fate.SUBSCRIBED
        return Fate.UNNAMED if named is None else Fate.FREE


def usage(store: Store) -> Usage:
    """Count what is in the cache; every blob is looked at, none is read."""
    found = Usage(quota=store.settings().get(QUOTA))
    with store.reading() as connection:
        keeper = Keeper(connection)
        for part in chunks(store.blobs.digests()):
            for digest, fate in keeper.fates(part).items():
                try:
                    size = store.blobs.size(digest)
                except BlobMissingError:  # somebody removed it just now
                    continue
                found.blobs[fate] += 1
                found.bytes[fate] += size
    return found


def free(store: Store, digests: Sequence[str], *, dry_run: bool = False) -> Freed:
    """Remove contents that the platform has; they are fetched again when they are wanted.

    Args:
        store: The store.
        digests: Which; what is not here is passed over.
        dry_run: Whether nothing is removed, to see what it would come to.

    Returns:
        What was removed; what is pinned, not sent yet, or needed by the trash stays.
    """
    return _remove(store, digests, Fate.FREE, dry_run=dry_run)


def collect(store: Store, *, older_than_seconds: float = GRACE, dry_run: bool = False) -> Freed:
    """Remove contents that no item has, and that neither the trash, an operation nor a conflict needs.

    Args:
        store: The store.
        older_than_seconds: For how long they must have been here.
        dry_run: Whether nothing is removed, to see what it would come to.
    """
    done = Freed()
    for part in chunks(store.blobs.digests()):
        with store.reading() as connection:
            fates = Keeper(connection).fates(part)
        unnamed = [one for one, fate in fates.items() if fate is Fate.UNNAMED]
        old = store.blobs.untouched(unnamed, older_than_seconds)
        done.add(_remove(store, old, Fate.UNNAMED, dry_run=dry_run))
    return done


def trim(store: Store, *, quota: int | None = None, dry_run: bool = False) -> Freed:
    """Bring the cache below its quota: what the platform has goes, the longest unused first.

    Args:
        store: The store.
        quota: How many bytes the cache may have; the store's own setting when left out.
        dry_run: Whether nothing is removed, to see what it would come to.

    Returns:
        What was removed; nothing without a quota. The cache may stay above it: what is pinned, not sent yet, needed
        by the trash or kept by a subscription never goes.
    """
    quota = store.settings().get(QUOTA) if quota is None else quota
    if quota is None:
        return Freed()
    with store.reading() as connection:
        above = connection.execute(select(func.coalesce(func.sum(_BLOBS.c["size"]), 0))).scalar_one() - int(
            quota
        )
        if above <= 0:
            return Freed()
        order = connection.execute(select(_BLOBS.c.digest).order_by(_BLOBS.c.last_used_at)).scalars().all()
    done = Freed()
    for part in _parts(order):
        going: dict[str, int] = {}
        with store.reading() as connection:
            fates = Keeper(connection).fates(part)
        for one in part:
            if fates[one] is Fate.FREE and sum(going.values()) < above and store.blobs.has(one):
                going[one] = store.blobs.size(one)
        freed = _remove(store, list(going), Fate.FREE, dry_run=dry_run)
        done.add(freed)
        above -= freed.bytes
        if above <= 0:
            break
    return done


def pin(store: Store, digests: Sequence[str], *, pinned: bool) -> int:
    """Pin contents, so that nothing frees them, or let them go again.

    Args:
        store: The store.
        digests: Which; what is not here cannot be pinned.
        pinned: Whether they are pinned from now on.

    Returns:
        How many changed.
    """
    changed = 0
    for part in chunks(digests):
        with writing(store.engine) as connection:
            here = [one for one in part if store.blobs.has(one)]
            if pinned:
                now = store.clock.now()
                rows = [
                    {"digest": one, "size": store.blobs.size(one), "created_at": now, "last_used_at": now}
                    for one in here
                ]
                if rows:
                    connection.execute(_KNOW, [{**row, "pinned": False} for row in rows])
            changed += connection.execute(
                _BLOBS.update()
                .where(_BLOBS.c.digest.in_(here), _BLOBS.c.pinned.is_not(pinned))
                .values(pinned=pinned)
            ).rowcount
    return changed


def used(store: Store, digests: Sequence[str]) -> None:
    """Note that contents were used now, for the order in which a quota frees them.

    Args:
        store: The store.
        digests: Which.
    """
    for part in chunks(digests):
        with writing(store.engine) as connection:
            connection.execute(
                _BLOBS.update().where(_BLOBS.c.digest.in_(part)).values(last_used_at=store.clock.now())
            )


def forget(store: Store, digest: str) -> None:
    """Note that a content is not here any more, since it was set aside as broken."""
    with writing(store.engine) as connection:
        if not store.blobs.has(digest):
            connection.execute(delete_rows(_BLOBS).where(_BLOBS.c.digest == digest))


def _remove(store: Store, digests: Iterable[str], which: Fate, *, dry_run: bool) -> Freed:
    """Remove the blobs of one fate.

    First what says that they are here is dropped, and only when that is durable the files, unless somebody named them
    again meanwhile: a power cut between the two leaves a file too many, never a row that promises one.
    """
    done = Freed()
    for part in _parts(dict.fromkeys(digests)):
        with writing(store.engine) as connection:
            fates = Keeper(connection).fates(part)
            here = [one for one in part if store.blobs.has(one)]
            for one in here:
                if fates[one] is not which:
                    done.kept[fates[one]] = done.kept.get(fates[one], 0) + 1
            going = [one for one in here if fates[one] is which]
            if not dry_run:
                connection.execute(delete_rows(_BLOBS).where(_BLOBS.c.digest.in_(going)))
        if dry_run:
            done.blobs += len(going)
            done.bytes += sum(map(store.blobs.size, going))
        elif going:
            done.add(_unlink(store, going, which))
    return done


def _unlink(store: Store, digests: Sequence[str], which: Fate) -> Freed:
    done = Freed()
    with writing(store.engine) as connection:
        fates = Keeper(connection).fates(digests)
        again = set(connection.execute(select(_BLOBS.c.digest).where(_BLOBS.c.digest.in_(digests))).scalars())
        for one in digests:
            if one in again or fates[one] is not which or not store.blobs.has(one):
                continue
            done.bytes += store.blobs.size(one)
            done.blobs += store.blobs.remove(one)
    return done


def _parts(digests: Iterable[str]) -> Iterable[list[str]]:
    return chunks(digests, _STEP)


def on_platform(items: Any) -> Any:
    """The condition that the platform has the content of a row of items, as far as the base says.

    Args:
        items: The columns of the table of items.
    """
    content = _BASES.c.document["content"]
    return (
        select(_BASES.c.entity_id)
        .where(
            _BASES.c.kind == EntityKind.ITEM.value,
            _BASES.c.entity_id == items.id,
            content["size"].as_integer() == items.size,
            # What was uploaded on the platform's own pages has no mark, and is known by its size alone.
            func.coalesce(content["digest"].as_string(), items.digest).is_not_distinct_from(items.digest),
        )
        .exists()
    )


def _named() -> Any:
    """Which contents live items have, and whether the platform has them with every such item."""
    items = table(EntityKind.ITEM).c
    there = on_platform(items)
    subscribed = items.dataset_id.in_(listed("keeping"))
    return (
        select(
            items.digest,
            func.min(case((there, 1), else_=0)).label("there"),
            func.max(case((subscribed, 1), else_=0)).label("subscribed"),
        )
        .where(items.deleted_at.is_(None))
        .group_by(items.digest)
    )


def _waiting() -> Any:
    """The contents that operations that are not through and open conflicts speak of."""
    changes = func.json_tree(_OPERATIONS.c.changes).table_valued("key", "value").alias("change")
    values = func.json_tree(_CONFLICTS.c["values"]).table_valued("key", "value").alias("said")
    return union(
        select(changes.c.value)
        .select_from(_OPERATIONS)
        .join(changes, changes.c.key == "digest")
        .where(_OPERATIONS.c.state.in_(sorted(state.value for state in OUTSTANDING))),
        select(values.c.value)
        .select_from(_CONFLICTS)
        .join(values, values.c.key == "digest")
        .where(_CONFLICTS.c.state == "open"),
    )


_NAMED = _named()
_WAITING = _waiting()
_KNOW = insert(_BLOBS).prefix_with("OR IGNORE")
