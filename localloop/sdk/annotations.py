"""Annotations, the builder that collects them, and the repository of an item or a dataset."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest, NotFound
from localloop.sdk.definitions import Definition
from localloop.sdk.entity import Entity, EntityList, Field, Json, text_of
from localloop.sdk.filters import Filters, FiltersOperations, FiltersResource
from localloop.sdk.pages import PagedEntities
from localloop.sdk.shape import shaped
from localloop.store import Store
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.bulk import delete_by_query
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.sdk.items import Item

_HIGHEST_CONFIDENCE = 1


class AnnotationType(StrEnum):
    """Types of annotations by the names of their classes."""

    BOX = "box"
    CUBE = "cube"
    CUBE3D = "cube_3d"
    CLASSIFICATION = "class"
    COMPARISON = "comparison"
    ELLIPSE = "ellipse"
    NOTE = "note"
    POINT = "point"
    POLYGON = "segment"
    POLYLINE = "polyline"
    POSE = "pose"
    SEGMENTATION = "binary"
    SUBTITLE = "subtitle"
    TEXT = "text_mark"
    GIS = "gis"
    SEMANTIC_3D = "ref_semantic_3d"
    POLYLINE_3D = "polyline_3d"
    FREE_TEXT = "text"
    REF_IMAGE = "ref_image"


class AnnotationStatus(StrEnum):
    """What a reviewer thinks of an annotation."""

    ISSUE = "issue"
    APPROVED = "approved"
    REVIEW = "review"
    CLEAR = "clear"


class Annotation(Entity):
    """One annotation; its ``id`` is None until it is uploaded."""

    kind = EntityKind.ANNOTATION
    _shown = ("id", "item_id", "creator", "created_at", "type", "label")

    type = Field[str]("type")
    label = Field[str]("label")
    coordinates = Field[Any]("coordinates")
    description = Field["str | None"]("description")
    source = Field[str]("source")
    hash = Field["str | None"]("hash")
    item_id = Field[str]("itemId")
    dataset_id = Field[str]("datasetId")
    metadata = Field[Json]("metadata")

    @classmethod
    def new(
        cls,
        item: Item,
        annotation_definition: Definition,
        object_id: str | int | None = None,
        automated: bool = True,
        metadata: Mapping[str, Any] | None = None,
        parent_id: str | None = None,
    ) -> Annotation:
        """An annotation of an item that is not uploaded yet.

        Args:
            item: The item.
            annotation_definition: What it says.
            object_id: A number that links what is the same object elsewhere.
            automated: Whether a program made it.
            metadata: More metadata.
            parent_id: The id of the annotation that it belongs to.

        Raises:
            ValueError: ``object_id`` is not a number.
        """
        said = annotation_definition.to_json()
        given = copy.deepcopy(dict(metadata or {}))
        system = {"automated": automated, **said["metadata"]["system"], **(given.pop("system", None) or {})}
        if object_id is not None:
            if not str(object_id).isnumeric():
                raise ValueError("Object id must be an int or a string containing only numbers.")
            system["objectId"] = str(object_id)
        if parent_id is not None:
            system["parentId"] = parent_id
        envelope = {
            "id": None,
            "itemId": item.id,
            "datasetId": item.dataset_id,
            "source": "sdk",
            **said,
            "metadata": {**given, "system": system},
        }
        return cls(item._store, envelope)  # noqa: SLF001 - entities of one package

    @property
    def attributes(self) -> Json:
        """Values by the keys of the ontology's attributes."""
        attributes: Json = self.metadata.setdefault("system", {}).setdefault("attributes", {})
        return attributes

    @attributes.setter
    def attributes(self, values: Mapping[str, Any]) -> None:
        self.metadata.setdefault("system", {})["attributes"] = dict(values)

    @property
    def status(self) -> str | None:
        """What a reviewer thinks of it."""
        return (self.metadata.get("system") or {}).get("status")

    @status.setter
    def status(self, status: AnnotationStatus | str | None) -> None:
        value = text_of(status)
        self.metadata.setdefault("system", {})["status"] = None if value == "clear" else value

    def update(self, system_metadata: bool = False) -> Annotation:
        """Store what was changed.

        Args:
            system_metadata: Whether all of ``metadata.system`` is meant; what is the annotation itself there
                (attributes, frames) always is.

        Returns:
            This annotation, as it then is.

        Raises:
            BadRequest: It was not uploaded yet.
            NotFound: It is deleted.
        """
        if self.id is None:
            raise BadRequest("400", "Cannot update an annotation that was not uploaded")
        changes = self._changes()
        if not changes:
            return self
        with self._store.transaction("update annotation") as tx:
            row = update_annotation(tx, tx.row(self.kind, self.id), changes, system=system_metadata)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def delete(self) -> bool:
        """Delete the annotation.

        Raises:
            NotFound: It is deleted already.
        """
        with self._store.transaction("delete annotation") as tx:
            tx.delete(self.kind, tx.row(self.kind, self.id))
        return True

    def upload(self) -> Annotation:
        """Store an annotation that was not uploaded yet.

        Returns:
            This annotation, as it then is.
        """
        _add(self._store, self.item_id, [self])
        return self


