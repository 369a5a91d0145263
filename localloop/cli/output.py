"""What commands print: lines for people, or exactly one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from shutil import get_terminal_size
from types import TracebackType
from typing import Any, Self

import typer

from localloop.cli.advice import advise
from localloop.cli.human import printable

#: The fewest characters of a cell that is cut.
SHORTEST = 12


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON text that standard output can carry, whatever its encoding."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # an old locale, or a file name that is not Unicode
        return json.dumps(value, indent=indent)
    return text if text.replace("\n", "").isprintable() else json.dumps(value, indent=indent)


class Output:
    """Where a command's results go.

    Args:
        as_json: Whether one JSON object is wanted. Then only :meth:`result` and :class:`JsonList` print.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def line(self, text: str = "") -> None:
        """Print a line for people."""
        if not self.as_json:
            sys.stdout.write(f"{printable(text)}\n")

    def lines(self, texts: Iterable[str]) -> None:
        """Print lines for people."""
        for text in texts:
            self.line(text)

    def note(self, text: str) -> None:
        """Tell people something that is no result, on standard error."""
        if not self.as_json:
            sys.stderr.write(f"{printable(text)}\n")
            sys.stderr.flush()

    def result(self, value: dict[str, Any]) -> None:
        """Print the JSON object, where one is wanted."""
        if self.as_json:
            sys.stdout.write(f"{dumps(value)}\n")

    @property
    def width(self) -> int:
        """How many columns the terminal has; 80 when there is none."""
        return get_terminal_size((80, 24)).columns

    def styled(self, texts: Iterable[str]) -> None:
        """Print lines that may hold the codes of colours; whatever else moves a cursor was taken out of them."""
        if not self.as_json:
            sys.stdout.write("".join(f"{text}\n" for text in texts))

    def fitted(self, titles: Sequence[str], rows: Sequence[Sequence[str]], *, cut: Sequence[int]) -> None:
        """Print rows in aligned columns that are no wider than the terminal together.

        Args:
            titles: The heads of the columns.
            rows: The cells.
            cut: The columns that lose their beginnings where it would be too wide, the first of them last.
        """
        widths = [
            max(len(printable(row[column])) for row in [titles, *rows]) for column in range(len(titles))
        ]
        for column in reversed(cut):
            over = sum(widths) + 2 * (len(widths) - 1) - self.width
            widths[column] = max(min(widths[column], SHORTEST), widths[column] - max(over, 0))
        self.table(
            titles, [[_cut(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
        )

    def table(
        self, titles: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()
    ) -> None:
        """Print rows in aligned columns, for people; the last column may be of any width.

        Args:
            titles: The heads of the columns.
            rows: The cells.
            right: Which columns are aligned to the right.
        """
        if self.as_json:
            return
        cells = [[printable(cell) for cell in row] for row in [titles, *rows]]
        widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
        for row in cells:
            padded = [
                cell.rjust(width) if column in right else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _cut(cell: str, width: int) -> str:
    """A cell without its beginning, where it is too wide: the end of a path tells more."""
    shown = printable(cell)
    return shown if len(shown) <= width else f"…{shown[len(shown) - width + 1 :]}"


class JsonList:
    """A JSON object with one long list in it, written as it comes, so that memory does not grow with it.

    Used in a ``with`` block, which is where an error ends the object, so that there is only ever one.

    Args:
        name: The list's key.
        head: What stands before the list in the object.
    """

    def __init__(self, name: str, head: dict[str, Any] | None = None) -> None:
        self._name = name
        self._head = head or {}
        self._tail: dict[str, Any] = {}
        self._first = True

    def __enter__(self) -> Self:
        head = dumps(self._head)[:-1]
        sys.stdout.write(f"{head}{', ' if self._head else ''}{dumps(self._name)}: [")
        return self

    def add(self, value: Any) -> None:
        """Append to the list."""
        sys.stdout.write(("" if self._first else ", ") + dumps(value))
        self._first = False

    def tail(self, **values: Any) -> None:
        """What is to stand after the list in the object."""
        self._tail.update(values)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, BrokenPipeError):
            return
        advice = advise(error) if error is not None else None
        tail = {**self._tail, **(advice.to_json() if advice else {})}
        sys.stdout.write("]" + (f", {dumps(tail)[1:]}" if tail else "}") + "\n")
        if advice is not None:
            raise typer.Exit(advice.code) from error
