"""``conflicts`` and ``resolve``, on a store that was synced with a platform in memory."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.sync.harness import Laptop, Platform
from tests.sim.world import VirtualClock


@pytest.fixture
def laptop(home, tmp_path, monkeypatch):
    """A laptop with four conflicts: two fields of /a.txt, /b.txt deleted on the platform, /c.txt deleted here."""
    platform = Platform(VirtualClock())
    other = Laptop(tmp_path, "other", platform)
    other.found()
    other.add("/a.txt", b"first", x="an apple a day", y=1)
    other.add("/b.txt", b"second", x="b")
    other.add(
        "/a/path/that/is/long/enough/to/be/cut/in/the/middle/of/a/narrow/terminal/c.txt", b"third", x="c"
    )
    other.sync()
    here = Laptop(tmp_path, "here", platform)
    here.clone()
    long = here.paths()[1]
    other.edit("/a.txt", x="an apple a week", y=2)
    other.delete("/b.txt")
    other.edit(long, x="there")
    here.edit("/a.txt", x="an orange a day", y=3)
    here.edit("/b.txt", x="here")
    here.delete(long)
    other.sync()
    here.sync()
    other.store.close()
    monkeypatch.setenv("LOCALLOOP_STORE", str(here.store.path))
    yield here
    here.store.close()


def listed(ok, *words):
    return ok("conflicts", *words, "--json").json["conflicts"]


def find(ok, what, name=""):
    [found] = [one for one in listed(ok) if one["what"] == what and one["name"].endswith(name)]
    return found


def test_the_list_fits_a_terminal_of_80_columns_and_tells_the_age(ok, laptop):
    lines = ok("conflicts").out.splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) <= 80
    assert re.match(r"ID +AGE +KIND +WHAT +NAME$", lines[0])
    assert all(re.search(r"\d (second|minute|hour|day)s? ", line) for line in lines[1:])
    assert sum(line.endswith("/c.txt") for line in lines) == 1
    assert {one["dataset"] for one in listed(ok)} == {"P/D"}


def test_the_list_is_narrowed(run, ok, laptop):
    assert len(listed(ok, "--field", "metadata.user.*")) == 2
    assert len(listed(ok, "--dataset", "P/D", "--kind", "item")) == 4
    assert listed(ok, "--kind", "annotation") == []
    assert run("conflicts", "--kind", "apple").code == 2
    assert run("conflicts", "--dataset", "P").code == 2
    assert run("conflicts", "--dataset", "P/X").code == 3


def test_a_field_is_shown_with_what_differs_word_by_word(ok, laptop):
    shown = ok("conflicts", "show", find(ok, "metadata.user.x")["short_id"]).out
    assert '"an apple a day"' in shown
    assert '"an [-apple-]{+orange+} a day"' in shown
    assert '"an apple a [-day-]{+week+}"' in shown
    assert "\x1b" not in shown
    assert "--mine" in shown


def test_a_deletion_is_shown_as_one_and_its_ways_are_named(ok, laptop):
    there = ok("conflicts", "show", find(ok, "deleted on the platform")["id"]).out
    assert "on the platform:\n  deleted" in there
    here = ok("conflicts", "show", find(ok, "deleted here")["id"]).out
    assert "here:\n  deleted" in here
    for shown in (there, here):
        assert "--restore" in shown
        assert "--value" not in shown


def test_on_a_wide_terminal_the_sides_stand_beside_one_another_in_colour(ok, laptop):
    conflict = find(ok, "metadata.user.x")["id"]

    def at_terminal(**variables):
        here, there = pty.openpty()
        words = [sys.executable, "-m", "localloop", "conflicts", "show", conflict]
        path = str(Path(__file__).parents[3])
        known = {"PYTHONPATH": path, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
        running = subprocess.Popen(
            words, stdout=there, stderr=there, env={**os.environ, **known, **variables}
        )
        os.close(there)
        shown = b""
        while True:
            try:
                part = os.read(here, 4096)
            except OSError:  # the other end is closed
                break
            shown += part
        os.close(here)
        assert running.wait() == 0
        return shown.decode()

    shown = at_terminal()
    [row] = [line for line in shown.splitlines() if "apple" in line]
    assert row.count(" | ") == 2
    assert "\x1b[31mapple\x1b[0m\x1b[32morange\x1b[0m" in row
    plain = at_terminal(NO_COLOR="1")
    assert "\x1b" not in plain
    assert "[-apple-]{+orange+}" in plain
    assert not any(line.count(" | ") == 2 for line in at_terminal(COLUMNS="80").splitlines())


def test_several_are_decided_and_it_says_what_follows(ok, laptop):
    ids = [find(ok, f"metadata.user.{key}")["short_id"] for key in "xy"]
    told = ok("resolve", *ids, ids[0], "--theirs").out
    assert told.count("Resolved: item /a.txt") == 2
    assert "nothing to send" in told
    assert len(listed(ok)) == 2


def test_a_value_comes_from_standard_input(ok, laptop):
    ok("resolve", find(ok, "metadata.user.y")["id"], "--value", "-", stdin="[7]")
    assert laptop.user("/a.txt")["y"] == [7]


def test_deletions_are_restored_and_accepted_by_name(ok, laptop):
    told = ok("resolve", find(ok, "deleted on the platform")["id"], "--restore", "--json").json
    assert [(one["stands"], one["then"]) for one in told["decisions"]] == [
        ("mine", "The next sync makes it anew on the platform.")
    ]
    told = ok("resolve", find(ok, "deleted here")["id"], "--accept").out
    assert "The next sync deletes it on the platform." in told
    laptop.sync()
    assert laptop.platform.paths() == ["/a.txt", "/b.txt"]


def test_all_is_narrowed_by_what_a_wish_is_about(ok, laptop):
    rehearsed = ok("resolve", "--all", "--restore", "--dry-run", "--json").json
    assert (len(rehearsed["resolved"]), rehearsed["dry_run"], len(listed(ok))) == (2, True, 4)
    assert ok("resolve", "--all", "--restore", "--json").json["resolved"] == rehearsed["resolved"]
    assert {one["what"] for one in listed(ok)} == {"metadata.user.x", "metadata.user.y"}
    ok("resolve", "--all", "--mine", "--field", "*.y")
    assert {one["what"] for one in listed(ok)} == {"metadata.user.x"}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--mine", "--theirs", "--all"],
        ["--mine"],
        ["--all", "x", "--mine"],
        ["--all", "--value-json", "1"],
        ["x", "--mine", "--kind", "item"],
        ["FIELD", "--restore"],
        ["FIELD", "--accept"],
        ["FIELD", "--value-json", "not json"],
        ["DELETION", "--value-json", "1"],
    ],
)
def test_a_command_line_that_makes_no_sense_decides_nothing(run, ok, laptop, words):
    ids = {"FIELD": find(ok, "metadata.user.x")["id"], "DELETION": find(ok, "deleted here")["id"]}
    ran = run("resolve", *(ids.get(word, word) for word in words))
    assert ran.code == 2
    assert ran.err.count("\n") <= 2
    assert len(listed(ok)) == 4


def test_an_id_that_is_not_there_is_told(run, laptop):
    assert run("resolve", "ffffffff", "--mine").code == 3
    assert json.loads(run("conflicts", "show", "ffffffff", "--json").out)["error"]["code"] == 3
