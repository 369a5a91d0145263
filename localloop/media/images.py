"""Images, read by Pillow.

Which of Pillow's readers gets a file is decided here, by its first bytes: the others are never tried, some of which
start programs, and Pillow's warning of large images, which are no danger while only their headers are read, is not
printed into a user's terminal.
"""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

#: What Pillow raises for a file that is not what it says it is.
BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    struct.error,
    UserWarning,  # where warnings are errors
)
# That a stranger's file is corrupt is no news to whoever stores it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")

#: The largest image that is decoded, in pixels; larger ones have no thumbnail.
MOST_PIXELS: Final = 100_000_000

#: Pillow reads a whole WebP file to look at its header, so one that is larger than this is not looked at.
LARGEST_WEBP: Final = 64 << 20

#: How much of the EXIF data is kept: a text's characters, a list's numbers, and tags.
EXIF_TEXT: Final = 256
EXIF_LIST: Final = 16
EXIF_TAGS: Final = 100

#: The tags outside the EXIF directory that say something of the picture; others say how a TIFF file is laid out.
_SAID: Final = frozenset(
    {
        ExifTags.Base.ImageDescription,
        ExifTags.Base.Make,
        ExifTags.Base.Model,
        ExifTags.Base.Orientation,
        ExifTags.Base.XResolution,
        ExifTags.Base.YResolution,
        ExifTags.Base.ResolutionUnit,
        ExifTags.Base.Software,
        ExifTags.Base.DateTime,
        ExifTags.Base.Artist,
        ExifTags.Base.Copyright,
    }
)

_Reader = Callable[[IO[bytes]], Any]
_READERS: tuple[tuple[bytes, _Reader], ...] = (
    (b"\xff\xd8\xff", jpeg_factory),
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"GIF8", GifImageFile),
    (b"BM", BmpImageFile),
    (b"II*\0", TiffImageFile),
    (b"MM\0*", TiffImageFile),
    (b"II+\0", TiffImageFile),
    (b"MM\0+", TiffImageFile),
    (b"RIFF", WebPImageFile),
)

#: Channels of what is shown, by Pillow's mode; all other modes have three.
_CHANNELS: dict[str, int] = {
    "1": 1,
    "L": 1,
    "I": 1,
    "F": 1,
    "I;16": 1,
    "I;16B": 1,
    "I;16L": 1,
    "LA": 2,
    "RGBA": 4,
    "RGBa": 4,
    "CMYK": 4,
    "PA": 4,
}


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An image of which the header is read, and nothing more until somebody asks for its pixels.

    Args:
        path: The file.

    Yields:
        Pillow's image.

    Raises:
        OSError: It is no image of a known format. See :data:`BROKEN` for what else a broken one may raise.
    """
    with path.open("rb") as file:
        start = file.read(12)
        file.seek(0)
        reader = next((reader for magic, reader in _READERS if start.startswith(magic)), None)
        if reader is WebPImageFile and (start[8:] != b"WEBP" or path.stat().st_size > LARGEST_WEBP):
            reader = None
        if reader is None:
            raise UnidentifiedImageError("not an image of a known format")
        with reader(file) as image:
            yield image


def image_facts(path: Path) -> dict[str, Any]:
    """The size of an image, its channels and its EXIF data.

    ``width`` and ``height`` are those of the stored pixels, before ``exif.Orientation`` turns them: clients turn
    them themselves.

    Args:
        path: The file.

    Returns:
        The facts; none of a file that is broken, or of another format.
    """
    try:
        with opened(path) as image:
            width, height = image.size
            facts = {"width": width, "height": height, "channels": _channels(image)}
            return {**facts, "exif": _exif(image)}
    except BROKEN:
        return {}


def _channels(image: Any) -> int:
    if image.mode == "P":
        return 4 if "transparency" in image.info else 3
    return _CHANNELS.get(image.mode, 3)


def _exif(image: Any) -> dict[str, Any]:
    """The EXIF data by the names of its tags, without what is no text and no number, such as notes of makers."""
    try:
        tags = image.getexif()
        own = {tag: value for tag, value in tags.items() if tag in _SAID}
        found = {**own, **dict(tags.get_ifd(ExifTags.IFD.Exif))} if tags else {}
    except BROKEN:
        return {}
    named = {ExifTags.TAGS[tag]: value for tag, value in found.items() if tag in ExifTags.TAGS}
    plain = {name: _plain(value) for name, value in sorted(named.items())[:EXIF_TAGS]}
    return {name: value for name, value in plain.items() if value is not None}


def _plain(value: Any) -> Any:
    """A value of EXIF data as JSON; None for what cannot be one."""
    if isinstance(value, str):
        text = value.replace("\0", "").encode("utf-8", "replace").decode()[:EXIF_TEXT].strip()
        return text or None
    if isinstance(value, int):
        return value if abs(value) < 2**53 else None
    if isinstance(value, tuple):
        numbers = [_plain(one) for one in value[:EXIF_LIST]]
        return None if None in numbers or len(value) > EXIF_LIST else numbers
    try:
        number = float(value)  # Pillow's rational numbers
    except BROKEN:
        return None
    return number if math.isfinite(number) else None


def decoded(image: Any, box: tuple[int, int]) -> Image.Image:
    """The first picture of an image, the right way up, in RGB and fit into a box; it is never enlarged.

    Args:
        image: An image as from :func:`opened`.
        box: The most width and height.

    Raises:
        ValueError: It has more than :data:`MOST_PIXELS`.
    """
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ValueError(f"an image of {width} x {height} pixels is not decoded")
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation in _TURNS and _TURNS[orientation] in _QUARTERS:
        box = (box[1], box[0])
    image.draft("RGB", box)  # a JPEG is decoded at a fraction of its size, where that is enough
    picture: Image.Image = _rgb(image)
    picture.thumbnail(box)
    return picture.transpose(_TURNS[orientation]) if orientation in _TURNS else picture


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUARTERS = {
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
}


def _rgb(image: Any) -> Image.Image:
    """The pixels in RGB; what is transparent becomes white, and what is deeper than 8 bits is scaled to them."""
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        deep = image.convert("F")
        low, high = deep.getextrema()
        scale = 255 / (high - low) if high > low else 0
        return Image.merge("RGB", [deep.point(lambda value: value * scale - low * scale).convert("L")] * 3)
    if "transparency" in image.info or image.mode in {"LA", "PA", "RGBA", "RGBa"}:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    picture: Image.Image = image.copy() if image.mode == "RGB" else image.convert("RGB")
    return picture
