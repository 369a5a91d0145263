"""Killed before any commit or request of a sync, and started again: both sides come to agree, and nothing is double.

What is killed right after a call is in the same state as what is killed right before the next one, so cutting
before each call, and never, covers both.
"""

from __future__ import annotations

import shutil
from contextlib import nullcontext, suppress
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from localloop.store.labels import upsert_labels
from localloop.store.projects import add_member
from localloop.store.recipes import ontology_of
from localloop.store.tasks import create_task
from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.journal import SqliteJournal
from localloop_sync.engine import Options, sync
from tests.integration.sync.harness import Laptop, Platform, agree
from tests.sim.world import PowerCut, VirtualClock

SHARDS = 12


class Cut:
    """Lets a number of calls through, and then the process dies."""

    def __init__(self, allowed: int | None = None) -> None:
        self.allowed = allowed
        self.calls = 0

    def __call__(self, *_args: Any) -> None:
        if self.calls == self.allowed:
            raise PowerCut
        self.calls += 1


class CuttingJournal:
    """A journal whose every call counts."""

    def __init__(self, inner: SqliteJournal, cut: Cut) -> None:
        self._inner = inner
        self._cut = cut

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*args: Any, **named: Any) -> Any:
            self._cut()
            return method(*args, **named)

        return call


def cut_sync(laptop: Laptop, cut: Cut) -> None:
    laptop.listen(cut)
    sync(
        laptop.remote,
        CuttingJournal(laptop.journal, cut),  # type: ignore[arg-type]  # every attribute is passed on
        laptop.store.blobs,
        laptop.store.clock,
        nullcontext(),
        options=Options(workers=1),
    )


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Two laptops with edits of every kind on either side, as directories to be copied."""
    folder = tmp_path_factory.mktemp("scene")
    clock = VirtualClock()
    platform = Platform(clock)
    a = Laptop(folder, "a", platform)
    a.found()
    for name in ("edit", "move", "replace", "drop", "gone"):
        a.add(f"/{name}.txt", name.encode(), x=1)
        a.annotate(f"/{name}.txt", f"{name} one", f"{name} two")
    a.sync()
    b = Laptop(folder, "b", platform)
    b.clone()
    b.edit("/edit.txt", y="b's")
    b.delete("/gone.txt")
    b.add("/b new.txt", b"b new")
    b.sync()
    a.edit("/edit.txt", x="a's")
    a.move("/move.txt", "/moved.txt")
    a.put("/replace.txt", b"replaced")
    a.delete("/drop.txt")
    for number in range(3):
        a.add(f"/new {number}.txt", f"new {number}".encode())
        a.annotate(f"/new {number}.txt", f"new {number}")
    with a.store.transaction("more") as tx:
        dataset = tx.rows(K.DATASET)[0]
        upsert_labels(tx, ontology_of(tx.connection, dataset), [{"tag": "cat"}])
        add_member(tx, tx.rows(K.PROJECT)[0], "carol@x", "engineer")
        # It takes in what b deleted too: that somebody's query found an item does not hold up its deletion.
        create_task(tx, dataset, "t", {}, assignee_ids=["carol@x"])
    a.store.close()
    b.store.close()
    return SimpleNamespace(folder=folder, platform=platform, clock=clock, lives=count(1))


def restage(scene, folder):
    """A copy of the scene."""
    clock = VirtualClock()
    clock.moment = scene.clock.moment
    platform = scene.platform.copy(clock)
    shutil.copytree(scene.folder, folder)
    return platform


def play(scene, folder, cut):
    """Sync a until it is cut, start it again, and let both come to agree; returns what is there then."""
    platform = restage(scene, folder)
    a = Laptop(folder, "a", platform, life=next(scene.lives))
    with suppress(PowerCut):
        cut_sync(a, cut)
    a.store.close()
    a = Laptop(folder, "a", platform, life=next(scene.lives))
    b = Laptop(folder, "b", platform, life=next(scene.lives))
    a.sound()
    agree(a, b, rounds=1)
    conflicts = a.conflicts(None) + b.conflicts(None)
    contents = {path: platform.contents[platform.at(path).id] for path in platform.paths()}
    found = (
        contents,
        platform.labels(),
        a.user("/edit.txt"),
        sorted(one["email"] for one in a.store.rows(K.MEMBER)),
    )
    tasks = (
        [one["name"] for one in b.store.rows(K.TASK)],
        [one["annotator"] for one in b.store.rows(K.ASSIGNMENT)],
    )
    a.store.close()
    b.store.close()
    return found, tasks, conflicts


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_anywhere_it_goes_on(scene, tmp_path, shard):
    whole = Cut()
    expected = play(scene, tmp_path / "whole", whole)
    (contents, labels, user, _), _, conflicts = expected
    assert conflicts == []
    assert user == {"x": "a's", "y": "b's"}
    assert len(contents) == 7
    assert len(labels) == 9
    assert whole.calls > 60
    for allowed in range(shard, whole.calls, SHARDS):
        folder = tmp_path / str(allowed)
        assert play(scene, folder, Cut(allowed)) == expected, f"cut before call {allowed}"
        shutil.rmtree(folder)
