"""The files that a command is about: at places, and those of them that a query finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from localloop.cli import places
from localloop.cli.listing import read_filter
from localloop.errors import BadRequest
from localloop.store.query import compile_ids, parse
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_rows


def files_at(connection: Connection, what: Sequence[str], where: str | None) -> Iterator[Row]:
    """The live files at and below places, each once, in the order of their paths.

    Args:
        connection: A transaction.
        what: Places in datasets, and ids.
        where: What ``--filter`` says; None for all of them.

    Raises:
        BadRequest: A place is not in a dataset, or the query makes no sense.
        NotFound: There is no such thing.
    """
    query = read_filter(where)
    found = [_dataset_place(connection, one) for one in dict.fromkeys(what)]
    seen: set[str] = set()
    for place in found:
        rows = _below(connection, place) if query is None else _matching(connection, place, query)
        for row in rows:
            if row["id"] not in seen:
                seen.add(row["id"])
                yield row


def _dataset_place(connection: Connection, text: str) -> places.Place:
    kind, _, place = places.find_any(connection, text)
    if place is None:
        raise BadRequest("400", f"A {kind.value} has no file: {text!r}.")
    if place.dataset is None:
        raise BadRequest("400", f"Name a dataset of {text!r}: PROJECT/DATASET.")
    return place


def _below(connection: Connection, place: places.Place) -> Iterator[Row]:
    if place.item is not None and place.item["type"] == "file":
        return iter([place.item])
    return places.items_in(connection, place, files=True)


def _matching(connection: Connection, place: places.Place, query: dict[str, Any]) -> Iterator[Row]:
    assert place.dataset is not None
    wanted = parse({**query, "resource": "items", "sort": {"filename": "ascending", "id": "ascending"}})
    ids = connection.execute(compile_ids(wanted, [place.dataset["id"]])).scalars()
    while part := ids.fetchmany(places.STEP):
        rows = get_rows(connection, EntityKind.ITEM, part)
        for row in (rows[one] for one in part if one in rows):
            if row["type"] == "file" and _is_at(place.path, row["filename"]):
                yield row


def _is_at(path: str, filename: str) -> bool:
    return not path or filename == path or filename.startswith(f"{path}/")
