"""Exports a dataset into a folder, which appears whole or not at all."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from localloop.blobs import BlobCache
from localloop.blobs.files import appearing
from localloop.errors import BadRequest, BlobError, Conflict
from localloop.formats.kinds import Format, Writer, writer
from localloop.formats.samples import LeftOut, Sample, labels_in, samples
from localloop.store import Store
from localloop.store.query import compile_select, parse
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, table

#: Lists what the format could not hold; only there when there is something.
LEFT_OUT: Final = "left-out.csv"


@dataclass(slots=True)
class Exported:
    """What an export did.

    Attributes:
        items: How many items are described in it.
        annotations: How many annotations are.
        files: How many files were put into it.
        bytes: Their size.
        left_out: How many annotations the format cannot hold, by their type and the reason.
        failures: What is not in it: path, and the reason.
    """

    items: int = 0
    annotations: int = 0
    files: int = 0
    bytes: int = 0
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)


def export_dataset(
    store: Store,
    dataset: Row,
    folder: Path,
    kind: Format,
    *,
    query: Mapping[str, Any] | None = None,
    content: bool = True,
    progress: Callable[[int, int | None], None] | None = None,
) -> Exported:
    """Export a dataset, or what a query finds of it.

    Args:
        store: The store.
        dataset: The dataset's row.
        folder: A folder that is not there yet, or is empty.
        kind: The format.
        query: Which items; all when left out.
        content: Whether their files are put there, too. One whose content is not here is a failure.
        progress: Told how many items are through.

    Returns:
        What was done.

    Raises:
        BadRequest: The folder has something in it, or the query makes no sense.
        ExtraMissingError: The format needs a library that is not installed.
        OSError: The folder cannot be written.
    """
    done = Exported()
    items = table(EntityKind.ITEM)
    order = {"resource": "items", "sort": {"filename": "ascending", "id": "ascending"}}
    wanted = compile_select(parse({**(query or {}), **order}), [dataset["id"]], paged=False)
    with appearing(folder) as place, ExitStack() as stack:
        left = LeftOut(_Listing(place, stack).add, done.left_out)
        with store.reading() as connection:
            written = writer(kind, place, labels_in(connection, dataset["id"]), left)
            stack.callback(written.abandon)
            found = samples(connection, wanted.where(items.c.hidden.is_(False)))
            for number, sample in enumerate(found, 1):
                if _one(sample, kind, written, done) and content:
                    _file(store.blobs, sample, place / written.place(sample), done)
                if progress is not None:
                    progress(number, None)
        written.close()
    return done


def _one(sample: Sample, kind: Format, written: Writer, done: Exported) -> bool:
    """Write what is said of an item; whether it is in the export."""
    try:
        _check(sample, kind)
        done.annotations += written.add(sample)
    except (BadRequest, Conflict) as error:
        done.failures.append((sample.path, error.message))
        return False
    done.items += 1
    return True


def _file(blobs: BlobCache, sample: Sample, target: Path, done: Exported) -> None:
    if sample.digest is None or not blobs.has(sample.digest):
        done.failures.append((sample.path, "Its content is not here; `localloop get` fetches it."))
        return
    try:
        blobs.export(sample.digest, target)
    except BlobError as error:
        done.failures.append((sample.path, error.message))
        return
    done.files += 1
    done.bytes += target.stat().st_size


def _check(sample: Sample, kind: Format) -> None:
    """A platform may call items anything; a path must stay below the folder.

    Raises:
        BadRequest: It would not, or the format has no place for such an item.
    """
    parts = PurePosixPath(sample.path).parts
    if ".." in parts or "\0" in sample.path or parts[:1] != ("/",) or len(parts) < 2:
        raise BadRequest("400", "Its path is no path for a file.")
    if not kind.holds_all and not sample.mimetype.startswith("image/"):
        raise BadRequest("400", f"It is no image, and {kind.value} has nothing else.")


class _Listing:
    """The file that lists what was left out, made when there is something."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._path = folder / LEFT_OUT
        self._stack = stack
        self._rows: Any = None

    def add(self, sample: Sample, annotation: Mapping[str, Any], reason: str) -> None:
        if self._rows is None:
            file = self._stack.enter_context(self._path.open("w", encoding="utf-8", newline=""))
            self._rows = csv.writer(file)
            self._rows.writerow(("path", "id", "type", "label", "reason"))
        self._rows.writerow((sample.path, annotation["id"], annotation["type"], annotation["label"], reason))
