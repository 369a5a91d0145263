"""Shapes in space, and what is placed by something else than pixels (docs/platform/wire.md, 5.3)."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Self

from localloop.errors import BadRequest
from localloop.media.arrays import numpy
from localloop.sdk.definition import Attributes, Definition, Place, flat, number, spatial
from localloop.sdk.definitions import Point, pairs

_CORNERS = tuple(f"{side}_{corner}" for side in ("front", "back") for corner in ("tl", "tr", "br", "bl"))


class Cube(Definition):
    """A box in perspective, by its eight corners.

    Args:
        label: The label's tag.
        front_tl: Front, top left.
        front_tr: Front, top right.
        front_br: Front, bottom right.
        front_bl: Front, bottom left.
        back_tl: Back, top left.
        back_tr: Back, top right.
        back_br: Back, bottom right.
        back_bl: Back, bottom left.
        angle: By how many degrees it is turned; as its front is when left out.
        attributes: See :class:`Definition`.
        description: Free text.

    Raises:
        BadRequest: A corner is no point.
    """

    type = "cube"

    def __init__(
        self,
        label: str,
        front_tl: Place,
        front_tr: Place,
        front_br: Place,
        front_bl: Place,
        back_tl: Place,
        back_tr: Place,
        back_br: Place,
        back_bl: Place,
        angle: float | None = None,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        given = (front_tl, front_tr, front_br, front_bl, back_tl, back_tr, back_br, back_bl)
        self.corners: dict[str, Place] = dict(zip(_CORNERS, given, strict=True))
        self.angle = angle
        self.coordinates()

    @classmethod
    def from_boxes_and_angle(
        cls,
        front_left: float,
        front_top: float,
        front_right: float,
        front_bottom: float,
        back_left: float,
        back_top: float,
        back_right: float,
        back_bottom: float,
        label: str,
        angle: float = 0,
        attributes: Attributes = None,
    ) -> Self:
        """A cube of a box in front and a box behind, each turned about its centre by an angle in degrees."""
        boxes = {
            "front": (front_left, front_top, front_right, front_bottom),
            "back": (back_left, back_top, back_right, back_bottom),
        }
        corners: dict[str, Place] = {}
        for side, (left, top, right, bottom) in boxes.items():
            x, y = (left + right) / 2, (top + bottom) / 2
            for corner, (across, down) in {
                "tl": (left, top),
                "tr": (right, top),
                "br": (right, bottom),
                "bl": (left, bottom),
            }.items():
                corners[f"{side}_{corner}"] = cls.rotate((x, y), (across, down), angle)
        tl, tr, br, bl, *back = (corners[name] for name in _CORNERS)
        return cls(label, tl, tr, br, bl, back[0], back[1], back[2], back[3], angle, attributes)

    @property
    def geo(self) -> Any:
        """The corners, in the order of the arguments, as an array."""
        return numpy().asarray([list(flat(self.corners[name]).values()) for name in _CORNERS])

    @property
    def x(self) -> Any:
        """The corners' x, as an array."""
        return self.geo[:, 0]

    @property
    def y(self) -> Any:
        """The corners' y, as an array."""
        return self.geo[:, 1]

    def _all(self, axis: str) -> list[float]:
        return [flat(corner)[axis] for corner in self.corners.values()]

    @property
    def left(self) -> float:  # type: ignore[override]  # it follows from the corners
        """The least x."""
        return min(self._all("x"))

    @property
    def top(self) -> float:  # type: ignore[override]  # as above
        """The least y."""
        return min(self._all("y"))

    @property
    def right(self) -> float:  # type: ignore[override]  # as above
        """The greatest x."""
        return max(self._all("x"))

    @property
    def bottom(self) -> float:  # type: ignore[override]  # as above
        """The greatest y."""
        return max(self._all("y"))

    def coordinates(self) -> Any:
        """The corners by name, and the angle."""
        corners: dict[str, Any] = {name: {**flat(at), "z": 0.0} for name, at in self.corners.items()}
        angle = self._front_angle() if self.angle is None else self.angle
        return {**corners, "angle": number(angle, "The angle of a cube")}

    def _front_angle(self) -> float:
        return self.calculate_angle(self.corners["front_tl"], self.corners["front_tr"])

    @staticmethod
    def calculate_angle(b: Place, c: Place) -> float:
        """By how many degrees the line from one point to another is turned from the x axis, from 0 to 360.

        Args:
            b: Where it begins.
            c: Where it ends.
        """
        start, end = flat(b), flat(c)
        return math.degrees(math.atan2(end["y"] - start["y"], end["x"] - start["x"])) % 360

    @staticmethod
    def rotate(center: Place, point: Place, angle: float) -> list[float]:
        """A point, turned about another.

        Args:
            center: What it is turned about.
            point: The point.
            angle: By how many degrees.

        Returns:
            Its x and y.
        """
        (x, y), (px, py) = flat(center).values(), flat(point).values()
        sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
        dx, dy = px - x, py - y
        return [x + cosine * dx - sine * dy, y + sine * dx + cosine * dy]

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        """An array of the corners' pairs: of a list of them, or of them by name as on the wire."""
        named = isinstance(coordinates, Mapping)
        return pairs([coordinates[name] for name in _CORNERS] if named else coordinates)

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        return cls(**{name: where[name] for name in _CORNERS}, angle=where.get("angle"), **said)


