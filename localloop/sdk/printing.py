"""Entities as aligned tables on standard output."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

#: Keys that say little and take much room, left out unless asked for.
_LONG = frozenset(
    {
        "annotations",
        "attributes",
        "children",
        "contributors",
        "dataset",
        "directoryTree",
        "export",
        "item",
        "items",
        "metadata",
        "query",
        "roots",
        "settings",
        "stream",
        "thumbnail",
        "updatedAt",
        "url",
    }
)

_WIDEST = 60


def table(rows: Sequence[Mapping[str, Any]], columns: str | Sequence[str] | None = None) -> str:
    """Rows as a table with a frame.

    Args:
        rows: One mapping per row.
        columns: Which keys to show; all short ones when left out.

    Returns:
        Several lines without a line end at the end.
    """
    keys = columns_of(rows, columns)
    cells = [["", *keys]]
    cells += [[str(place), *(_cell(row.get(key)) for key in keys)] for place, row in enumerate(rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = [
        "|" + "|".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)) + "|"
        for row in cells
    ]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def columns_of(rows: Sequence[Mapping[str, Any]], columns: str | Sequence[str] | None) -> list[str]:
    """The keys that a table of rows has: those that are asked for, else all short ones."""
    if isinstance(columns, str):
        return [columns]
    return list(columns or dict.fromkeys(key for row in rows for key in row if key not in _LONG))


def show(text: str) -> None:
    """Write lines to standard output."""
    sys.stdout.write(f"{text}\n")


def _cell(value: Any) -> str:
    if value is None:
        text = ""
    elif isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "\u2026"


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in {"W", "F"})
        for sign in text
    )


def _pad(text: str, width: int) -> str:
    return f" {text}{' ' * (width - _width(text))} "
