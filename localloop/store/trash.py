"""The trash: what was deleted, here or on the platform, and can be brought back for some time.

Tombstones are the trash. What one deletion took along is one heap: an item with its annotations, a dataset with all
that was in it. They were deleted at the same moment, and are below one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, or_, select

from localloop.errors import BadRequest, NotFound, StoreError
from localloop.store.paths import normal_path
from localloop.store.reviving import Revived, bring_back
from localloop.store.transaction import Transaction
from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, get_rows, live_rows, resolve, table
from localloop_sync.drivers.identity import iso
from localloop_sync.drivers.trash import DAYS, SETTING, empty_graves

__all__ = [
    "DAYS",
    "SETTING",
    "Heap",
    "before",
    "contents",
    "empty",
    "find_heap",
    "heap",
    "restore",
]

#: What something is deleted with. A task outlives its recipe.
_WITHIN: Final = {
    kind: tuple(parent for parent in parents if parent is not EntityKind.RECIPE)
    for kind, parents in PARENTS.items()
}


@dataclass(slots=True)
class Heap:
    """What one deletion took along.

    Attributes:
        kind: What was deleted.
        id: Its local id.
        name: What it was called: a path, a name, a title.
        parents: The local ids of what it was in, by kind.
        deleted_at: When.
        deleted_by: Who, as far as that is known.
        origin: ``local`` or ``platform``.
        sent: Whether the platform knows of the deletion; it may yet be taken back where it does not.
        counts: How many entities of each kind went, itself included.
        size: The bytes of its files' content, together.
    """

    kind: EntityKind
    id: str
    name: str
    parents: dict[str, str]
    deleted_at: str
    deleted_by: str
    origin: str
    sent: bool
    counts: dict[str, int] = field(default_factory=dict)
    size: int = 0


def contents(connection: Connection) -> list[Heap]:
    """What is in the trash, newest first.

    Args:
        connection: A transaction.
    """
    graves = {(one.kind, one.entity_id): one for one in _all(connection)}
    waiting = _waiting(connection)
    heaps: dict[tuple[str, str], Heap] = {}
    for key, grave in graves.items():
        root = _root(graves, key)
        found = heaps.get(root)
        if found is None:
            top = graves[root]
            kind = EntityKind(top.kind)
            found = heaps[root] = Heap(
                kind=kind,
                id=top.entity_id,
                name=top.name or f"{top.kind} {top.entity_id}",
                parents={name: value for name, value in top.parents.items() if value},
                deleted_at=top.deleted_at,
                deleted_by=top.deleted_by,
                origin=top.origin,
                sent=root not in waiting,
            )
        found.counts[grave.kind] = found.counts.get(grave.kind, 0) + 1
        found.size += grave.size or 0
    return sorted(heaps.values(), key=lambda one: (one.deleted_at, one.id), reverse=True)


def _all(connection: Connection) -> Iterator[Any]:
    """The tombstones of what is not there, without their documents."""
    document = TOMBSTONES.c.document
    names = [
        document[key].as_string() for key in ("filename", "name", "title", "email", "label", "annotator")
    ]
    for kind in EntityKind:
        columns = table(kind).c
        live = select(columns.id).where(columns.id == TOMBSTONES.c.entity_id, columns.deleted_at.is_(None))
        yield from connection.execute(
            select(
                TOMBSTONES.c.kind,
                TOMBSTONES.c.entity_id,
                TOMBSTONES.c.parents,
                TOMBSTONES.c.deleted_at,
                TOMBSTONES.c.deleted_by,
                TOMBSTONES.c.origin,
                func.coalesce(*names).label("name"),
                document["content"]["size"].as_integer().label("size"),
            ).where(TOMBSTONES.c.kind == kind.value, TOMBSTONES.c.emptied_at.is_(None), ~live.exists())
        )


def _waiting(connection: Connection) -> set[tuple[str, str]]:
    """What is marked as deleted here, and the platform still has."""
    found: set[tuple[str, str]] = set()
    for kind in EntityKind:
        columns = table(kind).c
        ids = connection.execute(select(columns.id).where(columns.deleted_at.is_not(None))).scalars()
        found.update((kind.value, one) for one in ids)
    return found


def _root(graves: Mapping[tuple[str, str], Any], key: tuple[str, str]) -> tuple[str, str]:
    """The highest of what was deleted together with something, and that it was in."""
    while True:
        grave = graves[key]
        above = [
            (parent.value, grave.parents.get(parent.value)) for parent in _WITHIN[EntityKind(grave.kind)]
        ]
        # The nearest parent is named last: an annotation was in its item before that was in a dataset.
        along = [one for one in above if one in graves and graves[one].deleted_at == grave.deleted_at]
        if not along:
            return key
        key = along[-1]


def heap(connection: Connection, kind: EntityKind, entity_id: str) -> list[Row]:
    """The tombstones of an entity and of what its deletion took along; empty when nothing is kept of it.

    Args:
        connection: A transaction.
        kind: What it is.
        entity_id: Its local id.
    """
    columns = TOMBSTONES.c
    top = (
        connection.execute(
            select(TOMBSTONES).where(
                columns.kind == kind.value, columns.entity_id == entity_id, columns.emptied_at.is_(None)
            )
        )
        .mappings()
        .first()
    )
    if top is None:
        return []
    same = select(TOMBSTONES).where(columns.emptied_at.is_(None), columns.deleted_at == top["deleted_at"])
    together = [dict(row) for row in connection.execute(same).mappings()]
    below: dict[tuple[str, str], list[Row]] = {}
    for row in together:
        for parent in _WITHIN[EntityKind(row["kind"])]:
            below.setdefault((parent.value, row["parents"].get(parent.value) or ""), []).append(row)
    found: dict[tuple[str, str], Row] = {}
    left = [dict(top)]
    while left:
        row = left.pop()
        key = (row["kind"], row["entity_id"])
        if key not in found:
            found[key] = row
            left += below.get(key, [])
    return list(found.values())


def find_heap(connection: Connection, what: str) -> Heap:
    """What is in the trash under an id (its own or the platform's), or was last at a place.

    Args:
        connection: A transaction.
        what: An id, the end of one, or ``PROJECT[/DATASET[/PATH]]``.

    Raises:
        NotFound: There is nothing of that kind in the trash.
        BadRequest: Several ids end like this.
        StoreError: It was deleted with something else, which has to come back first.
    """
    heaps = contents(connection)
    by_id = [one for one in heaps if one.id.endswith(what)] if "/" not in what and what else []
    if len(by_id) > 1:
        raise BadRequest("400", f"{len(by_id)} ids in the trash end with {what!r}.")
    if by_id:
        return by_id[0]
    at_place = _at_place(connection, heaps, what)
    if at_place is not None:
        return at_place
    inner = _inner(connection, what)
    if inner is not None:
        raise StoreError(
            f"{inner[0].value.capitalize()} {what} was deleted with something it was in.",
            advice="`localloop trash ls` lists what comes back as a whole.",
        )
    raise NotFound("404", f"Nothing in the trash is called {what!r}.", advice="See `localloop trash ls`.")


def _at_place(connection: Connection, heaps: Sequence[Heap], what: str) -> Heap | None:
    """The newest heap at a place."""
    project_name, _, rest = what.partition("/")
    dataset_name, _, path = rest.partition("/")
    if not dataset_name:
        return next((one for one in heaps if one.kind is EntityKind.PROJECT and one.name == what), None)
    project = _named(connection, EntityKind.PROJECT, project_name)
    if project is None:
        return None
    if not path.strip("/"):
        wanted = (EntityKind.DATASET, dataset_name, EntityKind.PROJECT, project["id"])
    else:
        dataset = _named(connection, EntityKind.DATASET, dataset_name, project_id=project["id"])
        if dataset is None:
            return None
        wanted = (EntityKind.ITEM, normal_path(path), EntityKind.DATASET, dataset["id"])
    kind, name, parent, parent_id = wanted
    return next(
        (
            one
            for one in heaps
            if one.kind is kind and one.name == name and one.parents.get(parent.value) == parent_id
        ),
        None,
    )


def _named(connection: Connection, kind: EntityKind, name: str, **parents: str) -> Row | None:
    rows = live_rows(connection, kind, name=name, **parents)
    row = rows[0] if rows else resolve(connection, kind, name)
    if row is None or row["deleted_at"] is not None or any(row[key] != parents[key] for key in parents):
        return None
    return row


def _inner(connection: Connection, what: str) -> tuple[EntityKind, str] | None:
    """What is kept under an id, and went with something else."""
    columns = TOMBSTONES.c
    query = select(columns.kind, columns.entity_id).where(
        or_(columns.entity_id == what, columns.remote_id == what), columns.emptied_at.is_(None)
    )
    for kind, entity_id in connection.execute(query):
        rows = get_rows(connection, EntityKind(kind), [entity_id])
        if entity_id not in rows or rows[entity_id]["deleted_at"] is not None:
            return EntityKind(kind), entity_id
    return None


def restore(tx: Transaction, found: Heap) -> Revived:
    """Bring back what a deletion took, under the ids it had; the next sync makes it anew on the platform.

    Args:
        tx: The user action.
        found: What was deleted.

    Returns:
        What came back. What finds its name taken gets another one.

    Raises:
        StoreError: It cannot come back: what it was in is deleted, or its content is not here.
        Conflict: Its deletion is just being sent, or in conflict with an edit on the platform.
    """
    revived = bring_back(tx, heap(tx.connection, found.kind, found.id))
    refused = next((one for one in revived.left if one.id == found.id), None)
    if refused is not None:
        raise StoreError(
            f"{refused.kind.value.capitalize()} {refused.name} cannot come back: {refused.reason}."
        )
    return revived


def empty(tx: Transaction, moment: str | None = None) -> int:
    """Drop what is kept of deleted entities; that they were deleted, and what they were called, stays known.

    What the platform has not been told of is kept.

    Args:
        tx: The user action.
        moment: Only of what was deleted before; of everything when left out.

    Returns:
        Of how many entities it was dropped.
    """
    return empty_graves(tx.connection, moment or "9999", at=tx.stamp.at)


def before(now: str, age: timedelta) -> str:
    """The moment that is so long ago.

    Args:
        now: ISO-8601 text.
        age: How long.
    """
    return iso(datetime.fromisoformat(now) - age)


def kept_digests(connection: Connection) -> set[str]:
    """The contents that the trash needs: no blob of these may be removed from the cache."""
    digest = TOMBSTONES.c.document["content"]["digest"].as_string()
    query = select(digest).where(
        TOMBSTONES.c.kind == EntityKind.ITEM.value, TOMBSTONES.c.emptied_at.is_(None), digest.is_not(None)
    )
    return set(connection.execute(query).scalars())
