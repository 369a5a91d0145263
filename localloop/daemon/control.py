"""Starting and stopping the daemon from another process."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localloop import config
from localloop.daemon import health
from localloop.daemon.health import Health, State
from localloop.daemon.places import FOLDER, folder_of, running
from localloop.errors import LockedError

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
    """Start the daemon of a store in the background. It outlives this process, which does not wait for its end.

    Args:
        store: The store's directory.
        words: The command line; the first is a program's absolute path.

    Returns:
        How it is, or why it did not start.
    """
    folder = folder_of(store)
    errors = folder / ERRORS
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.fspath(errors), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    pid = os.posix_spawn(words[0], list(words), config.environment(), file_actions=actions)
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        ended, code = os.waitpid(pid, os.WNOHANG)
        if ended:
            said = errors.read_text(encoding="utf-8", errors="replace").strip().removeprefix("Error: ")
            return Failed(os.waitstatus_to_exitcode(code), said or "The daemon ended at once.")
        now = health.read(folder)
        if now is not None and now.pid == pid and now.state is not State.STARTING:
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

    Raises:
        LockedError: It runs on another machine.
    """
    holder = running(store)
    if holder is None:
        return False, False
    if holder.host != socket.gethostname():
        raise LockedError(
            f"The daemon runs on {holder.host}, as process {holder.pid}.", advice="Stop it there."
        )
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
