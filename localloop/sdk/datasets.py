"""Datasets, and the repository of a project's datasets."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from localloop.errors import BadRequest, NotFound
from localloop.sdk.annotation import ViewAnnotationOptions
from localloop.sdk.copying import clone_dataset, merge_datasets, row_of
from localloop.sdk.dataset import CHECKED_OUT, Dataset, IndexDriver, check_sure
from localloop.sdk.dataset_files import (
    DatasetExportVersion,
    ExportMode,
    ExportType,
    ExportVersion,
    OutputExportType,
)
from localloop.sdk.entity import EntityList, text_of
from localloop.sdk.filters import Filters
from localloop.sdk.labels import node_of
from localloop.sdk.platform_only import WithPlatformOnly
from localloop.sdk.shape import shaped
from localloop.sdk.tree import DirectoryTree
from localloop.store import Store
from localloop.store.copies import Wish
from localloop.store.datasets import create_dataset
from localloop.store.subsets import SUBSETS
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

logger = logging.getLogger("localloop")


class Datasets(WithPlatformOnly):
    """The datasets of a project, or of the whole store.

    Args:
        store: Where they are.
        project_id: Their project; None for all.
    """

    def __init__(self, store: Store, project_id: str | None = None) -> None:
        self._store = store
        self._project_id = project_id

    def create(
        self,
        dataset_name: str,
        labels: Iterable[Any] | Mapping[str, Any] | None = None,
        attributes: Sequence[Mapping[str, Any]] | None = None,
        checkout: bool = False,
        expiration_options: Mapping[str, Any] | None = None,
        index_driver: IndexDriver | str = IndexDriver.V1,
        recipe_id: str | None = None,
    ) -> Dataset:
        """Create a dataset with a recipe of its own.

        Args:
            dataset_name: Its name, unlike that of every other dataset of the project.
            labels: Labels to begin with: as for :meth:`Dataset.add_labels`, or colours by tag.
            attributes: Attributes to begin with, as on the wire.
            checkout: Whether to make it the dataset to use when none is named.
            expiration_options: ``{"itemMaxDays": n}``.
            index_driver: How the platform indexes it.
            recipe_id: A recipe that is there already, instead of one of its own.

        Returns:
            The dataset.

        Raises:
            BadRequest: The name is empty or taken, or no project is known.
        """
        if self._project_id is None:
            raise BadRequest("400", "This needs the datasets of one project: project.datasets")
        if isinstance(labels, Mapping):
            labels = [{"tag": tag, "color": shade} for tag, shade in labels.items()]
        with self._store.transaction(f"create dataset {dataset_name}") as tx:
            row = create_dataset(
                tx,
                tx.row(EntityKind.PROJECT, self._project_id),
                dataset_name,
                recipe_id=recipe_id,
                labels=None if labels is None else [node_of(label) for label in labels],
                attributes=attributes,
                expiration_options=expiration_options,
                index_driver=str(text_of(index_driver)),
            )
        return self._checked_out(self._build([row])[0], checkout)

    def get(
        self, dataset_name: str | None = None, dataset_id: str | None = None, checkout: bool = False
    ) -> Dataset:
        """One dataset by its name, or by its local or platform id; the checked-out one when neither is given.

        Args:
            dataset_name: The name.
            dataset_id: The id.
            checkout: Whether to make it the dataset to use when none is named.

        Raises:
            BadRequest: Several have this name; or nothing is named and nothing is checked out.
            NotFound: There is none.
        """
        if dataset_id is None and dataset_name is None:
            dataset_id = self._store.settings().get(CHECKED_OUT)
            if dataset_id is None:
                raise BadRequest("400", "No dataset is checked out: name one, or check one out")
        if dataset_id is not None:
            row = self._store.get(EntityKind.DATASET, dataset_id)
            if row is None:
                raise NotFound("404", f"Dataset not found. Id: {dataset_id!r}")
            if dataset_name is not None and row["name"] != dataset_name:
                logger.warning("The dataset %s is named %r, not %r", dataset_id, row["name"], dataset_name)
        else:
            row = self._named(dataset_name or "")
        return self._checked_out(self._build([row])[0], checkout)

    def list(self, name: str | None = None, creator: str | None = None) -> EntityList[Dataset]:
        """The datasets; those that the platform keeps for itself are left out.

        Args:
            name: Only those of this name.
            creator: Only those that this person created.
        """
        equal = {"project_id": self._project_id, "name": name, "creator": creator}
        given = {key: value for key, value in equal.items() if value is not None}
        return EntityList(self._build(self._store.rows(EntityKind.DATASET, system=False, **given)))

    def delete(
        self,
        dataset_name: str | None = None,
        dataset_id: str | None = None,
        sure: bool = False,
        really: bool = False,
    ) -> bool:
        """Delete a dataset with all that is in it.

        Args:
            dataset_name: Its name, or
            dataset_id: its id.
            sure: Whether you are sure.
            really: Whether you really are.

        Returns:
            True.

        Raises:
            Forbidden: You are not.
            NotFound: There is none.
        """
        check_sure(sure, really)
        return self.get(dataset_name, dataset_id).delete(sure=sure, really=really)

    def update(self, dataset: Dataset, system_metadata: bool = False) -> Dataset:
        """Store what was changed in a dataset."""
        return dataset.update(system_metadata=system_metadata)

    def set_readonly(self, state: bool, dataset: Dataset) -> None:
        """Let nothing in a dataset be changed by others; see :meth:`Dataset.set_readonly`."""
        dataset.set_readonly(state)

    def clone(
        self,
        dataset_id: str,
        clone_name: str | None = None,
        filters: Filters | None = None,
        with_items_annotations: bool = True,
        with_metadata: bool = True,
        with_task_annotations_status: bool = True,
        dst_dataset_id: str | None = None,
        target_directory: str | None = None,
    ) -> Dataset:
        """Copy a dataset, or what a filter finds of it. The files are shared, not copied.

        Args:
            dataset_id: Which one.
            clone_name: The name of the new dataset; needed without ``dst_dataset_id``.
            filters: Which items; all when left out, the hidden ones too.
            with_items_annotations: Whether annotations come along.
            with_metadata: Whether metadata does.
            with_task_annotations_status: Whether annotations keep the status that a review gave them.
            dst_dataset_id: A dataset that is there already, which gets what it has no copy of yet.
            target_directory: The directory that everything goes into.

        Returns:
            The dataset with the copies.

        Raises:
            BadRequest: Neither a name nor a dataset is given, or there is a dataset of that name.
            BlobMissingError: The content of an item is not here: `localloop fetch` gets it.
        """
        row = clone_dataset(
            self._store,
            dataset_id,
            name=clone_name,
            filters=filters,
            wish=Wish(with_items_annotations, with_metadata, with_task_annotations_status),
            into=dst_dataset_id,
            directory=target_directory,
        )
        return self._build([row_of(self._store, EntityKind.DATASET, row["id"])])[0]

    def merge(
        self,
        merge_name: str,
        dataset_ids: Sequence[str],
        project_ids: Sequence[str] | str,
        with_items_annotations: bool = True,
        with_metadata: bool = True,
        with_task_annotations_status: bool = True,
        wait: bool = True,
    ) -> bool:
        """Copy what several datasets have into a new one. The files are shared, not copied.

        The same file at the same path becomes one item with the annotations of all; another file at the same path gets
        a name beside it.

        Args:
            merge_name: The name of the new dataset; it is in the project of the first.
            dataset_ids: Which ones.
            project_ids: Their projects; what they are is known here.
            with_items_annotations: Whether annotations come along.
            with_metadata: Whether metadata does.
            with_task_annotations_status: Whether annotations keep the status that a review gave them.
            wait: Nothing has to be waited for here.

        Returns:
            True.

        Raises:
            BadRequest: No dataset is named, or there is one of that name.
            BlobMissingError: The content of an item is not here: `localloop fetch` gets it.
        """
        del project_ids, wait
        wish = Wish(with_items_annotations, with_metadata, with_task_annotations_status)
        merge_datasets(self._store, dataset_ids, merge_name, wish)
        return True

    def directory_tree(
        self, dataset: Dataset | None = None, dataset_name: str | None = None, dataset_id: str | None = None
    ) -> DirectoryTree:
        """The directories of a dataset.

        Args:
            dataset: The dataset, or
            dataset_name: its name, or
            dataset_id: either id.

        Raises:
            NotFound: There is none.
        """
        return (dataset or self.get(dataset_name=dataset_name, dataset_id=dataset_id)).directory_tree

    def split_ml_subsets(
        self, dataset_id: str, items_query: Filters, ml_split_list: Mapping[str, float]
    ) -> bool:
        """Split files into subsets; see :meth:`Dataset.split_ml_subsets`."""
        return self.get(dataset_id=dataset_id).split_ml_subsets(items_query, ml_split_list)

    def unlock(self, dataset: Dataset) -> Dataset:
        """Take the locks of commands from a dataset; see :meth:`Dataset.unlock`."""
        return dataset.unlock()

    def bulk_update_ml_subset(
        self,
        dataset_id: str,
        items_query: Filters | None,
        subset: str | None = None,
        deleteTag: bool = False,  # noqa: N803 - as dtlpy calls it
    ) -> bool:
        """Put items into a subset, or take them out of theirs.

        Args:
            dataset_id: Their dataset, by either id.
            items_query: Which items; all that are not hidden when None.
            subset: ``train``, ``validation`` or ``test``.
            deleteTag: Whether they are taken out instead.

        Returns:
            True.

        Raises:
            ValueError: There is no such subset.
        """
        dataset = self.get(dataset_id=dataset_id)
        if deleteTag and subset is None:
            return dataset.remove_subset_from_items(items_query)
        if subset not in SUBSETS:
            raise ValueError("subset must be one of: 'train', 'validation', 'test'")
        return dataset.assign_subset_to_items(subset, items_query)

    @staticmethod
    def download_annotations(
        dataset: Dataset,
        local_path: str | Path | None = None,
        filters: Filters | None = None,
        annotation_options: ViewAnnotationOptions | Sequence[ViewAnnotationOptions] | None = None,
        annotation_filters: Filters | None = None,
        overwrite: bool = False,
        thickness: int = 1,
        with_text: bool = False,
        remote_path: str | None = None,
        include_annotations_in_output: bool = True,
        export_png_files: bool = False,
        filter_output_annotations: bool = False,
        alpha: float = 1,
        export_version: ExportVersion | str = ExportVersion.V1,
        dataset_lock: bool = False,
        lock_timeout_sec: int | None = None,
        export_summary: bool = False,
    ) -> str:
        """Put the annotations of a dataset into files; see :meth:`Dataset.download_annotations`."""
        return dataset.download_annotations(
            local_path,
            filters,
            annotation_options,
            annotation_filters,
            overwrite,
            thickness,
            with_text,
            remote_path,
            include_annotations_in_output,
            export_png_files,
            filter_output_annotations,
            alpha,
            export_version,
            dataset_lock,
            lock_timeout_sec,
            export_summary,
        )

    def upload_annotations(
        self,
        dataset: Dataset,
        local_path: str | Path,
        filters: Filters | None = None,
        clean: bool = False,
        remote_root_path: str = "/",
        export_version: ExportVersion | str = ExportVersion.V1,
    ) -> int:
        """Give items the annotations of JSON files; see :meth:`Dataset.upload_annotations`."""
        return dataset.upload_annotations(local_path, filters, clean, remote_root_path, export_version)

    def export(
        self,
        dataset: Dataset | None = None,
        dataset_name: str | None = None,
        dataset_id: str | None = None,
        local_path: str | Path | None = None,
        filters: Filters | Mapping[str, Any] | None = None,
        annotation_filters: Filters | None = None,
        feature_vector_filters: Filters | None = None,
        include_feature_vectors: bool = False,
        include_annotations: bool = False,
        export_type: ExportType | str = ExportType.JSON,
        timeout: int = 0,
        dataset_lock: bool = False,
        lock_timeout_sec: int | None = None,
        export_summary: bool = False,
        output_export_type: OutputExportType | str | None = None,
        export_version: DatasetExportVersion | str = DatasetExportVersion.V1,
        export_mode: ExportMode | str | None = None,
        from_version: int | None = None,
        partition_count: int | None = None,
        force: bool = False,
        parallel_downloads: int = 4,
    ) -> str | None:
        """Write the items of a dataset, named in any of three ways, as JSON; see :meth:`Dataset.export`."""
        chosen = dataset or self.get(dataset_name=dataset_name, dataset_id=dataset_id)
        return chosen.export(
            local_path,
            filters,
            annotation_filters,
            feature_vector_filters,
            include_feature_vectors,
            include_annotations,
            export_type,
            timeout,
            dataset_lock,
            lock_timeout_sec,
            export_summary,
            output_export_type,
            export_version,
            export_mode,
            from_version,
            partition_count,
            force,
            parallel_downloads,
        )

    def checkout(
        self,
        identifier: str | None = None,
        dataset_name: str | None = None,
        dataset_id: str | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        """Make a dataset the one to use when none is named.

        Args:
            identifier: Its name, or either id, or
            dataset_name: its name, or
            dataset_id: either id, or
            dataset: the dataset itself.

        Raises:
            BadRequest: Nothing is named.
            NotFound: There is none.
        """
        if dataset is None and identifier is not None:
            known = self._store.get(EntityKind.DATASET, identifier)
            dataset_id, dataset_name = (known["id"], None) if known is not None else (None, identifier)
        if dataset is None and dataset_id is None and dataset_name is None:
            raise BadRequest("400", "Name the dataset to check out.")
        (dataset or self.get(dataset_name=dataset_name, dataset_id=dataset_id)).checkout()

    def _named(self, name: str) -> Row:
        found = self.list(name=name)
        if not found:
            raise NotFound("404", f"Dataset not found. Name: {name!r}")
        if len(found) > 1:
            raise BadRequest("400", "More than one dataset with same name.")
        row = self._store.get(EntityKind.DATASET, found[0].id)
        if row is None:
            raise NotFound("404", f"Dataset not found. Name: {name!r}")
        return row

    def _checked_out(self, dataset: Dataset, checkout: bool) -> Dataset:
        if checkout:
            dataset.checkout()
        return dataset

    def _build(self, rows: Sequence[Row]) -> EntityList[Dataset]:
        return EntityList(Dataset(self._store, one) for one in shaped(self._store, EntityKind.DATASET, rows))
