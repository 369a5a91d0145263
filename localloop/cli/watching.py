"""Watching a folder from the command line: what is printed, and syncing in between."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from localloop.cli import human
from localloop.cli.adding import find_dataset_of
from localloop.cli.advice import ExitCode, advise
from localloop.cli.opening import credentials, opened
from localloop.cli.output import Output
from localloop.cli.stopping import stoppable
from localloop.errors import BadRequest, NotFound
from localloop.fetching import patient
from localloop.syncing import connected, sync_store
from localloop.watch.hints import Hints
from localloop.watch.ignoring import Ignored
from localloop.watch.opening import Place, looking, refuse_own_store
from localloop.watch.taking import Look
from localloop.watch.watching import POLL, Looker, Watcher
from localloop_sync.drivers.retrying import Patience
from localloop_sync.engine import Options
from localloop_sync.errors import LockedError, TransientError

if TYPE_CHECKING:
    from localloop.store import Store

#: How long a sync tries a request again before the next look at the folder, in seconds.
_PATIENCE: Final = 3.0

#: The longest that nothing is tried after a sync that failed, in seconds; it doubles from the shortest.
_LONGEST: Final = 300.0

#: How long all files may take to come to rest with ``--once``, in seconds of nothing but waiting.
_LOOKS: Final = 0.5


def run(
    out: Output,
    given: Path | None,
    folder: Path,
    dataset: str,
    to: str,
    ignore: Sequence[str],
    *,
    once: bool,
    create: bool,
    sync_every: float | None,
    mirror: bool = False,
    allow_deletions: bool = False,
) -> None:
    """Watch a folder until Ctrl-C or SIGTERM, or once.

    Args:
        out: Where to print.
        given: What ``--store`` says.
        folder: The folder.
        dataset: ``PROJECT/DATASET``.
        to: The directory of the dataset that stands for it.
        ignore: More patterns of what is passed over.
        once: Whether to look once.
        create: Whether to make a missing project or dataset.
        sync_every: How often to sync at most, in seconds; None for never.
        mirror: Whether the folder follows the dataset as well.
        allow_deletions: Whether much may be deleted.

    Raises:
        NotFound: There is no such folder, project or dataset.
        BadRequest: The store is in the folder by another name than ``.localloop``, or the place is none.
    """
    root = folder.expanduser().absolute()
    if not root.is_dir():
        raise NotFound("404", f"There is no folder {folder}.", advice="Name one that is there.")
    ignored = Ignored.of(root, ignore)
    with opened(given) as store:
        refuse_own_store(store.path, root)
        row, address = find_dataset_of(store, dataset, create=create)
        if address.path:
            raise BadRequest("400", "Name the dataset alone; --to says which directory of it.")
        place = Place(store, row["id"], root, to, ignored, mirror=mirror, allow_deletions=allow_deletions)
        with looking(place, lambda: patient(store, credentials())) as taker:
            teller = _Teller(out, mirrors=mirror)
            syncer = _Syncer(store, out, sync_every)
            with stoppable():
                if once:
                    _once(taker, teller, syncer)
                else:
                    _always(taker, teller, syncer, Hints(root, ignored), out, root)
            out.result(teller.to_json())
    if teller.halted:
        raise typer.Exit(ExitCode.HALTED)
    if teller.problems:
        raise typer.Exit(ExitCode.PARTIAL)


def _once(taker: Looker, teller: _Teller, syncer: _Syncer) -> None:
    look = _looked(taker, teller)
    while look.waiting:
        time.sleep(_LOOKS)
        look = _looked(taker, teller)
    syncer.now()
    if taker.stirred:
        _looked(taker, teller)  # at what the sync has brought


def _looked(taker: Looker, teller: _Teller) -> Look:
    look = taker.look()
    teller.looked(look)
    if look.halt is not None:
        teller.failed(look.halt)
    return look


def _always(taker: Looker, teller: _Teller, syncer: _Syncer, hints: Hints, out: Output, root: Path) -> None:
    watcher = Watcher(taker, hints, teller, syncer.idle)
    out.line(f"Watching {root}; Ctrl-C stops.")
    try:
        watcher.run()
    except KeyboardInterrupt:
        out.line("Stopped.")


class _Teller:
    """Prints what happened, a line for each time that something did."""

    def __init__(self, out: Output, *, mirrors: bool) -> None:
        self._out = out
        self._mirrors = mirrors
        self.halted = False
        self._total = Look()
        self._failed = ""
        self._polled = ""
        self.problems: dict[str, str] = {}

    def looked(self, look: Look) -> None:
        """Print what a look came to."""
        self.halted = look.halt is not None
        if look.halt is None:
            self._failed = ""
        self._total.add(look)
        parts = list(self._parts(look))
        if parts:
            self._line("; ".join(parts))
        for path, reason in look.problems.items():
            if self.problems.get(path) != reason:
                self._out.note(f"{_clock()} not taken: {path}: {reason}")
        self.problems = {
            path: reason
            for path, reason in {**self.problems, **look.problems}.items()
            if path not in look.waiting
        }

    def _parts(self, look: Look) -> Iterator[str]:
        if look.added:
            yield f"added {human.count(look.added, 'file')} ({human.size(look.bytes)})"
        if look.gone and not self._mirrors:
            yield f"{human.count(look.gone, 'file')} gone, which deletes nothing"
        told = {
            f"{human.count(look.replaced, 'item')} got new content": look.replaced,
            f"moved {human.count(look.moved, 'item')}": look.moved,
            f"deleted {human.count(look.deleted, 'item')} (`localloop trash ls`)": look.deleted,
            f"wrote {human.count(look.written, 'file')}": look.written,
            f"moved {human.count(look.arranged, 'file')} as their items": look.arranged,
            f"removed {human.count(look.removed, 'file')}": look.removed,
        }
        yield from (text for text, number in told.items() if number)
        yield from (f"kept both: what was {path} is {name}" for path, name in look.kept.items())

    def failed(self, error: Exception) -> None:
        """Print why nothing could be looked at, once."""
        told = advise(error)
        if told.message != self._failed:
            self._failed = told.message
            self._out.note(f"{_clock()} {told.message} {told.advice}".rstrip())

    def polled(self, reason: str) -> None:
        """Print why the folder is looked at from time to time, once."""
        if reason and reason != self._polled:
            self._out.note(f"{_clock()} looked at every {POLL:.0f} s, since {reason}.")
        self._polled = reason

    def to_json(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        total = self._total
        return {
            "added": total.added,
            "replaced": total.replaced,
            "moved": total.moved,
            "gone": total.gone,
            "bytes": total.bytes,
            "written": total.written,
            "arranged": total.arranged,
            "removed": total.removed,
            "deleted": total.deleted,
            "kept": [{"path": path, "name": name} for path, name in total.kept.items()],
            "halted": self.halted,
            "problems": [{"path": path, "reason": reason} for path, reason in self.problems.items()],
        }

    def _line(self, text: str) -> None:
        self._out.line(f"{_clock()} {text}")


class _Syncer:
    """Syncs in between, and says so once where that fails."""

    def __init__(self, store: Store, out: Output, every: float | None) -> None:
        self._store = store
        self._out = out
        self._every = every
        self._due: float | None = 0.0 if every is not None else None
        self._next = 0.0
        self._pause = 0.0
        self._said = ""

    def idle(self, taken: bool) -> None:
        """Between two looks: sync if there is something to send and it is time."""
        if self._every is None:
            return
        now = time.monotonic()
        if taken and self._due is None:
            self._due = max(now, self._next)
        if self._due is not None and now >= self._due:
            self.now()

    def now(self) -> None:
        """Sync."""
        if self._every is None:
            return
        try:
            with connected(self._store, credentials()) as remote:
                report = sync_store(
                    self._store,
                    remote,
                    options=Options(time_limit=600.0),
                    patience=Patience(budget=_PATIENCE),
                    command="`localloop watch`",
                )
        except (TransientError, LockedError) as error:
            self._later(error, max(self._every, min(_LONGEST, 2 * self._pause or self._every)))
        except Exception as error:  # noqa: BLE001 - a folder is watched on, whatever a sync meets
            self._later(error, _LONGEST)
        else:
            self._said, self._pause, self._due = "", 0.0, None
            if report.pushed or report.uploaded_bytes:
                self._out.line(f"{_clock()} sent {human.listed(report.pushed)}")
            if report.unsent:
                self._due = time.monotonic() + self._every
        self._next = time.monotonic() + self._every

    def _later(self, error: Exception, pause: float) -> None:
        self._pause = pause
        self._due = time.monotonic() + pause
        told = advise(error)
        if told.message != self._said:
            self._said = told.message
            self._out.note(f"{_clock()} not synced: {told.message} {told.advice}".rstrip())


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
