"""What annotations say: the shapes that a builder takes, and their coordinates (docs/platform/wire.md, 5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from localloop.errors import BadRequest

#: A point in two dimensions: ``(x, y)`` or ``{"x": ..., "y": ...}``.
Place = Sequence[float] | Mapping[str, float]

Attributes = Mapping[str, Any] | Sequence[str] | None


class Definition:
    """What one annotation says.

    Args:
        label: The label's tag.
        attributes: Values by the keys of the ontology's attributes; or names, as older recipes have them.
        description: Free text.
    """

    type: ClassVar[str]

    def __init__(self, label: str, attributes: Attributes = None, description: str | None = None) -> None:
        self.label = label
        self.attributes = attributes
        self.description = description

    def coordinates(self) -> Any:
        """The wire's ``coordinates``, or None when the type has none."""
        return None

    def to_json(self) -> dict[str, Any]:
        """The part of an annotation's JSON that the definition determines."""
        named = isinstance(self.attributes, Mapping)
        json: dict[str, Any] = {
            "type": self.type,
            "label": self.label,
            "attributes": [] if named else list(self.attributes or ()),
            "metadata": {"system": {"attributes": dict(self.attributes) if named else {}}},  # type: ignore[arg-type]  # named says so
        }
        coordinates = self.coordinates()
        if coordinates is not None:
            json["coordinates"] = coordinates
        if self.description is not None:
            json["description"] = self.description
        return json

    def __repr__(self) -> str:
        return f"{type(self).__name__}(label={self.label!r}, coordinates={self.coordinates()!r})"


class Classification(Definition):
    """A label for a whole item."""

    type = "class"


class Point(Definition):
    """A marker at one place.

    Args:
        x: How far from the left.
        y: How far from the top.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
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

    def coordinates(self) -> Any:
        """One point."""
        return _point(self.x, self.y)


class Box(Definition):
    """A rectangle.

    Args:
        left: Its left edge.
        top: Its upper edge.
        right: Its right edge.
        bottom: Its lower edge.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
        angle: By how many degrees it is turned.
    """

    type = "box"

    def __init__(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        label: str,
        attributes: Attributes = None,
        description: str | None = None,
        angle: float | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.left, self.top, self.right, self.bottom = left, top, right, bottom
        self.angle = angle

    def coordinates(self) -> Any:
        """Two opposite corners, and the angle when there is one."""
        corners: list[Any] = [_point(self.left, self.top), _point(self.right, self.bottom)]
        return corners if self.angle is None else [*corners, float(self.angle)]


class _Path(Definition):
    """Points in order.

    Args:
        geo: The points.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    def __init__(
        self,
        geo: Iterable[Place],
        label: str,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.geo = [_flat(place) for place in geo]

    def coordinates(self) -> Any:
        """One path of points."""
        return [self.geo]


class Polygon(_Path):
    """A closed outline."""

    type = "segment"


class Polyline(_Path):
    """An open path."""

    type = "polyline"


class Ellipse(Definition):
    """An ellipse.

    Args:
        x: Its centre, from the left.
        y: Its centre, from the top.
        rx: Its radius along x.
        ry: Its radius along y.
        angle: By how many degrees it is turned.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
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

    def coordinates(self) -> Any:
        """Centre, radii and angle."""
        return {
            "center": _point(self.x, self.y),
            "rx": float(self.rx),
            "ry": float(self.ry),
            "angle": float(self.angle),
        }


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
        angle: By how many degrees it is turned.
        attributes: See :class:`Definition`.
        description: Free text.
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
        self.corners = {
            "front_tl": front_tl,
            "front_tr": front_tr,
            "front_br": front_br,
            "front_bl": front_bl,
            "back_tl": back_tl,
            "back_tr": back_tr,
            "back_br": back_br,
            "back_bl": back_bl,
        }
        self.angle = angle

    def coordinates(self) -> Any:
        """The corners by name, and the angle."""
        corners: dict[str, Any] = {name: {**_flat(at), "z": 0.0} for name, at in self.corners.items()}
        return {**corners, "angle": float(self.angle or 0)}


class Cube3d(Definition):
    """A box in space.

    Args:
        label: The label's tag.
        position: Its centre: x, y and z.
        scale: Its size along each axis.
        rotation: How it is turned about each axis.
        attributes: See :class:`Definition`.
        description: Free text.
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

    def coordinates(self) -> Any:
        """Position, scale and rotation."""
        parts = {"position": self.position, "scale": self.scale, "rotation": self.rotation}
        return {name: dict(zip("xyz", map(float, numbers), strict=True)) for name, numbers in parts.items()}


class Subtitle(Definition):
    """Words that are said in a recording.

    Args:
        text: The words.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = "subtitle"

    def __init__(
        self, text: str, label: str, attributes: Attributes = None, description: str | None = None
    ) -> None:
        super().__init__(label, attributes, description)
        self.text = text

    def coordinates(self) -> Any:
        """The words."""
        return {"text": self.text}


class Text(Definition):
    """A span of a text item.

    Args:
        text_type: ``block`` or ``html``.
        start: Where it begins.
        end: Where it ends.
        label: The label's tag.
        top: For HTML: how far from the top.
        left: For HTML: how far from the left.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = "text_mark"

    def __init__(
        self,
        text_type: str,
        start: int,
        end: int,
        label: str,
        top: float | None = None,
        left: float | None = None,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.text_type, self.start, self.end = text_type, start, end
        self.top, self.left = top, left

    def coordinates(self) -> Any:
        """The span, by its type."""
        span: dict[str, Any] = {
            "type": self.text_type,
            "label": self.label,
            "start": self.start,
            "end": self.end,
        }
        return span | ({"top": self.top, "left": self.left} if self.text_type == "html" else {})


class FreeText(Definition):
    """Text of one's own about an item.

    Args:
        text: The text.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = "text"

    def __init__(
        self,
        text: str,
        label: str = "free-text",
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.text = text

    def coordinates(self) -> Any:
        """The text itself."""
        return self.text


class Description(Definition):
    """The description of an item, as an annotation.

    Args:
        text: The text.
        description: Free text about the annotation itself.
    """

    type = "item_description"

    def __init__(self, text: str, description: str | None = None) -> None:
        super().__init__("item.description", None, description)
        self.text = text

    def coordinates(self) -> Any:
        """The text."""
        return {"text": self.text}

    def to_json(self) -> dict[str, Any]:
        """As other definitions, and marked as the system's own."""
        json = super().to_json()
        json["metadata"]["system"]["system"] = True
        return json


def _point(x: float, y: float) -> dict[str, float]:
    return {"x": float(x), "y": float(y), "z": 0.0}


def _flat(place: Place) -> dict[str, float]:
    """A place as ``{"x", "y"}``."""
    if isinstance(place, Mapping):
        return {"x": float(place["x"]), "y": float(place["y"])}
    numbers = [float(number) for number in place]
    if len(numbers) < len("xy"):
        raise BadRequest("400", f"A point needs an x and a y: {place!r}")
    return {"x": numbers[0], "y": numbers[1]}
