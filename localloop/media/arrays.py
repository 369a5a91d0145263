"""Arrays, which the extra ``annotations`` brings."""

from __future__ import annotations

from typing import Any

from localloop.extras import library


def numpy() -> Any:
    """NumPy.

    Raises:
        ExtraMissingError: It is not installed.
    """
    return library("numpy", "Drawing", "annotations")


def opencv() -> Any:
    """OpenCV.

    Raises:
        ExtraMissingError: It is not installed.
    """
    return library("cv2", "The outline of a mask", "annotations")


def webvtt() -> Any:
    """The reader and writer of WebVTT files.

    Raises:
        ExtraMissingError: It is not installed.
    """
    return library("webvtt", "A WebVTT file", "annotations")
