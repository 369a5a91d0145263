"""The daemon as a process: it takes, sends, waits for the platform, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import socket
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from localloop.cli.app import app
from localloop.store import Store
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K
from tests.integration import processes
from tests.integration.processes import bare, paths

SOON = '[sync]\nevery = "1h"\nafter = 0.1\n'


@pytest.fixture
def place(tmp_path, monkeypatch):
    bare(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    localloop("init", "--author", "ann@example.test")
    yield tmp_path
    localloop("daemon", "stop")


@pytest.fixture
def hub(place):
    with running_hub(place / "hub", users={"ann@example.test": "pw"}) as hub:
        localloop("login", "--gate", hub.gate, "--email", "ann@example.test")
        yield hub


def localloop(*words, code=0):
    """Run a command line in this process; the daemon that it starts is one of its own."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done


def settings(text):
    Path(".localloop", "daemon.toml").write_text(text)


def health():
    return json.loads(Path(".localloop", "daemon", "health.json").read_text())


until = partial(
    processes.until,
    seconds=60,
    told=lambda: Path(".localloop", "daemon", "daemon.log").read_text(),
)


def test_files_and_edits_reach_the_hub_whatever_happens_to_it(place, hub):
    settings(SOON)
    localloop("daemon", "add", place / "camera", "--dataset", "P/D", "--create")
    localloop("daemon", "start")
    assert "runs already" in localloop("daemon", "start").stdout
    assert "runs for this store already" in localloop("daemon", "run", code=8).stderr
    (place / "camera" / "a.txt").write_text("A")
    until(lambda: "/a.txt" in paths(hub.store))
    (place / "b.txt").write_text("B")
    localloop("add", place / "b.txt", "--to", "P/D")
    until(lambda: "/b.txt" in paths(hub.store))

    hub.stop()
    (place / "c.txt").write_text("C")
    localloop("add", place / "c.txt", "--to", "P/D")
    until(lambda: health()["state"] == "offline")
    told = localloop("daemon", "status").stdout
    assert "offline" in told
    assert "a.txt" not in told
    pid = health()["pid"]
    os.kill(pid, signal.SIGKILL)
    assert "No daemon runs" in localloop("daemon", "status", code=3).stdout
    hub.start()
    localloop("daemon", "start")
    until(lambda: "/c.txt" in paths(hub.store))
    status = json.loads(localloop("status", "--json").stdout)["daemon"]
    assert status["roots"][0]["folder"] == str(place / "camera")
    assert status["roots"][0]["watched_by"] == "events"
    assert status["pid"] != pid
    assert "Watches" in localloop("status").stdout
    assert "has stopped" in localloop("daemon", "stop").stdout
    assert health()["state"] == "stopped"
    assert "started" in localloop("daemon", "logs").stdout
    assert "stopped" in json.loads(localloop("daemon", "logs", "-n", "1", "--json").stdout)["lines"][0]


def test_a_root_that_is_gone_stops_no_other(place):
    settings(SOON)
    (place / "scans").mkdir()
    localloop("daemon", "add", place / "camera", "--dataset", "P/camera", "--create")
    localloop("daemon", "add", place / "scans", "--dataset", "P/scans", "--create", "--mirror")
    assert [line.split()[1] for line in localloop("daemon", "roots").stdout.splitlines()[1:]] == [
        "taken",
        "both",
    ]
    (place / "camera").rename(place / "away")
    localloop("daemon", "start")
    (place / "scans" / "a.txt").write_text("A")
    with Store.open(Path(".localloop")) as store:
        until(lambda: "/a.txt" in paths(store))
        assert "camera is not there" in localloop("daemon", "status", code=9).stdout
        (place / "away").rename(place / "camera")
        (place / "camera" / "b.txt").write_text("B")
        until(lambda: "/b.txt" in paths(store))


def test_it_stops_soon_also_amid_a_large_look_and_loses_nothing(place):
    settings(SOON)
    for number in range(1000):
        (place / "camera" / f"{number}.txt").write_text(str(number))
    localloop("daemon", "add", place / "camera", "--dataset", "P/D", "--create")
    localloop("daemon", "start")
    until(lambda: health()["roots"][0]["added"] or health()["roots"][0]["waiting"])
    localloop("daemon", "stop")
    assert health()["state"] == "stopped"
    localloop("daemon", "start")
    with Store.open(Path(".localloop")) as store:
        until(lambda: len(paths(store)) == 1000)
        assert len(store.rows(K.ITEM, type="file")) == 1000


def test_what_makes_no_sense_is_said_at_once(place):
    settings("[sink]\n")
    for words in (["start"], ["run"], ["roots"]):
        assert "no setting sink" in localloop("daemon", *words, code=2).stderr
    settings("")
    assert "no folder" in localloop("daemon", "add", "none", "--dataset", "P/D", code=3).stderr
    assert "--create" in localloop("daemon", "add", place / "camera", "--dataset", "P/D", code=3).stderr
    assert "does not watch" in localloop("daemon", "remove", "none", code=3).stderr
    assert "into itself" in localloop("daemon", "add", Path(".localloop"), "--dataset", "P/D", code=2).stderr
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings(f"[metrics]\nport = {server.getsockname()[1]}\n")
        assert "listens at this address" in localloop("daemon", "start", code=1).stderr
