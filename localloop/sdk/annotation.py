"""Annotations, and the builder that collects them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest
from localloop.sdk.definitions import Definition
from localloop.sdk.entity import Entity, EntityList, Field, Json, text_of
from localloop.sdk.shape import shaped
from localloop.store import Store
from localloop.store.annotations import add_annotations, update_annotation
from localloop_schema.kinds import EntityKind

if TYPE_CHECKING:
    from localloop.sdk.item import Item

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
        store_annotations(self._store, self.item_id, [self])
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


def store_annotations(store: Store, item_id: str, annotations: Sequence[Annotation]) -> None:
    """Store annotations in one transaction; each then is what was stored."""
    with store.transaction(
        "add 1 annotation" if len(annotations) == 1 else f"add {len(annotations)} annotations"
    ) as tx:
        rows = add_annotations(tx, tx.row(EntityKind.ITEM, item_id), [one.to_json() for one in annotations])
    for annotation, stored in zip(annotations, shaped(store, EntityKind.ANNOTATION, rows), strict=True):
        annotation._take(stored)  # noqa: SLF001 - entities of one package


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
