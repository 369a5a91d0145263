"""Arrays, which the extra ``annotations`` brings."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from localloop.errors import UnprocessableEntity


def numpy() -> Any:
    """NumPy.

    Raises:
        UnprocessableEntity: It is not installed.
    """
    return _extra("numpy", "Arrays")


def opencv() -> Any:
    """OpenCV.

    Raises:
        UnprocessableEntity: It is not installed.
    """
    return _extra("cv2", "Outlines of masks")


def webvtt() -> Any:
    """The reader and writer of WebVTT files.

    Raises:
        UnprocessableEntity: It is not installed.
    """
    return _extra("webvtt", "WebVTT files")


def _extra(name: str, what: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        message = f"{what} need the extra `annotations`: pip install 'localloop[annotations]'"
        raise UnprocessableEntity("422", message) from error
