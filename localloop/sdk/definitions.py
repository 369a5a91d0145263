"""Flat shapes that annotations have, and their coordinates (docs/platform/wire.md, 5.3)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from localloop.errors import BadRequest
from localloop.media.arrays import numpy
from localloop.sdk.definition import Attributes, Definition, Place, flat, number, point

_WITH_ANGLE = 3


class Classification(Definition):
    """A label for a whole item."""

    type = "class"


class Point(Definition):
    """A marker at one place.

    Args:
        x: How far from the left, in pixels.
        y: How far from the top, in pixels.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.

    Raises:
        BadRequest: A number is none.
    """

    type = "point"

    def __init__(
        self,
        x: float,
        y: float,
        label: str,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.x, self.y = x, y
        self.coordinates()

    @property
    def geo(self) -> Any:
        """``[x, y]``."""
        return [self.x, self.y]

    @geo.setter
    def geo(self, place: Place) -> None:
        self.x, self.y = flat(place).values()

    @property
    def left(self) -> float:  # type: ignore[override]  # a point is its own extent
        """Its x."""
        return self.x

    @property
    def top(self) -> float:  # type: ignore[override]  # as above
        """Its y."""
        return self.y

    right = left
    bottom = top

    def coordinates(self) -> Any:
        """One point."""
        return point(self.x, self.y)

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        """``(x, y)``."""
        return tuple(flat(coordinates).values())

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        return cls(where["x"], where["y"], **said)


class Box(Definition):
    """A rectangle.

    Args:
        left: Its left edge, in pixels.
        top: Its upper edge.
        right: Its right edge.
        bottom: Its lower edge.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
        angle: By how many degrees it is turned about its centre.

    Raises:
        BadRequest: A number is none.
    """

    type = "box"

    def __init__(
        self,
        left: float | None = None,
        top: float | None = None,
        right: float | None = None,
        bottom: float | None = None,
        label: str | None = None,
        attributes: Attributes = None,
        description: str | None = None,
        angle: float | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.left, self.top = number(left, "The left of a box"), number(top, "The top of a box")
        self.right, self.bottom = number(right, "The right of a box"), number(bottom, "The bottom of a box")
        self.angle = angle

    @property
    def geo(self) -> Any:
        """Two opposite corners: ``[[left, top], [right, bottom]]``."""
        return [[self.left, self.top], [self.right, self.bottom]]

    @geo.setter
    def geo(self, corners: Sequence[Sequence[float]]) -> None:
        (self.left, self.top), (self.right, self.bottom) = corners

    @property
    def x(self) -> list[float]:
        """Its left and right edges."""
        return [self.left, self.right]

    @property
    def y(self) -> list[float]:
        """Its upper and lower edges."""
        return [self.top, self.bottom]

    @property
    def four_points(self) -> list[list[float]]:
        """Its corners, before it is turned."""
        return [
            [self.left, self.top],
            [self.left, self.bottom],
            [self.right, self.bottom],
            [self.right, self.top],
        ]

    def coordinates(self) -> Any:
        """Two opposite corners, and the angle when there is one."""
        corners: list[Any] = [point(self.left, self.top), point(self.right, self.bottom)]
        return corners if self.angle is None else [*corners, number(self.angle, "The angle of a box")]

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        """An array of two opposite corners, in the order in which they come."""
        return pairs(coordinates[:2])

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        (left, top), (right, bottom) = (flat(place).values() for place in where[:2])
        turned = len(where) >= _WITH_ANGLE and isinstance(where[2], int | float)
        return cls(
            min(left, right),
            min(top, bottom),
            max(left, right),
            max(top, bottom),
            angle=where[2] if turned else None,
            **said,
        )

    @classmethod
    def from_segmentation(cls, mask: Any, label: str, attributes: Attributes = None) -> list[Self]:
        """A box around every separate part of a mask.

        Args:
            mask: An array of rows of pixels; what is not 0 belongs to it.
            label: The label's tag.
            attributes: See :class:`Definition`.
        """
        from localloop.media.masks import outlines  # noqa: PLC0415 - loads OpenCV

        around = [(outline.min(axis=0), outline.max(axis=0)) for outline in outlines(mask, epsilon=0)]
        return [
            cls(float(low[0]), float(low[1]), float(high[0]), float(high[1]), label, attributes)
            for low, high in around
        ]


class _Path(Definition):
    """Points in order.

    Args:
        geo: The points: pairs of x and y, in pixels.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.

    Raises:
        BadRequest: A point has no x and y, or there is no point.
    """

    def __init__(
        self,
        geo: Iterable[Place],
        label: str,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self._more: list[Any] = []
        self._path = _path(geo)

    @property
    def geo(self) -> Any:
        """The points of its first path, as an array of pairs."""
        return numpy().asarray([[place["x"], place["y"]] for place in self._path])

    @geo.setter
    def geo(self, places: Iterable[Place]) -> None:
        self._path = _path(places)

    @property
    def x(self) -> Any:
        """The points' x, as an array."""
        return self.geo[:, 0]

    @property
    def y(self) -> Any:
        """The points' y, as an array."""
        return self.geo[:, 1]

    @property
    def left(self) -> float:  # type: ignore[override]  # it follows from the points
        """The least x."""
        return min(place["x"] for place in self._path)

    @property
    def top(self) -> float:  # type: ignore[override]  # as above
        """The least y."""
        return min(place["y"] for place in self._path)

    @property
    def right(self) -> float:  # type: ignore[override]  # as above
        """The greatest x."""
        return max(place["x"] for place in self._path)

    @property
    def bottom(self) -> float:  # type: ignore[override]  # as above
        """The greatest y."""
        return max(place["y"] for place in self._path)

    def coordinates(self) -> Any:
        """Its paths of points; mostly one."""
        return [[dict(place) for place in self._path], *self._more]

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        """An array of the pairs of a path: of the first, where there are several as on the wire."""
        several = bool(coordinates) and not isinstance(coordinates[0], Mapping)
        return pairs(coordinates[0] if several else coordinates)

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        made = cls(where[0], **said)
        made._more = list(where[1:])
        return made


