"""Annotations painted on a picture of full size: outlines, filled shapes and masks, and their labels beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from localloop.errors import BadRequest
from localloop.media.drawing import Place, drawable, outlines_of
from localloop.media.masks import pixels_of, region

Ink = int | tuple[int, ...]

#: How thick lines are, and how far points reach, in pixels, where nobody says.
_LINE: Final = 2
_DOT: Final = 5

#: The thickness that fills a shape.
FILLED: Final = -1

_CLOSED: Final = frozenset({"box", "note", "segment", "polygon", "ellipse"})

#: The part of a picture's height that a label has, and the least and the most that it has in pixels.
_TEXT_PART: Final = 0.03
_TEXT_SIZES: Final = (11, 48)

#: Between a label and the edge of its ground, in pixels.
_MARGIN: Final = 2

#: The brightness from which on writing is black.
_MIDDLE: Final = 128

#: Fonts with many alphabets that machines have.
_FONTS: Final = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf")


@dataclass(frozen=True)
class Mark:
    """One annotation to paint.

    Attributes:
        kind: Its type.
        where: Its coordinates.
        ink: The colour, in the picture's own terms.
        text: What is written beside it.
    """

    kind: str
    where: Any
    ink: Ink
    text: str | None = None


def paint(
    picture: Image.Image, marks: Sequence[Mark], *, thickness: int | None = None, alpha: float = 1
) -> Image.Image:
    """Paint annotations on a picture: masks first, so that nothing is below them.

    What has no outline, such as a classification, is only written; what makes no sense is left out.

    Args:
        picture: The picture: RGBA, or of whole numbers (mode I). It stays as it is.
        marks: The annotations.
        thickness: How thick lines are, in pixels; -1 fills shapes.
        alpha: How opaque the annotations are, from 0 to 1; numbers always are wholly.

    Returns:
        The painted picture.
    """
    see_through = picture.mode == "RGBA" and alpha < 1
    layer = Image.new("RGBA", picture.size) if see_through else picture.copy()
    for mark in sorted(marks, key=lambda mark: mark.kind != "binary"):
        ink = mark.ink
        if see_through and isinstance(ink, tuple):
            ink = (*ink[:3], round(alpha * 255))
        try:
            _mark(layer, mark, ink, thickness)
        except (BadRequest, ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            continue  # coordinates are anybody's JSON
    result = Image.alpha_composite(picture, layer) if see_through else layer
    for mark in marks:
        if mark.text:
            write(result, mark)
    return result


def _mark(layer: Image.Image, mark: Mark, ink: Ink, thickness: int | None) -> None:
    if mark.kind == "binary":
        pixels = pixels_of(mark.where)
        layer.paste(ink, (0, 0, *pixels.size), pixels)
        return
    lines = list(outlines_of(mark.kind, mark.where))
    if not all(drawable(line) for line in lines):
        return
    if thickness == FILLED and mark.kind in _CLOSED:
        pixels = region(lines, (layer.height, layer.width))
        layer.paste(ink, (0, 0, *pixels.size), pixels)
        return
    canvas = ImageDraw.Draw(layer)
    given = thickness if thickness is not None and thickness > 0 else None
    for line in lines:
        if len(line) == 1:
            [(x, y)] = line
            reach = given or _DOT
            canvas.ellipse((x - reach, y - reach, x + reach, y + reach), fill=ink)
        elif line:
            canvas.line(line, fill=ink, width=given or _LINE, joint="curve")


def write(picture: Image.Image, mark: Mark) -> None:
    """Write a mark's text above its upper left corner, inside the picture, on a ground of the mark's colour.

    Args:
        picture: The picture, which is changed.
        mark: What has the text.
    """
    size = min(max(round(picture.height * _TEXT_PART), _TEXT_SIZES[0]), _TEXT_SIZES[1])
    font = _font(size)
    canvas = ImageDraw.Draw(picture)
    text = mark.text or ""
    left, top, right, bottom = canvas.textbbox((0, 0), text, font=font)
    wide, high = right - left + 2 * _MARGIN, bottom - top + 2 * _MARGIN
    x, y = _corner(mark, picture.size)
    x = max(0, min(x, picture.width - wide))
    y = max(0, min(y - high - _MARGIN, picture.height - high))
    at = (x - left + _MARGIN, y - top + _MARGIN)
    if not isinstance(mark.ink, tuple):
        canvas.text(at, text, fill=mark.ink, font=font)
        return
    canvas.rectangle((x, y, x + wide, y + high), fill=(*mark.ink[:3], 255))
    red, green, blue = mark.ink[:3]
    bright = 299 * red + 587 * green + 114 * blue > _MIDDLE * 1000  # as ITU-R BT.601 weighs them
    canvas.text(at, text, fill=(0, 0, 0, 255) if bright else (255, 255, 255, 255), font=font)


@cache
def _font(size: int) -> Any:
    """A font that knows more than English where the machine has one, else Pillow's own."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _corner(mark: Mark, size: tuple[int, int]) -> Place:
    """The upper left corner of a mark; a tenth into the picture when it has none."""
    otherwise = (size[0] / 10, size[1] / 10)
    try:
        if mark.kind == "binary":
            box = pixels_of(mark.where).getbbox()
            return otherwise if box is None else (box[0], box[1])
        places = [place for line in outlines_of(mark.kind, mark.where) for place in line]
    except (BadRequest, ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
        return otherwise
    if not places or not drawable(places):
        return otherwise
    above = _DOT if len(places) == 1 else 0
    return min(x for x, _ in places), min(y for _, y in places) - above
