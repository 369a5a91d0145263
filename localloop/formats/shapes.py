"""Geometry between the wire and the formats: boxes, polygons, and masks as runs.

Coordinates on the wire are docs/platform/wire.md, 5.3.
"""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from PIL import Image, UnidentifiedImageError

Point = tuple[float, float]
Ring = list[Point]

_RUNS: Final = re.compile(rb"\x00+|\xff+")
_DATA_URL: Final = "data:image/png;base64,"


class UnfitError(ValueError):
    """A shape that cannot be told in another form; the message is the reason."""


def corners(annotation: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """The left, top, right and bottom edge of a box.

    Raises:
        UnfitError: It is turned, or no box.
    """
    found = annotation.get("coordinates")
    if not isinstance(found, list) or len(found) < 2:
        raise UnfitError("its coordinates are no two corners")
    if len(found) > 2 and found[2]:
        raise UnfitError("it is turned")
    (x1, y1), (x2, y2) = point(found[0]), point(found[1])
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def rings(annotation: Mapping[str, Any]) -> list[Ring]:
    """The rings of a polygon.

    Raises:
        UnfitError: It is none.
    """
    found = annotation.get("coordinates")
    if isinstance(found, list) and found and isinstance(found[0], Mapping):
        found = [found]  # one ring without its list, as older clients wrote
    if not isinstance(found, list) or not all(isinstance(ring, list) and len(ring) > 2 for ring in found):
        raise UnfitError("its coordinates are no rings of three points or more")
    return [[point(one) for one in ring] for ring in found]


def point(found: Any) -> Point:
    """A point of the wire.

    Raises:
        UnfitError: It is none.
    """
    try:
        x, y = float(found["x"]), float(found["y"])
    except (TypeError, KeyError, ValueError):
        raise UnfitError("its coordinates are no points") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise UnfitError("its coordinates are not finite")
    return x, y


def box(left: float, top: float, right: float, bottom: float) -> list[dict[str, float]]:
    """The coordinates of a box."""
    return [{"x": left, "y": top, "z": 0}, {"x": right, "y": bottom, "z": 0}]


def segment(found: Iterable[Iterable[Point]]) -> list[list[dict[str, float]]]:
    """The coordinates of a polygon."""
    return [[{"x": x, "y": y, "z": 0} for x, y in ring] for ring in found]


def around(found: Iterable[Ring]) -> tuple[float, float, float, float]:
    """The edges of the box around rings."""
    xs, ys = zip(*(one for ring in found for one in ring), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def area(found: Iterable[Ring]) -> float:
    """The area of rings, in square pixels, each for itself."""
    return sum(
        abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2)
        for ring in found
    )


def extent(start: float, end: float) -> float:
    """How far it is from one number to another, so that the sum of both is the other again, to the last bit."""
    width = end - start
    for other in (width, math.nextafter(width, math.inf), math.nextafter(width, -math.inf)):
        if start + other == end:
            return other
    return width


def runs(annotation: Mapping[str, Any]) -> tuple[list[int], int, int]:
    """A mask as runs of pixels that are out and in by turns, column by column, as COCO counts them.

    Returns:
        The runs, the first of which is out of the mask, and the mask's width and height in pixels.

    Raises:
        UnfitError: There is no PNG in it.
    """
    found = annotation.get("coordinates")
    data = found.get("data") if isinstance(found, Mapping) else found
    if not isinstance(data, str) or not data.startswith(_DATA_URL):
        raise UnfitError("its mask is no PNG")
    try:
        with Image.open(io.BytesIO(base64.b64decode(data[len(_DATA_URL) :], validate=True))) as image:
            mask = image.getchannel("A") if "A" in image.getbands() else image.convert("L")
    except (ValueError, OSError, UnidentifiedImageError, Image.DecompressionBombError):
        raise UnfitError("its mask is no PNG") from None
    turned = mask.point([0] + [255] * 255).transpose(Image.Transpose.TRANSPOSE)
    pixels = turned.tobytes()
    counts = [len(run) for run in _RUNS.findall(pixels)]
    if pixels[:1] == b"\xff":
        counts.insert(0, 0)
    return counts, mask.width, mask.height


def mask(counts: Sequence[int], width: int, height: int) -> str:
    """The PNG of a mask, as a data URL: white and opaque in the mask, and transparent out of it.

    Args:
        counts: Runs, as :func:`runs` gives them.
        width: Pixels across.
        height: Pixels down.

    Raises:
        UnfitError: The runs are not as long as the mask is large.
    """
    if width < 1 or height < 1 or any(count < 0 for count in counts) or sum(counts) != width * height:
        raise UnfitError("its runs are not as long as its mask is large")
    pixels = b"".join((b"\xff" if number % 2 else b"\x00") * count for number, count in enumerate(counts))
    alpha = Image.frombytes("L", (height, width), pixels).transpose(Image.Transpose.TRANSPOSE)
    picture = Image.merge("RGBA", [Image.new("L", alpha.size, 255)] * 3 + [alpha])
    out = io.BytesIO()
    picture.save(out, "PNG")
    return _DATA_URL + base64.b64encode(out.getvalue()).decode()


def edges(counts: Sequence[int], height: int) -> tuple[int, int, int, int]:
    """The left, top, right and bottom edge of what is in a mask; all 0 when nothing is."""
    left, top, right, bottom, place = 1 << 60, height, 0, 0, 0
    for number, count in enumerate(counts):
        if number % 2 and count:
            first, last = divmod(place, height), divmod(place + count - 1, height)
            left, right = min(left, first[0]), max(right, last[0] + 1)
            whole = last[0] > first[0]  # goes over the end of a column
            top = 0 if whole else min(top, first[1])
            bottom = height if whole else max(bottom, last[1] + 1)
        place += count
    return (left, top, right, bottom) if right else (0, 0, 0, 0)


def unpacked(text: str) -> list[int]:
    """The runs in the text that COCO's tools pack them into.

    Five bits a character from 48 on, the sixth says that more follow; from the third run on, each is told by what it
    differs from the one before the last (pycocotools, ``rleFrString``).

    Raises:
        UnfitError: It is no such text.
    """
    counts: list[int] = []
    value, shift = 0, 0
    for character in text.encode("ascii", "replace"):
        bits = character - 48
        if not 0 <= bits < 64:
            raise UnfitError("its runs cannot be read")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value, shift = 0, 0
    if shift:
        raise UnfitError("its runs cannot be read")
    return counts
