"""A laptop of the demonstration: a folder of its own, with its own store and log-in."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

PASSWORD = "demo-password"  # noqa: S105 - of accounts that live as long as the demonstration


class Laptop:
    """Runs ``localloop`` as its user would, and shows what is typed and printed.

    Args:
        name: What to call it.
        folder: Its working directory.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._environment = {
            **os.environ,
            "HOME": str(folder),  # whoever runs the demonstration may have a store of their own
            "LOCALLOOP_CONFIG": str(folder / ".config"),
            "LOCALLOOP_NO_KEYRING": "1",
            "LOCALLOOP_PASSWORD": PASSWORD,
            "LOCALLOOP_AUTHOR": "",
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }
        for variable in ("LOCALLOOP_STORE", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            self._environment.pop(variable, None)

    @property
    def store(self) -> Path:
        """Where its store is."""
        return self.folder / ".localloop"

    def run(self, *words: str, expect: int = 0) -> str:
        """Run one command.

        Args:
            words: What comes after ``localloop``.
            expect: The exit code that the story is about.

        Returns:
            What it printed.

        Raises:
            SystemExit: It ended with another exit code.
        """
        print(f"  {self.name}$ {shlex.join(['localloop', *words])}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "localloop", *words],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        shown = (
            done.stdout if done.returncode in (0, 4) else done.stdout + done.stderr
        )  # progress is left out
        for line in shown.splitlines():
            print(f"      {line}", flush=True)
        if done.returncode != expect:
            raise SystemExit(f"The command ended with exit code {done.returncode}, not with {expect}.")
        return done.stdout
