"""The guide "Run a hub for a team", as the three people in it would follow it, each on a machine of their own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.docs import pages
from tests.docs.terminal import Terminal

_NAME = "hub.example.com"
_GATE = f"https://{_NAME}:8080"

#: A member without the right is refused, which the guide shows.
_REFUSED = 9
_CODES = frozenset({0, _REFUSED})

#: Whose machine each step is typed on.
_MACHINES = {"1": "hub", "2": "hub", "3": "hub", "4": "ann", "5": "bob", "6": "bob", "7": "bob", "8": "hub"}


class Team:
    """The machines, and the hub at a free port of this one instead of the one of the guide."""

    def __init__(self, place: Path) -> None:
        self.machines = {}
        for name in ("hub", "ann", "bob"):
            (place / name).mkdir()
            self.machines[name] = Terminal(place / name, "secret", HUB_PASSWORD="secret")
        self.gate = _GATE

    def type(self, machine: Terminal, line: str) -> int:
        """Type one line; returns its exit code."""
        words = shlex.split(line.replace(_GATE, self.gate).replace("$PWD", str(machine.place)))
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            machine.environment[name] = value
        elif words[0] == "openssl":
            self._certify(words)
        elif words[:2] == ["localloop", "serve"]:
            self._serve(machine, words[1:])
        else:
            assert words[0] == "localloop", line
            return machine.localloop(words[1:], codes=_CODES)
        return 0

    def _certify(self, words: list[str]) -> None:
        """A certificate for this machine's own address, in the files that the line names; everybody has it."""
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1")
        files = {word: words[words.index(word) + 1] for word in ("-keyout", "-out")}
        hub = self.machines["hub"].place
        issued.private_key_pem.write_to_path(str(hub / files["-keyout"]))
        issued.cert_chain_pems[0].write_to_path(str(hub / files["-out"]))
        for name in ("ann", "bob"):
            authority.cert_pem.write_to_path(str(self.machines[name].place / files["-out"]))

    def serve_plainly(self) -> None:
        """The hub without encryption: dtlpy does not trust a certificate that was made for a test."""
        self.leave()
        self._serve(self.machines["hub"], ["serve", "--hub", "hub", "--host", "0.0.0.0", "--name", _NAME])

    def _serve(self, machine: Terminal, words: list[str]) -> None:
        words[words.index("0.0.0.0")] = "127.0.0.1"
        told = machine.serve(words)
        assert told["users"] == ["ann@example.com", "bob@example.com"]
        scheme, name, port = told["gate"].split(":")
        assert name == f"//{_NAME}"
        self.gate = f"{scheme}://127.0.0.1:{port}"

    def leave(self) -> None:
        self.machines["hub"].leave()


@pytest.fixture
def team(tmp_path) -> Iterator[Team]:
    team = Team(tmp_path)
    photos = team.machines["ann"].place / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"\xff\xd8\xff a")
    (team.machines["bob"].place / "notes.txt").write_text("notes", encoding="utf-8")
    yield team
    team.leave()


def test_a_team_that_follows_the_guide_gets_a_hub_with_roles_and_encryption(team):
    text = pages.text("docs/guides/team-hub.md")
    steps = re.findall(r"^## (\d)\. .*?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert [number for number, _ in steps] == list(_MACHINES)
    for number, step in steps:
        machine = team.machines[_MACHINES[number]]
        codes = []
        if number == "7":
            team.serve_plainly()
        for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", step, re.MULTILINE | re.DOTALL):
            if language == "python":
                codes.append(machine.python(block.replace(_GATE, team.gate), codes=_CODES))
            else:
                codes += [team.type(machine, line) for line in block.splitlines()]
        assert [code for code in codes if code] == ([_REFUSED] if number == "6" else [])
    assert "yours is annotator" in team.machines["bob"].said
    assert "/photos/a.jpg\n" in team.machines["bob"].said
    assert "The store is sound." in team.machines["hub"].said
