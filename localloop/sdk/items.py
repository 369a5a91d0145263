"""Items, and the repository of a dataset's items."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest, NotFound
from localloop.sdk.annotations import Annotations
from localloop.sdk.download import download_file, target_of
from localloop.sdk.entity import Entity, EntityList, Field, Json, one_of, text_of
from localloop.sdk.filters import Filters, FiltersResource
from localloop.sdk.pages import PagedEntities
from localloop.sdk.shape import shaped
from localloop.sdk.upload import Upload
from localloop.store import Store
from localloop.store.bulk import delete_by_query, update_by_query
from localloop.store.items import find_item, make_directory, update_item
from localloop.store.paths import normal_path
from localloop.store.tasks import set_item_status
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.sdk.datasets import Dataset


class ItemStatus(StrEnum):
    """The status of an item in a task."""

    COMPLETED = "completed"
    APPROVED = "approved"
    DISCARDED = "discard"


class Item(Entity):
    """A file, or a directory, of a dataset."""

    kind = EntityKind.ITEM
    _shown = (
        "dataset_url",
        "created_at",
        "dataset_id",
        "filename",
        "name",
        "type",
        "id",
        "spec",
        "creator",
        "description",
        "annotations_count",
    )

    dataset_id = Field[str]("datasetId")
    dataset_url = Field[str]("dataset")
    filename = Field[str]("filename")
    name = Field[str]("name")
    dir = Field[str]("dir")
    type = Field[str]("type")
    hidden = Field[bool]("hidden")
    spec = Field[str]("spec")
    annotated = Field[bool]("annotated")
    annotations_count = Field[int]("annotationsCount")
    metadata = Field[Json]("metadata")

    @property
    def system(self) -> Json:
        """The system's part of the metadata."""
        system: Json = self.metadata.get("system") or {}
        return system

    @property
    def size(self) -> int | None:
        """How many bytes the content has."""
        return self.system.get("size")

    @property
    def mimetype(self) -> str | None:
        """The content's media type."""
        return self.system.get("mimetype")

    @property
    def description(self) -> str | None:
        """Free text. Setting it stores it at once."""
        return self._json.get("description")

    @description.setter
    def description(self, text: str | None) -> None:
        with self._store.transaction("describe item") as tx:
            update_item(tx, tx.row(self.kind, self.id), {"description": text})
        self._json["description"] = self._origin["description"] = text

    @property
    def annotations(self) -> Annotations:
        """The item's annotations."""
        return Annotations(self._store, self.dataset_id, self)

    @property
    def dataset(self) -> Dataset:
        """The item's dataset."""
        from localloop.sdk.datasets import Datasets  # noqa: PLC0415 - datasets are built on items

        return Datasets(self._store).get(dataset_id=self.dataset_id)

    def update(self, system_metadata: bool = False) -> Item:
        """Store what was changed: the path, the metadata.

        Args:
            system_metadata: Whether ``metadata.system`` is meant; what the platform derives there never is.

        Returns:
            This item, as it then is.

        Raises:
            BadRequest: A value makes no sense.
            Conflict: Something else is at the new path.
            NotFound: It is deleted.
        """
        changes = self._changes()
        if changes:
            with self._store.transaction(f"update {self.filename}") as tx:
                row = update_item(tx, tx.row(self.kind, self.id), changes, system=system_metadata)
            self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def move(self, new_path: str) -> Item:
        """Give the item another path.

        Args:
            new_path: The new full path; or a directory, which is one when it ends in ``/`` or is there already.

        Returns:
            This item, as it then is.

        Raises:
            Conflict: Something else is at the new path.
        """
        target = f"{new_path.rstrip('/')}/{self.name}" if new_path.endswith("/") else normal_path(new_path)
        with self._store.transaction(f"move {self.filename}") as tx:
            row = tx.row(self.kind, self.id)
            there = find_item(tx.connection, row["dataset_id"], normal_path(target))
            if there is not None and there["type"] == "dir" and there["id"] != row["id"]:
                target = f"{target}/{self.name}"
            row = update_item(tx, row, {"filename": target})
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def delete(self) -> bool:
        """Delete the item with its annotations.

        Raises:
            NotFound: It is deleted already.
        """
        with self._store.transaction(f"delete {self.filename}") as tx:
            tx.delete(self.kind, tx.row(self.kind, self.id))
        return True

    def download(
        self,
        local_path: str | Path | None = None,
        save_locally: bool = True,
        overwrite: bool = False,
        to_items_folder: bool = True,
    ) -> str | BytesIO:
        """Put the content into a file, or into memory.

        Args:
            local_path: A file, when it has an extension; else a directory, below which the item's path is kept.
                This user's own downloads directory when left out.
            save_locally: Whether to write a file; else the bytes are returned.
            overwrite: Whether a file that is there is replaced; else it is left, and its path returned.
            to_items_folder: Whether files go into a directory ``items`` below ``local_path``.

        Returns:
            The path of the file, or the bytes.

        Raises:
            BlobMissingError: The content is only on the platform.
            NotFound: The item is deleted.
        """
        row = self._store.get(self.kind, self.id)
        if row is None:
            raise NotFound("404", f"Item not found. Id: {self.id!r}")
        target = target_of(self._store, row, local_path, to_items_folder=to_items_folder)
        return download_file(self._store, row, target if save_locally else None, overwrite=overwrite)

    def update_status(
        self, status: ItemStatus | str, task_id: str | None = None, clear: bool = False
    ) -> bool:
        """Set the item's status in a task, or take it back.

        Args:
            status: The status.
            task_id: The task; needed when the item is in several.
            clear: Whether to take the status back.

        Returns:
            True.

        Raises:
            BadRequest: The item is in no task, or in several and none is named.
        """
        tasks = [ref["id"] for ref in self.system.get("refs") or [] if ref.get("type") == "task"]
        wanted = [task_id] if task_id is not None else tasks
        if len(wanted) != 1:
            raise BadRequest("400", f"Name the task: the item is in {len(tasks)} tasks")
        with self._store.transaction(f"set status {text_of(status)}") as tx:
            task = tx.row(EntityKind.TASK, wanted[0])
            operation = "delete" if clear else "create"
            row = tx.row(self.kind, self.id)
            set_item_status(tx, task, [row], str(text_of(status)), operation=operation)
            row = tx.row(self.kind, self.id)
        self._take(shaped(self._store, self.kind, [row])[0])
        return True


class Items:
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


__all__ = ["Item", "ItemStatus", "Items"]
