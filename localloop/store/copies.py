"""Copying items into datasets: what clones and merges have in common. The bytes are shared, not copied.

A copy gets an id of its own, ``spec`` ``ClonedItemSpec``, and names its origin (docs/platform/wire.md, 3.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from localloop.blobs import BlobRef
from localloop.errors import BlobMissingError
from localloop.store import bulk, items
from localloop.store.annotations import add_annotations, content_hash, update_annotation
from localloop.store.datasets import create_dataset
from localloop.store.items import NewItem
from localloop.store.paths import normal_path
from localloop.store.query import compile_ids, parse
from localloop.store.recipes import recipes_of
from localloop.store.transaction import Transaction
from localloop_schema.documents import derived_system, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, get_rows, table

#: What the platform keeps books of for one item alone; a copy starts without.
_BOOKS = frozenset({"refs", "taskStatusLog", "localloop"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a copy takes along.

    Attributes:
        annotations: Whether the annotations come along.
        metadata: Whether the metadata does.
        status: Whether annotations keep the status that a review gave them.
    """

    annotations: bool = True
    metadata: bool = True
    status: bool = True

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> Wish:
        """The wish of ``cloneDatasetParams`` or ``mergeDatasetParams``."""
        names = ("withItemsAnnotations", "withMetadata", "withTaskAnnotationsStatus")
        return cls(*((told or {}).get(name) is not False for name in names))


def chosen(connection: Connection, source: Row, query: Mapping[str, Any]) -> list[str]:
    """The ids of the items that a query finds in a dataset, in order: the few bytes that a copy needs beforehand.

    Copies may go into the same dataset; without these ids a copy would be found, and copied, too.
    """
    found = compile_ids(parse({**query, "sort": {"id": "ascending"}}), [source["id"]])
    return list(connection.execute(found).scalars())


def parts(connection: Connection, ids: Sequence[str]) -> Iterator[list[Row]]:
    """The rows of items by so many as one step of bulk work reads; what is gone is left out."""
    for part in chunks(ids, bulk.STEP):
        rows = get_rows(connection, EntityKind.ITEM, part)
        yield [rows[one] for one in part if one in rows]


def new_clone(
    tx: Transaction, project: Row, source: Row, name: str, *, index_driver: str | None = None
) -> Row:
    """A dataset for copies of another one, with the recipe of that.

    Args:
        tx: The user action.
        project: Where it is to be.
        source: What is to be cloned.
        name: Its name.
        index_driver: How the platform indexes it; as the source when left out.

    Raises:
        BadRequest: There is a dataset of that name.
    """
    made = create_dataset(
        tx,
        project,
        name,
        recipe_id=next(iter(recipes_of(tx, source)), None),
        default_recipe=False,
        index_driver=index_driver or source["index_driver"],
    )
    return tx.set_facts(EntityKind.DATASET, made, {"src_dataset": source["id"]})


def clone_items(
    tx: Transaction,
    target: Row,
    rows: Sequence[Row],
    wish: Wish,
    *,
    place: Callable[[Row], str | None],
    many: bool,
) -> tuple[int, int]:
    """Copy items into a dataset.

    Args:
        tx: The user action.
        target: The dataset.
        rows: The items.
        wish: What comes along.
        place: The path of an item's copy; None where it is to have none.
        many: Whether an item is copied although the dataset has a copy of it.

    Returns:
        How many files were copied, and how many items were passed over, since they had been copied before.

    Raises:
        BlobMissingError: The content of an item is not here.
    """
    known = set() if many else copied_already(tx, target, rows)
    wanted = [row for row in rows if row["id"] not in known]
    entries = [(row, path) for row in wanted if (path := place(row)) is not None]
    return len(copy_items(tx, target, entries, wish)), len(rows) - len(wanted)


