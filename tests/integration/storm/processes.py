"""Processes that really die: commands, forked from one that has imported everything, or started afresh."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any, Protocol

#: What a command is that this module knows itself: the words after it go to the editing script.
SCRIPT = "script"

#: Nothing in a storm takes longer unless it hangs, in seconds.
PATIENCE = 240.0

_forks: Any = get_context("forkserver")
# It imports once what each command needs, and has neither threads nor connections when it forks.
_forks.set_forkserver_preload(["tests.integration.storm.preloaded"])


class _Process(Protocol):
    """What both kinds of process have."""

    @property
    def pid(self) -> int | None: ...

    def join(self, seconds: float) -> int | None: ...


class Victim:
    """A running command. It may be killed by any thread at any time: the kernel knows it by a handle.

    Args:
        words: The command line, without the program's name.
        environment: Its variables.
        folder: Its working directory; what it prints goes into files there.
        fresh: Whether it is a new interpreter, rather than a fork.

    Attributes:
        words: The command line.
    """

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], folder: Path, *, fresh: bool
    ) -> None:
        self.words = list(words)
        self._out, self._err = folder / "stdout", folder / "stderr"
        self._out.write_bytes(b"")
        self._err.write_bytes(b"")
        kind = _Fresh if fresh else _Forked
        self._process: _Process = kind(self.words, dict(environment), folder, self._out, self._err)
        assert self._process.pid is not None
        try:
            self._handle: int | None = os.pidfd_open(self._process.pid)
        except ProcessLookupError:  # it is through already
            self._handle = None

    def kill(self) -> None:
        """Send SIGKILL; one that is through hears nothing."""
        if self._handle is None:
            return
        try:
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        except ProcessLookupError:
            return  # it was faster

    def end(self, seconds: float = PATIENCE) -> int | None:
        """The exit code, or minus the signal that ended it; None when it still runs.

        Args:
            seconds: How long to wait.
        """
        return self._process.join(seconds)

    def close(self) -> None:
        """Give the handle back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @property
    def out(self) -> str:
        """What it printed on standard output so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What it printed on standard error so far."""
        return self._err.read_text()


class _Forked:
    def __init__(
        self, words: list[str], environment: dict[str, str], folder: Path, out: Path, err: Path
    ) -> None:
        self._process = _forks.Process(target=run, args=(words, environment, folder, out, err))
        self._process.start()

    @property
    def pid(self) -> int | None:
        return self._process.pid  # type: ignore[no-any-return]  # the context is not typed

    def join(self, seconds: float) -> int | None:
        wait_for([self._process.sentinel], seconds)
        return self._process.exitcode  # type: ignore[no-any-return]  # the same


class _Fresh:
    def __init__(
        self, words: list[str], environment: dict[str, str], folder: Path, out: Path, err: Path
    ) -> None:
        module = "tests.integration.storm.script" if words[0] == SCRIPT else "localloop"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *words[words[0] == SCRIPT :]],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        self.pid = self._process.pid

    def join(self, seconds: float) -> int | None:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def run(words: list[str], environment: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    """Be a command: what a forked process does. It ends with the command's exit code."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for path, number in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    if words[0] == SCRIPT:
        from tests.integration.storm.script import perform

        perform(Path(environment["LOCALLOOP_STORE"]), json.loads(words[1]))
        return
    from localloop.cli import main

    main(words)
