"""Libraries that only some formats need; they come with ``pip install localloop[formats]``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from localloop.errors import ExtraMissingError


def yaml() -> Any:
    """PyYAML.

    Raises:
        ExtraMissingError: It is not installed.
    """
    return _library("yaml", "YOLO's data.yaml")


def pyarrow() -> tuple[Any, Any]:
    """Arrow, and its Parquet.

    Raises:
        ExtraMissingError: It is not installed.
    """
    return _library("pyarrow", "Parquet"), _library("pyarrow.parquet", "Parquet")


def _library(name: str, purpose: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ExtraMissingError(
            f"{purpose} needs {name.partition('.')[0]}, which is not installed.",
            advice="Install it with `pip install 'localloop[formats]'`.",
        ) from None
