"""The five minutes of the README, as a reader would type them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import pages
from tests.docs.terminal import Terminal

_GATE = "http://127.0.0.1:8080"


class Reader(Terminal):
    """Somebody who types what the README says, in a folder with some pictures."""

    def __init__(self, place: Path) -> None:
        super().__init__(place, "secret")
        self._gate = _GATE

    def shell(self, block: str) -> None:
        for line in block.splitlines():
            words = shlex.split(line.replace(_GATE, self._gate))
            assert words[0] == "localloop", line
            if words[1] == "serve":
                self._gate = self.serve(words[1:])["gate"]
            else:
                self.localloop(words[1:])


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
