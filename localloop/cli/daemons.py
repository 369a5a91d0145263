"""The daemon from the command line: how it runs, and what is printed of it."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from localloop.cli import human, unattended
from localloop.cli.adding import find_dataset_of
from localloop.cli.advice import ExitCode, advise
from localloop.cli.health import lines_of
from localloop.cli.opening import credentials, opened
from localloop.cli.output import Output
from localloop.cli.stopping import stoppable
from localloop.cli.syncing import attention
from localloop.daemon import control, logs, pausing, settings
from localloop.daemon.health import STALE, State, stamp
from localloop.daemon.places import folder_of
from localloop.daemon.running import Daemon, Judgement
from localloop.errors import BadRequest, NotFound
from localloop.watch.opening import refuse_own_store

if TYPE_CHECKING:
    from localloop.daemon.settings import WatchPart
    from localloop.store import Store

#: How often it is looked whether the log has grown, in seconds.
_NAP = 0.5


def run(given: Path | None, *, background: bool) -> None:
    """Be the daemon, until Ctrl-C or SIGTERM.

    Args:
        given: What ``--store`` says.
        background: Whether nobody reads what is printed.
    """
    with opened(given) as store:
        if background:
            _leave(store.path)
        daemon = Daemon(
            store,
            settings.load(store.path),
            credentials(),
            Judgement(unattended.line_of, attention, _explained, _dataset_of),
            foreground=not background,
        )
        with stoppable(daemon.ask_to_end):
            daemon.run()


def _leave(folder: Path) -> None:
    """Go away from the terminal, whose end is not to be this process's, and from a disk that may be unmounted."""
    if os.getpgrp() != os.getpid():  # who leads a group of processes, as a shell's job does, cannot
        os.setsid()
    os.chdir(folder)


def _explained(error: BaseException) -> str:
    told = advise(error)
    return f"{told.message} {told.advice}".rstrip()


def _dataset_of(store: Store, place: str) -> str:
    row, address = find_dataset_of(store, place, create=False)
    if address.path:
        raise BadRequest("400", f"Name the dataset alone, not {place!r}; `to` says which directory of it.")
    return str(row["id"])


def start(out: Output, given: Path | None) -> None:
    """Start the daemon in the background.

    Raises:
        typer.Exit: It did not start; with its exit code.
    """
    with opened(given) as store:
        path = store.path
        settings.load(path)  # what makes no sense is told here
    if (there := control.how(path)) is not None:
        out.result({"pid": there.pid, "started": False})
        out.line(f"The daemon runs already: process {there.pid}.")
        return
    words = [*control.program(), "daemon", "run", "--background", "--store", str(path.absolute())]
    now = control.start(path, words)
    if isinstance(now, control.Failed):
        out.result({"error": {"code": now.code, "message": now.text, "advice": ""}})
        out.note(f"Error: {now.text}")
        raise typer.Exit(now.code or ExitCode.ERROR)
    out.result({"pid": now.pid, "started": True})
    out.line(f"The daemon runs: process {now.pid}, {human.count(len(now.roots), 'watched folder')}.")
    for root in now.roots:
        out.line(f"  {root.folder} into {root.dataset}")


def stop(out: Output, given: Path | None, *, quiet: bool = False) -> None:
    """Stop the daemon."""
    with opened(given) as store:
        path = store.path
    ran, killed = control.stop(path)
    if quiet:
        return
    out.result({"ran": ran, "killed": killed})
    if not ran:
        out.line("No daemon runs.")
    elif killed:
        out.line("The daemon did not stop by itself and was killed; nothing is lost by that.")
    else:
        out.line("The daemon has stopped.")


def status(out: Output, given: Path | None) -> None:
    """Say how the daemon is.

    Raises:
        typer.Exit: None runs, it hangs, or something needs attention.
    """
    with opened(given) as store:
        path = store.path
        now = stamp()
    how = control.how(path)
    if how is None:
        out.result({"running": False})
        out.line("No daemon runs: `localloop daemon start`.")
        raise typer.Exit(ExitCode.NOT_FOUND)
    hangs = bool(how.written) and human.seconds_between(how.written, now) > STALE
    out.result({"running": True, "hangs": hangs, **how.to_json()})
    out.lines(lines_of(how, now))
    if hangs:
        out.note(f"It has not written for {human.age(how.written, now)}: `localloop daemon restart`.")
        raise typer.Exit(ExitCode.STALE)
    if how.code and how.state is State.ATTENTION:
        raise typer.Exit(how.code)
    if any(root.error or root.problems for root in how.roots):
        raise typer.Exit(ExitCode.PARTIAL)


