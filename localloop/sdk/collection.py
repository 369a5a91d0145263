"""The builder of annotations, and what is listed of an item."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest
from localloop.sdk.annotation import Annotation, ViewAnnotationOptions
from localloop.sdk.definition import Definition
from localloop.sdk.entity import EntityList, Json
from localloop.sdk.segmentation import Segmentation

if TYPE_CHECKING:
    import pandas as pd

    from localloop.sdk.item import Item

_HIGHEST_CONFIDENCE = 1


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
        frame_num: int | None = None,
        end_frame_num: int | None = None,
        start_time: float | None = None,
        end_time: float | None = None,
        automated: bool = True,
        fixed: bool = True,
        object_visible: bool = True,
        metadata: Mapping[str, Any] | None = None,
        parent_id: str | None = None,
        prompt_id: str | None = None,
        model_info: Mapping[str, Any] | None = None,
    ) -> None:
        """Add annotations, which :meth:`upload` then stores.

        In a video, what has the ``object_id`` of an annotation that is here already says what that one is in
        further frames.

        Args:
            annotation_definition: What the annotation says, or what several say.
            object_id: A number that links what is the same object elsewhere; needed in a video.
            frame_num: In a video: its first frame.
            end_frame_num: Its last frame; the first when left out.
            start_time: In a video or a sound: when it begins, in seconds.
            end_time: When it ends.
            automated: Whether a program made it.
            fixed: In a video: whether somebody set it.
            object_visible: In a video: whether what it is about is to be seen.
            metadata: More metadata.
            parent_id: The id of the annotation that it belongs to.
            prompt_id: The prompt that it answers.
            model_info: ``{"confidence", "name", "model_id"}`` of the model that made it.

        Raises:
            ValueError: ``object_id`` is not a number, or missing in a video; or the confidence is not between 0
                and 1.
            BadRequest: Several annotations here have that ``object_id``, or :meth:`Annotation.add_frames` says so.
        """
        if model_info is not None:
            metadata = _with_model(metadata, model_info)
        if prompt_id is not None:
            metadata = copy.deepcopy(dict(metadata or {}))
            metadata.setdefault("system", {})["promptId"] = prompt_id
        several = (
            [annotation_definition]
            if isinstance(annotation_definition, Definition)
            else list(annotation_definition)
        )
        sound = str(self.item.mimetype or "").startswith("audio/")
        moving = (frame_num is not None or start_time is not None) and not sound
        if moving and object_id is None:
            raise ValueError("Video Annotation must have object_id.")
        for one in several:
            annotation = self._with_object(object_id) if moving else None
            if annotation is None:
                annotation = Annotation.new(
                    self.item, one, object_id, automated, metadata, frame_num, parent_id, start_time, end_time
                )
                self.annotations.append(annotation)
            if moving:
                annotation.add_frames(
                    one, frame_num, end_frame_num, start_time, end_time, fixed, object_visible
                )

    def _with_object(self, object_id: str | int | None) -> Annotation | None:
        found = [one for one in self.annotations if one.object_id == str(object_id)]
        if len(found) > 1:
            raise BadRequest("400", f"More than one annotation with the same object id: {object_id}")
        return found[0] if found else None

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

    @classmethod
    def from_json(cls, _json: Any, item: Item) -> AnnotationCollection:
        """Annotations as on the wire, for an item; :meth:`upload` then stores them.

        Args:
            _json: A list of annotations, or an object that has one under ``annotations``, as
                :meth:`to_json` makes it.
            item: The item that they are to belong to.

        Raises:
            BadRequest: It is neither.
        """
        several = _json.get("annotations") if isinstance(_json, Mapping) else _json
        if not isinstance(several, list) or not all(isinstance(one, Mapping) for one in several):
            raise BadRequest("400", "Annotations are a list of objects, or an object with `annotations`")
        return cls(item, [Annotation.from_json(one, item) for one in several])

    @classmethod
    def from_json_file(cls, filepath: str | Path, item: Item) -> AnnotationCollection:
        """Annotations of a JSON file; see :meth:`from_json`.

        Raises:
            BadRequest: It is no JSON, or has no annotations.
            OSError: It cannot be read.
        """
        try:
            found = json.loads(Path(filepath).read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadRequest("400", f"{str(filepath)!r} is not a JSON file: {error}") from error
        return cls.from_json(found, item)

    def from_vtt_file(self, filepath: str | Path) -> None:
        """Add the captions of a WebVTT file as subtitles with the label ``Text``.

        Args:
            filepath: The file.

        Raises:
            BadRequest: It is no WebVTT file.
            OSError: It cannot be read.
            ExtraMissingError: The extra ``annotations`` is not installed.
        """
        from localloop.sdk.subtitles import read_vtt  # noqa: PLC0415 - loads its library

        self.annotations.extend(
            Annotation.new(self.item, text, start_time=start, end_time=end)
            for start, end, text in read_vtt(Path(filepath))
        )

    def from_instance_mask(self, mask: Any, instance_map: Mapping[str, int] | None = None) -> None:
        """Add a mask for each label that has pixels.

        Args:
            mask: An array of rows of pixels, each the number of its label.
            instance_map: Label → its number; that of the dataset's labels in order when left out.
        """
        numbers = self.item.annotations.instance_map() if instance_map is None else instance_map
        for label, number in numbers.items():
            here = mask == number
            if here.any():
                self.add(Segmentation(here, label))

    def get_frame(self, frame_num: int) -> AnnotationCollection:
        """The annotations of a video that are there in a frame, each set to that frame."""
        return AnnotationCollection(self.item, [one for one in self.annotations if one.set_frame(frame_num)])

    def show(
        self,
        image: Any = None,
        thickness: int | None = None,
        with_text: bool = False,
        height: int | None = None,
        width: int | None = None,
        annotation_format: ViewAnnotationOptions | str = ViewAnnotationOptions.MASK,
        label_instance_dict: Mapping[str, int] | None = None,
        color: Sequence[int] | int | None = None,
        alpha: float = 1,
        frame_num: int | None = None,
    ) -> Any:
        """Draw the annotations; see :func:`localloop.sdk.showing.show`, which says what the arguments are.

        Returns:
            The picture as an array.
        """
        from localloop.sdk.showing import View, show  # noqa: PLC0415 - loads Pillow

        view = View(annotation_format, thickness, with_text, color, label_instance_dict, alpha)
        return show(self.item, self.annotations, view, image, (height, width), frame_num)

    def download(
        self,
        filepath: str | Path,
        img_filepath: str | Path | None = None,
        annotation_format: ViewAnnotationOptions | str = ViewAnnotationOptions.JSON,
        height: int | None = None,
        width: int | None = None,
        thickness: int = 1,
        with_text: bool = False,
        alpha: float = 1,
    ) -> str:
        """Put the annotations into a file.

        Args:
            filepath: The file; or a directory, for a file with the item's name in it.
            img_filepath: The picture to draw on, when the item's own content is not to be taken.
            annotation_format: ``json``, ``mask``, ``instance``, ``object_id``, ``img_mask`` or ``vtt``.
            height: Of the picture, in pixels; the item's when left out.
            width: Of the picture.
            thickness: How thick lines are, in pixels; -1 fills shapes.
            with_text: Whether labels are written beside what they are of.
            alpha: How opaque the annotations are, from 0 to 1.

        Returns:
            The path of the file.

        Raises:
            BadRequest: There is no such format, or the item has no size.
            BlobMissingError: The picture to draw on is only on the platform.
            OSError: The file cannot be written, or the picture is broken.
            ExtraMissingError: The extra ``annotations`` is not installed.
        """
        from localloop.sdk.showing import View, save  # noqa: PLC0415 - loads Pillow

        view = View(annotation_format, thickness, with_text, None, None, alpha)
        return save(self, view, Path(filepath), img_filepath, (height, width))

    def to_df(self, show_all: bool = False, columns: str | Sequence[str] | None = None) -> pd.DataFrame:
        """The annotations as a data frame, a row each; see :meth:`EntityList.to_df`."""
        return self.annotations.to_df(show_all, columns)

    def print(self, to_return: bool = False, columns: str | Sequence[str] | None = None) -> str | None:
        """Show the annotations as a table.

        Args:
            to_return: Whether to return the table instead of writing it.
            columns: Which keys of the JSON to show.
        """
        return self.annotations.print(to_return=to_return, columns=columns)

    def __iter__(self) -> Iterator[Annotation]:
        return iter(self.annotations)

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, place: int) -> Annotation:
        return self.annotations[place]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.annotations)!r})"


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
