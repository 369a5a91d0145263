"""Videos and sounds, read by PyAV where the extra ``video`` is installed.

Only formats that hold all they show are opened: a playlist would lead to other files and to the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

try:
    import av
    from av.error import FFmpegError
except ImportError:  # the extra is not installed
    av = None  # type: ignore[assignment]  # said so by `available`

from PIL import Image

#: What broken films make PyAV raise.
BROKEN: Final = (OSError, ValueError, LookupError, ArithmeticError, EOFError)

#: The demuxers that may read a film.
_FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,wav,w64,mp3,flac,aac,aiff,amr,au,caf,"
    "h264,hevc,m4v,mpegvideo"
)

#: Frames are counted only in files of this size or less, and only where the container does not say how many.
COUNTED: Final = 64 << 20

#: The largest frame that is decoded, in pixels.
MOST_PIXELS: Final = 100_000_000

#: How many seconds reading the start of a film may take.
PATIENCE: Final = 20.0


#: How many bits a pixel of a video that is written gets, and a second of it at least.
_BITS: Final = 0.25
_LEAST_BITS: Final = 400_000


def available() -> bool:
    """Whether films can be read here."""
    return av is not None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file,pipe"}
    try:
        container = av.open(
            str(path), options=options, metadata_errors="replace", timeout=(PATIENCE, PATIENCE)
        )
        with container:
            yield container
    except FFmpegError as error:
        raise OSError(f"the film cannot be read: {error}") from error


def film_facts(path: Path) -> dict[str, Any]:
    """How long a video or a sound is, and of a video its frames: their number, rate and size.

    Nothing is decoded to count them: the container says, or its index, or a small file is read through.

    Args:
        path: The file.

    Returns:
        The facts; none of what is broken, or where PyAV is not installed.
    """
    if not available():
        return {}
    try:
        with _opened(path) as container:
            return _video(path, container) if container.streams.video else _sound(container)
    except BROKEN:
        return {}


def _video(path: Path, container: Any) -> dict[str, Any]:
    stream = container.streams.video[0]
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    duration = _duration(container, stream)
    frames = _frames(path, container, stream, duration)
    facts = {
        "fps": _number(float(rate)) if rate else None,
        "height": stream.codec_context.height or None,
        "width": stream.codec_context.width or None,
        "nb_frames": frames,
        "duration": duration,
    }
    facts["ffmpeg"] = _present(
        {
            "avg_frame_rate": f"{rate.numerator}/{rate.denominator}" if rate else None,
            "codec_name": stream.codec_context.name,
            "codec_type": "video",
            "height": facts["height"],
            "nb_read_frames": None if frames is None else str(frames),
            "width": facts["width"],
        }
    )
    return _present(facts)


def _sound(container: Any) -> dict[str, Any]:
    if not container.streams.audio:
        return {}
    stream = container.streams.audio[0]
    ffmpeg = {
        "channels": stream.codec_context.channels,
        "codec_name": stream.codec_context.name,
        "codec_type": "audio",
        "sample_rate": str(stream.codec_context.sample_rate or ""),
    }
    return _present({"duration": _duration(container, stream), "ffmpeg": _present(ffmpeg)})


def _duration(container: Any, stream: Any) -> float | None:
    """Seconds."""
    if stream.duration and stream.time_base:
        return round(float(stream.duration * stream.time_base), 6)
    return round(container.duration / av.time_base, 6) if container.duration else None


def _frames(path: Path, container: Any, stream: Any, duration: float | None) -> int | None:
    """How many frames there are: as the container says, counted without decoding, or as the rate tells."""
    if stream.frames:
        return int(stream.frames)
    if path.stat().st_size <= COUNTED:
        return sum(1 for packet in container.demux(stream) if packet.size) or None
    rate = stream.average_rate or stream.guessed_rate
    return round(duration * float(rate)) if duration and rate else None


def _number(value: float) -> float | int:
    """A rate without a fraction where it has none."""
    return int(value) if value == int(value) else round(value, 6)


def _present(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value not in (None, "")}


def first_frame(path: Path) -> Image.Image:
    """The first frame of a video.

    Args:
        path: The file.

    Returns:
        The frame in RGB.

    Raises:
        OSError: There is none, or it cannot be decoded.
        ValueError: It has more than :data:`MOST_PIXELS`.
    """
    if not available():
        raise OSError("videos cannot be read without the extra `video`")
    with _opened(path) as container:
        if not container.streams.video:
            raise OSError("the film has no picture")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MOST_PIXELS:
            raise ValueError(f"a frame of {width} x {height} pixels is not decoded")
        for frame in container.decode(stream):
            picture: Image.Image = frame.to_image()
            return picture
    raise OSError("the film has no frame")


def repaint(source: Path, target: Path, paint: Callable[[int, Image.Image], Image.Image]) -> None:
    """Write a video anew, each frame painted over; without its sound.

    Args:
        source: The video.
        target: The new one: MP4 with MPEG-4 pictures, which every build of PyAV can write.
        paint: Takes a frame's number, from 0 on, and its picture in RGB, and gives the picture to write.

    Raises:
        OSError: There is no frame, one cannot be decoded, or the new one cannot be written.
        ValueError: The frames have more than :data:`MOST_PIXELS`.
    """
    if not available():
        raise OSError("videos cannot be read without the extra `video`")
    with _opened(source) as container:
        if not container.streams.video:
            raise OSError("the film has no picture")
        stream = container.streams.video[0]
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MOST_PIXELS:
            raise ValueError(f"frames of {width} x {height} pixels are not decoded")
        rate = stream.average_rate or stream.guessed_rate
        from_image: Any = av.VideoFrame.from_image
        number = -1
        with av.open(str(target), "w", format="mp4") as made:
            written: Any = made.add_stream("mpeg4", rate=rate)
            written.width, written.height = (
                width + width % 2,
                height + height % 2,
            )  # colours are of 2 x 2 pixels
            written.pix_fmt = "yuv420p"
            written.bit_rate = max(round(width * height * float(rate or 1) * _BITS), _LEAST_BITS)
            for number, frame in enumerate(container.decode(stream)):
                picture = paint(number, frame.to_image()).convert("RGB")
                if picture.size != (written.width, written.height):
                    whole = Image.new("RGB", (written.width, written.height))
                    whole.paste(picture)
                    picture = whole
                made.mux(written.encode(from_image(picture)))
            made.mux(written.encode())
        if number < 0:
            raise OSError("the film has no frame")
