"""What a place or an id names, or once named: what is there, what is deleted, and what only the log knows of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from localloop.cli import places
from localloop.cli.standing import OPERATIONS
from localloop.errors import NotFound
from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_row, live_rows, resolve, table
from localloop_sync.core.operation import Verb


@dataclass(frozen=True, slots=True)
class Trace:
    """An entity that is here or was.

    Attributes:
        kind: What it is.
        id: Its local id.
        row: Its row, deleted or not; None when it is gone.
        at_path: Whether it was named by a path that it has, or had at last.
    """

    kind: EntityKind
    id: str
    row: Row | None
    at_path: bool = True


def trace(connection: Connection, text: str) -> Trace:
    """The entity that a text names, or named at last.

    Args:
        connection: A transaction.
        text: An id, here or on the platform, or ``PROJECT[/DATASET[/PATH]]``.

    Raises:
        BadRequest: It is neither.
        NotFound: Nothing is known of it, and nothing ever was.
    """
    try:
        kind, row, place = places.find_any(connection, text)
    except NotFound:
        return _gone(connection, text)
    if place is not None and place.path and place.item is None:
        return _at_path(connection, place.dataset or row, place.path) or Trace(kind, row["id"], row)
    return Trace(kind, row["id"], row)


def _gone(connection: Connection, text: str) -> Trace:
    found = _by_id(connection, text) if "/" not in text else None
    if found is None:
        address = places.parse(text)
        above = _projects(connection, address.project)
        if not address.dataset:
            found = above[0] if above else None
        else:
            datasets = [
                one for project in above for one in _datasets(connection, project.id, address.dataset)
            ]
            if not address.path:
                found = datasets[0] if datasets else None
            for dataset in datasets if address.path else []:
                found = found or _at_path(connection, dataset.row or {"id": dataset.id}, address.path)
    if found is None:
        raise NotFound(
            "404",
            f"Nothing is known of {text!r}: it is not here, was not deleted here, and is not in the log.",
            advice="`localloop ls` lists what is here. Paths begin with PROJECT/DATASET/.",
        )
    return found


def _by_id(connection: Connection, any_id: str) -> Trace | None:
    for kind in EntityKind:
        row = resolve(connection, kind, any_id)
        if row is not None:
            return Trace(kind, row["id"], row)
    columns = TOMBSTONES.c
    query = select(columns.kind, columns.entity_id).where(
        or_(columns.entity_id == any_id, columns.remote_id == any_id)
    )
    found = connection.execute(query.order_by(columns.deleted_at.desc())).first()
    if found is None:
        logged = select(OPERATIONS.c.kind, OPERATIONS.c.entity_id).where(OPERATIONS.c.entity_id == any_id)
        found = connection.execute(logged.limit(1)).first()
    if found is None:
        return None
    kind = EntityKind(found[0])
    return Trace(kind, found[1], get_row(connection, kind, found[1]))


def _projects(connection: Connection, name: str) -> list[Trace]:
    """Projects of this name or id: those that are here first, then those that are gone."""
    rows = live_rows(connection, EntityKind.PROJECT, name=name)
    found = [Trace(EntityKind.PROJECT, row["id"], row) for row in rows]
    by_id = _by_id(connection, name)
    if not found and by_id is not None and by_id.kind is EntityKind.PROJECT:
        found = [by_id]
    return found + _buried(connection, EntityKind.PROJECT, "name", name)


def _datasets(connection: Connection, project_id: str, name: str) -> list[Trace]:
    rows = live_rows(connection, EntityKind.DATASET, project_id=project_id, name=name)
    found = [Trace(EntityKind.DATASET, row["id"], row) for row in rows]
    by_id = _by_id(connection, name)
    if not found and by_id is not None and by_id.kind is EntityKind.DATASET:
        found = [by_id]
    return found + _buried(connection, EntityKind.DATASET, "name", name, project=project_id)


def _buried(connection: Connection, kind: EntityKind, key: str, value: str, **parents: str) -> list[Trace]:
    """What is deleted and had a name, the last one first."""
    columns = TOMBSTONES.c
    query = select(columns.entity_id).where(
        columns.kind == kind.value,
        columns.document[key].as_string() == value,
        *(columns.parents[name].as_string() == one for name, one in parents.items()),
    )
    ids = connection.execute(query.order_by(columns.deleted_at.desc(), columns.entity_id)).scalars()
    return [Trace(kind, one, get_row(connection, kind, one)) for one in ids]


def _at_path(connection: Connection, dataset: Row, path: str) -> Trace | None:
    """The item that was last at a path of a dataset: one that is deleted, or one that has moved on since."""
    gone = _buried(connection, EntityKind.ITEM, "filename", path, dataset=dataset["id"])
    if gone:
        return gone[0]
    items = table(EntityKind.ITEM).c
    columns = OPERATIONS.c
    query = (
        select(columns.entity_id, columns.changes)
        .where(
            columns.kind == EntityKind.ITEM.value,
            columns.verb.in_([Verb.CREATE.value, Verb.SET.value]),
            columns.entity_id.in_(select(items.id).where(items.dataset_id == dataset["id"])),
        )
        .order_by(columns.seq.desc())
    )
    for entity_id, changes in connection.execute(query):
        if any(_names(change, path) for change in changes):
            return Trace(EntityKind.ITEM, entity_id, get_row(connection, EntityKind.ITEM, entity_id), False)
    return None


def _names(change: dict[str, Any], path: str) -> bool:
    return change["path"] == ["filename"] and path in (change.get("old"), change.get("new"))
