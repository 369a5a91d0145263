"""What an annotation says: its definition, and in a video that of each frame, beside its JSON."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, overload

from localloop.errors import BadRequest
from localloop.sdk.definition import Definition
from localloop.sdk.entity import Entity, Json
from localloop.sdk.frames import FrameAnnotation, Frames
from localloop.sdk.reading import definition_of
from localloop_schema.kinds import EntityKind

_VIDEO_KEYS = ("frame", "endFrame", "snapshots_")

#: A sound counts in milliseconds where a video counts in frames.
_AUDIO_FPS = 1000


class Shape:
    """An attribute of the current frame's definition, such as its left edge."""

    def __init__(self, doc: str, *, types: frozenset[str] | None = None) -> None:
        self.__doc__ = doc
        self._types = types
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, stated: None, owner: type[Stated]) -> Shape: ...

    @overload
    def __get__(self, stated: Stated, owner: type[Stated]) -> Any: ...

    def __get__(self, stated: Stated | None, owner: type[Stated]) -> Any:
        """The definition's value; None where its type has none."""
        return self if stated is None else getattr(stated.annotation_definition, self._name, None)

    def __set__(self, stated: Stated, value: Any) -> None:
        """Change the definition.

        Raises:
            BadRequest: The type has none, or it follows from something else.
        """
        definition = stated.annotation_definition
        try:
            setattr(definition, self._name, value)
        except AttributeError as error:
            message = f"The {self._name} of a {type(definition).__name__} follows from its geo: set that"
            raise BadRequest("400", message) from error


class Said:
    """A key of the JSON that the definition of the current frame has a say in."""

    def __init__(self, key: str) -> None:
        self._key = key

    @overload
    def __get__(self, stated: None, owner: type[Stated]) -> Said: ...

    @overload
    def __get__(self, stated: Stated, owner: type[Stated]) -> Any: ...

    def __get__(self, stated: Stated | None, owner: type[Stated]) -> Any:
        """What the current frame says."""
        return self if stated is None else stated.said(self._key)

    def __set__(self, stated: Stated, value: Any) -> None:
        """Have the current frame say something else."""
        stated.say(self._key, value)


