"""Unmodified dtlpy against a hub, in a process of its own with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localloop.server.commands import Commands, step
from localloop.store import copies
from localloop.testing.hub import running_hub

HERE = Path(__file__).parent

pytestmark = [pytest.mark.dtlpy, pytest.mark.slow]


def run(script: str, place: Path) -> dict[str, Any]:
    """What a script saw at a new hub."""
    home = place / "home"
    home.mkdir()
    (place / "test1.jpg").write_bytes(b"\xff\xd8\xff one")
    (place / "test2.jpg").write_bytes(b"\xff\xd8\xff the second one")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "DATALOOP_PATH": str(home / "dataloop")}
    with running_hub(place / "store", {"alice@example.test": "pw"}) as hub:
        command = [sys.executable, str(HERE / script), hub.gate, str(place)]
        done = subprocess.run(
            command, env=environment, cwd=place, capture_output=True, text=True, timeout=240, check=False
        )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SEEN ")]
    return json.loads(line.removeprefix("SEEN "))


def test_the_whole_getting_started_guide_runs(tmp_path):
    assert run("guide_script.py", tmp_path) == {
        "email": "alice@example.test",
        "members": [["alice@example.test", "owner"], ["bob@example.test", "annotationManager"]],
        "members after": ["alice@example.test"],
        "not found": ["404", "Dataset not found. Name: 'No-Such-Dataset'"],
        "exists": "400",
        "size": 7,
        "all": ["/test1.jpg", "/test2.jpg"],
        "pages": [["/test1.jpg", "/test2.jpg"]],
        "labels": ["Person"],
        "annotations": [["class", "Person"], ["point", "Ear"], ["point", "Ear"]],
        "ears": ["/test1.jpg"],
        "replaced": ["Adult", "Ear", "Ear"],
        "eyes": ["/test2.jpg"],
        "exercise 4": ["Eye", "Eye", "Person"],
        "user metadata": {"dateTime": "now"},
        "bulk metadata": {"user": {"dateTime": "then"}},
        "exercise 5": {"dateTime": "now", "date": "today"},
        "task": ["test", 1, True, True],
        "task items": ["/test2.jpg"],
        "tasks": ["adults", "test"],
        "second task": ["/test1.jpg"],
        "calls of no change": [],
        "logged out": True,
    }


def test_what_people_do_beyond_the_guide_works(tmp_path):
    seen = run("beyond_script.py", tmp_path)
    assert sorted(seen.pop("paged")) == [f"{number}.txt" for number in range(7)]
    assert seen == {
        "binaries": "Binaries",
        "datasets": [],
        "renamed": "Beyond 2",
        "unknown project": "404",
        "labels": [["cat", "#010203"]],
        "dataset": "D2",
        "item": ["/a b/ü/é 1.jpg", {"k": 1}, "words"],
        "same again": True,
        "types": [
            "box",
            "class",
            "ellipse",
            "item_description",
            "note",
            "point",
            "polyline",
            "segment",
            "text_mark",
        ],
        "other bytes": True,
        "kept": 9,
        "sent without a change": [],
        "annotation": ["dog", {"seen": True}],
        "annotation gone": "404",
        "malformed annotation": "400",
        "download": True,
        "empty": [0, 0],
        "overwrite": [True, 12, 0],
        "metadata removed": None,
        "description": "new words",
        "moved": "/moved",
        "moved many": ["/target/empty.txt", "/target/moved"],
        "tree": ["/", "/target"],
        "by path": 2,
        "unsupported operator": "422",
        "left": ["/target/moved"],
        "gone": "404",
        "count": [7, 3],
        "sorted": [f"{number}.txt" for number in reversed(range(7))],
        "recipes": ["R"],
        "attributes": ["colour"],
        "no attributes": [],
        "labels after": ["cat", "w", "x", "x.y", "x.y.z"],
        "without": ["cat", "x", "x.y", "x.y.z"],
        "clone": ["R", True, True],
        "task": [7, 3],
        "assignments": [["alice@example.test", 2], ["bob@example.test", 3], ["carol@example.test", 2]],
        "statuses": {"completed": 2, "remaining": 5, "actions": {"completed": 1, "discard": 1}},
        "task after": [7, 1],
        "reassigned": ["bob@example.test", "carol@example.test", "dora@example.test"],
        "task name": "T2",
        "no tasks": [],
        "copies": 8,
        "copied": ["new words", ["cat"], True],
        "copied bytes": True,
        "single": "/single",
        "exported": [8, ["cat"]],
        "downloaded marks": ["cat"],
        "downloaded": 8,
        "dataset gone": "404",
        "project gone": "404",
        "by key": 0,
    }


def test_slow_work_is_waited_for_and_failed_work_raises(tmp_path, monkeypatch):
    real, polls = Commands.get, []

    def get(self, command_id, owner):
        polls.append(command_id)
        return real(self, command_id, owner)

    def slow(*arguments, **options):
        # Until it was asked for: then the client has seen it running.
        while not polls:
            step()
        return copy_items(*arguments, **options)

    copy_items = copies.copy_items
    monkeypatch.setattr(Commands, "get", get)
    monkeypatch.setattr(copies, "copy_items", slow)
    assert run("slow_script.py", tmp_path) == {
        "slow": ["in-progress", "success", 1],
        "failed": ["424", True, "failed"],
    }
