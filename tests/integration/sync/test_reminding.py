"""A platform that lost what it had acknowledged, and a sync that is killed while it sends that again."""

from __future__ import annotations

import shutil
from contextlib import suppress
from itertools import count
from types import SimpleNamespace

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.ports import Place
from tests.integration.sync.harness import Laptop, Platform, agree
from tests.integration.sync.test_kills import Cut, cut_sync
from tests.sim.world import PowerCut, VirtualClock

#: Each so many calls the sync is killed.
STEP = 6


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Two laptops that agreed with a platform, which was then put back from a copy made in between."""
    folder = tmp_path_factory.mktemp("scene")
    clock = VirtualClock()
    platform = Platform(clock, feed=True)
    a = Laptop(folder, "a", platform)
    a.found()
    for name in ("edit", "drop", "stay"):
        a.add(f"/{name}.txt", name.encode(), x=1)
        a.annotate(f"/{name}.txt", name)
    a.sync()
    b = Laptop(folder, "b", platform)
    b.clone()
    agree(a, b)
    copy = platform.copy(clock)
    a.edit("/edit.txt", y=2)
    a.delete("/drop.txt")
    a.add("/later.txt", b"later")
    a.annotate("/later.txt", "later")
    b.annotate("/stay.txt", "b's")
    agree(a, b)
    copy.feed.epoch = "put back"
    a.store.close()
    b.store.close()
    return SimpleNamespace(folder=folder, platform=copy, clock=clock, lives=count(1))


def play(scene, folder, cut):
    """Sync a until it is cut, start it again, and let both come to agree; returns what is there then."""
    clock = VirtualClock()
    clock.moment = scene.clock.moment
    platform = scene.platform.copy(clock)
    shutil.copytree(scene.folder, folder)
    a = Laptop(folder, "a", platform, life=next(scene.lives))
    with suppress(PowerCut):
        cut_sync(a, cut)
    a.store.close()
    a = Laptop(folder, "a", platform, life=next(scene.lives))
    b = Laptop(folder, "b", platform, life=next(scene.lives))
    a.sound()
    agree(a, b)
    conflicts = a.conflicts(None) + b.conflicts(None)
    found = platform.paths(), platform.labels(), a.user("/edit.txt"), conflicts
    a.store.close()
    b.store.close()
    return found


def test_killed_anywhere_what_was_lost_is_made_once_and_nothing_is_deleted(scene, tmp_path):
    whole = Cut()
    expected = play(scene, tmp_path / "whole", whole)
    assert expected == (
        ["/drop.txt", "/edit.txt", "/later.txt", "/stay.txt"],
        ["b's", "drop", "edit", "later", "stay"],
        {"x": 1, "y": 2},
        [],
    )
    assert whole.calls > 40
    for allowed in range(0, whole.calls, STEP):
        folder = tmp_path / str(allowed)
        assert play(scene, folder, Cut(allowed)) == expected, f"cut before call {allowed}"
        shutil.rmtree(folder)


def test_what_was_sent_last_is_missed_although_the_position_is_known(tmp_path):
    """A store's own push comes after the position that it had read to."""
    clock = VirtualClock()
    platform = Platform(clock, feed=True)
    a = Laptop(tmp_path, "a", platform)
    a.found()
    a.add("/first.txt", b"first")
    agree(a)
    copy = platform.copy(clock)
    a.add("/later.txt", b"later")
    a.sync()
    project, place = a.journal.witness()
    assert project == a.store.rows(K.PROJECT)[0]["id"]
    assert place.seq > a.journal.position(project).place.seq
    lost = place.seq - copy.feed.seq
    assert lost > 0
    a.store.close()
    again = Laptop(tmp_path, "a", copy, life=1)
    report = again.sync()
    assert report.lost_there == {"item": 1}
    assert report.deleted_here == {}
    agree(again)
    assert copy.paths() == ["/first.txt", "/later.txt"]
    again.store.close()


def test_a_pull_that_has_come_past_a_push_forgets_where_that_ended(tmp_path):
    platform = Platform(VirtualClock(), feed=True)
    a = Laptop(tmp_path, "a", platform)
    a.found()
    agree(a)
    a.add("/one.txt", b"one")
    a.sync()
    assert a.journal.witness() is not None
    a.sync()
    assert a.journal.witness() is None
    a.journal.attest(("p", Place("e", 7)))
    assert a.journal.witness() == ("p", Place("e", 7))
    a.store.close()
