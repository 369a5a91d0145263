"""The command that watches a folder, as a process: bursts, saves, renames, and being killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from localloop.store import Store
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K
from tests.integration import processes
from tests.integration.processes import bare, paths


@pytest.fixture
def place(tmp_path, monkeypatch):
    bare(tmp_path, monkeypatch)
    localloop("init", "--author", "ann@example.test")
    return tmp_path


def localloop(*words, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "localloop", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


class Watching:
    """The command, while it runs."""

    def __init__(self, folder, *more):
        words = ["watch", folder, "--dataset", "P/D", "--create", *more]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localloop", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        assert "Watching" in self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.said = self.process.communicate(timeout=30)[0]


until = partial(processes.until, seconds=90)


def test_a_burst_in_new_folders_is_taken_whole(place):
    with Watching(place / "camera", "--no-sync") as watching, Store.open(Path(".localloop")) as store:
        for folder in range(20):
            deep = place / "camera" / f"{folder}" / "a" / "b"
            deep.mkdir(parents=True)
            for number in range(50):
                (deep / f"{number}.txt").write_text(f"{folder} {number}")
        until(lambda: len(paths(store)) == 1000)
        (place / "camera" / "0").rename(place / "camera" / "moved")
        until(lambda: "/moved/a/b/49.txt" in paths(store))
        assert len(paths(store)) == 1000
    assert watching.process.returncode == 0
    assert "moved 50 items" in watching.said


def test_a_folder_that_comes_back_is_watched_again(place):
    folder = place / "camera"
    (folder / "a.txt").write_text("A")
    with Watching(folder, "--no-sync") as watching, Store.open(Path(".localloop")) as store:
        until(lambda: paths(store) == {"/a.txt"})
        folder.rename(place / "away")
        (place / "away" / "b.txt").write_text("B")
        assert watching.process.stdout is not None
        while "is not there" not in watching.process.stdout.readline():
            pass
        (place / "away").rename(folder)
        until(lambda: paths(store) == {"/a.txt", "/b.txt"})
        (folder / "c.txt").write_text("C")
        until(lambda: paths(store) == {"/a.txt", "/b.txt", "/c.txt"})


def test_it_may_be_killed_at_any_moment(place):
    for number in range(200):
        (place / "camera" / f"{number}.txt").write_text(str(number))
    with Watching(place / "camera", "--no-sync") as watching:
        time.sleep(0.3)
        watching.process.kill()
    done = localloop("watch", place / "camera", "--dataset", "P/D", "--once", "--no-sync", "--json")
    assert json.loads(done.stdout)["problems"] == []
    with Store.open(Path(".localloop")) as store:
        assert paths(store) == {f"/{number}.txt" for number in range(200)}
        assert len(store.rows(K.ITEM, type="file")) == 200


def test_files_reach_the_hub_also_when_it_was_away(place):
    with running_hub(place / "hub", users={"ann@example.test": "pw"}) as hub:
        localloop("login", "--gate", hub.gate, "--email", "ann@example.test")
        localloop("sync")
        with Watching(place / "camera", "--sync-every", "1s") as watching:
            (place / "camera" / "a.txt").write_text("A")
            until(lambda: paths(hub.store) == {"/a.txt"})
            hub.stop()
            (place / "camera" / "b.txt").write_text("B")
            time.sleep(12)
            hub.start()
            until(lambda: paths(hub.store) == {"/a.txt", "/b.txt"})
    assert watching.said.count("not synced:") == 1


def test_what_makes_no_sense_is_said(place):
    assert "no folder" in localloop("watch", place / "none", "--dataset", "P/D", code=3).stderr
    assert "--create" in localloop("watch", place / "camera", "--dataset", "P/D", code=3).stderr
    assert (
        "--to says" in localloop("watch", place / "camera", "--dataset", "P/D/x", "--create", code=2).stderr
    )


def test_once_waits_for_what_is_being_written(place):
    with (place / "camera" / "slow.txt").open("w") as writer:
        command = [sys.executable, "-m", "localloop", "watch", str(place / "camera"), "--dataset", "P/D"]
        process = subprocess.Popen([*command, "--create", "--once", "--no-sync"], stdout=subprocess.PIPE)
        for _ in range(20):
            writer.write("x" * 1000)
            writer.flush()
            time.sleep(0.2)
    assert process.wait(60) == 0
    process.communicate()
    with Store.open(Path(".localloop")) as store:
        [row] = store.rows(K.ITEM, type="file")
        assert row["size"] == 20000
