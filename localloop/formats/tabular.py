"""CSV and Parquet: a row an annotation, or a row an item that has none. A table holds every annotation there is."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from localloop.errors import BadRequest
from localloop.formats.extras import pyarrow
from localloop.formats.samples import Described, Sample

CSV: Final = "annotations.csv"
PARQUET: Final = "annotations.parquet"
FOLDER: Final = "items"

#: The columns, in order. Those of an annotation are empty for an item without one.
COLUMNS: Final = (
    "path",
    "mimetype",
    "width",
    "height",
    "subset",
    "item_description",
    "item_metadata",
    "id",
    "type",
    "label",
    "coordinates",
    "attributes",
    "description",
    "metadata",
)

#: Columns that hold JSON.
JSON_COLUMNS: Final = frozenset({"item_metadata", "coordinates", "attributes", "metadata"})

#: How many rows Parquet gets at once.
ROWS: Final = 5000

#: A cell may hold a mask.
csv.field_size_limit(1 << 31 - 1)


class CsvWriter:
    """Writes ``annotations.csv``.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / CSV).open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)

    def place(self, sample: Sample) -> str:
        """Where the file of a sample goes."""
        return f"{FOLDER}{sample.path}"

    def add(self, sample: Sample) -> int:
        """Write one item; returns how many annotations of it were written."""
        for row in rows(sample):
            self._rows.writerow("" if row[name] is None else row[name] for name in COLUMNS)
        return len(sample.annotations)

    def close(self) -> None:
        """All is written."""
        self._file.close()

    abandon = close


class ParquetWriter:
    """Writes ``annotations.parquet``.

    Args:
        folder: Where to.

    Raises:
        ExtraMissingError: pyarrow is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._arrow, parquet = pyarrow()
        self._schema = schema(self._arrow)
        self._file = parquet.ParquetWriter(folder / PARQUET, self._schema)
        self._rows: list[dict[str, Any]] = []

    def place(self, sample: Sample) -> str:
        """Where the file of a sample goes."""
        return f"{FOLDER}{sample.path}"

    def add(self, sample: Sample) -> int:
        """Write one item; returns how many annotations of it were written."""
        self._rows.extend(rows(sample))
        if len(self._rows) >= ROWS:
            self._flush()
        return len(sample.annotations)

    def close(self) -> None:
        """All is written."""
        self._flush()
        self._file.close()

    def abandon(self) -> None:
        """Close what is open."""
        self._file.close()

    def _flush(self) -> None:
        self._file.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()


def schema(arrow: Any) -> Any:
    """The columns as Arrow knows them.

    Args:
        arrow: The module.
    """
    number, text = arrow.int64(), arrow.string()
    return arrow.schema([(name, number if name in ("width", "height") else text) for name in COLUMNS])


def rows(sample: Sample) -> Iterator[dict[str, Any]]:
    """The rows of an item, by column; None where there is nothing."""
    item = {
        "path": sample.path,
        "mimetype": sample.mimetype,
        "width": sample.width,
        "height": sample.height,
        "subset": sample.subset or None,
        "item_description": sample.description or None,
        "item_metadata": _text(sample.metadata),
    }
    for one in sample.annotations or [{}]:
        yield (
            dict.fromkeys(COLUMNS)
            | item
            | {
                name: _text(one[name]) if name in JSON_COLUMNS else one[name]
                for name in ("id", "type", "label", "coordinates", "attributes", "description", "metadata")
                if one.get(name) is not None
            }
        )


def read_csv(folder: Path) -> Iterator[Described]:
    """The items of ``annotations.csv``, whose rows of one item stand together.

    Args:
        folder: It has that file and ``items/`` in it.

    Raises:
        BadRequest: It has no column ``path``.
    """
    with (folder / CSV).open(encoding="utf-8", newline="") as file:
        found = csv.DictReader(file)
        if "path" not in (found.fieldnames or ()):
            raise BadRequest("400", f"{folder / CSV} has no column named path.")
        yield from _described(
            folder, ({k: v for k, v in row.items() if v not in ("", None)} for row in found)
        )


def read_parquet(folder: Path) -> Iterator[Described]:
    """The same of ``annotations.parquet``.

    Args:
        folder: It has that file and ``items/`` in it.

    Raises:
        ExtraMissingError: pyarrow is not installed.
    """
    _, parquet = pyarrow()
    with parquet.ParquetFile(folder / PARQUET) as file:
        if "path" not in file.schema_arrow.names:
            raise BadRequest("400", f"{folder / PARQUET} has no column named path.")
        found = (row for batch in file.iter_batches(ROWS) for row in batch.to_pylist())
        yield from _described(folder, ({k: v for k, v in row.items() if v is not None} for row in found))


def _described(folder: Path, found: Iterable[Mapping[str, Any]]) -> Iterator[Described]:
    for path, group in groupby(found, lambda row: str(row["path"])):
        own = list(group)
        name = path.lstrip("/")
        yield Described(folder / FOLDER / name, name, partial(_told, own))


def _told(own: list[Mapping[str, Any]]) -> dict[str, Any]:
    item = own[0]
    drawn = [row for row in own if row.get("type")]
    return {
        "annotations": [
            {
                name: _value(row, name)
                for name in ("id", "type", "label", "coordinates", "attributes", "description", "metadata")
                if name in row
            }
            for row in drawn
        ],
        "metadata": _value(item, "item_metadata") if "item_metadata" in item else {},
        **({"description": item["item_description"]} if "item_description" in item else {}),
    }


def _value(row: Mapping[str, Any], name: str) -> Any:
    if name not in JSON_COLUMNS:
        return row[name]
    try:
        return json.loads(row[name])
    except ValueError as error:
        raise BadRequest("400", f"Its {name} is no JSON: {error}.") from None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