class Cube3d(Definition):
    """A box in space.

    Args:
        label: The label's tag.
        position: Its centre: x, y and z.
        scale: Its size along each axis.
        rotation: How it is turned about each axis, in radians.
        attributes: See :class:`Definition`.
        description: Free text.

    Raises:
        BadRequest: One of the three is not three numbers.
    """

    type = "cube_3d"

    def __init__(
        self,
        label: str,
        position: Sequence[float],
        scale: Sequence[float],
        rotation: Sequence[float],
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.position, self.scale, self.rotation = position, scale, rotation
        self.coordinates()

    @property
    def geo(self) -> Any:
        """``[position, scale, rotation]`` as an array."""
        return numpy().asarray([list(self.position), list(self.scale), list(self.rotation)])

    def coordinates(self) -> Any:
        """Position, scale and rotation."""
        parts = {"position": self.position, "scale": self.scale, "rotation": self.rotation}
        return {name: spatial(numbers, name) for name, numbers in parts.items()}

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        position, scale, rotation = (
            [where[name][axis] for axis in "xyz"] for name in ("position", "scale", "rotation")
        )
        return cls(position=position, scale=scale, rotation=rotation, **said)


class Pose(Definition):
    """A skeleton: the annotation that the points of a template belong to.

    Args:
        label: The label's tag.
        template_id: The id of the template in the recipe.
        instance_id: What links its points; a new one when left out.
        attributes: See :class:`Definition`.
        points: Its points; they are annotations of their own, with this one as their parent.
        description: Free text.
    """

    type = "pose"

    def __init__(
        self,
        label: str,
        template_id: str,
        instance_id: str | None = None,
        attributes: Attributes = None,
        points: Sequence[Point] | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.template_id = template_id
        self.instance_id = str(uuid.uuid1()) if instance_id is None else instance_id
        self.points = list(points or ())

    def coordinates(self) -> Any:
        """The ids of template and instance."""
        return {"templateId": self.template_id, "instanceId": self.instance_id}

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        """The coordinates as they are."""
        return coordinates

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        return cls(template_id=where["templateId"], instance_id=where["instanceId"], **said)


class GisType(StrEnum):
    """What a place on the earth's surface is drawn as."""

    BOX = "box"
    POLYGON = "polygon"
    POLYLINE = "polyline"
    POINT = "point"


class Gis(Definition):
    """A place on the earth's surface.

    Args:
        annotation_type: What it is drawn as.
        geo: Its points, as pairs of longitude and latitude (WGS 84), nested as the type has them.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.

    Raises:
        BadRequest: There is no such type, or there are no points.
    """

    type = "gis"

    def __init__(
        self,
        annotation_type: GisType | str,
        geo: Any,
        label: str | None = None,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        if annotation_type not in set(GisType):
            raise BadRequest("400", f"annotation_type must be one of: {', '.join(GisType)}")
        if geo is None:
            raise BadRequest("400", "geo must be provided")
        self.annotation_type = str(annotation_type)
        self.geo = geo

    def coordinates(self) -> Any:
        """The type and its points."""
        return {"geo_type": self.annotation_type, "wgs84_geo_coordinates": self.geo}

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        return cls(where["geo_type"], where["wgs84_geo_coordinates"], **said)
