"""What is exported: items with their annotations, read page by page, and files that are imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, or_, select

from localloop.store.items import own_metadata
from localloop.store.subsets import SUBSETS, subset_of
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, table

#: How many items are read at once.
STEP: Final = 500

#: What an item without a subset is in, where a format needs a name for that.
NO_SUBSET: Final = "unassigned"


@dataclass(frozen=True, slots=True)
class Sample:
    """An item as formats see it.

    Attributes:
        path: Its remote path, with a slash in front.
        width: Pixels across; None when nobody looked yet.
        height: Pixels down; the same.
        subset: ``train``, ``validation``, ``test``, or empty.
        digest: Of its content; None when it is not known here.
        metadata: Without what is derived.
        description: Its description, or empty.
        annotations: With ``id`` and what documents of annotations hold; the oldest first.
    """

    path: str
    width: int | None
    height: int | None
    mimetype: str
    subset: str
    digest: str | None
    metadata: Mapping[str, Any]
    description: str
    annotations: list[dict[str, Any]]

    @property
    def sized(self) -> bool:
        """Whether its width and height are known."""
        return bool(self.width and self.height)


@dataclass(frozen=True, slots=True)
class Described:
    """A file that is imported, and what is said of it.

    Attributes:
        file: The file.
        name: Its path below the place to which it is imported.
        told: Reads ``filename, annotations, metadata, description``, each where it is said.
    """

    file: Path
    name: str
    told: Callable[[], dict[str, Any]]


@dataclass(slots=True)
class LeftOut:
    """What a format cannot hold.

    Attributes:
        counts: How many annotations, by their type and the reason.
        listed: Hears of each: the sample, the annotation, the reason.
    """

    listed: Callable[[Sample, Mapping[str, Any], str], None]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, sample: Sample, annotation: Mapping[str, Any], reason: str) -> None:
        """Note one annotation."""
        self.counts[str(annotation["type"]), reason] += 1
        self.listed(sample, annotation, reason)


def samples(connection: Connection, items: Select[Any]) -> Iterator[Sample]:
    """The items of a query with their annotations, in the order of their paths.

    Args:
        connection: A transaction.
        items: A query over items, ordered by path and id, without a limit.

    Yields:
        One after another; memory is that of one page.
    """
    columns = table(EntityKind.ITEM).c
    after: Any = None
    while True:
        part = (items if after is None else items.where(after)).limit(STEP)
        rows = [dict(row) for row in connection.execute(part).mappings()]
        drawn = _annotations(connection, [row["id"] for row in rows])
        yield from (_sample(row, drawn.get(row["id"], [])) for row in rows if row["type"] == "file")
        if len(rows) < STEP:
            return
        last = rows[-1]
        # The first condition follows from the other two; with it the index begins where this page does.
        after = and_(
            columns.filename >= last["filename"],
            or_(columns.filename > last["filename"], columns.id > last["id"]),
        )


def labels_in(connection: Connection, dataset_id: str) -> list[str]:
    """The labels of a dataset's annotations, in the order of the alphabet."""
    columns = table(EntityKind.ANNOTATION).c
    query = (
        select(columns.label)
        .where(columns.dataset_id == dataset_id, columns.deleted_at.is_(None))
        .distinct()
        .order_by(columns.label)
    )
    return list(connection.execute(query).scalars())


def batches(found: Iterator[Described], size: int) -> Iterator[list[Described]]:
    """Files by so many."""
    while batch := list(islice(found, size)):
        yield batch


def tagged(subset: str) -> dict[str, Any]:
    """The metadata of an item that is in a subset."""
    return {"system": {"tags": {subset: True}}} if subset in SUBSETS else {}


def _annotations(connection: Connection, ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    columns = table(EntityKind.ANNOTATION)
    query = (
        select(columns)
        .where(columns.c.item_id.in_(ids), columns.c.deleted_at.is_(None))
        .order_by(columns.c.item_id, columns.c.created_at, columns.c.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        document = to_document(EntityKind.ANNOTATION, dict(row))
        found.setdefault(row["item_id"], []).append({"id": row["id"], **document})
    return found


def _sample(row: Row, annotations: list[dict[str, Any]]) -> Sample:
    metadata = row["metadata"] or {}
    system = metadata.get("system") or {}
    return Sample(
        row["filename"],
        _pixels(system.get("width")),
        _pixels(system.get("height")),
        row["mimetype"] or "",
        subset_of(metadata),
        row["digest"],
        own_metadata(metadata),
        row["description"] or "",
        annotations,
    )


def _pixels(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
