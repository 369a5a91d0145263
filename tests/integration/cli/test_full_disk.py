"""A disk that is full in the middle of a sync: one sentence, a code, nothing lost, and the next sync goes on."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from localloop.store import Store
from localloop.testing.agreement import broken_content, differences, picture
from localloop.testing.hub import Hub, running_hub
from localloop_schema.kinds import EntityKind as K

ANN = "ann@example.test"
FILES = 43


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", {ANN: "pw"}) as hub:
        yield hub


@pytest.fixture
def team(ok, fruit, hub, monkeypatch, home):
    """A store with forty more files, one of them larger, none of them sent."""
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
    for number in range(FILES - 4):
        (home / "photos" / f"{number}.bin").write_bytes(bytes([number]) * 2000)
    (home / "photos" / "large.bin").write_bytes(b"large" * 400_000)
    ok("login", "--gate", hub.gate, "--email", ANN)
    ok("add", home / "photos", "--to", "Fruit/Apples", "--create")
    return fruit


def limited(size: int):
    """No file of the process grows beyond so many bytes, which is what a full disk looks like to it."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def agree(store: Path, hub: Hub) -> None:
    with Store.open(store) as here:
        assert differences(picture(here), picture(hub.store, hub=True)) == []
        assert broken_content(here) == []
    assert len(hub.store.rows(K.ITEM, type="file")) == FILES


@pytest.mark.parametrize("room", [60_000, 120_000])
def test_a_push_that_finds_no_room_for_its_journal_goes_on_when_there_is(ok, team, hub, process, room):
    """The journal's own file (``store.db-wal``) is what grows first."""
    cut = process("sync", preexec_fn=limited(room))
    _out, err = cut.communicate(timeout=120)
    assert cut.returncode == 1, err
    assert "Traceback" not in err
    assert err.splitlines()[-2].startswith("Error: ")
    assert err.splitlines()[-1] == "Look whether the disk is full; with room on it, run it again."
    ok("fsck")
    ok("sync")
    ok("fsck")
    agree(team, hub)


def test_a_download_that_finds_no_room_leaves_all_else_done_and_goes_on_later(ok, team, hub, process, home):
    ok("sync")
    ok("clone", "Fruit", "there", "--gate", hub.gate)
    there = home / "there" / ".localloop"
    cut = process("get", "Fruit/Apples", "--out", "out", "--store", there, preexec_fn=limited(1_000_000))
    _out, err = cut.communicate(timeout=120)
    assert cut.returncode == 1, err
    assert "Error: There is no room left to write: File too large" in err
    assert err.splitlines()[-1].startswith("Make room, and run it again")
    ok("fsck", "--store", there)
    ok("get", "Fruit/Apples", "--out", "out", "--store", there)
    ok("sync", "--store", there)
    agree(there, hub)


def test_a_clone_that_finds_no_room_for_a_store_is_simply_run_again(ok, team, hub, process, home):
    ok("sync")
    cut = process("clone", "Fruit", "there", "--gate", hub.gate, preexec_fn=limited(100_000))
    _out, err = cut.communicate(timeout=120)
    assert cut.returncode == 1, err
    assert "Error: " in err
    assert "Traceback" not in err
    assert not list((home / "there").rglob("store.db"))
    ok("clone", "Fruit", "there", "--gate", hub.gate, "--content")
    agree(home / "there" / ".localloop", hub)
