"""Entities as data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from localloop.extras import library
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
    pandas = library("pandas", "A data frame", "notebook")
    keys = list(dict.fromkeys(key for row in rows for key in row)) if show_all else columns_of(rows, columns)
    frame: pd.DataFrame = pandas.DataFrame(
        [{key: row.get(key) for key in keys} for row in rows], columns=keys
    )
    return frame
