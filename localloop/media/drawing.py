"""Annotations drawn on a small picture (docs/platform/wire.md, 5.3)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from PIL import Image, ImageColor, ImageDraw

Place = tuple[float, float]

#: How many annotations a picture shows.
MOST = 1000


def draw(
    picture: Image.Image, shown: tuple[int, int], marks: Iterable[tuple[Mapping[str, Any], str]]
) -> None:
    """Draw annotations on a picture: outlines in the colours of their labels.

    What has no outline, such as a classification, and what makes no sense are left out.

    Args:
        picture: The picture, which is changed.
        shown: The width and height, the right way up, that coordinates are in.
        marks: Annotations' rows, each with its colour.
    """
    canvas = ImageDraw.Draw(picture)
    scale = (picture.width / max(shown[0], 1), picture.height / max(shown[1], 1))
    for annotation, colour in marks:
        try:
            ink = ImageColor.getrgb(colour)
            for line in outlines_of(str(annotation["type"]), annotation.get("coordinates")):
                _stroke(canvas, [(x * scale[0], y * scale[1]) for x, y in line], ink)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            continue  # coordinates are anybody's JSON


def _stroke(canvas: ImageDraw.ImageDraw, line: list[Place], ink: Any) -> None:
    if not drawable(line):
        return
    if len(line) == 1:
        [(x, y)] = line
        canvas.ellipse((x - 2, y - 2, x + 2, y + 2), fill=ink)
    elif line:
        canvas.line(line, fill=ink, width=2)


def drawable(line: list[Place]) -> bool:
    """Whether all places of a line are somewhere near a picture."""
    return all(math.isfinite(value) and abs(value) < 1e6 for place in line for value in place)


def outlines_of(kind: str, where: Any) -> Iterator[list[Place]]:
    """The lines that an annotation consists of; a point is a line of one place.

    Args:
        kind: The annotation's type.
        where: Its coordinates.

    Raises:
        LookupError: The coordinates make no sense; so do TypeError, ValueError and AttributeError.
    """
    if kind == "point":
        yield [_place(where)]
    elif kind == "box":
        yield _box(where)
    elif kind == "note":
        yield _box(where["box"])
    elif kind in {"segment", "polygon"}:
        for ring in where:
            yield _closed([_place(one) for one in ring])
    elif kind in {"polyline", "line"}:
        for part in where:
            yield [_place(one) for one in part]
    elif kind == "ellipse":
        yield _ellipse(where)
    elif kind == "cube":
        front = [_place(where[f"front_{corner}"]) for corner in ("tl", "tr", "br", "bl")]
        back = [_place(where[f"back_{corner}"]) for corner in ("tl", "tr", "br", "bl")]
        yield from (
            _closed(front),
            _closed(back),
            *([one, other] for one, other in zip(front, back, strict=True)),
        )


def _place(point: Mapping[str, Any]) -> Place:
    return float(point["x"]), float(point["y"])


def _closed(line: list[Place]) -> list[Place]:
    return [*line, *line[:1]]


def _box(where: Any) -> list[Place]:
    (left, top), (right, bottom) = _place(where[0]), _place(where[1])
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    angle = float(where[2]) if len(where) > 2 and isinstance(where[2], int | float) else 0.0
    return _closed(_turned(corners, ((left + right) / 2, (top + bottom) / 2), angle))


def _ellipse(where: Mapping[str, Any]) -> list[Place]:
    x, y = _place(where["center"])
    steps = [math.tau * step / 48 for step in range(48)]
    line = [(x + where["rx"] * math.cos(step), y + where["ry"] * math.sin(step)) for step in steps]
    return _closed(_turned(line, (x, y), float(where.get("angle") or 0)))


def _turned(line: list[Place], centre: Place, degrees: float) -> list[Place]:
    if not degrees:
        return line
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    moved = [(x - centre[0], y - centre[1]) for x, y in line]
    return [(centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine) for x, y in moved]
