"""Dry runs, and the lock that keeps two syncs of one store apart."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import LockedError
from tests.integration.sync.harness import WRITES, agree


def test_a_dry_run_changes_neither_side_and_lists_the_plan(pair):
    pair.b.edit("/a.txt", y="b's")
    pair.b.sync()
    pair.a.edit("/a.txt", x=2)
    pair.a.add("/n.txt", b"n")
    pair.a.annotate("/n.txt", "bird")
    [cat] = pair.a.store.rows(K.ANNOTATION, label="cat")
    with pair.a.store.transaction("delete") as tx:
        tx.delete(K.ANNOTATION, tx.row(K.ANNOTATION, cat["id"]))
    store, platform = pair.a.dump(), {kind: dict(those) for kind, those in pair.platform.entities.items()}
    report = pair.a.sync(dry_run=True)
    assert pair.a.dump() == store
    assert pair.platform.entities == platform
    assert not [one for one in pair.a.requests if one[0] in WRITES]
    assert report.dry_run
    assert report.planned == [
        f"delete annotation class 'cat' ({cat['id']})",
        "update item /a.txt",
        "create item /n.txt",
        f"create annotation class 'bird' ({pair.a.store.rows(K.ANNOTATION, label='bird')[0]['id']})",
    ]
    assert report.pulled == {"item": 1}
    agree(pair.a, pair.b)


def test_a_sync_that_may_not_push_only_pulls(pair):
    pair.a.edit("/a.txt", x=2)
    pair.b.edit("/a.txt", y=2)
    pair.b.sync()
    report = pair.a.sync(push=False)
    assert report.unsent == 1
    assert pair.a.user("/a.txt") == {"x": 2, "y": 2}
    assert pair.platform.at("/a.txt").document["metadata"]["user"] == {"x": 1, "y": 2}


HOLDER = """
import sys
from pathlib import Path
from localloop_sync.drivers.lock import Holder, SyncLock
with SyncLock(Path(sys.argv[1]), Holder(42, "rig7", "a robot", "2026-01-02T03:04:05.678Z")):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(alone):
    """Another process that is syncing the store."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(alone.store.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_told_who_holds_the_lock(alone, holder):
    before = alone.dump()
    with pytest.raises(
        LockedError, match=r"a robot \(process 42 on rig7, since 2026-01-02T03:04:05.678Z\) is syncing"
    ):
        alone.sync()
    assert alone.requests == []
    assert alone.dump() == before


def test_a_holder_that_was_killed_leaves_no_lock(alone, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    agree(alone)
