"""Subtitles from and into WebVTT files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from localloop.errors import BadRequest
from localloop.media.arrays import webvtt
from localloop.sdk.words import Subtitle

_LABEL = "Text"


def read_vtt(path: Path) -> list[tuple[float, float, Subtitle]]:
    """The captions of a WebVTT file: when each begins and ends, in seconds, and what is said.

    Raises:
        BadRequest: It is no WebVTT file.
        OSError: It cannot be read.
        ExtraMissingError: The extra ``annotations`` is not installed.
    """
    library = webvtt()
    try:
        captions = list(library.read(str(path)))
    except (library.errors.MalformedFileError, library.errors.MalformedCaptionError, UnicodeError) as error:
        raise BadRequest("400", f"{str(path)!r} is not a WebVTT file") from error
    return [(_seconds(one.start), _seconds(one.end), Subtitle(one.text, _LABEL)) for one in captions]


def vtt_of(annotations: Iterable[Any]) -> str:
    """The subtitles among annotations as the text of a WebVTT file, in the order of their times.

    Raises:
        ExtraMissingError: The extra ``annotations`` is not installed.
    """
    library = webvtt()
    subtitles = sorted(
        (one.start_time, one.end_time, one.annotation_definition.text)
        for one in annotations
        if isinstance(one.annotation_definition, Subtitle)
    )
    file = library.WebVTT()
    for start, end, text in subtitles:
        file.captions.append(library.Caption(_stamp(start), _stamp(end), text))
    text_file = StringIO()
    file.write(text_file)
    return text_file.getvalue().rstrip("\n") + "\n"


def _seconds(stamp: str) -> float:
    *hours, minutes, seconds = stamp.split(":")
    return float(hours[0] if hours else 0) * 3600 + float(minutes) * 60 + float(seconds)


def _stamp(seconds: float) -> str:
    thousandths = math.floor(seconds * 1000 + 0.5)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
