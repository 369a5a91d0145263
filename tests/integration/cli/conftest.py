from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from localloop.cli.app import app


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that was printed."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of one's own: an empty working directory, no store anywhere, nobody logged in."""
    for name in [name for name in os.environ if name.startswith("LOCALLOOP_")]:
        monkeypatch.delenv(name)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALLOOP_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("LOCALLOOP_NO_KEYRING", "1")
    return work


@pytest.fixture
def run(home: Path):
    """Run a command line in this process."""

    def invoke(*words: str | Path, stdin: str | None = None) -> Ran:
        result = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def ok(run):
    """Run a command line that has to succeed; returns what it printed."""

    def invoke(*words: str | Path, stdin: str | None = None) -> Ran:
        ran = run(*words, stdin=stdin)
        assert ran.code == 0, ran
        return ran

    return invoke


@pytest.fixture
def process(home: Path):
    """Start a command line as a process of its own; ``before`` are words that go before it."""

    def start(*words: str | Path, before: Sequence[str] = (), **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*before, sys.executable, "-m", "localloop", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **options.pop("env", {})},
            **options,
        )

    return start


@pytest.fixture
def photos(home: Path) -> Path:
    """A folder of files, one of them with a name that is not ASCII."""
    folder = home / "photos"
    (folder / "mai").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "b.txt").write_text("bb")
    (folder / "mai" / "ä ö.txt").write_text("ccc")
    return folder


@pytest.fixture
def fruit(ok, photos: Path) -> Path:
    """A store in the working directory with the photos in Fruit/Apples."""
    ok("init", "--author", "ann@example.test", "--device", "laptop")
    ok("add", photos, "--to", "Fruit/Apples", "--create")
    return photos.parent / ".localloop"
