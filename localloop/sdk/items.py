"""The repository of a dataset's items."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from localloop.errors import BadRequest, NotFound
from localloop.sdk.entity import Entity, EntityList, Json, one_of
from localloop.sdk.filters import Filters, FiltersResource
from localloop.sdk.item import Item
from localloop.sdk.pages import PagedEntities
from localloop.sdk.platform_only import WithPlatformOnly
from localloop.sdk.shape import shaped
from localloop.sdk.upload import Upload
from localloop.store import Store
from localloop.store.bulk import delete_by_query, update_by_query
from localloop.store.items import find_item, make_directory, update_item
from localloop.store.paths import normal_path
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row


class Items(WithPlatformOnly):
    """The items of a dataset; without a dataset, items by id only.

    Args:
        store: Where they are.
        dataset_id: Their dataset.
    """

    def __init__(self, store: Store, dataset_id: str | None = None) -> None:
        self._store = store
        self._dataset_id = dataset_id

    def get(self, filepath: str | None = None, item_id: str | None = None, is_dir: bool = False) -> Item:
        """One item by its path, or by its local or platform id.

        Args:
            filepath: The full path in the dataset.
            item_id: The id.
            is_dir: Whether a directory is meant.

        Raises:
            BadRequest: Neither is given.
            NotFound: There is none.
        """
        name, value = one_of(item_id=item_id, filepath=filepath)
        if name == "item_id":
            row = self._store.get(EntityKind.ITEM, value)
            if row is None:
                raise NotFound("404", f"Item not found. Id: {value!r}")
        else:
            with self._store.reading() as connection:
                row = find_item(connection, self._need_dataset(), normal_path(value))
            if row is None or row["type"] != ("dir" if is_dir else "file"):
                raise NotFound("404", f'Item not found. filepath= "{value}"')
        return self._build([row])[0]

    def list(
        self, filters: Filters | None = None, page_offset: int | None = None, page_size: int | None = None
    ) -> PagedEntities[Item]:
        """The items that a filter finds; all that are not hidden, and no directories, when left out.

        Args:
            filters: Which ones.
            page_offset: The page to begin with.
            page_size: How many a page has.

        Raises:
            BadRequest: The filter is not for items.
        """
        chosen = _for_items(filters)
        chosen.page = page_offset if page_offset is not None else chosen.page
        chosen.page_size = page_size if page_size is not None else chosen.page_size
        return PagedEntities(self._store, chosen, [self._need_dataset()], self._build)

    def get_all_items(self, filters: Filters | None = None) -> EntityList[Item]:
        """All items that a filter finds, at once."""
        return EntityList(self.list(filters).all())

    def upload(
        self,
        local_path: Any,
        local_annotations_path: str | Path | Sequence[str | Path] | None = None,
        remote_path: str | None = "/",
        remote_name: str | Sequence[str] | None = None,
        file_types: Sequence[str] | None = None,
        overwrite: bool = False,
        item_metadata: Mapping[str, Any] | None = None,
        item_description: str | None = None,
        return_as_list: bool = False,
    ) -> Any:
        """Put files into the dataset. They are copied, so they may change or go afterwards.

        A folder keeps its own name (``folder/sub/x`` becomes ``/folder/sub/x``); ``folder/*`` drops it. What is at
        a path already stays, unless ``overwrite`` is true.

        Args:
            local_path: A file, a folder, ``folder/*``, bytes, an open binary file, or a list of these.
            local_annotations_path: A JSON file with annotations for the file, or a folder of such files whose
                paths match those of the uploaded folder; a list for a list.
            remote_path: The directory in the dataset.
            remote_name: The name in the dataset; needed for bytes. A list for a list.
            file_types: Extensions of the files to take from folders, such as ``[".jpg"]``.
            overwrite: Whether to replace what is there; its annotations are then deleted.
            item_metadata: Metadata for each item.
            item_description: A description for each item.
            return_as_list: Whether to return a list whatever the number.

        Returns:
            The item; an iterator over the items when there are several; a list when asked for.

        Raises:
            NotFound: There is no such file.
            BadRequest: An argument makes no sense.
            SourceChangedError: A file changed while it was read.
        """
        upload = Upload(
            self._store,
            self._need_dataset(),
            remote_path=remote_path or "/",
            file_types=file_types,
            overwrite=overwrite,
            metadata=item_metadata,
            description=item_description,
        )
        ids = upload.run(local_path, remote_name, local_annotations_path)
        if return_as_list:
            return EntityList(self._by_ids(ids))
        return next(self._by_ids(ids)) if len(ids) == 1 else self._by_ids(ids)

    def update(
        self,
        item: Item | None = None,
        filters: Filters | None = None,
        update_values: Mapping[str, Any] | None = None,
        system_update_values: Mapping[str, Any] | None = None,
        system_metadata: bool = False,
    ) -> Item | None:
        """Store what was changed in an item; or give everything that a filter finds the same metadata.

        The values go *under* ``metadata.user``, as on the platform: ``update_values={'user': {'k': 1}}`` writes
        ``metadata.user.user.k`` (docs/platform/wire.md, 4.4).

        Args:
            item: The item, or
            filters: which ones.
            update_values: What goes under ``metadata.user``.
            system_update_values: What goes under ``metadata.system``, when ``system_metadata`` is true.
            system_metadata: Whether ``metadata.system`` is meant.

        Returns:
            The item; None after an update by filter.

        Raises:
            BadRequest: The arguments do not go together.
        """
        values = update_values or system_update_values
        if item is not None:
            if values:
                raise BadRequest("400", "Values are only for an update by filter; change the item itself")
            return item.update(system_metadata=system_metadata)
        if filters is None:
            raise BadRequest("400", "Must provide either item or filters")
        if not values:
            raise BadRequest("400", "Must provide update_values or system_update_values")
        query = _for_items(filters).prepare(
            operation="update",
            update=dict(update_values or {}),
            system_update=dict(system_update_values or {}),
            system_metadata=system_metadata,
        )
        with self._store.transaction("update items by filter") as tx:
            dataset = tx.row(EntityKind.DATASET, self._need_dataset())
            update_by_query(tx, query, dataset, query["update"], system=system_metadata)
        return None

    def clone(
        self,
        item_id: str,
        dst_dataset_id: str,
        remote_filepath: str | None = None,
        metadata: Json | None = None,
        with_annotations: bool = True,
        with_metadata: bool = True,
        with_task_annotations_status: bool = False,
        allow_many: bool = False,
        wait: bool = True,
    ) -> Item:
        """Copy a file; see :meth:`Item.clone`."""
        return self.get(item_id=item_id).clone(
            dst_dataset_id,
            remote_filepath,
            metadata,
            with_annotations,
            with_metadata,
            with_task_annotations_status,
            allow_many,
            wait,
        )

    def delete(
        self, filename: str | None = None, item_id: str | None = None, filters: Filters | None = None
    ) -> bool:
        """Delete items with their annotations.

        Args:
            filename: The full path of one, or
            item_id: its id, or
            filters: which ones.

        Returns:
            True.

        Raises:
            BadRequest: None of them is given.
            NotFound: There is no such item.
        """
        name, value = one_of(item_id=item_id, filename=filename, filters=filters)
        if name == "filters":
            query = _for_items(value).prepare(operation="delete")
            with self._store.transaction("delete items by filter") as tx:
                delete_by_query(tx, query, tx.row(EntityKind.DATASET, self._need_dataset()))
            return True
        item = self.get(item_id=value) if name == "item_id" else self.get(filepath=value)
        return item.delete()

    def update_status(
        self,
        status: str,
        items: Sequence[Item] | Item | None = None,
        item_ids: Sequence[str] | str | None = None,
        filters: Filters | None = None,
        dataset: Entity | None = None,
        clear: bool = False,
    ) -> bool:
        """Set the status of items in their task, or take it back; see :meth:`Item.update_status`.

        Args:
            status: The status.
            items: The items, or
            item_ids: their ids, or
            filters: which ones.
            dataset: Not needed.
            clear: Whether to take the status back.

        Raises:
            BadRequest: None of them is given, or one is in no task, or in several.
        """
        del dataset
        name, value = one_of(items=items, item_ids=item_ids, filters=filters)
        if name == "filters":
            found = list(self.list(filters=value).all())
        elif name == "items":
            found = list(value) if isinstance(value, list | tuple) else [value]
        else:
            found = list(self._by_ids([value] if isinstance(value, str) else value))
        for item in found:
            item.update_status(status, clear=clear)
        return True

    def make_dir(self, directory: str) -> Item:
        """Make a directory, if it is not there.

        Raises:
            Conflict: A file is there.
        """
        with self._store.transaction(f"make directory {directory}") as tx:
            row, _ = make_directory(tx, tx.row(EntityKind.DATASET, self._need_dataset()), directory)
        return self._build([row])[0]

    def move_items(
        self, destination: str, filters: Filters | None = None, items: Sequence[Item] | None = None
    ) -> bool:
        """Move items into a directory, all or none.

        Args:
            destination: The directory.
            filters: Which ones, or
            items: the items themselves.

        Returns:
            True.

        Raises:
            BadRequest: Nothing is named.
            Conflict: Something is at one of the new paths.
        """
        _, value = one_of(items=items, filters=filters)
        moved = list(value) if items is not None else list(self.list(value).all())
        with self._store.transaction(f"move {len(moved)} items to {destination}") as tx:
            for item in moved:
                update_item(tx, tx.row(item.kind, item.id), {"filename": f"{destination}/{item.name}"})
        return True

    def download(
        self,
        filters: Filters | None = None,
        items: Sequence[Item] | None = None,
        local_path: str | Path | None = None,
        overwrite: bool = False,
        to_items_folder: bool = True,
    ) -> Iterator[str]:
        """Put the content of items into files.

        Args:
            filters: Which ones; all when left out.
            items: The items themselves.
            local_path: The directory; this user's own downloads directory when left out.
            overwrite: Whether files that are there are replaced.
            to_items_folder: Whether files go into a directory ``items`` below ``local_path``.

        Returns:
            The paths of the files.

        Raises:
            BlobMissingError: A content is only on the platform.
        """
        chosen = items if items is not None else self.list(filters).all()
        paths = [
            str(item.download(local_path, overwrite=overwrite, to_items_folder=to_items_folder))
            for item in chosen
        ]
        return iter(paths)

    def _by_ids(self, ids: Sequence[str]) -> Iterator[Item]:
        """Items by local id, fetched bit by bit."""
        for start in range(0, len(ids), 500):
            part = list(ids[start : start + 500])
            query = {"filter": {"$and": [{"id": {"$in": part}}]}, "pageSize": len(part)}
            found = {item.id: item for item in self._build(self._store.query(query).rows)}
            yield from (found[one] for one in part if one in found)

    def _need_dataset(self) -> str:
        if self._dataset_id is None:
            raise BadRequest("400", "This needs the items of one dataset: dataset.items")
        return self._dataset_id

    def _build(self, rows: Sequence[Row]) -> EntityList[Item]:
        return EntityList(Item(self._store, one) for one in shaped(self._store, EntityKind.ITEM, rows))


def _for_items(filters: Filters | None) -> Filters:
    chosen = Filters() if filters is None else copy.copy(filters)
    if chosen.resource is not FiltersResource.ITEM:
        raise BadRequest("400", "Filters resource must to be FiltersResource.ITEM")
    return chosen
