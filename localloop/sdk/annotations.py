"""The repository of an item's annotations, or of a dataset's."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest, NotFound
from localloop.sdk.annotation import Annotation, AnnotationStatus, ViewAnnotationOptions, store_annotations
from localloop.sdk.collection import AnnotationCollection
from localloop.sdk.colors import colors
from localloop.sdk.entity import EntityList
from localloop.sdk.filters import Filters, FiltersOperations, FiltersResource
from localloop.sdk.pages import PagedEntities
from localloop.sdk.platform_only import WithPlatformOnly
from localloop.sdk.shape import shaped
from localloop.store import Store
from localloop.store.bulk import delete_by_query
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.sdk.item import Item


class Annotations(WithPlatformOnly):
    """The annotations of an item, or of a whole dataset.

    Args:
        store: Where they are.
        dataset_id: Their dataset; None for all.
        item: Their item; None for all of the dataset.
    """

    def __init__(self, store: Store, dataset_id: str | None = None, item: Item | None = None) -> None:
        self._store = store
        self._dataset_id = dataset_id
        self._item = item

    def builder(self) -> AnnotationCollection:
        """An empty collection to add annotations to."""
        return AnnotationCollection(self._need_item())

    def get(self, annotation_id: str) -> Annotation:
        """One annotation by its local or platform id.

        Raises:
            NotFound: There is none.
        """
        row = self._store.get(EntityKind.ANNOTATION, annotation_id)
        if row is None:
            raise NotFound("404", f"Annotation not found. Id: {annotation_id!r}")
        return self._build([row])[0]

    def list(
        self, filters: Filters | None = None, page_offset: int | None = None, page_size: int | None = None
    ) -> Any:
        """The annotations of the item, all at once; or those of the dataset, in pages.

        Without a filter, notes and a few other types are left out, as on the platform.

        Args:
            filters: Which ones.
            page_offset: The page to begin with.
            page_size: How many a page has.

        Returns:
            An :class:`AnnotationCollection` for an item, :class:`PagedEntities` for a dataset.

        Raises:
            BadRequest: The filter is not for annotations.
        """
        chosen = self._narrowed(filters)
        chosen.page = page_offset if page_offset is not None else chosen.page
        chosen.page_size = page_size if page_size is not None else chosen.page_size
        datasets = None if self._dataset_id is None else [self._dataset_id]
        pages: PagedEntities[Annotation] = PagedEntities(self._store, chosen, datasets, self._build)
        return AnnotationCollection(self._item, pages.all()) if self._item is not None else pages

    def upload(self, annotations: Any, merge: bool = False) -> AnnotationCollection:
        """Store annotations of the item.

        Args:
            annotations: A builder, annotations, their JSON, or the path of a JSON file with them.
            merge: Whether masks with the same label and object id become one, also with the one that the item
                has.

        Returns:
            The uploaded annotations.

        Raises:
            BadRequest: One makes no sense, or the file is no JSON; then none is stored.
            OSError: The file cannot be read.
        """
        item = self._need_item()
        several = [
            one if isinstance(one, Annotation) else Annotation(self._store, dict(one))
            for one in _several(annotations)
        ]
        if merge:
            from localloop.sdk.merging import merge_and_store  # noqa: PLC0415 - loads Pillow

            return AnnotationCollection(item, merge_and_store(item, several))
        store_annotations(self._store, item.id, several)
        return AnnotationCollection(item, several)

    def update(
        self, annotations: Annotation | Iterable[Annotation], system_metadata: bool = False
    ) -> EntityList[Annotation]:
        """Store what was changed in annotations.

        Args:
            annotations: One or several.
            system_metadata: Whether all of ``metadata.system`` is meant.

        Returns:
            The annotations, as they then are.
        """
        several = [annotations] if isinstance(annotations, Annotation) else annotations
        return EntityList(annotation.update(system_metadata=system_metadata) for annotation in several)

    def update_status(
        self,
        annotation: Annotation | None = None,
        annotation_id: str | None = None,
        status: AnnotationStatus | str = AnnotationStatus.ISSUE,
    ) -> Annotation:
        """Set what a reviewer thinks of an annotation.

        Args:
            annotation: The annotation, or
            annotation_id: its id.
            status: The status; ``clear`` takes it back.

        Raises:
            ValueError: There is no such status, or no annotation is named.
        """
        if annotation is None:
            if annotation_id is None:
                raise ValueError('must provide "annotation" or "annotation_id"')
            annotation = self.get(annotation_id)
        return annotation.update_status(status)

    def show(
        self,
        image: Any = None,
        thickness: int | None = None,
        with_text: bool = False,
        height: int | None = None,
        width: int | None = None,
        annotation_format: ViewAnnotationOptions | str = ViewAnnotationOptions.MASK,
        alpha: float = 1,
    ) -> Any:
        """Draw the annotations of the item; see :func:`localloop.sdk.showing.show`.

        Returns:
            The picture as an array.
        """
        self._need_item()
        found: AnnotationCollection = self.list()
        return found.show(
            image,
            thickness=thickness,
            with_text=with_text,
            height=height,
            width=width,
            annotation_format=annotation_format,
            alpha=alpha,
        )

    def download(
        self,
        filepath: str | Path,
        annotation_format: ViewAnnotationOptions | str = ViewAnnotationOptions.JSON,
        img_filepath: str | Path | None = None,
        height: int | None = None,
        width: int | None = None,
        thickness: int = 1,
        with_text: bool = False,
        alpha: float = 1,
    ) -> str:
        """Put the annotations of the item into a file; see :meth:`AnnotationCollection.download`.

        Returns:
            The path of the file.
        """
        self._need_item()
        found: AnnotationCollection = self.list()
        return found.download(
            filepath,
            img_filepath,
            annotation_format=annotation_format,
            height=height,
            width=width,
            thickness=thickness,
            with_text=with_text,
            alpha=alpha,
        )

    def color_of(self, label: str) -> tuple[int, int, int]:
        """The colour of a label of the dataset: red, green and blue, from 0 to 255."""
        return colors(self._store, self._dataset_id).of(label)

    def instance_map(self) -> dict[str, int]:
        """Label → the number that it has in instance masks: the dataset's labels in order, from 1 on."""
        return colors(self._store, self._dataset_id).numbers

    def delete(
        self,
        annotation: Annotation | str | None = None,
        annotation_id: str | Sequence[str] | None = None,
        filters: Filters | None = None,
    ) -> bool:
        """Delete annotations.

        Args:
            annotation: An annotation, or ``"all"`` for those of the item that a filter without clauses finds.
            annotation_id: One id, or several.
            filters: Which ones.

        Returns:
            True.

        Raises:
            BadRequest: Nothing is named, or the filter is not for annotations.
            NotFound: There is no such annotation.
        """
        if isinstance(annotation, Annotation):
            return annotation.delete()
        if isinstance(annotation, str):
            if annotation.lower() != "all":
                raise BadRequest("400", "Unknown annotation type")
            self._need_item()
            filters = Filters(resource=FiltersResource.ANNOTATION)
        if isinstance(annotation_id, str):
            return self.get(annotation_id).delete()
        if annotation_id is not None:
            filters = Filters(resource=FiltersResource.ANNOTATION, use_defaults=False)
            filters.add("annotationId", list(annotation_id), FiltersOperations.IN)
        if filters is None:
            raise BadRequest("400", "Must provide a filter, an annotation id or an annotation")
        query = self._narrowed(filters).prepare(operation="delete")
        if self._dataset_id is None:
            raise BadRequest("400", "Deleting by filter needs a dataset or an item")
        with self._store.transaction("delete annotations") as tx:
            delete_by_query(tx, query, tx.row(EntityKind.DATASET, self._dataset_id))
        return True

    def _narrowed(self, filters: Filters | None) -> Filters:
        """The filter, narrowed to the item where there is one; the caller's own stays as it is."""
        chosen = Filters(resource=FiltersResource.ANNOTATION) if filters is None else copy.deepcopy(filters)
        if chosen.resource is not FiltersResource.ANNOTATION:
            raise BadRequest("400", "Filters resource must to be FiltersResource.ANNOTATION")
        if self._item is not None and not chosen.has_field("itemId"):
            chosen.add("itemId", self._item.id)
        return chosen

    def _need_item(self) -> Item:
        if self._item is None:
            raise BadRequest("400", "This needs the annotations of one item: item.annotations")
        return self._item

    def _build(self, rows: Sequence[Row]) -> EntityList[Annotation]:
        return EntityList(
            Annotation(self._store, one) for one in shaped(self._store, EntityKind.ANNOTATION, rows)
        )


def _several(annotations: Any) -> Iterable[Any]:
    if isinstance(annotations, (str, Path)):
        try:
            annotations = json.loads(Path(annotations).read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadRequest("400", f"{str(annotations)!r} is not a JSON file: {error}") from error
    if isinstance(annotations, Annotation):
        return [annotations]
    if isinstance(annotations, Mapping):
        inner = annotations.get("annotations")
        return [annotations] if inner is None else inner
    if isinstance(annotations, Iterable):
        return annotations
    raise BadRequest("400", f"Unknown annotations type: {type(annotations).__name__}")
