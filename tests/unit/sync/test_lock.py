"""The lock of a sync: between processes, threads and forks, and what it tells of its holder."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from localloop_sync.drivers.lock import Holder, SyncLock, holder_of
from localloop_sync.errors import LockedError

ONE = Holder(1, "rig7", "`localloop sync`", "2026-01-02T03:04:05.678Z")
TWO = Holder(2, "rig7", "A script", "2026-01-02T04:00:00.000Z")

#: Takes the lock as TWO, says so, and ends when it is told to or killed.
OTHER = """
import sys
from pathlib import Path
from localloop_sync.drivers.lock import Holder, SyncLock
with SyncLock(Path(sys.argv[1]), Holder(2, "rig7", "A script", "2026-01-02T04:00:00.000Z")):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock."""
    words = [sys.executable, "-c", OTHER, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_another_process_is_told_who_holds_the_lock(tmp_path, other):
    with pytest.raises(LockedError) as refused, SyncLock(tmp_path, ONE):
        pass
    assert refused.value.message == (
        "A script (process 2 on rig7, since 2026-01-02T04:00:00.000Z) is syncing this store."
    )
    assert refused.value.holder == TWO.to_json()
    assert holder_of(tmp_path) == TWO


def test_the_lock_of_a_killed_process_is_free_at_once_and_its_note_is_believed_by_nobody(tmp_path, other):
    other.kill()
    other.wait()
    assert (tmp_path / "sync.holder").exists()
    assert holder_of(tmp_path) is None
    with SyncLock(tmp_path, ONE):
        assert holder_of(tmp_path) == ONE


def test_a_stale_note_is_never_shown_for_another_holder(tmp_path, other):
    other.kill()
    other.wait()
    # Somebody has the lock and has not come to say its name.
    with (tmp_path / "sync.lock").open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with (
            pytest.raises(LockedError, match=r"^Another process is syncing") as refused,
            SyncLock(tmp_path, ONE),
        ):
            pass
    assert refused.value.holder is None


def test_a_lock_is_free_after_its_block_whatever_ended_it(tmp_path):
    with pytest.raises(ZeroDivisionError), SyncLock(tmp_path, ONE):
        raise ZeroDivisionError
    assert holder_of(tmp_path) is None
    with SyncLock(tmp_path, TWO):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["sync.lock"]


def test_another_thread_of_the_same_process_does_not_get_the_lock(tmp_path):
    refused = []

    def attempt() -> None:
        try:
            with SyncLock(tmp_path, TWO):
                pass
        except LockedError as error:
            refused.append(error.holder)

    with SyncLock(tmp_path, ONE):
        thread = Thread(target=attempt)
        thread.start()
        thread.join()
    assert refused == [ONE.to_json()]


def test_a_process_that_is_forked_off_does_not_hold_the_lock(tmp_path):
    """Else a lock would outlive a killed sync in a worker that it had forked."""
    script = """
import os, signal, sys
from pathlib import Path
from localloop_sync.drivers.lock import Holder, SyncLock
with SyncLock(Path(sys.argv[1]), Holder(1, "rig7", "x", "now")):
    child = os.fork()
    if child == 0:
        print("forked", flush=True)
        sys.stdin.read()
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    words = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "forked\n"
        assert process.wait() == -9
        with SyncLock(tmp_path, TWO):  # the child still runs
            assert holder_of(tmp_path) == TWO


def test_a_lock_is_held_without_a_name_where_none_can_be_written(tmp_path):
    (tmp_path / "sync.holder").mkdir()
    with SyncLock(tmp_path, ONE):
        assert holder_of(tmp_path) is None
        with pytest.raises(LockedError, match=r"^Another process"), SyncLock(tmp_path, TWO):
            pass


def test_files_are_not_handed_on_to_programs_that_are_started(tmp_path):
    with SyncLock(tmp_path, ONE):
        held = list(Path("/proc/self/fd").iterdir())
        ours = [one for one in held if one.exists() and one.resolve().parent == tmp_path]
        assert len(ours) == 2
        assert not any(os.get_inheritable(int(one.name)) for one in ours)