def copy_items(
    tx: Transaction, target: Row, entries: Sequence[tuple[Row, str]], wish: Wish
) -> list[tuple[Row, Row]]:
    """Copy items. Where something is at a path already, the copy gets a free one beside it.

    Args:
        tx: The user action.
        target: The dataset that the copies go into.
        entries: The items, each with the path of its copy; directories are made where they are not there.
        wish: What comes along.

    Returns:
        The copies of files: original and copy.

    Raises:
        BlobMissingError: The content of an item is not here.
    """
    files: list[tuple[Row, str]] = []
    for source, path in entries:
        if source["type"] == "dir":
            if items.find_item(tx.connection, target["id"], normal_path(path)) is None:
                items.make_directory(tx, target, path)
        else:
            files.append((source, path))
    paths = free_paths(tx, target, [path for _, path in files])
    fresh = [_new_item(source, path, wish) for (source, _), path in zip(files, paths, strict=True)]
    made = items.add_items(tx, target, fresh)
    copies = []
    for (source, _), (row, _outcome) in zip(files, made, strict=True):
        origin = {"spec": "ClonedItemSpec", "src_item": source["id"], "src_dataset": source["dataset_id"]}
        copy = tx.set_facts(EntityKind.ITEM, row, origin)
        if wish.annotations:
            copy_annotations(tx, source, copy, wish)
        copies.append((source, copy))
    return copies


def free_paths(tx: Transaction, target: Row, paths: Sequence[str]) -> list[str]:
    """The paths, each changed to ``name (2).ext`` and so on where it is taken, here or earlier in the list."""
    normal = [normal_path(path) for path in paths]
    taken = items.occupied(tx.connection, target["id"], normal)
    found = []
    for path in normal:
        free, number = path, 2
        while free in taken:
            free, number = _numbered(path, number), number + 1
            if free not in taken and items.find_item(tx.connection, target["id"], free) is not None:
                taken.add(free)
        taken.add(free)
        found.append(free)
    return found


def _numbered(path: str, number: int) -> str:
    folder, _, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    return f"{folder}/{stem} ({number}).{extension}" if dot and stem else f"{folder}/{name} ({number})"


def copied_already(tx: Transaction, target: Row, sources: Sequence[Row]) -> set[str]:
    """The ids of those items that have a copy in a dataset."""
    columns = table(EntityKind.ITEM).c
    query = select(columns.src_item).where(
        columns.dataset_id == target["id"],
        columns.deleted_at.is_(None),
        columns.src_item.in_([row["id"] for row in sources]),
    )
    return {str(found) for found in tx.connection.execute(query).scalars()}


def _new_item(source: Row, path: str, wish: Wish) -> NewItem:
    if source["digest"] is None:
        raise BlobMissingError(
            f"The content of {source['filename']!r} is not here, so it cannot be copied.",
            digest="",
            advice="Get it with `localloop fetch`, and try again.",
        )
    derived = derived_system(EntityKind.ITEM, source["metadata"])
    return NewItem(
        path,
        BlobRef(source["digest"], source["size"]),
        metadata=to_document(EntityKind.ITEM, source)["metadata"] if wish.metadata else None,
        description=source["description"],
        mimetype=source["mimetype"],
        derived={key: value for key, value in derived.items() if key not in _BOOKS},
    )


def copy_annotations(
    tx: Transaction, source: Row, target: Row, wish: Wish, *, known: frozenset[str] = frozenset()
) -> None:
    """Copy an item's annotations; those that name a parent among them name its copy.

    Args:
        tx: The user action.
        source: The item.
        target: The item that gets them.
        wish: Whether they keep their status.
        known: What ``target`` has already, as hashes of what annotations say; that is not added again.
    """
    originals = [
        row
        for row in tx.rows(EntityKind.ANNOTATION, item_id=source["id"])
        if not known or content_hash(to_document(EntityKind.ANNOTATION, row)) not in known
    ]
    copies = add_annotations(tx, target, [_as_new(row, wish) for row in originals])
    names = {original["id"]: copy["id"] for original, copy in zip(originals, copies, strict=True)}
    for copy in copies:
        named = (copy["metadata"].get("system") or {}).get("parentId")
        parent = names.get(named) if isinstance(named, str) else None
        if parent is not None:
            update_annotation(tx, copy, {"metadata": {"system": {"parentId": parent}}}, system=True)


def _as_new(annotation: Row, wish: Wish) -> dict[str, Any]:
    document = to_document(EntityKind.ANNOTATION, annotation)
    metadata = document["metadata"]
    dropped = {"clientId"} if wish.status else {"clientId", "status"}
    system = {key: value for key, value in (metadata.get("system") or {}).items() if key not in dropped}
    return {**document, "metadata": {**metadata, "system": system}}