class AnnotationCollection:
    """Annotations of one item: what was uploaded, or what is being built.

    Args:
        item: The item.
        annotations: What it begins with.
    """

    def __init__(self, item: Item, annotations: Iterable[Annotation] = ()) -> None:
        self.item = item
        self.annotations: EntityList[Annotation] = EntityList(annotations)

    def add(
        self,
        annotation_definition: Definition | Iterable[Definition],
        object_id: str | int | None = None,
        automated: bool = True,
        metadata: Mapping[str, Any] | None = None,
        parent_id: str | None = None,
        model_info: Mapping[str, Any] | None = None,
    ) -> None:
        """Add annotations, which :meth:`upload` then stores.

        Args:
            annotation_definition: What the annotation says, or what several say.
            object_id: A number that links what is the same object elsewhere.
            automated: Whether a program made it.
            metadata: More metadata.
            parent_id: The id of the annotation that it belongs to.
            model_info: ``{"confidence", "name", "model_id"}`` of the model that made it.

        Raises:
            ValueError: ``object_id`` is not a number, or the confidence is not between 0 and 1.
        """
        if model_info is not None:
            metadata = _with_model(metadata, model_info)
        several = (
            [annotation_definition]
            if isinstance(annotation_definition, Definition)
            else list(annotation_definition)
        )
        self.annotations.extend(
            Annotation.new(self.item, one, object_id, automated, metadata, parent_id) for one in several
        )

    def upload(self) -> AnnotationCollection:
        """Store what was added."""
        return self.item.annotations.upload(self)

    def update(self, system_metadata: bool = True) -> list[Annotation]:
        """Store what was changed in each annotation."""
        return [annotation.update(system_metadata=system_metadata) for annotation in self.annotations]

    def delete(self) -> bool:
        """Delete all of them."""
        return self.item.annotations.delete(annotation_id=[annotation.id for annotation in self.annotations])

    def to_json(self) -> Json:
        """The annotations with the name of their item."""
        return {
            "_id": self.item.id,
            "filename": self.item.filename,
            "annotations": [annotation.to_json() for annotation in self.annotations],
        }

    def print(self, columns: str | Sequence[str] | None = None) -> None:
        """Show the annotations as a table."""
        self.annotations.print(columns=columns)

    def __iter__(self) -> Iterator[Annotation]:
        return iter(self.annotations)

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, place: int) -> Annotation:
        return self.annotations[place]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.annotations)!r})"


class Annotations:
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

    def upload(self, annotations: Any) -> AnnotationCollection:
        """Store annotations of the item.

        Args:
            annotations: A builder, annotations, their JSON, or the path of a JSON file with them.

        Returns:
            The uploaded annotations.

        Raises:
            BadRequest: One makes no sense; then none is stored.
        """
        item = self._need_item()
        several = [
            one if isinstance(one, Annotation) else Annotation(self._store, dict(one))
            for one in _several(annotations)
        ]
        _add(self._store, item.id, several)
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
        if text_of(status) not in set(AnnotationStatus):
            raise ValueError(f"status must be one of: {', '.join(AnnotationStatus)}")
        if annotation is None:
            if annotation_id is None:
                raise ValueError('must provide "annotation" or "annotation_id"')
            annotation = self.get(annotation_id)
        annotation.status = status
        return annotation.update(system_metadata=True)

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


def _add(store: Store, item_id: str, annotations: Sequence[Annotation]) -> None:
    """Store annotations in one transaction; each then is what was stored."""
    with store.transaction(f"add {len(annotations)} annotations") as tx:
        rows = add_annotations(tx, tx.row(EntityKind.ITEM, item_id), [one.to_json() for one in annotations])
    for annotation, stored in zip(annotations, shaped(store, EntityKind.ANNOTATION, rows), strict=True):
        annotation._take(stored)  # noqa: SLF001 - entities of one package


def _several(annotations: Any) -> Iterable[Any]:
    if isinstance(annotations, (str, Path)):
        annotations = json.loads(Path(annotations).read_text(encoding="utf-8"))
    if isinstance(annotations, Annotation):
        return [annotations]
    if isinstance(annotations, Mapping):
        inner = annotations.get("annotations")
        return [annotations] if inner is None else inner
    if isinstance(annotations, Iterable):
        return annotations
    raise BadRequest("400", f"Unknown annotations type: {type(annotations).__name__}")


def _with_model(metadata: Mapping[str, Any] | None, model: Mapping[str, Any]) -> Json:
    if "confidence" not in model:
        raise ValueError('"model_info" must be a dict with key: "confidence"')
    confidence = float(model["confidence"])
    if not 0 <= confidence <= _HIGHEST_CONFIDENCE:
        raise ValueError('"confidence" must be a float between 0 and 1')
    result = copy.deepcopy(dict(metadata or {}))
    result.setdefault("user", {})["model"] = {
        "confidence": confidence,
        "name": model.get("name"),
        "model_id": model.get("model_id"),
    }
    return result
