"""Libraries that only some formats need; they come with ``pip install localloop[formats]``."""

from __future__ import annotations

from typing import Any

from localloop.extras import library


def yaml() -> Any:
    """PyYAML.

    Raises:
        ExtraMissingError: It is not installed.
    """
    return library("yaml", "YOLO's data.yaml", "formats")


def pyarrow() -> tuple[Any, Any]:
    """Arrow, and its Parquet.

    Raises:
        ExtraMissingError: It is not installed.
    """
    return library("pyarrow", "Parquet", "formats"), library("pyarrow.parquet", "Parquet", "formats")
