"""Items: files and directories of a dataset."""

from __future__ import annotations

from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from localloop.errors import BadRequest, NotFound
from localloop.sdk import notebook
from localloop.sdk.annotations import Annotations
from localloop.sdk.copying import clone_item
from localloop.sdk.download import download_file, target_of
from localloop.sdk.entity import Field, Json, text_of
from localloop.sdk.item_collections import InCollections
from localloop.sdk.shape import shaped
from localloop.store.copies import Wish
from localloop.store.items import find_item, update_item
from localloop.store.paths import normal_path
from localloop.store.subsets import subset_of, tags_of
from localloop.store.work import set_item_status
from localloop_schema.kinds import EntityKind

if TYPE_CHECKING:
    from localloop.sdk.dataset import Dataset


class ItemStatus(StrEnum):
    """The status of an item in a task."""

    COMPLETED = "completed"
    APPROVED = "approved"
    DISCARDED = "discard"


class Item(InCollections):
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
    def width(self) -> int | None:
        """How wide a picture or a video is, in pixels as they are stored."""
        return self.system.get("width")

    @property
    def height(self) -> int | None:
        """How high a picture or a video is, in pixels as they are stored."""
        return self.system.get("height")

    @property
    def fps(self) -> float | None:
        """How many frames a video has in a second."""
        return self.metadata.get("fps")

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

    def set_description(self, text: str) -> Item:
        """Give it a description, which is stored at once.

        Returns:
            This item.
        """
        self.description = text
        return self

    @property
    def status(self) -> str | None:
        """Its status in a task; None when it has none. Of several tasks the first that has one counts."""
        statuses = (ref.get("metadata") or {} for ref in self.system.get("refs") or [])
        return next((one["status"] for one in statuses if one.get("status")), None)

    def assign_subset(self, subset: str) -> Item:
        """Put it into a subset, and into no other: ``train``, ``validation`` or ``test``.

        Raises:
            BadRequest: There is no such subset.
        """
        return self._tag(subset)

    def remove_subset(self) -> Item:
        """Take it out of its subset."""
        return self._tag(None)

    def get_current_subset(self) -> str | None:
        """The subset that it is in; None when it is in none."""
        return subset_of(self.metadata) or None

    def _tag(self, subset: str | None) -> Item:
        with self._store.transaction(f"subset of {self.filename}") as tx:
            row = update_item(tx, tx.row(self.kind, self.id), tags_of(subset), system=True)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

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

    def _repr_html_(self) -> str:
        """What a notebook shows: a picture, if the content is here, and what is said of the item."""
        return notebook.figure(self._store, self.id) + super()._repr_html_()

    def delete(self) -> bool:
        """Delete the item with its annotations.

        Raises:
            NotFound: It is deleted already.
        """
        with self._store.transaction(f"delete {self.filename}") as tx:
            tx.delete(self.kind, tx.row(self.kind, self.id))
        return True

    def clone(
        self,
        dst_dataset_id: str | None = None,
        remote_filepath: str | None = None,
        metadata: Json | None = None,
        with_annotations: bool = True,
        with_metadata: bool = True,
        with_task_annotations_status: bool = False,
        allow_many: bool = False,
        wait: bool = True,
    ) -> Item:
        """Copy the file. Its bytes are shared, not copied.

        Args:
            dst_dataset_id: The dataset that the copy goes into; the item's own when left out.
            remote_filepath: The path of the copy; that of the item when left out.
            metadata: What is put into the copy's metadata besides.
            with_annotations: Whether annotations come along.
            with_metadata: Whether metadata does.
            with_task_annotations_status: Whether annotations keep the status that a review gave them.
            allow_many: Whether it is copied although the dataset has a copy of it.
            wait: Nothing has to be waited for here.

        Returns:
            The copy.

        Raises:
            BlobMissingError: The content is not here: `localloop fetch` gets it.
            Conflict: Something is at that path, or the dataset has a copy.
        """
        del wait
        row = clone_item(
            self._store,
            self.id,
            dst_dataset_id,
            path=remote_filepath,
            metadata=metadata,
            wish=Wish(with_annotations, with_metadata, with_task_annotations_status),
            many=allow_many,
        )
        return Item(self._store, shaped(self._store, self.kind, [row])[0])

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
