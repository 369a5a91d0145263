"""Annotations of videos and sounds: where they begin and end, and their key frames."""

from __future__ import annotations

import copy
import math
from typing import Any

from localloop.errors import BadRequest
from localloop.sdk.definition import Definition
from localloop.sdk.frames import FrameAnnotation
from localloop.sdk.stated import Stated


class Moving(Stated):
    """An annotation that lasts, and may change meanwhile."""

    @property
    def start_frame(self) -> int:
        """The number of its first frame."""
        return int(self._system.get("frame") or 0)

    @start_frame.setter
    def start_frame(self, frame: float) -> None:
        number = round(_number(frame))
        self.frames.start = number
        self._system["frame"] = number
        self._system["startTime"] = frame / self.fps if self.fps else 0
        if self._current is not None and self._current not in self.frames:
            self._current = None

    @property
    def end_frame(self) -> int:
        """The number of its last frame."""
        return int(self._system.get("endFrame", self.start_frame) or 0)

    @end_frame.setter
    def end_frame(self, frame: float) -> None:
        number = round(_number(frame))
        if number < self.start_frame:
            raise BadRequest("400", f"It cannot end at frame {number}, before frame {self.start_frame}")
        self.frames.end = number
        self._system["endFrame"] = number
        self._system["endTime"] = frame / self.fps if self.fps else 0
        if self._current is not None and self._current not in self.frames:
            self._current = None

    @property
    def start_time(self) -> float:
        """When it begins, in seconds."""
        return float(self._system.get("startTime") or 0)

    @start_time.setter
    def start_time(self, seconds: float) -> None:
        self.start_frame = round(_number(seconds) * self.fps) if self.fps else 0
        self._system["startTime"] = seconds

    @property
    def end_time(self) -> float:
        """When it ends, in seconds."""
        return float(self._system.get("endTime", self.start_time) or 0)

    @end_time.setter
    def end_time(self, seconds: float) -> None:
        self.end_frame = round(_number(seconds) * self.fps) if self.fps else self.start_frame
        self._system["endTime"] = seconds

    @property
    def last_frame(self) -> int:
        """The number of its last key frame; 0 when it is in no video."""
        return max(self.frames.actual_keys()) if self.is_video else 0

    @property
    def current_frame(self) -> int:
        """The frame that :meth:`set_frame` chose, else the first."""
        return self.frames.start if self._current is None else self._current

    @property
    def frame_num(self) -> int:
        """The number of the current frame. Setting it moves what the frame says to another."""
        return self.current_frame

    @frame_num.setter
    def frame_num(self, number: int) -> None:
        here, frames = self.current_frame, self.frames
        if number == here:
            return
        if here == frames.start and len(frames.actual_keys()) == 1:
            self.start_frame = number
        else:
            frames[number] = frames.pop(here)
            self._current = number
            self._bounds()

    @property
    def fixed(self) -> bool:
        """Whether somebody set the current frame; else it is what the frame before says."""
        return self.is_video and self.frames[self.current_frame].fixed

    @fixed.setter
    def fixed(self, fixed: bool) -> None:
        self.frames[self.current_frame].fixed = fixed

    @property
    def object_visible(self) -> bool:
        """Whether what it is about is to be seen in the current frame."""
        return self.is_video and self.frames[self.current_frame].object_visible

    @object_visible.setter
    def object_visible(self, visible: bool) -> None:
        self.frames[self.current_frame].object_visible = visible

    def set_frame(self, frame: int) -> bool:
        """Have coordinates, label and attributes be those of a frame.

        Args:
            frame: Its number.

        Returns:
            Whether the annotation is there in that frame; else nothing changes.
        """
        if frame not in self.frames:
            return False
        self._current = None if frame == self.frames.start else frame
        return True

    def add_frames(
        self,
        annotation_definition: Definition,
        frame_num: int | None = None,
        end_frame_num: int | None = None,
        start_time: float | None = None,
        end_time: float | None = None,
        fixed: bool = True,
        object_visible: bool = True,
    ) -> None:
        """Say the same in a row of frames, each a key frame.

        Args:
            annotation_definition: What they say; of the annotation's type.
            frame_num: The first frame, or
            end_frame_num: the last frame; the first when left out.
            start_time: when it begins, in seconds.
            end_time: When it ends.
            fixed: Whether somebody set it.
            object_visible: Whether what it is about is to be seen.

        Raises:
            BadRequest: The definition is of another type, the item's frame rate is not known and times are
                given, or the end is before the start.
        """
        first = self._at(frame_num, start_time)
        if first is None:
            raise BadRequest("400", "Must provide frame_num or start_time")
        last = self._at(end_frame_num, end_time)
        last = first if last is None else last
        if last < first:
            raise BadRequest("400", f"The last frame, {last}, is before the first, {first}")
        for number in range(first, last + 1):
            self.add_frame(annotation_definition, number, fixed, object_visible)

    def _at(self, frame: int | None, seconds: float | None) -> int | None:
        if frame is not None or seconds is None:
            return frame
        if not self.fps:
            raise BadRequest("400", "The item's frame rate is not known: give frame numbers, not times")
        return round(_number(seconds) * self.fps)

    def add_frame(
        self,
        annotation_definition: Definition,
        frame_num: int | None = None,
        fixed: bool = True,
        object_visible: bool = True,
    ) -> bool:
        """Say what counts from a frame on, until the next key frame.

        Args:
            annotation_definition: What it says; of the annotation's type.
            frame_num: The frame's number; the one after the last key frame when left out.
            fixed: Whether somebody set it. One that nobody set and that says what the frame before says is no
                key frame.
            object_visible: Whether what it is about is to be seen.

        Returns:
            True.

        Raises:
            BadRequest: The definition is of another type than the annotation, or the number is negative.
        """
        if annotation_definition.type != self._json.get("type"):
            raise BadRequest("400", "All frames of an annotation must have the same type")
        frames = self.frames
        number = self.last_frame + 1 if frame_num is None else frame_num
        if number < 0:
            raise BadRequest("400", f"Frames are counted from 0: {number}")
        made = FrameAnnotation(
            self,  # type: ignore[arg-type]  # an annotation is the one entity with frames
            copy.copy(annotation_definition),
            number,
            fixed,
            object_visible,
        )
        if fixed or number not in frames or not _same(frames[number], made):
            frames[number] = made
        self._bounds()
        return True

    def _bounds(self) -> None:
        """Have the JSON say where the frames begin and end."""
        frames, system = self.frames, self._system
        rate = self.fps
        if system.get("frame") != frames.start:
            system["frame"] = frames.start
            system["startTime"] = frames.start / rate if rate else 0
        system.setdefault("startTime", 0)
        if system.get("endFrame") != frames.end:
            system["endFrame"] = frames.end
            system["endTime"] = frames.end / rate if rate else 0


def _same(one: FrameAnnotation, other: FrameAnnotation) -> bool:
    """Whether two frames say the same, but for who set them."""
    saying: list[dict[str, Any]] = [
        {key: value for key, value in frame.to_snapshot().items() if key not in {"frame", "fixed"}}
        for frame in (one, other)
    ]
    return saying[0] == saying[1]


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError("Must input a valid number")
    return float(value)
