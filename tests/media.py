"""Small images and videos for tests."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
from PIL import Image


def image(size: tuple[int, int] = (40, 30), kind: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    """An image of one colour, orange where it has colours, as the bytes of a file."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (240, 120, 0)).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def video(
    path: Path, *, frames: int, rate: int, size: tuple[int, int] = (64, 48), codec: str = "mpeg4"
) -> Path:
    """A video of blue frames."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            frame = av.VideoFrame.from_image(Image.new("RGB", size, (0, 0, 255)))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
