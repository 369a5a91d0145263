"""How far a long command is: a bar on a terminal, plain lines or nothing elsewhere. Always on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from localloop.cli import human
from localloop_sync.report import PHASES, Phase, Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

#: How many bytes a transfer has that is worth lines of its own in a log.
_LARGE = 50_000_000


class Counter(Protocol):
    """Counts what is through."""

    def __call__(self, done: int, total: int | None) -> None:
        """``done`` of ``total`` are through; total None when not known."""
        ...


@contextmanager
def sync_progress(*, quiet: bool) -> Iterator[Progress]:
    """A progress for the engine, shown while the block runs.

    Args:
        quiet: Whether to show nothing.
    """
    if quiet:
        yield Silent()
    elif not sys.stderr.isatty():
        yield _Lines()
    else:
        with _bars() as bars:
            yield _Bars(bars)


@contextmanager
def counting(what: str, *, quiet: bool) -> Iterator[Counter]:
    """A bar for one thing, on a terminal; nothing elsewhere.

    Args:
        what: What is counted (``files added``).
        quiet: Whether to show nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield _ignore
        return
    with _bars() as bars:
        shown = _Bars(bars)
        yield lambda done, total: shown.advance(what, done, total)


def _ignore(done: int, total: int | None) -> None:
    del done, total


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.table import Column

    # A phase's sentence is folded, so that bars and numbers have room on a terminal of 80 columns.
    return Bars(
        TextColumn("{task.description}", markup=False, table_column=Column(max_width=36)),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )


class _Bars:
    """One bar for each thing that is counted; a phase begins with a clean slate."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._shown: dict[str, TaskID] = {}

    def phase(self, phase: Phase) -> None:
        """A phase begins."""
        for task in self._shown.values():
            self._bars.remove_task(task)
        self._shown = {"": self._bars.add_task(PHASES[phase], total=None, count="")}

    def advance(self, what: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` of something are through."""
        self._show(what, done, total, f"{done}/{'?' if total is None else total}")

    def transfer(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` bytes are through."""
        self._show(what, done, total, _of(done, total))

    def _show(self, what: str, done: int, total: int | None, count: str) -> None:
        if what not in self._shown:
            self._shown[what] = self._bars.add_task(what, total=total, count=count)
        self._bars.update(self._shown[what], completed=done, total=total, count=count)


class _Lines:
    """A line for each phase, and one for each tenth of a large transfer: for logs."""

    def __init__(self) -> None:
        self._told: tuple[str, int, int] = ("", 0, 0)

    def phase(self, phase: Phase) -> None:
        """A phase begins."""
        self._write(PHASES[phase])

    def advance(self, what: str, done: int, total: int | None) -> None:
        """Too fine for a log."""

    def transfer(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` bytes are through."""
        tenth = 10 * done // total if total >= _LARGE else 0
        if tenth and (what, total, tenth) != self._told:
            self._told = what, total, tenth
            self._write(f"  {what}: {_of(done, total)}")

    def _write(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _of(done: int, total: int) -> str:
    """How many of how many bytes, for a person."""
    return f"{human.size(done)}/{human.size(total)}"
