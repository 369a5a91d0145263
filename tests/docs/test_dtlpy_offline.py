"""The guide "Run your dtlpy scripts offline", as a reader would follow it: its platform is gone meanwhile."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from localloop.testing.hub import Hub
from tests.docs import pages
from tests.docs.terminal import Terminal
from tests.integration.server.client import Client

_PLATFORM, _GATEWAY = "https://gate.dataloop.ai", "http://127.0.0.1:8080"
EMAIL = "you@example.com"


class Reader(Terminal):
    """Somebody who follows the guide, in a terminal whose variables it keeps."""

    def __init__(self, place: Path, platform: str) -> None:
        super().__init__(place, "the platform's", PWD=str(place), PLATFORM_PASSWORD="the platform's")
        self._platform = platform
        self._gateway = _GATEWAY

    def shell(self, block: str) -> None:
        for line in block.splitlines():
            words = shlex.split(line.replace(_PLATFORM, self._platform).replace("$PWD", str(self.place)))
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                self.environment[name] = value
                continue
            assert words[0] == "localloop", line
            if words[1] == "serve":
                told = self.serve(words[1:])
                assert told["role"] == "gateway"
                self._gateway = told["gate"]
            else:
                more = ["--gate", self._gateway] if words[1] == "env" else []
                self.localloop([*words[1:], *more])


@pytest.fixture
def platform(tmp_path) -> Iterator[Hub]:
    hub = Hub(tmp_path / "platform", {EMAIL: "the platform's"})
    hub.start()
    client = Client(hub, EMAIL, "the platform's")
    client.upload(client.dataset(client.project("Fruit"), "Apples")["id"], "/a.jpg")
    client.close()
    yield hub
    hub.stop()


@pytest.fixture
def reader(tmp_path, platform) -> Iterator[Reader]:
    place = tmp_path / "place"
    place.mkdir()
    (place / "apple.jpg").write_bytes(b"\xff\xd8\xff an apple")
    reader = Reader(place, platform.gate)
    yield reader
    reader.leave()


def test_a_script_runs_unchanged_while_the_platform_is_gone_and_its_edits_get_there(reader, platform):
    text = pages.text("docs/guides/dtlpy-offline.md")
    steps = re.findall(r"^## (\d)\. .*?\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert [number for number, _ in steps] == ["1", "2", "3", "4", "5"]
    for number, step in steps:
        if number == "2":
            platform.stop()
        if number == "5":
            assert "/field/apple.jpg" in reader.said
            platform.start()
        for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", step, re.MULTILINE | re.DOTALL):
            (reader.shell if language == "sh" else reader.python)(block)
    client = Client(platform, EMAIL, "the platform's")
    (project,) = client.ask("GET", "/projects/Fruit/name")
    (dataset,) = client.ask("POST", "/datasets/query", json={"filter": {"name": "Apples"}})["items"]
    found = client.query(dataset["id"], {"metadata.user.orchard": "north"})["items"]
    assert [(one["filename"], one["annotationsCount"], one["creator"]) for one in found] == [
        ("/field/apple.jpg", 1, EMAIL)
    ]
    assert project["id"] in dataset["projects"]
    client.close()


def test_the_lines_of_the_guide_are_those_that_the_program_prints(reader):
    guide = pages.ROOT / "docs" / "guides" / "dtlpy-offline.md"
    reader.shell(pages.blocks(guide, "sh")[0])
    reader.said = ""
    reader.shell("localloop env dtlpy --store work/.localloop")
    (lines,) = pages.blocks(guide, "")
    assert lines in reader.said.replace(f"{reader.place}/", "")