class Polygon(_Path):
    """A closed outline."""

    type = "segment"

    @classmethod
    def from_segmentation(
        cls,
        mask: Any,
        label: str,
        attributes: Attributes = None,
        epsilon: float | None = None,
        max_instances: int | None = 1,
        min_area: float = 0,
    ) -> Any:
        """The outlines of a mask, the largest first.

        Args:
            mask: An array of rows of pixels; what is more than half of its greatest value belongs to it.
            label: The label's tag.
            attributes: See :class:`Definition`.
            epsilon: How many pixels an outline may be off, to have fewer points; a 2000th of its length when
                left out, and 0 leaves every point.
            max_instances: How many outlines there are at most; None for all.
            min_area: Outlines around no more square pixels than this are left out.

        Returns:
            A polygon where there is one, else a list of polygons.
        """
        from localloop.media.masks import outlines  # noqa: PLC0415 - loads OpenCV

        found = outlines(mask, epsilon=epsilon, most=max_instances, least=min_area)
        polygons = [cls(outline, label, attributes) for outline in found]
        return polygons[0] if len(polygons) == 1 else polygons

    def to_mask(self, height: int, width: int) -> Any:
        """The polygon, filled.

        Args:
            height: Of the picture, in pixels.
            width: Of the picture.

        Returns:
            An array of ``height`` rows: 1 where the polygon is, else 0.
        """
        from localloop.media.masks import filled  # noqa: PLC0415 - loads Pillow

        rings = [self._path, *self._more]
        return filled([[(place["x"], place["y"]) for place in ring] for ring in rings], (height, width))


class Polyline(_Path):
    """An open path."""

    type = "polyline"


class Ellipse(Definition):
    """An ellipse.

    Args:
        x: Its centre, from the left, in pixels.
        y: Its centre, from the top.
        rx: Its radius along x.
        ry: Its radius along y.
        angle: By how many degrees it is turned.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.

    Raises:
        BadRequest: A number is none.
    """

    type = "ellipse"

    def __init__(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        angle: float,
        label: str,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.x, self.y, self.rx, self.ry, self.angle = x, y, rx, ry, angle
        self.coordinates()

    @property
    def rad(self) -> float:
        """The angle in radians."""
        return math.radians(self.angle)

    @property
    def geo(self) -> Any:
        """``[[x, y], [rx, ry], [angle, rad]]`` as an array."""
        return numpy().asarray([[self.x, self.y], [self.rx, self.ry], [self.angle, self.rad]])

    def _reach(self) -> tuple[float, float]:
        sine, cosine = math.sin(self.rad), math.cos(self.rad)
        return math.hypot(self.rx * cosine, self.ry * sine), math.hypot(self.rx * sine, self.ry * cosine)

    @property
    def left(self) -> float:  # type: ignore[override]  # it follows from the radii
        """The least x."""
        return self.x - self._reach()[0]

    @property
    def top(self) -> float:  # type: ignore[override]  # as above
        """The least y."""
        return self.y - self._reach()[1]

    @property
    def right(self) -> float:  # type: ignore[override]  # as above
        """The greatest x."""
        return self.x + self._reach()[0]

    @property
    def bottom(self) -> float:  # type: ignore[override]  # as above
        """The greatest y."""
        return self.y + self._reach()[1]

    def coordinates(self) -> Any:
        """Centre, radii and angle."""
        return {
            "center": point(self.x, self.y),
            "rx": number(self.rx, "The rx of an ellipse"),
            "ry": number(self.ry, "The ry of an ellipse"),
            "angle": number(self.angle, "The angle of an ellipse"),
        }

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        """``(x, y, rx, ry, angle)``."""
        centre = flat(coordinates["center"])
        return (*centre.values(), *(coordinates[name] for name in ("rx", "ry", "angle")))

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        centre = where["center"]
        return cls(centre["x"], centre["y"], where["rx"], where["ry"], where.get("angle") or 0, **said)


def pairs(places: Iterable[Place]) -> Any:
    """Places as an array of pairs."""
    return numpy().asarray([list(flat(place).values()) for place in places])


def _path(places: Iterable[Place]) -> list[dict[str, float]]:
    path = [flat(place) for place in places]
    if not path:
        raise BadRequest("400", "A path needs at least one point")
    return path
