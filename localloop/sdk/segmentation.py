"""Masks as annotations (docs/platform/wire.md, 5.3: ``binary``)."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

from localloop.media.arrays import numpy
from localloop.sdk.definition import Attributes, Definition, Place, flat
from localloop.sdk.definitions import Box, Polygon

_WHITE = (255, 255, 255)


class Segmentation(Definition):
    """The pixels of a picture that show something.

    Args:
        geo: An array of rows of pixels, as high and wide as the picture; what is not 0 belongs to it.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
        color: Red, green and blue, from 0 to 255, of the image that it is stored as; its label's when left out.

    Raises:
        BadRequest: ``geo`` is no such array.
    """

    type = "binary"

    def __init__(
        self,
        geo: Any,
        label: str,
        attributes: Attributes = None,
        description: str | None = None,
        color: Sequence[int] | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.color = color
        self._wire: Any = None  # the coordinates as they came or were made
        self._made_of: Any = None  # the mask and the colour that they show
        if geo is not None:
            self.geo = geo

    @property
    def geo(self) -> Any:
        """The mask: an array of rows of pixels, 1 where it is, else 0."""
        if self._mask is None:
            from localloop.media.masks import decode  # noqa: PLC0415 - loads Pillow

            self._mask = decode(self._wire)
            self._made_of = (self._mask.copy(), self.color)
        return self._mask

    @geo.setter
    def geo(self, mask: Any) -> None:
        from localloop.media.masks import flags  # noqa: PLC0415 - as above

        self._mask = flags(mask).astype("uint8")

    _mask: Any = None

    def _edge(self, axis: int, *, last: bool) -> float:
        places = self.geo.nonzero()[axis]
        if not len(places):
            return 0
        return int(places.max() if last else places.min())

    @property
    def left(self) -> float:  # type: ignore[override]  # it follows from the mask
        """The first column that has a pixel of it."""
        return self._edge(1, last=False)

    @property
    def top(self) -> float:  # type: ignore[override]  # as above
        """The first row that has a pixel of it."""
        return self._edge(0, last=False)

    @property
    def right(self) -> float:  # type: ignore[override]  # as above
        """The last column that has a pixel of it."""
        return self._edge(1, last=True)

    @property
    def bottom(self) -> float:  # type: ignore[override]  # as above
        """The last row that has a pixel of it."""
        return self._edge(0, last=True)

    def coordinates(self) -> Any:
        """A PNG image as a data URL; that which came, as long as mask and colour are the same."""
        if self._mask is None:
            return copy.deepcopy(self._wire)
        np = numpy()
        if (
            self._made_of is None
            or self._made_of[1] != self.color
            or not np.array_equal(self._made_of[0], self._mask)
        ):
            from localloop.media.masks import encode  # noqa: PLC0415 - loads Pillow

            url = encode(self._mask, self.color or _WHITE)
            self._wire = {**self._wire, "data": url} if isinstance(self._wire, Mapping) else url
            self._made_of = (self._mask.copy(), self.color)
        return copy.deepcopy(self._wire)

    def to_coordinates(self, color: Any = None) -> Any:
        """The PNG image as a data URL.

        Args:
            color: The colour that it is to have; the one it has when left out.
        """
        if color is not None and tuple(color[:3]) != tuple(self.color or ()):
            _ = self.geo  # drawn anew from its pixels
            self.color = tuple(color[:3])
        return self.coordinates()

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        """The pixels of the picture that it is stored as."""
        from localloop.media.masks import picture_of  # noqa: PLC0415 - loads Pillow

        return numpy().array(picture_of(coordinates))

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        made = cls(None, **said)
        made._wire = where
        return made

    @classmethod
    def from_polygon(
        cls, geo: Sequence[Place], label: str, shape: tuple[int, int], attributes: Attributes = None
    ) -> Self:
        """The inside of a polygon.

        Args:
            geo: Its corners.
            label: The label's tag.
            shape: Height and width of the picture, in pixels.
            attributes: See :class:`Definition`.
        """
        from localloop.media.masks import filled  # noqa: PLC0415 - loads Pillow

        corners = [flat(place) for place in geo]
        mask = filled([[(place["x"], place["y"]) for place in corners]], (shape[0], shape[1]))
        return cls(mask, label, attributes)

    def to_polygon(self, epsilon: float | None = None, max_instances: int | None = 1) -> Any:
        """Its outline as a polygon, or its outlines as a list; see :meth:`Polygon.from_segmentation`."""
        return Polygon.from_segmentation(
            self.geo, self.label or "", self.attributes, epsilon=epsilon, max_instances=max_instances
        )

    def to_box(self) -> list[Box]:
        """A box around each of its separate parts."""
        return Box.from_segmentation(self.geo, self.label or "", self.attributes)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(label={self.label!r})"
