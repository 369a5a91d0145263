"""What an export holds: items as JSON with their annotations, and the files that they are written into.

One item is in memory at a time, or one page of them; everything goes to the disk as it comes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from localloop.server.commands import stepped
from localloop.server.wire import Json, Wire
from localloop.store import bulk
from localloop.store.query import compile_count, parse
from localloop_schema.rows import Row

#: Where the items lie in an archive; what imports exports looks there too.
FOLDER = "json"


@dataclass(frozen=True, slots=True)
class Selection:
    """What an export is to hold.

    Attributes:
        items: The query for its items.
        annotations: The filter of the annotations that come along, None for all; only used with ``include``.
        include: Whether annotations come along.
    """

    items: Mapping[str, Any]
    annotations: Mapping[str, Any] | None = None
    include: bool = True

    @classmethod
    def of(cls, body: Json) -> Selection:
        """The selection of an export's request (docs/platform/wire.md, 3.6).

        ``annotations.filter`` confines the annotations of an item to those by which a join found it.
        """
        items = {**bulk.as_query(body.get("itemsQuery")), "resource": "items"}
        items["filter"] = items.get("filter") or {"type": "file"}
        told = body.get("annotations") or {}
        wanted = [bulk.as_query(body.get("annotationsQuery")).get("filter")]
        if told.get("filter"):
            wanted.append((items.get("join") or {}).get("filter"))
        clauses = [clause for clause in wanted if clause]
        chosen = {"$and": clauses} if clauses else None
        return cls(items, chosen, told.get("include") is not False)


@dataclass
class Summary:
    """What an export turned out to hold."""

    items: int = 0
    annotations: int = 0

    def counting(self, values: Iterable[Json]) -> Iterator[Json]:
        """The values, counted as they pass."""
        for value in values:
            self.items += 1
            if isinstance(value["annotations"], list):
                self.annotations += len(value["annotations"])
            yield value

    def to_json(self, dataset: Row, at: str) -> Json:
        """The summary as a file of the export has it."""
        return {
            "datasetId": dataset["id"],
            "datasetName": dataset["name"],
            "exportedAt": at,
            "itemsCount": self.items,
            "annotationsCount": self.annotations,
        }


def count(connection: Connection, query: Mapping[str, Any], dataset: Row) -> int:
    """How many entities a query finds in a dataset."""
    return int(connection.execute(compile_count(parse(query), [dataset["id"]])).scalar_one())


def selected(connection: Connection, wire: Wire, dataset: Row, selection: Selection) -> Iterator[Json]:
    """The items of a selection, in id order, annotations and all. The current command's progress follows."""
    total = count(connection, selection.items, dataset)
    for rows in stepped(bulk.matching(connection, selection.items, dataset), total):
        yield from shown(connection, wire, dataset, rows, selection)


def shown(
    connection: Connection, wire: Wire, dataset: Row, rows: list[Row], selection: Selection
) -> Iterator[Json]:
    """Some items as an export holds them."""
    found = _annotations(connection, wire, dataset, rows, selection) if selection.include else {}
    for item in wire.items(rows):
        yield {**item, "annotations": found.get(item["id"], [])} if selection.include else item


def _annotations(
    connection: Connection, wire: Wire, dataset: Row, rows: list[Row], selection: Selection
) -> dict[str, list[Json]]:
    """The annotations of some items that an export asks for, by item."""
    of_these = {"itemId": {"$in": [row["id"] for row in rows]}}
    clauses = [one for one in (selection.annotations, of_these) if one]
    query = {"resource": "annotations", "filter": {"$and": clauses}}
    by_item: dict[str, list[Json]] = {}
    for part in bulk.matching(connection, query, dataset):
        for one in wire.annotations(part):
            by_item.setdefault(one["itemId"], []).append(one)
    return by_item


def text(value: Any) -> bytes:
    """A JSON value on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def array(values: Iterable[Json]) -> Iterator[bytes]:
    """A JSON array, one value in memory at a time."""
    before = b"["
    for value in values:
        yield before + text(value)
        before = b",\n"
    yield b"[]" if before == b"[" else b"]"


def write_array(path: Path, values: Iterable[Json]) -> None:
    """Write items as one JSON array."""
    with path.open("wb") as file:
        file.writelines(array(values))


def write_zipped_array(path: Path, name: str, values: Iterable[Json]) -> None:
    """Write items as one JSON array inside an archive."""
    with _archive(path) as archive, archive.open(name, "w", force_zip64=True) as file:
        for part in array(values):
            file.write(part)


def write_archive(
    path: Path,
    values: Iterable[Json],
    *,
    version: str = "V2",
    folder: str = FOLDER,
    summary: Iterable[tuple[str, Any]] = (),
) -> None:
    """Write items as an archive of one JSON file each, at the item's path.

    Args:
        path: The archive.
        values: The items.
        version: ``V2`` puts ``.json`` behind the item's name, ``V1`` in the place of its extension. Where two
            items would then have one name, the later ones are named as by ``V2``, so that none is lost.
        folder: The folder that the items are in; empty for none.
        summary: More files, by name; they are made after the items have passed.
    """
    with _archive(path) as archive:
        for value in values:
            archive.writestr(
                _free_name(archive, f"{folder}{value['filename']}".lstrip("/"), version), text(value)
            )
        for name, content in summary:
            archive.writestr(name, text(content))


def _archive(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6, strict_timestamps=False)


def _free_name(archive: zipfile.ZipFile, whole: str, version: str) -> str:
    folder, slash, name = whole.rpartition("/")
    stem = name.rpartition(".")[0] or name
    wanted = f"{folder}{slash}{stem}.json" if version == "V1" else f"{whole}.json"
    number = 1
    while wanted in archive.NameToInfo:
        wanted = f"{whole}.json" if number == 1 else f"{whole} ({number}).json"
        number += 1
    return wanted
