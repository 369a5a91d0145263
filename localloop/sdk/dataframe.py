"""Entities as data frames, and the libraries that this needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from localloop.errors import ExtraMissingError
from localloop.sdk.printing import columns_of

if TYPE_CHECKING:
    import pandas as pd


def frame_of(
    rows: Sequence[Mapping[str, Any]], *, show_all: bool, columns: str | Sequence[str] | None
) -> pd.DataFrame:
    """JSON objects as a data frame, a row each.

    Args:
        rows: The objects.
        show_all: Whether to have every key; else only those that printed tables have.
        columns: Which keys to have.

    Raises:
        ExtraMissingError: pandas is not installed.
    """
    pandas = library("pandas")
    keys = list(dict.fromkeys(key for row in rows for key in row)) if show_all else columns_of(rows, columns)
    frame: pd.DataFrame = pandas.DataFrame(
        [{key: row.get(key) for key in keys} for row in rows], columns=keys
    )
    return frame


def library(name: str) -> Any:
    """A library that data frames need.

    Raises:
        ExtraMissingError: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise ExtraMissingError(
            f"A data frame needs {name}, which is not installed.",
            advice="Install it with `pip install 'localloop[notebook]'`.",
        ) from None
