"""Drawing on arrays of any kind of pixels, without a value that is changed where nothing is drawn."""

from __future__ import annotations

from typing import Any, Final

from PIL import Image

from localloop.errors import BadRequest
from localloop.media.arrays import numpy

#: The kinds of numbers that pixels may be (``numpy.dtype.kind``).
_NUMBERS: Final = "uif"

#: The greatest part of red, green, blue and opacity.
_FULL: Final = 255


def checked(image: Any, *, numbers: bool) -> Any:
    """An array that can be drawn on.

    Args:
        image: Rows of numbers; or rows of grey, RGB or RGBA pixels.
        numbers: Whether numbers are drawn.

    Raises:
        BadRequest: It is none.
    """
    array = numpy().asarray(image)
    if array.dtype.kind not in _NUMBERS:
        raise BadRequest("400", f"Give an array of numbers; this one's type is {array.dtype}")
    if numbers and array.ndim != len("yx"):
        raise BadRequest("400", f"A number is drawn on an array of rows; this one's shape is {array.shape}")
    coloured = array.ndim == len("yxc") and array.shape[2] in {3, 4}
    if array.ndim != len("yx") and not coloured:
        raise BadRequest("400", f"Give rows of grey, RGB or RGBA pixels; this array's shape is {array.shape}")
    return array


def numbered(array: Any, where: Any, number: int) -> Any:
    """A copy of an array, with a number where something is.

    Args:
        array: Rows of numbers.
        where: Rows of flags, of the same size.
        number: The number.

    Raises:
        BadRequest: The array's type cannot hold the number.
    """
    _fits(array, number)
    drawn = array.copy()
    drawn[where] = number
    return drawn


def covered(array: Any, layer: Image.Image) -> Any:
    """A copy of an array with a picture laid over it.

    What the picture leaves free stays to the last bit. Where pixels have an opacity of their own, it grows.

    Args:
        array: Rows of grey, RGB or RGBA pixels.
        layer: A picture of mode RGBA, of the same size.

    Raises:
        BadRequest: The array's type cannot hold colours from 0 to 255.
    """
    np = numpy()
    _fits(array, _FULL)
    over = np.array(layer)
    there = over[..., 3] > 0
    part = over[..., 3][there].astype("float64") / _FULL
    drawn = array.copy()
    if array.ndim == len("yx"):
        colour = np.array(layer.convert("RGB").convert("L"))[there]
        drawn[there] = _mixed(array[there], colour, part, array.dtype)
        return drawn
    below = np.ones_like(part)
    if array.shape[2] == len("RGBA"):
        below = np.clip(array[..., 3][there].astype("float64") / _FULL, 0, 1)
        whole = part + below * (1 - part)
        drawn[..., 3][there] = np.maximum(array[..., 3][there], _as(_FULL * whole, array.dtype))
        part = part / whole
    for channel in range(len("RGB")):
        pixels = array[..., channel][there]
        drawn[..., channel][there] = _mixed(pixels, over[..., channel][there], part, array.dtype)
    return drawn


def whole(image: Any, kind: str) -> Any:
    """An array as another type, where that loses nothing.

    Args:
        image: The array.
        kind: The type, such as ``uint8``.

    Raises:
        BadRequest: It would lose something.
    """
    np = numpy()
    array = np.asarray(image)
    limits = np.iinfo(kind)
    if array.dtype.kind == "b":
        return array.astype(kind)
    fine = array.dtype.kind in _NUMBERS and (
        not array.size
        or (
            limits.min <= array.min() and array.max() <= limits.max and bool((array == np.trunc(array)).all())
        )
    )
    if not fine:
        raise BadRequest(
            "400",
            f"Give whole numbers from {limits.min} to {limits.max}; this array of {array.dtype} has others",
        )
    return array.astype(kind)


def _fits(array: Any, number: int) -> None:
    np = numpy()
    if array.dtype.kind == "f":
        return
    limits = np.iinfo(array.dtype)
    if not limits.min <= number <= limits.max:
        raise BadRequest("400", f"An array of {array.dtype} cannot hold {number}: give one of a larger type")


def _mixed(pixels: Any, colour: Any, part: Any, kind: Any) -> Any:
    return _as(pixels.astype("float64") * (1 - part) + colour * part, kind)


def _as(values: Any, kind: Any) -> Any:
    return values.astype(kind) if kind.kind == "f" else numpy().rint(values).astype(kind)
