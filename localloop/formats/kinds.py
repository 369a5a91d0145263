"""Which formats there are, and how each is told, written and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from localloop.errors import BadRequest, NotFound
from localloop.formats import coco, dataloop, tabular, voc, yolo
from localloop.formats.importing import Imported, Importer
from localloop.formats.samples import Described, LeftOut, Sample
from localloop.store import Store
from localloop_schema.rows import Row


class Format(StrEnum):
    """A format."""

    DATALOOP = "dataloop"
    COCO = "coco"
    YOLO = "yolo"
    VOC = "voc"
    CSV = "csv"
    PARQUET = "parquet"

    @property
    def holds_all(self) -> bool:
        """Whether it holds items and annotations of every kind."""
        return self in (Format.DATALOOP, Format.CSV, Format.PARQUET)


class Writer(Protocol):
    """Writes a dataset into a folder, item by item."""

    def place(self, sample: Sample) -> str:
        """Where the file of an item goes, below the folder."""
        ...

    def add(self, sample: Sample) -> int:
        """Write what is said of an item; returns how many annotations were written.

        Raises:
            Conflict: Another item takes its place in this format.
        """
        ...

    def close(self) -> None:
        """All items are written."""
        ...

    def abandon(self) -> None:
        """Nothing more will be written."""
        ...


def writer(kind: Format, folder: Path, labels: Sequence[str], left: LeftOut) -> Writer:
    """The writer of a format.

    Args:
        kind: The format.
        folder: Where to; empty.
        labels: All labels there are.
        left: Hears of what the format cannot hold.

    Raises:
        ExtraMissingError: It needs a library that is not installed.
    """
    made: dict[Format, Callable[[], Writer]] = {
        Format.DATALOOP: lambda: dataloop.DataloopWriter(folder),
        Format.COCO: lambda: coco.CocoWriter(folder, labels, left),
        Format.YOLO: lambda: yolo.YoloWriter(folder, labels, left),
        Format.VOC: lambda: voc.VocWriter(folder, left),
        Format.CSV: lambda: tabular.CsvWriter(folder),
        Format.PARQUET: lambda: tabular.ParquetWriter(folder),
    }
    return made[kind]()


def detect(folder: Path) -> Format:
    """The format of a folder, by what is in it.

    Args:
        folder: The folder.

    Raises:
        NotFound: There is no such folder.
        BadRequest: It is in none of the formats.
    """
    if not folder.is_dir():
        raise NotFound("404", f"There is no folder {folder}.")
    signs: list[tuple[Format, str]] = [
        (Format.CSV, tabular.CSV),
        (Format.PARQUET, tabular.PARQUET),
        (Format.COCO, coco.FILE),
        (Format.YOLO, yolo.FILE),
        (Format.VOC, voc.ANNOTATIONS),
        (Format.DATALOOP, dataloop.FOLDER),
    ]
    for kind, name in signs:
        if (folder / name).exists():
            return kind
    raise BadRequest(
        "400",
        f"{folder} is in none of the formats that can be imported.",
        advice="Say which it is with --format; `localloop import --help` lists what each has in it.",
    )


def import_dataset(
    store: Store,
    dataset: Row,
    folder: Path,
    kind: Format | None = None,
    *,
    below: str = "",
    progress: Callable[[int, int | None], None] | None = None,
) -> Imported:
    """Import a folder into a dataset, in batches that each appear whole.

    A file that cannot be imported stops no other. Running it again imports nothing twice.

    Args:
        store: The store.
        dataset: The dataset's row.
        folder: What to import.
        kind: Its format; found out when left out.
        below: A folder of the dataset to put everything into; empty for its root.
        progress: Told how many items are through.

    Returns:
        What was done.

    Raises:
        NotFound: There is no such folder, or nothing to import in it.
        BadRequest: It is not in that format.
        ExtraMissingError: The format needs a library that is not installed.
    """
    kind = detect(folder) if kind is None else kind
    importer = Importer(store, dataset, below, _FOLDERS[kind])
    return importer.run(_read(kind, folder, importer.done), progress)


def _read(kind: Format, folder: Path, done: Imported) -> Iterator[Described]:
    match kind:
        case Format.DATALOOP:
            return dataloop.read(folder, done.failures)
        case Format.COCO:
            return coco.read(folder)
        case Format.YOLO:
            return yolo.read(folder)
        case Format.VOC:
            return voc.read(folder)
        case Format.CSV:
            return tabular.read_csv(folder)
        case Format.PARQUET:
            return tabular.read_parquet(folder)


_FOLDERS = {
    Format.DATALOOP: dataloop.FOLDER,
    Format.COCO: coco.FOLDER,
    Format.YOLO: yolo.FOLDER,
    Format.VOC: voc.FOLDER,
    Format.CSV: tabular.FOLDER,
    Format.PARQUET: tabular.FOLDER,
}