class Stated(Entity):
    """An entity with a definition, and with frames when it is in a video."""

    _frames: Frames | None = None
    _current: int | None = None
    _written: Json | None = None
    _writer: FrameAnnotation | None = None
    _snapshots: list[Json] | None = None
    _rate: tuple[float | None] | None = None

    label = Said("label")
    coordinates = Said("coordinates")
    description = Said("description")

    geo = Shape("The points, or the mask.")
    x = Shape("The x, or the list of them.")
    y = Shape("The y, or the list of them.")
    left = Shape("The least x, in pixels.")
    top = Shape("The least y.")
    right = Shape("The greatest x.")
    bottom = Shape("The greatest y.")
    width = Shape("How wide it is.")
    height = Shape("How high it is.")
    angle = Shape("By how many degrees it is turned.")
    rx = Shape("An ellipse's radius along x.")
    ry = Shape("An ellipse's radius along y.")
    messages = Shape("A note's messages.")

    def _take(self, json: Json) -> None:
        super()._take(json)
        self._frames = self._current = self._written = self._writer = self._snapshots = None

    @property
    def _system(self) -> Json:
        metadata = self._json.setdefault("metadata", {})
        if metadata.get("system") is None:
            metadata["system"] = {}
        system: Json = metadata["system"]
        return system

    @property
    def first_label(self) -> str | None:
        """The label of the first frame."""
        label: str | None = self._json.get("label")
        return label

    @property
    def frames(self) -> Frames:
        """Its frames by number. What is in no video has one."""
        if self._frames is None:
            self._begin(definition_of(self._json))
        assert self._frames is not None
        return self._frames

    def _begin(self, definition: Definition) -> None:
        """Take a definition for the one that the JSON says."""
        system = self._system
        start = int(system.get("frame") or 0)
        first = FrameAnnotation(self, definition, start)  # type: ignore[arg-type]  # an annotation is the one entity with frames
        self._writer, self._written = first, definition.to_json()
        frames = Frames(first, max(start, int(system.get("endFrame") or 0)))
        end = frames.end
        for place, snapshot in enumerate(system.get("snapshots_") or []):
            frame = FrameAnnotation.from_snapshot(self, snapshot, start + 1 + place)  # type: ignore[arg-type]  # as above
            if frame.frame_num > start:
                frames[frame.frame_num] = frame
        frames.end = max(end, frames.end) if "endFrame" not in system else end
        self._frames = frames
        self._snapshots = self._snapshots_now()

    def _snapshots_now(self) -> list[Json]:
        frames = self.frames
        return [frame.to_snapshot() for frame in frames.key_frames() if frame.frame_num > frames.start]

    def _flush(self) -> None:
        """Have the JSON say what the frames say."""
        if self._frames is None:
            return
        frames = self._frames
        first = frames[frames.start]
        now = first.annotation_definition.to_json()
        before = self._written if first is self._writer and self._written is not None else {}
        for key in ("label", "coordinates", "description"):
            if now.get(key) != before.get(key):
                self._json[key] = copy.deepcopy(now.get(key))
        named = isinstance(first.annotation_definition.attributes, Mapping)
        if named and now["metadata"] != before.get("metadata"):
            self._system["attributes"] = copy.deepcopy(now["metadata"]["system"]["attributes"])
        if not named and now["attributes"] != before.get("attributes"):
            self._json["attributes"] = now["attributes"]
        self._writer, self._written = first, now
        snapshots = self._snapshots_now()
        if snapshots != self._snapshots:
            self._system["snapshots_"] = snapshots
            self._snapshots = copy.deepcopy(snapshots)

    def _changes(self) -> Json:
        self._flush()
        return super()._changes()

    def to_json(self) -> Json:
        """The annotation as the platform's JSON, with the changes that were not stored yet."""
        self._flush()
        return super().to_json()

    @property
    def annotation_definition(self) -> Definition:
        """What it says, in the current frame."""
        frames = self.frames
        return frames[frames.start if self._current is None else self._current].annotation_definition

    @annotation_definition.setter
    def annotation_definition(self, definition: Definition) -> None:
        frames = self.frames
        frame = frames[frames.start if self._current is None else self._current]
        frame.annotation_definition = definition

    def said(self, key: str) -> Any:
        """What the current frame says under a key of the JSON."""
        if self._current is None:
            self._flush()
            return self._json.get(key)
        definition = self.annotation_definition
        return definition.to_coordinates() if key == "coordinates" else getattr(definition, key)

    def say(self, key: str, value: Any) -> None:
        """Have the current frame say something under a key of the JSON."""
        if self._current is None:
            self._flush()
            self._json[key] = value
            self._frames = None
        elif key == "coordinates":
            says = {"type": self._json.get("type"), "label": self.annotation_definition.label, key: value}
            self.annotation_definition = definition_of(says)
        else:
            setattr(self.annotation_definition, key, value)

    @property
    def fps(self) -> float | None:
        """How many frames its item has in a second; 1000 in a sound, which counts in milliseconds."""
        if self._rate is None:
            row = self._store.get(EntityKind.ITEM, self._json.get("itemId") or "")
            self._rate = (frame_rate((row or {}).get("metadata")),)
        return self._rate[0]

    @fps.setter
    def fps(self, rate: float | None) -> None:
        self._rate = (rate,)

    @property
    def is_video(self) -> bool:
        """Whether it has frames."""
        return any(key in self._system for key in _VIDEO_KEYS)


def frame_rate(metadata: Any) -> float | None:
    """How many frames an item has in a second, by its metadata; None where nothing says so."""
    metadata = metadata if isinstance(metadata, Mapping) else {}
    system = metadata.get("system")
    system = system if isinstance(system, Mapping) else {}
    for found in (metadata.get("fps"), system.get("fps")):
        if isinstance(found, int | float) and found > 0:
            return float(found)
    return float(_AUDIO_FPS) if str(system.get("mimetype") or "").startswith("audio/") else None
