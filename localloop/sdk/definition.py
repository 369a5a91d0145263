"""What all annotation definitions share: label, attributes, description, and their place on the wire."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

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

    #: What the wire had, and what these fields make of it: while they make the same, the wire's own words stay.
    _came: tuple[Any, Any] | None = None

    # Where it is: in pixels from the upper left corner. Shapes with an extent say more.
    left: float = 0
    top: float = 0
    right: float = 0
    bottom: float = 0

    def __init__(
        self, label: str | None, attributes: Attributes = None, description: str | None = None
    ) -> None:
        self.label = label
        self.attributes = attributes
        self.description = description

    @property
    def height(self) -> float:
        """How high it is, in whole pixels."""
        return round(self.bottom - self.top)

    @property
    def width(self) -> float:
        """How wide it is, in whole pixels."""
        return round(self.right - self.left)

    def coordinates(self) -> Any:
        """The wire's ``coordinates``, or None when the type has none."""
        return None

    def to_coordinates(self, color: Any = None) -> Any:
        """The wire's ``coordinates``; to the letter as they came, as long as nothing was changed in them.

        Args:
            color: Not needed: only masks have a colour.
        """
        del color
        now = self.coordinates()
        if self._came is not None and self._came[1] == now:
            return copy.deepcopy(self._came[0])
        return now

    @classmethod
    def from_json(cls, _json: Mapping[str, Any]) -> Self:
        """The definition that an annotation, or a snapshot of one, has.

        Args:
            _json: The annotation as on the wire; a snapshot has ``data`` in place of ``coordinates``
                (docs/platform/wire.md, 5.4).

        Raises:
            BadRequest: The coordinates are not those of this type.
        """
        where = copy.deepcopy(_json["coordinates"] if "coordinates" in _json else _json.get("data"))
        said = {"label": _json.get("label"), "attributes": attributes_in(_json)}
        try:
            made = cls._read(where, {**said, "description": _json.get("description")})
            made._came = (where, made.coordinates())  # noqa: SLF001 - its own class
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise BadRequest("400", f"These are no coordinates of the type {cls.type}") from error
        return made

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        """Make one from the wire's coordinates and the arguments that all types have."""
        del where
        return cls(**said)

    def to_json(self) -> dict[str, Any]:
        """The part of an annotation's JSON that the definition determines."""
        named = isinstance(self.attributes, Mapping)
        json: dict[str, Any] = {
            "type": self.type,
            "label": self.label,
            "attributes": [] if named else list(self.attributes or ()),
            "metadata": {"system": {"attributes": dict(self.attributes) if named else {}}},  # type: ignore[arg-type]  # named says so
        }
        coordinates = self.to_coordinates()
        if coordinates is not None:
            json["coordinates"] = coordinates
        if self.description is not None:
            json["description"] = self.description
        return json

    @classmethod
    def from_coordinates(cls, coordinates: Any) -> Any:
        """The numbers, or the text, that coordinates have.

        Args:
            coordinates: As on the wire (docs/platform/wire.md, 5.3).

        Returns:
            What the type is made of: an array of pairs for a path or a box, ``(x, y)`` for a point, the picture of a
            segmentation; the text of what is only text, and the coordinates as they are where there is nothing else.

        Raises:
            BadRequest: These are no coordinates of this type.
        """
        try:
            return cls._geometry(coordinates)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise BadRequest("400", f"These are no coordinates of the type {cls.type}") from error

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        made = cls.from_json({"type": cls.type, "label": "", "coordinates": coordinates})
        return getattr(made, "geo", getattr(made, "text", made.coordinates()))

    def show(
        self,
        image: Any,
        thickness: int | None,
        with_text: bool,
        height: int | None,
        width: int | None,
        annotation_format: Any,
        color: Any,
        alpha: float = 1,
    ) -> Any:
        """Draw it.

        Args:
            image: An array of rows of pixels to draw on, which stays as it is; a new one when None.
            thickness: How thick lines are, in pixels; -1 fills the shape, and None is 2.
            with_text: Whether its label is written beside it.
            height: Of a new picture, in pixels.
            width: Of a new picture.
            annotation_format: Not needed: the colour says what is drawn.
            color: Three or four numbers from 0 to 255, or one number for an array of numbers.
            alpha: How opaque it is, from 0 to 1.

        Returns:
            The array, with as many channels as ``image`` has.

        Raises:
            BadRequest: The picture makes no sense, or a new one has no size.
        """
        del annotation_format
        from localloop.sdk.showing import drawn_on  # noqa: PLC0415 - loads Pillow, and knows this class

        return drawn_on(image, (height, width), self, color, thickness, alpha, with_text=with_text)

    @staticmethod
    def add_text_to_image(image: Any, annotation: Any) -> Any:
        """Write an annotation's label and attributes beside where it is.

        Args:
            image: An array of rows of pixels; it stays as it is.
            annotation: An annotation, or what one says.

        Returns:
            The array, with as many channels as ``image`` has.
        """
        from localloop.sdk.showing import written_on  # noqa: PLC0415 - loads Pillow, and knows this class

        return written_on(image, getattr(annotation, "annotation_definition", annotation))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(label={self.label!r}, coordinates={self.coordinates()!r})"


