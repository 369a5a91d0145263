"""One annotation."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest
from localloop.sdk.colors import colors
from localloop.sdk.definition import Definition
from localloop.sdk.entity import Field, Json, text_of
from localloop.sdk.moving import Moving
from localloop.sdk.segmentation import Segmentation
from localloop.sdk.shape import shaped
from localloop.sdk.stated import frame_rate
from localloop.sdk.words import Note
from localloop.store import Store
from localloop.store.annotations import add_annotations, update_annotation
from localloop_schema.kinds import EntityKind

if TYPE_CHECKING:
    from localloop.sdk.item import Item


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


class ViewAnnotationOptions(StrEnum):
    """What annotations can be shown or downloaded as."""

    JSON = "json"
    MASK = "mask"
    INSTANCE = "instance"
    ANNOTATION_ON_IMAGE = "img_mask"
    VTT = "vtt"
    OBJECT_ID = "object_id"


class Annotation(Moving):
    """One annotation; its ``id`` is None until it is uploaded.

    What it says can be read and set here, as ``label``, ``coordinates``, ``left`` and so on, or in its
    ``annotation_definition``. In a video all of this is about the frame that :meth:`set_frame` chose.
    """

    kind = EntityKind.ANNOTATION
    _shown = ("id", "item_id", "creator", "created_at", "type", "label")

    type = Field[str]("type")
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
        frame_num: int | None = None,
        parent_id: str | None = None,
        start_time: float | None = None,
        end_time: float | None = None,
    ) -> Annotation:
        """An annotation of an item that is not uploaded yet.

        Args:
            item: The item.
            annotation_definition: What it says.
            object_id: A number that links what is the same object elsewhere.
            automated: Whether a program made it.
            metadata: More metadata.
            frame_num: In a video: its first frame.
            parent_id: The id of the annotation that it belongs to.
            start_time: In a video or a sound: when it begins, in seconds.
            end_time: When it ends; at once when left out.

        Raises:
            ValueError: ``object_id`` is not a number.
        """
        item_store = item._store  # noqa: SLF001 - entities of one package
        given = copy.deepcopy(dict(metadata or {}))
        system = {"automated": automated, **(given.pop("system", None) or {})}
        if isinstance(annotation_definition, Note):
            annotation_definition.sign(str(item_store.settings().get("author") or ""))
            system.setdefault("status", annotation_definition.status)
        if isinstance(annotation_definition, Segmentation) and annotation_definition.color is None:
            annotation_definition.color = item.annotations.color_of(annotation_definition.label or "")
        said = annotation_definition.to_json()
        system = {**said["metadata"]["system"], **system}
        if object_id is not None:
            if not str(object_id).isnumeric():
                raise ValueError("Object id must be an int or a string containing only numbers.")
            system["objectId"] = str(object_id)
        if parent_id is not None:
            system["parentId"] = parent_id
        if frame_num is not None or start_time is not None:
            system.update(_span(item, frame_num, start_time, end_time))
            if annotation_definition.type != "subtitle":
                system["snapshots_"] = []
        envelope = {
            "id": None,
            "itemId": item.id,
            "datasetId": item.dataset_id,
            "source": "sdk",
            **said,
            "metadata": {**given, "system": system},
        }
        made = cls(item_store, envelope)
        made._begin(annotation_definition)
        return made

    @classmethod
    def from_json(cls, _json: Mapping[str, Any], item: Item) -> Annotation:
        """An annotation of an item as on the wire.

        Args:
            _json: The annotation.
            item: The item that it is to belong to.
        """
        own = {"itemId": item.id, "datasetId": item.dataset_id, "source": "sdk", "label": ""}
        return cls(item._store, {**own, "id": None, **copy.deepcopy(dict(_json))})  # noqa: SLF001 - as above

    @property
    def attributes(self) -> Json:
        """Values by the keys of the ontology's attributes."""
        if self._current is not None:
            named: Json = self.said("attributes")
            return named
        self._flush()
        attributes: Json = self._system.setdefault("attributes", {})
        return attributes

    @attributes.setter
    def attributes(self, values: Mapping[str, Any]) -> None:
        if self._current is not None:
            self.say("attributes", dict(values))
            return
        self._flush()
        self._system["attributes"] = dict(values)
        self._frames = None

    @property
    def status(self) -> str | None:
        """What a reviewer thinks of it."""
        return (self.metadata.get("system") or {}).get("status")

    @status.setter
    def status(self, status: AnnotationStatus | str | None) -> None:
        value = text_of(status)
        self.metadata.setdefault("system", {})["status"] = None if value == "clear" else value

    @property
    def object_id(self) -> str | None:
        """The number that links what is the same object elsewhere, as text."""
        return self._system.get("objectId")

    @object_id.setter
    def object_id(self, number: str | int | None) -> None:
        if number is not None and not str(number).isnumeric():
            raise ValueError("Object id must be an int or a string containing only numbers.")
        self._system["objectId"] = None if number is None else str(number)

    @property
    def parent_id(self) -> str | None:
        """The id of the annotation that it belongs to."""
        return self._system.get("parentId")

    @parent_id.setter
    def parent_id(self, annotation_id: str | None) -> None:
        self._system["parentId"] = annotation_id

    @property
    def automated(self) -> bool | None:
        """Whether a program made it."""
        return self._system.get("automated")

    @automated.setter
    def automated(self, automated: bool) -> None:
        self._system["automated"] = automated

    @property
    def item(self) -> Item:
        """Its item.

        Raises:
            NotFound: The item is gone.
        """
        from localloop.sdk.items import Items  # noqa: PLC0415 - items are built on annotations

        return Items(self._store).get(item_id=self.item_id)

    @property
    def color(self) -> tuple[int, int, int]:
        """The colour of its label: red, green and blue, from 0 to 255."""
        return colors(self._store, self.dataset_id).of(self.label or "")

    def add_message(self, body: str | None = None) -> None:
        """Add a message to a note.

        Raises:
            BadRequest: It is no note.
        """
        note = self.annotation_definition
        if not isinstance(note, Note):
            raise BadRequest("400", f"Only a note has messages, not the type {self.type}")
        note.add_message(body, creator=str(self._store.settings().get("author") or ""))

    def update_status(self, status: AnnotationStatus | str = AnnotationStatus.ISSUE) -> Annotation:
        """Set what a reviewer thinks of it, and store that.

        Args:
            status: The status; ``clear`` takes it back.

        Raises:
            ValueError: There is no such status.
        """
        if text_of(status) not in set(AnnotationStatus):
            raise ValueError(f"status must be one of: {', '.join(AnnotationStatus)}")
        self.status = status
        return self.update(system_metadata=True)

    def show(
        self,
        image: Any = None,
        thickness: int | None = None,
        with_text: bool = False,
        height: int | None = None,
        width: int | None = None,
        annotation_format: ViewAnnotationOptions | str = ViewAnnotationOptions.MASK,
        color: Sequence[int] | int | None = None,
        label_instance_dict: Mapping[str, int] | None = None,
        alpha: float = 1,
        frame_num: int | None = None,
    ) -> Any:
        """Draw it; see :func:`localloop.sdk.showing.show`, which says what the arguments are.

        Returns:
            The picture as an array.
        """
        from localloop.sdk.showing import View, show  # noqa: PLC0415 - loads Pillow

        view = View(annotation_format, thickness, with_text, color, label_instance_dict, alpha)
        return show(self.item, [self], view, image, (height, width), frame_num)

    def download(
        self,
        filepath: str | Path,
        annotation_format: ViewAnnotationOptions | str = ViewAnnotationOptions.MASK,
        height: int | None = None,
        width: int | None = None,
        thickness: int = 1,
        with_text: bool = False,
        alpha: float = 1,
    ) -> str:
        """Put it into a file; see :meth:`AnnotationCollection.download`.

        Returns:
            The path of the file.
        """
        from localloop.sdk.collection import AnnotationCollection  # noqa: PLC0415 - built on annotations

        return AnnotationCollection(self.item, [self]).download(
            filepath,
            annotation_format=annotation_format,
            height=height,
            width=width,
            thickness=thickness,
            with_text=with_text,
            alpha=alpha,
        )

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


def store_annotations(store: Store, item_id: str, annotations: Sequence[Annotation]) -> None:
    """Store annotations in one transaction; each then is what was stored."""
    with store.transaction(
        "add 1 annotation" if len(annotations) == 1 else f"add {len(annotations)} annotations"
    ) as tx:
        rows = add_annotations(tx, tx.row(EntityKind.ITEM, item_id), [one.to_json() for one in annotations])
    for annotation, stored in zip(annotations, shaped(store, EntityKind.ANNOTATION, rows), strict=True):
        annotation._take(stored)  # noqa: SLF001 - entities of one package


def _span(item: Item, frame: int | None, start: float | None, end: float | None) -> Json:
    """When an annotation begins and ends, as ``metadata.system`` has it (docs/platform/wire.md, 5.4)."""
    rate = frame_rate(item.metadata)
    sound = str(item.mimetype or "").startswith("audio/")
    if frame is None:
        frame = round((start or 0) * rate) if rate and not sound else 0
    if start is None:
        start = frame / rate if rate else 0
    return {"frame": frame, "endFrame": frame, "startTime": start, "endTime": start if end is None else end}
