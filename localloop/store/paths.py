"""Paths of items: text that starts with ``/``, in one normal form, so that one place has one name."""

from __future__ import annotations

import mimetypes
import unicodedata
from typing import Any

from localloop.errors import BadRequest

#: What is kept by the platform's own tools; hidden from listings (docs/platform/wire.md, 4.2).
HIDDEN = "/.dataloop"

# The machine's own mime.types files are left out: two laptops have to agree on an item's type. Nor do all versions of
# Python know the same types.
_TYPES = mimetypes.MimeTypes(filenames=())
for _type, _extension in (
    ("image/webp", ".webp"),
    ("image/jpeg", ".jfif"),
    ("image/bmp", ".bmp"),
    ("image/avif", ".avif"),
    ("image/heic", ".heic"),
    ("video/mp4", ".m4v"),
    ("video/webm", ".webm"),
    ("video/x-matroska", ".mkv"),
    ("video/x-msvideo", ".avi"),
    ("video/x-flv", ".flv"),
    ("video/3gpp", ".3gp"),
    ("audio/mpeg", ".mp3"),
    ("audio/mp4", ".m4a"),
    ("audio/aac", ".aac"),
    ("audio/flac", ".flac"),
    ("audio/ogg", ".ogg"),
    ("audio/ogg", ".opus"),
    ("application/x-pcd", ".pcd"),
    ("application/x-ndjson", ".ndjson"),
    ("application/x-yaml", ".yaml"),
    ("application/x-yaml", ".yml"),
    ("text/markdown", ".md"),
    ("text/vtt", ".vtt"),
    ("text/csv", ".csv"),
):
    _TYPES.add_type(_type, _extension)


def normal_path(path: Any) -> str:
    """A path in its normal form: a leading ``/``, no other superfluous ones, Unicode composed (NFC).

    Args:
        path: The path as somebody wrote it.

    Raises:
        BadRequest: It names nothing, climbs with ``..``, or holds a NUL.
    """
    if not isinstance(path, str):
        raise BadRequest("400", f"A path has to be text, not {type(path).__name__}")
    parts = [part for part in unicodedata.normalize("NFC", path).split("/") if part not in {"", "."}]
    if not parts:
        raise BadRequest("400", f"A path needs a name: {path!r}")
    if ".." in parts or "\0" in path:
        raise BadRequest("400", f"Not a path: {path!r}")
    return "/" + "/".join(parts)


def is_hidden(path: str) -> bool:
    """Whether an item at this path is hidden."""
    return path == HIDDEN or path.startswith(f"{HIDDEN}/")


def mimetype_of(path: str) -> str:
    """The media type that a path's extension tells, the same on every machine."""
    return _TYPES.guess_type(path, strict=False)[0] or "application/octet-stream"