class UndefinedAnnotationType(Definition):
    """An annotation of a type that has no class of its own; its coordinates stay as they are.

    Args:
        type: The type, as on the wire.
        label: The label's tag.
        coordinates: Its coordinates, as on the wire.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = ""

    def __init__(
        self,
        type: str,  # noqa: A002 - as the wire calls it
        label: str,
        coordinates: Any,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.type = type  # type: ignore[misc]  # of this one alone
        self.where = coordinates

    def coordinates(self) -> Any:
        """The coordinates, as they are."""
        return copy.deepcopy(self.where)

    @classmethod
    def from_json(cls, _json: Mapping[str, Any]) -> Self:
        """The definition of an annotation of any type."""
        where = _json["coordinates"] if "coordinates" in _json else _json.get("data")
        return cls(
            str(_json.get("type")),
            _json.get("label", ""),
            copy.deepcopy(where),
            attributes_in(_json),
            _json.get("description"),
        )


def attributes_in(json: Mapping[str, Any]) -> Attributes:
    """The attributes of an annotation or a snapshot: by key where it has such, else the older names."""
    metadata = json.get("metadata")
    system = metadata.get("system") if isinstance(metadata, Mapping) else None
    named = system.get("attributes") if isinstance(system, Mapping) else None
    for found in (json.get("namedAttributes"), named, json.get("attributes")):
        if isinstance(found, Mapping):
            return dict(found)
    older = json.get("attributes")
    return list(older) if isinstance(older, list) and older else {}


def number(value: Any, what: str) -> float:
    """A number that JSON has.

    Raises:
        BadRequest: It is none, or not finite.
    """
    try:
        result = float(value)
    except (TypeError, ValueError):
        result = math.nan
    if not math.isfinite(result):
        raise BadRequest("400", f"{what} has to be a number: {value!r}")
    return result


def point(x: float, y: float) -> dict[str, float]:
    """A place as the wire has it: ``{"x", "y", "z"}``."""
    return {"x": number(x, "An x"), "y": number(y, "A y"), "z": 0.0}


def flat(place: Place) -> dict[str, float]:
    """A place as ``{"x", "y"}``.

    Raises:
        BadRequest: It has no x and y.
    """
    if isinstance(place, Mapping):
        x, y = place.get("x"), place.get("y")
    else:
        numbers = list(place)
        if len(numbers) < len("xy"):
            raise BadRequest("400", f"A point needs an x and a y: {place!r}")
        x, y = numbers[0], numbers[1]
    return {"x": number(x, "An x"), "y": number(y, "A y")}


def spatial(numbers: Sequence[float] | Mapping[str, float], what: str) -> dict[str, float]:
    """Three numbers as ``{"x", "y", "z"}``.

    Raises:
        BadRequest: There are more or fewer.
    """
    values = [numbers.get(axis) for axis in "xyz"] if isinstance(numbers, Mapping) else list(numbers)
    if len(values) != len("xyz"):
        raise BadRequest("400", f"A {what} needs an x, a y and a z: {numbers!r}")
    return {axis: number(value, f"The {axis} of a {what}") for axis, value in zip("xyz", values, strict=True)}
