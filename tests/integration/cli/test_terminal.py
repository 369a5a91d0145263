from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from localloop.testing.hub import running_hub


@pytest.fixture
def at_terminal(home: Path):
    """Run a command line at a terminal, and answer what it asks; returns the exit code and what was shown."""

    def invoke(*words: str, answer: str = "", **variables: str) -> tuple[int, str]:
        here, there = pty.openpty()
        running = subprocess.Popen(
            [sys.executable, "-m", "localloop", *words],
            stdin=there,
            stdout=there,
            stderr=there,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "TERM": "xterm", **variables},
        )
        os.close(there)
        os.write(here, answer.encode())
        shown = b""
        while True:
            try:
                part = os.read(here, 4096)
            except OSError:  # the other end is closed
                break
            shown += part
        os.close(here)
        return running.wait(), shown.decode()

    return invoke


def test_deleting_asks_and_no_is_an_answer(at_terminal, ok, fruit):
    code, shown = at_terminal("rm", "Fruit/Apples/photos", answer="n\n")
    assert (code, "Delete 3 items?" in shown, "Nothing was deleted." in shown) == (0, True, True)
    assert len(ok("ls", "Fruit/Apples", "--json").json["items"]) == 3
    code, _ = at_terminal("rm", "Fruit/Apples/photos", answer="y\n")
    assert (code, ok("ls", "Fruit/Apples", "--json").json["items"]) == (0, [])


def test_a_sync_shows_a_bar_and_ends_with_one_sentence(at_terminal, ok, fruit, tmp_path, monkeypatch):
    with running_hub(tmp_path / "hub", {"ann@example.test": "pw"}) as hub:
        monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
        ok("login", "--gate", hub.gate, "--email", "ann@example.test")
        code, shown = at_terminal("sync")
        assert code == 0
        assert "items: create" in shown
        assert "uploaded 6 B" in shown
        plain = at_terminal("sync", NO_COLOR="1")[1]
        assert "\x1b[3" not in plain  # no colour is set


def test_numbers_are_shown_beside_the_sentence_of_a_phase(at_terminal, ok, fruit, tmp_path, monkeypatch):
    with running_hub(tmp_path / "hub", {"ann@example.test": "pw"}) as hub:
        monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
        ok("login", "--gate", hub.gate, "--email", "ann@example.test")
        ok("sync")
        _, shown = at_terminal("sync", COLUMNS="80", NO_COLOR="1")
        assert re.search(r"items checked .*\d/\?", shown)
        assert "…" not in shown


def test_adding_shows_a_bar_only_at_a_terminal(at_terminal, run, fruit):
    assert "files added" in at_terminal("add", "photos", "--to", "Fruit/More", "--create")[1]
    assert run("add", "photos", "--to", "Fruit/Apples").err == ""
