"""The five minutes of the README, as a reader would type them."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import pages

_LOCALLOOP = [sys.executable, "-m", "localloop"]
_GATE = "http://127.0.0.1:8080"


class Reader:
    """Somebody who types what the README says, in a folder with some pictures."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.said = ""
        self._gate = _GATE
        self._hub: subprocess.Popen[str] | None = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCALLOOP_")}
        self._environment = kept | {
            "HOME": str(place),
            "LOCALLOOP_CONFIG": str(place / "config"),
            "LOCALLOOP_NO_KEYRING": "1",
            "LOCALLOOP_PASSWORD": "secret",  # where a reader is asked
        }

    def shell(self, block: str) -> None:
        for line in block.splitlines():
            words = shlex.split(line.replace(_GATE, self._gate))
            assert words[0] == "localloop", line
            if words[1] == "serve":
                self._serve(words[1:])
            else:
                self._run([*_LOCALLOOP, *words[1:]])

    def python(self, block: str) -> None:
        self._run([sys.executable, "-c", block])

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            cwd=self.place,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        self.said += done.stdout

    def _serve(self, words: list[str]) -> None:
        """The hub at a free port, instead of the one that anybody may be using."""
        self._hub = subprocess.Popen(
            [*_LOCALLOOP, *words, "--port", "0", "--json"],
            cwd=self.place,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._hub.stdout is not None
        self._gate = json.loads(self._hub.stdout.readline())["gate"]

    def leave(self) -> None:
        if self._hub is not None:
            self._hub.send_signal(signal.SIGINT)
            self._hub.communicate(timeout=60)
            assert self._hub.returncode == 0


@pytest.fixture
def reader(tmp_path) -> Iterator[Reader]:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in "abc":
        (photos / f"{name}.jpg").write_bytes(b"\xff\xd8\xff" + name.encode())
    reader = Reader(tmp_path)
    yield reader
    reader.leave()


def test_everything_that_the_tour_says_works(reader):
    section = pages.text("README.md").partition("\n## Five minutes\n")[2].partition("\n## ")[0]
    steps = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert {language for language, _ in steps} == {"sh", "python"}
    for language, block in steps:
        (reader.shell if language == "sh" else reader.python)(block)
    assert "\n/photos/a.jpg\n" in reader.said
    assert "The store is sound." in reader.said
    assert (reader.place / "copies" / "a.jpg").read_bytes() == b"\xff\xd8\xffa"
