"""Copies of datasets and items: the bytes are shared, and each copy is an edit like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localloop.errors import BadRequest, Conflict, NotFound
from localloop.sdk.filters import Filters
from localloop.store import Store, bulk, copies
from localloop.store.copies import Wish
from localloop.store.items import find_item, update_item
from localloop.store.merging import merge_items, new_merged
from localloop.store.paths import normal_path
from localloop.store.transaction import Transaction
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks


def clone_dataset(
    store: Store,
    dataset_id: str,
    *,
    name: str | None,
    filters: Filters | None,
    wish: Wish,
    into: str | None,
    directory: str | None,
) -> Row:
    """Copy what a filter finds of a dataset into a new one, or into one that is there.

    It is done in parts, so that nobody waits long for it. What was copied before is not copied again: a copy that broke
    off goes on when its dataset is named.

    Args:
        store: The store.
        dataset_id: The dataset.
        name: The name of a new dataset; needed where ``into`` is left out.
        filters: Which items; all when left out.
        wish: What comes along.
        into: The id of a dataset that is there.
        directory: The directory that everything goes into.

    Returns:
        The row of the dataset with the copies.

    Raises:
        BadRequest: Neither a name nor a dataset is given, or there is a dataset of that name.
        BlobMissingError: The content of an item is not here.
    """
    if name is None and into is None:
        raise BadRequest("400", "Give the clone a name, or the dataset that it goes into.")
    query = {"resource": "items", "filter": {}} if filters is None else _everything_of(filters.prepare())
    folder = "" if directory is None else f"/{directory.strip('/')}".rstrip("/")
    action = f"clone a dataset as {name}" if into is None else "clone a dataset"
    batch = store.identity.operation_id()
    with store.transaction(action, batch=batch) as tx:
        source = tx.row(EntityKind.DATASET, dataset_id)
        ids = copies.chosen(tx.connection, source, query)
        if into is None:
            project = tx.row(EntityKind.PROJECT, source["project_id"])
            target = copies.new_clone(tx, project, source, str(name))
        else:
            target = tx.row(EntityKind.DATASET, into)
    for part in chunks(ids, bulk.STEP):
        with store.transaction(action, batch=batch) as tx:
            for rows in copies.parts(tx.connection, part):
                copies.clone_items(
                    tx, target, rows, wish, place=lambda row: f"{folder}{row['filename']}", many=False
                )
    return target


def _everything_of(query: Mapping[str, Any]) -> dict[str, Any]:
    """A query without the condition that an item is not hidden: a clone has hidden items, too."""
    found = dict(query.get("filter") or {})
    found["$and"] = [clause for clause in found.get("$and") or [] if set(clause) != {"hidden"}]
    return {**query, "filter": {key: value for key, value in found.items() if value}}


def merge_datasets(store: Store, dataset_ids: Sequence[str], name: str, wish: Wish) -> Row:
    """Copy what several datasets have into a new one; see :mod:`localloop.store.merging`.

    Args:
        store: The store.
        dataset_ids: The datasets.
        name: The name of the new one.
        wish: What comes along.

    Returns:
        The row of the new dataset.

    Raises:
        BadRequest: No dataset is named, or there is one of that name.
        BlobMissingError: The content of an item is not here.
    """
    if not dataset_ids:
        raise BadRequest("400", "Name the datasets to merge.")
    with store.transaction(f"merge datasets as {name}") as tx:
        sources = [tx.row(EntityKind.DATASET, one) for one in dict.fromkeys(dataset_ids)]
        project = tx.row(EntityKind.PROJECT, sources[0]["project_id"])
        target = new_merged(tx, project, name, sources)
        for source in sources:
            found = copies.chosen(tx.connection, source, {"resource": "items", "filter": {}})
            merge_items(tx, target, copies.parts(tx.connection, found), wish)
    return target


def clone_item(
    store: Store,
    item_id: str,
    dataset_id: str | None,
    *,
    path: str | None,
    metadata: Mapping[str, Any] | None,
    wish: Wish,
    many: bool,
) -> Row:
    """Copy a file.

    Args:
        store: The store.
        item_id: The item.
        dataset_id: The dataset that the copy goes into; the item's own when left out.
        path: The path of the copy; the same as that of the item when left out.
        metadata: What is put into the copy's metadata besides.
        wish: What comes along.
        many: Whether it is copied although the dataset has a copy of it.

    Raises:
        BadRequest: The item is a directory.
        BlobMissingError: Its content is not here.
        Conflict: Something is at that path, or the dataset has a copy.
    """
    with store.transaction("clone an item") as tx:
        source = tx.row(EntityKind.ITEM, item_id)
        if source["type"] != "file":
            raise BadRequest("400", f"{source['filename']!r} is a {source['type']}, which is not cloned")
        target = tx.row(EntityKind.DATASET, dataset_id or source["dataset_id"])
        place = normal_path(path or source["filename"])
        if find_item(tx.connection, target["id"], place) is not None:
            raise Conflict("409", f"Something is at {place!r} already.")
        if not many and path is None and copies.copied_already(tx, target, [source]):
            raise Conflict("409", f"The dataset has a copy of {source['filename']!r} already.")
        ((_, row),) = copies.copy_items(tx, target, [(source, place)], wish)
        return _with_metadata(tx, row, metadata)


def _with_metadata(tx: Transaction, row: Row, metadata: Mapping[str, Any] | None) -> Row:
    return update_item(tx, row, {"metadata": metadata}, system=True) if metadata else row


def row_of(store: Store, kind: EntityKind, entity_id: str) -> Row:
    """A live row by its local or platform id.

    Raises:
        NotFound: There is none.
    """
    row = store.get(kind, entity_id)
    if row is None:
        raise NotFound("404", f"{kind.value.capitalize()} not found. Id: {entity_id!r}")
    return row
