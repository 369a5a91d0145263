"""Key frames of annotations in videos and sounds (docs/platform/wire.md, 5.4)."""

from __future__ import annotations

import copy
from collections.abc import Iterator, KeysView, Mapping
from typing import TYPE_CHECKING, Any

from localloop.sdk.definition import Definition
from localloop.sdk.reading import definition_of

if TYPE_CHECKING:
    from localloop.sdk.annotation import Annotation


class FrameAnnotation:
    """What an annotation says from one frame on, until the next key frame.

    Args:
        annotation: The annotation.
        annotation_definition: What it says.
        frame_num: The frame's number.
        fixed: Whether somebody set it; else it is what the frame before says.
        object_visible: Whether what it is about is to be seen.
        snapshot: It as it came from the wire.
    """

    def __init__(
        self,
        annotation: Annotation,
        annotation_definition: Definition,
        frame_num: int,
        fixed: bool = True,
        object_visible: bool = True,
        snapshot: Mapping[str, Any] | None = None,
    ) -> None:
        self.annotation = annotation
        self.annotation_definition = annotation_definition
        self.frame_num = frame_num
        self.fixed = fixed
        self.object_visible = object_visible
        self._came = None if snapshot is None else (copy.deepcopy(dict(snapshot)), self._said())

    @classmethod
    def from_snapshot(
        cls, annotation: Annotation, _json: Mapping[str, Any], frame_num: int
    ) -> FrameAnnotation:
        """The frame of a snapshot.

        Args:
            annotation: Its annotation.
            _json: The snapshot as on the wire.
            frame_num: Its number, where the snapshot says none.
        """
        says = {"label": annotation.first_label, **_json, "type": annotation.type}
        return cls(
            annotation,
            definition_of(says),
            int(_json.get("frame", frame_num)),
            bool(_json.get("fixed", False)),
            bool(_json.get("objectVisible", True)),
            snapshot=_json,
        )

    @property
    def type(self) -> str:
        """The annotation's type."""
        return self.annotation.type

    @property
    def status(self) -> str | None:
        """What a reviewer thinks of the annotation."""
        return self.annotation.status

    @property
    def timestamp(self) -> float | None:
        """When the frame is, in seconds; None where nobody knows how many there are in one."""
        return self.frame_num / self.annotation.fps if self.annotation.fps else None

    @property
    def coordinates(self) -> Any:
        """Where it is, as on the wire."""
        return self.annotation_definition.to_coordinates()

    @property
    def label(self) -> str | None:
        """The label's tag."""
        return self.annotation_definition.label

    @label.setter
    def label(self, label: str) -> None:
        self.annotation_definition.label = label

    @property
    def attributes(self) -> Any:
        """Values by the keys of the ontology's attributes."""
        return self.annotation_definition.attributes

    @attributes.setter
    def attributes(self, values: Mapping[str, Any]) -> None:
        self.annotation_definition.attributes = dict(values)

    def __getattr__(self, name: str) -> Any:
        if name in {"geo", "x", "y", "left", "top", "right", "bottom", "angle", "rx", "ry"}:
            return getattr(self.annotation_definition, name)
        raise AttributeError(name)

    def _said(self) -> dict[str, Any]:
        definition = self.annotation_definition
        said: dict[str, Any] = {
            "frame": self.frame_num,
            "fixed": self.fixed,
            "label": definition.label,
            "type": self.annotation.type,
            "objectVisible": self.object_visible,
            "data": definition.to_coordinates(),
        }
        if definition.description is not None:
            said["description"] = definition.description
        named = isinstance(definition.attributes, Mapping)
        said["namedAttributes" if named else "attributes"] = copy.copy(definition.attributes)
        return said

    def to_snapshot(self) -> dict[str, Any]:
        """The frame as on the wire; what was not changed in it stays to the letter as it came."""
        now = self._said()
        if self._came is None:
            return now
        snapshot, before = copy.deepcopy(self._came[0]), self._came[1]
        for key, value in now.items():
            if key not in before or before[key] != value:
                snapshot["coordinates" if key == "data" and "coordinates" in snapshot else key] = value
        return snapshot

    def __repr__(self) -> str:
        return f"FrameAnnotation(frame_num={self.frame_num}, {self.annotation_definition!r})"


class Frames:
    """The frames of an annotation by their numbers; between key frames the one before is what counts.

    Args:
        first: Its first key frame.
        end: Its last frame.
    """

    def __init__(self, first: FrameAnnotation, end: int) -> None:
        self._keys = {first.frame_num: first}
        self._between: dict[int, FrameAnnotation] = {}
        self.end = end

    @property
    def start(self) -> int:
        """The number of the first frame."""
        return min(self._keys)

    @start.setter
    def start(self, frame: int) -> None:
        """Begin at another frame: what counts there becomes the first key frame."""
        kept = max((key for key in self._keys if key <= frame), default=self.start)
        first = self._keys[kept]
        first.frame_num = frame
        self._keys = {frame: first, **{key: one for key, one in self._keys.items() if key > max(frame, kept)}}
        self.end = max(self.end, frame)

    def actual_keys(self) -> KeysView[int]:
        """The numbers of the key frames."""
        self._adopt()
        return self._keys.keys()

    def key_frames(self) -> list[FrameAnnotation]:
        """The key frames up to the last frame, in order."""
        return [self._keys[number] for number in sorted(self.actual_keys()) if number <= self.end]

    def _adopt(self) -> None:
        """Take frames between key frames for key frames, once somebody has fixed them."""
        for number in [number for number, frame in self._between.items() if frame.fixed]:
            self._keys[number] = self._between.pop(number)

    def keys(self) -> Iterator[int]:
        """The numbers of all frames."""
        return iter(self)

    def values(self) -> Iterator[FrameAnnotation]:
        """All frames."""
        return (self[number] for number in self)

    def items(self) -> Iterator[tuple[int, FrameAnnotation]]:
        """All frames with their numbers."""
        return ((number, self[number]) for number in self)

    def pop(self, number: int) -> FrameAnnotation:
        """Take a key frame away.

        Raises:
            KeyError: It is none, or the only one.
        """
        if len(self._keys) == 1:
            raise KeyError(number)
        return self._keys.pop(number)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.end + 1))

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.start <= number <= self.end

    def __len__(self) -> int:
        return self.end - self.start + 1

    def __setitem__(self, number: int, frame: FrameAnnotation) -> None:
        frame.frame_num = number
        self._between = {}
        self._keys[number] = frame
        self.end = max(self.end, number)

    def __getitem__(self, number: int) -> FrameAnnotation:
        if number not in self:
            raise KeyError(number)
        self._adopt()
        if number in self._keys:
            return self._keys[number]
        if number not in self._between:
            before = self._keys[max(key for key in self._keys if key < number)]
            self._between[number] = FrameAnnotation(
                before.annotation,
                copy.deepcopy(before.annotation_definition),
                number,
                fixed=False,
                object_visible=before.object_visible,
            )
        return self._between[number]
