"""What is in a dataset, as a whole: its items and annotations, in files, tables and for training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localloop.sdk import dataset_files as files
from localloop.sdk.annotation import ViewAnnotationOptions
from localloop.sdk.annotations import Annotations
from localloop.sdk.copying import row_of
from localloop.sdk.dataset_files import (
    DatasetExportVersion,
    ExportMode,
    ExportType,
    ExportVersion,
    OutputExportType,
)
from localloop.sdk.entity import Entity
from localloop.sdk.filters import Filters
from localloop.sdk.items import Items
from localloop.sdk.tables import to_arrow, to_pandas
from localloop.sdk.training import TrainingDataset
from localloop_schema.kinds import EntityKind

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from localloop.sdk.training import Transform


class DatasetContents(Entity):
    """The part of a dataset that is about its contents as a whole."""

    kind = EntityKind.DATASET

    @property
    def items(self) -> Items:
        """The dataset's items."""
        return Items(self._store, self.id)

    @property
    def annotations(self) -> Annotations:
        """The annotations of all its items."""
        return Annotations(self._store, self.id)

    def download(
        self,
        filters: Filters | None = None,
        local_path: str | Path | None = None,
        overwrite: bool = False,
        to_items_folder: bool = True,
    ) -> Iterator[str]:
        """Put the content of items into files; see :meth:`Items.download`."""
        return self.items.download(
            filters, local_path=local_path, overwrite=overwrite, to_items_folder=to_items_folder
        )

    def download_folder(
        self,
        folder_path: str,
        filters: Filters | None = None,
        local_path: str | Path | None = None,
        file_types: Sequence[str] | None = None,
        annotation_options: ViewAnnotationOptions | Sequence[ViewAnnotationOptions] | None = None,
        annotation_filters: Filters | None = None,
        overwrite: bool = False,
        to_items_folder: bool = True,
        thickness: int = 1,
        with_text: bool = False,
        without_relative_path: bool | None = None,
        alpha: float = 1,
        export_version: ExportVersion | str = ExportVersion.V1,
        dataset_lock: bool = False,
        lock_timeout_sec: int | None = None,
        export_summary: bool = False,
        raise_on_error: bool = False,
    ) -> list[str]:
        """Put a folder's items into files, and their annotations if that is asked for.

        Args:
            folder_path: The folder; all below it comes along.
            filters: Which of its items; all files when left out.
            local_path: The directory; this user's own downloads directory when left out.
            file_types: Only items of these MIME types.
            annotation_options: What the annotations are put into files as; they are not when left out.
            annotation_filters: Which annotations, and only items that have such.
            overwrite: Whether files that are there are replaced.
            to_items_folder: Whether files go into a directory ``items`` below ``local_path``.
            thickness: How thick lines are drawn, in pixels; -1 fills shapes.
            with_text: Whether labels are written beside shapes.
            without_relative_path: Whether all files go into one directory, by their names alone.
            alpha: How opaque annotations are drawn, from 0 to 1.
            export_version: Whether the name of an annotation's file has the item's extension in it.
            dataset_lock: Not needed: the store has one unchanging view of itself.
            lock_timeout_sec: Not needed.
            export_summary: Not needed.
            raise_on_error: Not needed: an error is raised.

        Returns:
            The paths of the files.

        Raises:
            BlobMissingError: A content is only on the platform.
            BadRequest: An option is none.
        """
        del dataset_lock, lock_timeout_sec, export_summary, raise_on_error
        chosen = files.joined(files.below(folder_path, filters), annotation_filters)
        if file_types:
            chosen.add("metadata.system.mimetype", list(file_types), "in")
        paths: list[str] = []
        for item in self.items.list(filters=chosen).all():
            target: str | Path | None = local_path
            if without_relative_path and local_path is not None:
                target = Path(local_path, *(["items"] if to_items_folder else []), item.name)
            paths.append(str(item.download(target, overwrite=overwrite, to_items_folder=to_items_folder)))
        options = files.options_of(annotation_options)
        if options:
            files.download_annotations(
                self,
                local_path,
                chosen,
                options,
                annotation_filters,
                overwrite=overwrite,
                thickness=thickness,
                with_text=with_text,
                alpha=alpha,
                version=ExportVersion(export_version),
            )
        return paths

    def download_annotations(
        self,
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
        """Put annotations into files: JSON below ``json``, and pictures below a directory of the option's name.

        Args:
            local_path: The directory; this user's own downloads directory when left out.
            filters: Which items; all files when left out.
            annotation_options: What else than JSON: ``mask``, ``instance``, ``img_mask``, ``object_id``, ``vtt``.
            annotation_filters: Which annotations, and only items that have such.
            overwrite: Whether files that are there are replaced.
            thickness: How thick lines are drawn, in pixels; -1 fills shapes.
            with_text: Whether labels are written beside shapes.
            remote_path: Not used, as in dtlpy: filter by ``dir``.
            include_annotations_in_output: Not used, as in dtlpy: they are there.
            export_png_files: Not used: ask for a mask.
            filter_output_annotations: Not used, as in dtlpy.
            alpha: How opaque annotations are drawn, from 0 to 1.
            export_version: Whether the name of a file has the item's extension in it.
            dataset_lock: Not needed: the store has one unchanging view of itself.
            lock_timeout_sec: Not needed.
            export_summary: Not needed.

        Returns:
            The directory.

        Raises:
            BadRequest: An option is none, or an item cannot be drawn on.
        """
        del remote_path, include_annotations_in_output, export_png_files, filter_output_annotations
        del dataset_lock, lock_timeout_sec, export_summary
        return files.download_annotations(
            self,
            local_path,
            filters,
            files.options_of(annotation_options),
            annotation_filters,
            overwrite=overwrite,
            thickness=thickness,
            with_text=with_text,
            alpha=alpha,
            version=ExportVersion(export_version),
        )

    def upload_annotations(
        self,
        local_path: str | Path,
        filters: Filters | None = None,
        clean: bool = False,
        remote_root_path: str = "/",
        export_version: ExportVersion | str = ExportVersion.V1,
    ) -> int:
        """Give items the annotations of JSON files that are called like them.

        Args:
            local_path: The directory of the files.
            filters: Which items; all files when left out.
            clean: Whether the annotations that an item has are deleted first, where there is a file for it.
            remote_root_path: The remote directory that ``local_path`` stands for.
            export_version: Whether the name of a file has the item's extension in it.

        Returns:
            How many files were taken.

        Raises:
            BadRequest: A file holds no annotations.
        """
        version = ExportVersion(export_version)
        return files.upload_annotations(
            self, local_path, filters, clean=clean, remote_root_path=remote_root_path, version=version
        )

    def export(
        self,
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
        """Write the items as the platform's JSON; ``localloop export`` writes other formats, with the files.

        Args:
            local_path: The directory; this user's own downloads directory when left out.
            filters: Which items, as a filter or a query; all files when left out.
            annotation_filters: Which annotations, and only items that have such.
            feature_vector_filters: Only on the platform.
            include_feature_vectors: Only on the platform.
            include_annotations: Whether each item has its ``annotations``.
            export_type: One file of all items, or an archive with a file of each.
            timeout: Not needed: nobody is waited for.
            dataset_lock: Not needed: the store has one unchanging view of itself.
            lock_timeout_sec: Not needed.
            export_summary: Not needed.
            output_export_type: Of one file: as it is, in an archive, or a directory with a file of each item.
            export_version: ``v3`` only on the platform.
            export_mode: Only for ``v3``, and so are the others.
            from_version: See ``export_mode``.
            partition_count: See ``export_mode``.
            force: See ``export_mode``.
            parallel_downloads: See ``export_mode``.

        Returns:
            The path of the file or directory; None when no item is found.

        Raises:
            PlatformOnlyError: Feature vectors or ``v3`` are wanted.
            ValueError: ``local_path`` is a file.
        """
        del timeout, dataset_lock, lock_timeout_sec, export_summary
        del export_mode, from_version, partition_count, force, parallel_downloads
        files.only_first(
            export_version, vectors=include_feature_vectors or feature_vector_filters is not None
        )
        return files.export(
            self,
            local_path,
            filters,
            annotation_filters,
            include_annotations=include_annotations,
            export_type=export_type,
            output_export_type=output_export_type,
        )

    def to_arrow(self, filters: Filters | None = None) -> pa.Table:
        """The annotations as an Arrow table, read page by page.

        A row is an annotation, or an item that has none; its columns are those of an export to Parquet: ``path``,
        ``mimetype``, ``width`` and ``height`` in pixels, ``subset``, ``item_description``, ``item_metadata``, ``id``,
        ``type``, ``label``, ``coordinates``, ``attributes``, ``description`` and ``metadata``. Coordinates, attributes
        and metadata are JSON text.

        Args:
            filters: Which items; all that are no directories when left out.

        Raises:
            ExtraMissingError: pyarrow is not installed: ``pip install 'localloop[notebook]'``.
        """
        return to_arrow(self._store, row_of(self._store, self.kind, self.id)["id"], filters)

    def to_pandas(self, filters: Filters | None = None) -> pd.DataFrame:
        """The annotations as a data frame: as :meth:`to_arrow`, with what is JSON there as Python objects.

        Args:
            filters: Which items; all that are no directories when left out.

        Raises:
            ExtraMissingError: pandas or pyarrow is not installed: ``pip install 'localloop[notebook]'``.
        """
        return to_pandas(self._store, row_of(self._store, self.kind, self.id)["id"], filters)

    def to_torch(
        self, filters: Filters | None = None, transform: Transform | None = None, fetch: bool = True
    ) -> TrainingDataset:
        """The items by number, for ``torch.utils.data.DataLoader``; PyTorch itself is not needed for it.

        Args:
            filters: Which items, and in which order; all files by id when left out.
            transform: Makes a sample of a picture (Pillow, RGB, the right way up) and its annotations; the two as they
                are when left out.
            fetch: Whether a file that is not here is fetched when its sample is asked for. It stays here then.

        Returns:
            A map-style dataset; see :class:`~localloop.sdk.training.TrainingDataset`.
        """
        row = row_of(self._store, self.kind, self.id)
        return TrainingDataset(self._store, row["id"], filters, transform, fetch=fetch)