def tell_log(out: Output, given: Path | None, last: int, *, follow: bool) -> None:
    """Print the log.

    Args:
        out: Where to print.
        given: What ``--store`` says.
        last: How many lines.
        follow: Whether to go on with what comes, until Ctrl-C.
    """
    with opened(given) as store:
        folder = folder_of(store.path)
    coming = logs.follow(folder) if follow else iter(())
    lines = logs.lines(folder, last)
    out.result({"lines": lines})
    out.lines(lines)
    try:
        for line in coming:
            if line:
                out.line(line)
            else:
                time.sleep(_NAP)
    except KeyboardInterrupt:
        return


def pause(out: Output, given: Path | None, seconds: float | None) -> None:
    """Have the daemon send and fetch nothing.

    Args:
        out: Where to print.
        given: What ``--store`` says.
        seconds: For how long; None for until somebody resumes.
    """
    until = None if seconds is None else datetime.now().astimezone() + timedelta(seconds=seconds)
    with opened(given) as store:
        pausing.pause(folder_of(store.path), until)
    out.result({"paused": True, "until": until.isoformat() if until else None})
    when = f"until {until:%Y-%m-%d %H:%M}" if until else "until `localloop daemon resume`"
    out.line(f"The daemon sends and fetches nothing {when}; folders are watched on.")


def resume(out: Output, given: Path | None) -> None:
    """End a pause."""
    with opened(given) as store:
        there = pausing.resume(folder_of(store.path))
    out.result({"paused": False, "was_paused": there})
    out.line("The daemon goes on." if there else "It was not paused.")


def add(out: Output, given: Path | None, watch: WatchPart, *, create: bool) -> None:
    """Have the daemon watch a folder.

    Args:
        out: Where to print.
        given: What ``--store`` says.
        watch: What is watched, and where it goes.
        create: Whether to make a missing project or dataset.

    Raises:
        NotFound: There is no such folder, project or dataset.
        BadRequest: The store is in the folder, or it is watched already.
    """
    if not watch.root.is_dir():
        raise NotFound("404", f"There is no folder {watch.folder}.", advice="Name one that is there.")
    with opened(given) as store:
        refuse_own_store(store.path, watch.root)
        _, address = find_dataset_of(store, watch.dataset, create=create)
        if address.path:
            raise BadRequest("400", "Name the dataset alone; --to says which directory of it.")
        file = settings.add(store.path, watch)
        runs = control.how(store.path) is not None
    out.result({"folder": str(watch.root), "file": str(file), "running": runs})
    out.line(f"Added {watch.root} to {file}.")
    out.note(
        "`localloop daemon restart` has it watched." if runs else "`localloop daemon start` has it watched."
    )


def remove(out: Output, given: Path | None, folder: Path) -> None:
    """Have the daemon no longer watch a folder.

    Args:
        out: Where to print.
        given: What ``--store`` says.
        folder: The folder.

    Raises:
        NotFound: It does not watch it.
    """
    with opened(given) as store:
        file = settings.remove(store.path, folder)
        runs = control.how(store.path) is not None
    out.result({"folder": str(folder), "file": str(file), "running": runs})
    out.line(f"Removed {folder} from {file}; no item is deleted.")
    if runs:
        out.note("`localloop daemon restart` ends its being watched.")


def roots(out: Output, given: Path | None) -> None:
    """List the folders that the daemon watches."""
    with opened(given) as store:
        path = store.path
        found = settings.load(path).watch
    out.result({"file": str(path / settings.FILE), "roots": [one.model_dump(mode="json") for one in found]})
    if found:
        rows = [
            [str(one.root), "both ways" if one.mirror else "taken", f"{one.dataset}{one.to.rstrip('/')}"]
            for one in found
        ]
        out.table(("FOLDER", "HOW", "DATASET"), rows)
    else:
        out.line("No folder is watched: `localloop daemon add`.")
