"""The guide "Run a hub for a team", as the three people in it would follow it, each on a machine of their own."""

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
import trustme

from tests.docs import pages

_LOCALLOOP = [sys.executable, "-m", "localloop"]
_NAME = "hub.example.com"
_GATE = f"https://{_NAME}:8080"
_REFUSED = 9

#: Whose machine each step is typed on.
_MACHINES = {"1": "hub", "2": "hub", "3": "hub", "4": "ann", "5": "bob", "6": "bob", "7": "bob", "8": "hub"}


class Machine:
    """A terminal on one machine, whose variables it keeps."""

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self.place = place
        self.said = ""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LOCALLOOP_", "DATALOOP"))
        }
        self.environment = kept | {
            "HOME": str(place),
            "LOCALLOOP_CONFIG": str(place / "config"),
            "LOCALLOOP_NO_KEYRING": "1",
            "LOCALLOOP_PASSWORD": "secret",  # where a person is asked
            "HUB_PASSWORD": "secret",
        }

    def run(self, command: list[str]) -> int:
        done = subprocess.run(
            command,
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in {0, _REFUSED}, f"{command}\n{done.stdout}\n{done.stderr}"
        self.said += done.stdout
        return done.returncode


class Team:
    """The machines, and the hub at a free port of this one instead of the one of the guide."""

    def __init__(self, place: Path) -> None:
        self.machines = {name: Machine(place / name) for name in ("hub", "ann", "bob")}
        self.gate = _GATE
        self._server: subprocess.Popen[str] | None = None

    def type(self, machine: Machine, line: str) -> int:
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
            return machine.run([*_LOCALLOOP, *words[1:]])
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

    def _serve(self, machine: Machine, words: list[str]) -> None:
        words[words.index("0.0.0.0")] = "127.0.0.1"
        self._server = subprocess.Popen(
            [*_LOCALLOOP, *words, "--port", "0", "--json"],
            cwd=machine.place,
            env=machine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        told = json.loads(self._server.stdout.readline())
        assert told["users"] == ["ann@example.com", "bob@example.com"]
        scheme, name, port = told["gate"].split(":")
        assert name == f"//{_NAME}"
        self.gate = f"{scheme}://127.0.0.1:{port}"

    def leave(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.communicate(timeout=60)
            assert self._server.returncode == 0


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
                codes.append(machine.run([sys.executable, "-c", block.replace(_GATE, team.gate)]))
            else:
                codes += [team.type(machine, line) for line in block.splitlines()]
        assert [code for code in codes if code] == ([_REFUSED] if number == "6" else [])
    assert "yours is annotator" in team.machines["bob"].said
    assert "/photos/a.jpg\n" in team.machines["bob"].said
    assert "The store is sound." in team.machines["hub"].said
