"""Items in whose place the platform has another: what was uploaded anew, or moved by a copy, is no deletion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, as_list, chunks, get_rows, listed, mapped, table

_ITEMS = table(EntityKind.ITEM).c
_AT_PATHS = select(_ITEMS.id, _ITEMS.filename).where(
    _ITEMS.dataset_id == bindparam("dataset"),
    _ITEMS.filename.in_(listed("paths")),
    _ITEMS.remote_id.is_not(None),
    _ITEMS.deleted_at.is_(None),
)


def replaced(connection: Connection, ids: Sequence[str], fresh: Sequence[str]) -> set[str]:
    """See :meth:`localloop_sync.ports.Journal.replaced`."""
    going = get_rows(connection, EntityKind.ITEM, ids)
    came = [row for row in get_rows(connection, EntityKind.ITEM, fresh).values() if row["id"] not in going]
    found: set[str] = set()
    by_dataset: dict[str, list[Row]] = {}
    for row in going.values():
        by_dataset.setdefault(row["dataset_id"], []).append(row)
    for dataset, rows in by_dataset.items():
        for part in chunks(sorted({row["filename"] for row in rows})):
            answer = connection.execute(_AT_PATHS, {"dataset": dataset, "paths": as_list(part)})
            taken = {one["filename"] for one in mapped(answer) if one["id"] not in going}
            found.update(row["id"] for row in rows if row["filename"] in taken)
        places = [one for one in came if one["dataset_id"] == dataset and one["type"] == "file"]
        found |= _moved([row for row in rows if row["id"] not in found and row["type"] == "file"], places)
    return found


def _moved(gone: Sequence[Row], fresh: Sequence[Row]) -> set[str]:
    """Those that went and have one of the fresh ones each for a new place."""
    places: dict[tuple[Any, ...], list[Row]] = {}
    for one in fresh:
        for key in _keys(one):
            places.setdefault(key, []).append(one)
    used: set[str] = set()
    found = set()
    for row in gone:
        candidates = (one for key in _keys(row) for one in places.get(key, ()))
        place = next((one for one in candidates if one["id"] not in used and _may_be(row, one)), None)
        if place is not None:
            used.add(place["id"])
            found.add(row["id"])
    return found


def _keys(row: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What an item's content is known by: its digest, where there is one, and its size with its name."""
    return [*([("digest", row["digest"])] if row["digest"] else []), ("name", row["size"], row["name"])]


def _may_be(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether no digest says that two contents differ."""
    return None in (row["digest"], other["digest"]) or row["digest"] == other["digest"]
