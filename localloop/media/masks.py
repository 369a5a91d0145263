"""Masks: which pixels of a picture belong to an annotation, as arrays, PNG images and outlines."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from typing import Any, Final

from PIL import Image, ImageDraw

from localloop.errors import BadRequest
from localloop.media.arrays import numpy, opencv
from localloop.media.images import BROKEN, MOST_PIXELS

_PREFIX: Final = "data:image/png;base64,"

#: From which opacity on a pixel belongs to a mask.
_OPAQUE: Final = 128

#: The part of an outline's length that it may be off, as where annotations are drawn by hand.
_COARSE: Final = 0.0005


def encode(mask: Any, color: Sequence[int] = (255, 255, 255)) -> str:
    """A mask as a data URL of a PNG image: its pixels in a colour, and the others transparent.

    Args:
        mask: An array of rows of pixels; what is not 0 belongs to the mask.
        color: Red, green and blue, from 0 to 255.

    Raises:
        BadRequest: It is no such array.
    """
    inside = flags(mask)
    np = numpy()
    pixels = np.zeros((*inside.shape, 4), dtype=np.uint8)
    pixels[inside] = (*(int(value) for value in color[:3]), 255)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return _PREFIX + base64.b64encode(buffer.getvalue()).decode("ascii")


def decode(coordinates: Any) -> Any:
    """The mask of a PNG image's data URL, also of one inside ``{"data": …}`` (docs/platform/wire.md, 5.3).

    Returns:
        An array of rows of pixels: 1 where the image is opaque, or not black where it knows no transparency.

    Raises:
        BadRequest: It is no such image.
    """
    return numpy().asarray(pixels_of(coordinates)).astype("uint8")


def pixels_of(coordinates: Any) -> Image.Image:
    """The mask of a PNG image's data URL, as a picture of two values; see :func:`decode`.

    Raises:
        BadRequest: It is no such image.
    """
    picture = picture_of(coordinates)
    if picture.mode == "P" or picture.has_transparency_data:
        picture = picture.convert("RGBA")
    alpha = picture.mode in {"RGBA", "LA"}
    values, least = (picture.getchannel("A"), _OPAQUE) if alpha else (picture.convert("L"), 1)
    return values.point([255 if value >= least else 0 for value in range(256)], "1")


def color_of(coordinates: Any) -> tuple[int, int, int] | None:
    """The colour of a mask's first pixel; None when it has no pixel."""
    np = numpy()
    pixels = np.asarray(picture_of(coordinates).convert("RGBA"))
    rows, columns = (pixels[:, :, 3] >= _OPAQUE).nonzero()
    if not len(rows):
        return None
    red, green, blue = (int(value) for value in pixels[rows[0], columns[0]][:3])
    return red, green, blue


def picture_of(coordinates: Any) -> Image.Image:
    """The PNG image of a data URL, also of one inside ``{"data": …}``.

    Raises:
        BadRequest: It is no such image.
    """
    url = coordinates.get("data") if isinstance(coordinates, dict) else coordinates
    if not isinstance(url, str) or not url.startswith("data:image/png;base64,"):
        raise BadRequest("400", "A mask is a PNG image as a data URL: data:image/png;base64,...")
    try:
        content = base64.b64decode(url.removeprefix(_PREFIX), validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise BadRequest("400", f"A mask has at most {MOST_PIXELS:,} pixels")
            picture.load()
            return picture.copy()
    except (*BROKEN, binascii.Error, Image.DecompressionBombError) as error:
        raise BadRequest("400", "A mask's PNG image is broken") from error


def flags(mask: Any) -> Any:
    """A mask as an array of booleans.

    Raises:
        BadRequest: It is no array of rows of pixels, or has no pixel.
    """
    array = numpy().asarray(mask)
    if array.ndim != len("yx") or not array.size:
        raise BadRequest("400", f"A mask is an array of rows of pixels; this one's shape is {array.shape}")
    return array > 0


def filled(rings: Sequence[Sequence[tuple[float, float]]], shape: tuple[int, int]) -> Any:
    """The inside of outlines, as a mask; a further outline is a hole in the first.

    Args:
        rings: Outlines: places in pixels.
        shape: Height and width of the picture.

    Returns:
        An array of rows of pixels: 1 inside, else 0.
    """
    return numpy().asarray(region(rings, shape)).astype("uint8")


def region(rings: Sequence[Sequence[tuple[float, float]]], shape: tuple[int, int]) -> Image.Image:
    """The inside of outlines, as a picture of two values; see :func:`filled`."""
    picture = Image.new("1", (shape[1], shape[0]))
    canvas = ImageDraw.Draw(picture)
    for place, ring in enumerate(rings):
        corners = [(round(x), round(y)) for x, y in ring]
        if len(corners) > len("xy"):
            canvas.polygon(corners, fill=place == 0, outline=1)
        elif corners:
            canvas.line([*corners, corners[-1]], fill=1)
    return picture


def outlines(
    mask: Any, *, epsilon: float | None = None, most: int | None = None, least: float = 0
) -> list[Any]:
    """The outlines of a mask's separate parts, the largest first; holes are not followed.

    Args:
        mask: An array of rows of pixels; what is more than half of its greatest value belongs to it.
        epsilon: How many pixels an outline may be off; a 2000th of its length when None.
        most: How many outlines there are at most.
        least: Outlines around less than this many square pixels are left out. What is so thin that its
            outline surrounds nothing counts as 0.

    Returns:
        For each an array of pairs of x and y.

    Raises:
        BadRequest: It is no array of rows of pixels.
    """
    np, cv2 = numpy(), opencv()
    array = np.asarray(mask)
    inside = flags(array if array.dtype == bool else array > array.max(initial=0) / 2)
    found, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    sized = sorted(((cv2.contourArea(one), one) for one in found), key=lambda pair: -pair[0])
    result = []
    for area, outline in sized[:most]:
        if area < least:
            break
        off = _COARSE * cv2.arcLength(outline, closed=True) if epsilon is None else epsilon
        result.append(cv2.approxPolyDP(outline, off, closed=True).reshape(-1, 2))
    return result
