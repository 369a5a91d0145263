"""Facts of a file that the platform derives from it (docs/platform/wire.md, 4.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localloop.media.links import link_facts


def probe(path: Path | None, mimetype: str) -> dict[str, Any]:
    """What a file's bytes tell of it.

    Args:
        path: The file; None, where it is not here, tells nothing.
        mimetype: What its name says it is; only images, videos, sounds and JSON are looked into.

    Returns:
        Values of ``metadata.system`` by key: ``height``, ``width``, ``channels`` and ``exif`` of an image;
        ``fps``, ``nb_frames``, ``height``, ``width``, ``duration`` and ``ffmpeg`` of a video; ``duration`` and
        ``ffmpeg`` of a sound; ``shebang`` and perhaps another ``mimetype`` of a link. What cannot be told is
        absent.
    """
    kind = mimetype.partition("/")[0]
    if path is None:
        return {}
    if kind == "image":
        from localloop.media.images import image_facts  # noqa: PLC0415 - Pillow is loaded when it is needed

        return image_facts(path)
    if kind in {"video", "audio"}:
        from localloop.media.films import film_facts  # noqa: PLC0415 - PyAV is loaded when it is needed

        return film_facts(path)
    return link_facts(path) if mimetype == "application/json" else {}
