"""How far a long command is: a bar on a terminal, plain lines or nothing elsewhere. Always on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from localloop_sync.report import PHASES, Phase, Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


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
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.table import Column

    # A phase's sentence is folded, so that bars and numbers have room on a terminal of 80 columns.
    return Bars(
        TextColumn("{task.description}", markup=False, table_column=Column(max_width=36)),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
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
        self._shown = {"": self._bars.add_task(PHASES[phase], total=None)}

    def advance(self, what: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` of something are through."""
        if what not in self._shown:
            self._shown[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._shown[what], completed=done, total=total)


class _Lines:
    """A line for each phase, for logs."""

    def phase(self, phase: Phase) -> None:
        """A phase begins."""
        sys.stderr.write(f"{PHASES[phase]}\n")
        sys.stderr.flush()

    def advance(self, what: str, done: int, total: int | None) -> None:
        """Too fine for a log."""
