"""Starting and stopping the daemon from another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localloop.daemon import health
from localloop.daemon.health import Health, State
from localloop.daemon.running import FOLDER, folder_of, running

#: How long a daemon may take to start, and how long to stop before it is killed; in seconds.
STARTS_WITHIN: Final = 30.0
STOPS_WITHIN: Final = 15.0

#: What a daemon writes to its standard error before it has a log, or when it dies of something nobody foresaw.
ERRORS: Final = "daemon.err"

_NAP: Final = 0.1


@dataclass(frozen=True, slots=True)
class Failed:
    """A daemon that did not start.

    Attributes:
        code: The exit code it ended with.
        text: What it said.
    """

    code: int
    text: str


def start(store: Path, words: Sequence[str]) -> Health | Failed:
    """Start the daemon of a store in the background.

    Args:
        store: The store's directory.
        words: The command line.

    Returns:
        How it is, or why it did not start.
    """
    folder = folder_of(store)
    errors = folder / ERRORS
    with errors.open("wb") as file:
        errors.chmod(0o600)
        process = subprocess.Popen(  # noqa: S603 - it is this program
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            start_new_session=True,
            cwd=store,
        )
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        code = process.poll()
        if code is not None:
            said = errors.read_text(encoding="utf-8", errors="replace").strip().removeprefix("Error: ")
            return Failed(code, said or "The daemon ended at once.")
        now = health.read(folder)
        if now is not None and now.pid == process.pid and now.state is not State.STARTING:
            return now
        time.sleep(_NAP)
    return Failed(1, f"The daemon did not start within {STARTS_WITHIN:.0f} s.")


def stop(store: Path, grace: float = STOPS_WITHIN) -> tuple[bool, bool]:
    """Stop the daemon of a store.

    Args:
        store: The store's directory.
        grace: How long it may take before it is killed, in seconds.

    Returns:
        Whether one ran, and whether it had to be killed, which loses nothing.
    """
    holder = running(store)
    if holder is None:
        return False, False
    _signal(holder.pid, signal.SIGTERM)
    if _gone(store, holder.pid, grace):
        return True, False
    _signal(holder.pid, signal.SIGKILL)
    _gone(store, holder.pid, grace)
    return True, True


def how(store: Path) -> Health | None:
    """How the running daemon of a store is; None when none runs.

    Args:
        store: The store's directory.
    """
    holder = running(store)
    if holder is None:
        return None
    now = health.read(store / FOLDER)
    if now is None or now.pid != holder.pid:
        return Health("", holder.pid, holder.since)
    return now


def program() -> list[str]:
    """How to start this program from anywhere."""
    return [sys.executable, "-m", "localloop"]


def _gone(store: Path, pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while (now := running(store)) is not None and now.pid == pid:
        if time.monotonic() > end:
            return False
        time.sleep(_NAP)
    return True


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
