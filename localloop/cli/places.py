"""Where things are: ``PROJECT``, ``PROJECT/DATASET`` or ``PROJECT/DATASET/PATH``, each part a name or an id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from localloop.errors import BadRequest, NotFound
from localloop.store.paths import normal_path
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, live_rows, resolve, table

#: How many rows one step of a long listing reads.
STEP = 500


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a place, as they were written. ``path`` starts with ``/``, and is empty where there is none."""

    project: str
    dataset: str = ""
    path: str = ""

    @property
    def text(self) -> str:
        """The place, as people write it."""
        return f"{self.project}/{self.dataset}{self.path}" if self.dataset else self.project


def parse(text: str) -> Address:
    """Read a place.

    Args:
        text: ``PROJECT[/DATASET[/PATH]]``.

    Raises:
        BadRequest: A part is empty, or the path climbs.
    """
    project, _, rest = text.partition("/")
    dataset, _, path = rest.partition("/")
    if not project or (path and not dataset):
        raise BadRequest("400", f"A place is PROJECT, PROJECT/DATASET or PROJECT/DATASET/PATH, not {text!r}.")
    return Address(project, dataset, normal_path(path) if path.strip("/") else "")


@dataclass(frozen=True, slots=True)
class Place:
    """What an address names in a store.

    Attributes:
        project: The project's row.
        dataset: The dataset's row, where the address goes that deep.
        path: The path in the dataset; empty for all of it.
        item: The item that is exactly at the path, if there is one.
    """

    project: Row
    dataset: Row | None = None
    path: str = ""
    item: Row | None = None

    @property
    def text(self) -> str:
        """The place by names."""
        if self.dataset is None:
            return str(self.project["name"])
        return f"{self.project['name']}/{self.dataset['name']}{self.path}"


def find(connection: Connection, text: str) -> Place:
    """What a place names.

    Args:
        connection: A transaction.
        text: ``PROJECT[/DATASET[/PATH]]``.

    Raises:
        BadRequest: It is no place.
        NotFound: There is no such project or dataset, or nothing at or below the path.
    """
    address = parse(text)
    project = _named(connection, EntityKind.PROJECT, address.project)
    if not address.dataset:
        return Place(project)
    dataset = _named(connection, EntityKind.DATASET, address.dataset, project_id=project["id"])
    if not address.path:
        return Place(project, dataset)
    at_path = live_rows(connection, EntityKind.ITEM, dataset_id=dataset["id"], filename=address.path)
    place = Place(project, dataset, address.path, at_path[0] if at_path else None)
    if place.item is None and next(items_in(connection, place, step=1), None) is None:
        raise NotFound("404", f"Nothing is at {place.text!r}.")
    return place


def dataset_at(connection: Connection, text: str) -> Row:
    """The dataset that ``PROJECT/DATASET`` names.

    Raises:
        BadRequest: It names something else.
        NotFound: There is none.
    """
    found = find(connection, text)
    if found.dataset is None or found.path:
        raise BadRequest("400", f"Name a dataset, PROJECT/DATASET, and not {text!r}.")
    return found.dataset


def find_id(connection: Connection, any_id: str) -> tuple[EntityKind, Row] | None:
    """The live entity of any kind with this local or platform id, or None."""
    for kind in EntityKind:
        row = resolve(connection, kind, any_id)
        if row is not None and row["deleted_at"] is None:
            return kind, row
    return None


def place_of(connection: Connection, kind: EntityKind, row: Row) -> Place | None:
    """Where a project, a dataset or an item is; None for other kinds."""
    if kind is EntityKind.PROJECT:
        return Place(row)
    if kind is EntityKind.DATASET:
        return Place(_row(connection, EntityKind.PROJECT, row["project_id"]), row)
    if kind is EntityKind.ITEM:
        dataset = _row(connection, EntityKind.DATASET, row["dataset_id"])
        return Place(
            _row(connection, EntityKind.PROJECT, dataset["project_id"]), dataset, row["filename"], row
        )
    return None


def find_any(connection: Connection, text: str) -> tuple[EntityKind, Row, Place | None]:
    """What a place or an id names.

    Returns:
        Its kind, its row and its place. For a folder that only paths of files imply, the dataset's kind and row.

    Raises:
        BadRequest: It is neither.
        NotFound: There is no such thing.
    """
    by_id = find_id(connection, text) if "/" not in text else None
    if by_id is not None:
        return *by_id, place_of(connection, *by_id)
    place = find(connection, text)
    if place.item is not None:
        return EntityKind.ITEM, place.item, place
    if place.dataset is not None:
        return EntityKind.DATASET, place.dataset, place
    return EntityKind.PROJECT, place.project, place


def below(path: str) -> ColumnElement[bool]:
    """The condition that an item is at a path or below it; the index on paths answers it."""
    filename = table(EntityKind.ITEM).c.filename
    # "0" is the character after "/".
    return or_(filename == path, and_(filename >= f"{path}/", filename < f"{path}0"))


def items_in(connection: Connection, place: Place, *, step: int = STEP, files: bool = False) -> Iterator[Row]:
    """The live items at and below a place, in the order of their paths, read as they are asked for.

    Rows may be changed meanwhile; one that is moved further down the order is seen again.

    Args:
        connection: A transaction.
        place: A place in a dataset.
        step: How many rows are read at once.
        files: Whether directories are left out.
    """
    assert place.dataset is not None
    items = table(EntityKind.ITEM)
    query = select(items).where(items.c.dataset_id == place.dataset["id"], items.c.deleted_at.is_(None))
    if place.path:
        query = query.where(below(place.path))
    if files:
        query = query.where(items.c.type == "file")
    yield from in_path_order(connection, query.order_by(items.c.filename, items.c.id), step)


def in_path_order(connection: Connection, query: Any, step: int = STEP) -> Iterator[Row]:
    """The rows of a query over items that is ordered by path and id, read step by step."""
    columns = table(EntityKind.ITEM).c
    after: Any = None
    while True:
        part = query if after is None else query.where(after)
        rows = [dict(row) for row in connection.execute(part.limit(step)).mappings()]
        yield from rows
        if len(rows) < step:
            return
        last = rows[-1]
        # The first condition follows from the other two; with it the index begins where this page does.
        after = and_(
            columns.filename >= last["filename"],
            or_(columns.filename > last["filename"], columns.id > last["id"]),
        )


def _named(connection: Connection, kind: EntityKind, name_or_id: str, **parents: str) -> Row:
    rows = live_rows(connection, kind, name=name_or_id, **parents)
    if len(rows) > 1:
        ids = ", ".join(row["id"] for row in rows)
        raise BadRequest(
            "400", f"There are {len(rows)} {kind.value}s named {name_or_id!r}; give an id: {ids}"
        )
    if rows:
        return rows[0]
    row = resolve(connection, kind, name_or_id)
    if row is None or row["deleted_at"] is not None or any(row[key] != parents[key] for key in parents):
        raise NotFound("404", f"{kind.value.capitalize()} not found. Name: {name_or_id!r}")
    return row


def _row(connection: Connection, kind: EntityKind, entity_id: str) -> Row:
    row = resolve(connection, kind, entity_id)
    if row is None:
        raise NotFound("404", f"{kind.value.capitalize()} not found. Id: {entity_id!r}")
    return row
