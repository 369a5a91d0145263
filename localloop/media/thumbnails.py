"""Small pictures of images and videos, made when they are asked for and kept beside the content.

A picture is kept by the digest of what it shows, so it never becomes stale. Only the sizes of :data:`BOXES` are kept,
so that nobody fills the disk by asking for a thousand others: those are made from the next larger one.
"""

from __future__ import annotations

import io
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from localloop.blobs import BlobCache

if TYPE_CHECKING:
    from PIL.Image import Image

#: The boxes that kept pictures fit into, and the one that nobody asked for.
BOXES: Final = (128, 256, 512, 1024, 2048)
DEFAULT: Final = 256

MIMETYPE: Final = "image/jpeg"

#: How many pictures are decoded at once. The largest take a gibibyte while that lasts; small ones do not wait long.
_DECODING: Final = BoundedSemaphore(2)


def fit(width: float | None, height: float | None) -> tuple[int, int]:
    """The box that a request's measures make; one that is missing does not confine.

    Args:
        width: The most width.
        height: The most height.
    """
    most = BOXES[-1]
    if width is None and height is None:
        return DEFAULT, DEFAULT
    return tuple(most if side is None else max(1, min(int(side), most)) for side in (width, height))  # type: ignore[return-value]  # two


class Thumbnails:
    """The thumbnails of one cache.

    Args:
        blobs: Where the content is.
    """

    def __init__(self, blobs: BlobCache) -> None:
        self._blobs = blobs

    def picture(self, digest: str, mimetype: str, box: tuple[int, int]) -> Image | None:
        """A picture that fits into a box, in RGB, the right way up and never larger than what it shows.

        Args:
            digest: The content.
            mimetype: What it is.
            box: The most width and height.

        Returns:
            The picture; None where the content is not here, shows nothing, or is broken.
        """
        step = next(step for step in BOXES if step >= max(box))
        kept = self._blobs.beside(digest, f"{step}.jpg")
        source = self._blobs.path(digest)
        if kept is None or source is None:
            return None
        picture = _read(kept) or self._made(digest, source, mimetype, step)
        if picture is not None:
            picture.thumbnail(box)
        return picture

    def _made(self, digest: str, source: Path, mimetype: str, step: int) -> Image | None:
        with _DECODING:
            picture = _decoded(source, mimetype, step)
        if picture is not None:
            self._blobs.keep_beside(digest, f"{step}.jpg", as_jpeg(picture))
        return picture


def as_jpeg(picture: Image) -> bytes:
    """A picture as the bytes of a JPEG."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _read(path: Path) -> Image | None:
    """A kept picture; None when there is none, or a crash of the machine left it broken."""
    from localloop.media.images import BROKEN, opened  # noqa: PLC0415 - Pillow is loaded when it is needed

    try:
        with opened(path) as image:
            picture: Image = image.convert("RGB")
            return picture
    except BROKEN:
        return None


def _decoded(source: Path, mimetype: str, step: int) -> Image | None:
    from localloop.media import films, images  # noqa: PLC0415 - as above

    try:
        if mimetype.startswith("image/"):
            with images.opened(source) as image:
                return images.decoded(image, (step, step))
        if mimetype.startswith("video/"):
            picture = films.first_frame(source)
            picture.thumbnail((step, step))
            return picture
    except (*images.BROKEN, EOFError):
        return None
    return None
