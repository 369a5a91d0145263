"""A terminal for the documents: it types what they say, and keeps what the program prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from localloop.cli.app import app

_LOCALLOOP = [sys.executable, "-m", "localloop"]
_FOREIGN = ("LOCALLOOP_", "DATALOOP")


class Terminal:
    """A terminal in a folder, with a home of its own and variables that it keeps.

    Args:
        place: The folder.
        password: What a reader types where they are asked for one.
        variables: More variables.
    """

    def __init__(self, place: Path, password: str, **variables: str) -> None:
        self.place = place
        self.said = ""
        self._server: subprocess.Popen[str] | None = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        self.environment = kept | {
            "HOME": str(place),
            "LOCALLOOP_CONFIG": str(place / "config"),
            "LOCALLOOP_NO_KEYRING": "1",
            "LOCALLOOP_PASSWORD": password,
            **variables,
        }

    def python(self, block: str, *, codes: frozenset[int] = frozenset({0})) -> int:
        return self._run([sys.executable, "-c", block], codes)

    def localloop(self, words: list[str], *, codes: frozenset[int] = frozenset({0})) -> int:
        """Run a command line in this process, where the program needs no start."""
        others: dict[str, str | None] = dict.fromkeys(set(os.environ) - set(self.environment))
        with chdir(self.place):
            done = CliRunner().invoke(app, words, env={**others, **self.environment})
        assert done.exit_code in codes, f"{words}\n{done.output}\n{done.exception!r}"
        self.said += done.stdout
        return done.exit_code

    def _run(self, command: list[str], codes: frozenset[int]) -> int:
        done = subprocess.run(
            command,
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in codes, f"{command}\n{done.stdout}\n{done.stderr}"
        self.said += done.stdout
        return done.returncode

    def serve(self, words: list[str]) -> dict[str, Any]:
        """Serve at a free port, instead of the one that anybody may be using; returns what the server tells."""
        self._server = subprocess.Popen(
            [*_LOCALLOOP, *words, "--port", "0", "--json"],
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        told: dict[str, Any] = json.loads(self._server.stdout.readline())
        return told

    def leave(self) -> None:
        """Stop the server, if there is one; it has to end well."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.communicate(timeout=60)
            assert self._server.returncode == 0
