"""``localloop backup``: a copy that is a store, and what a restored one does."""

from __future__ import annotations

import shutil

import pytest

from localloop.store import Store
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K

ANN = "ann@example.test"


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", {ANN: "pw"}) as hub:
        yield hub


@pytest.fixture
def synced(ok, fruit, hub, monkeypatch):
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
    ok("login", "--gate", hub.gate, "--email", ANN)
    ok("sync")
    return fruit


def paths(store):
    return sorted(row["filename"] for row in store.rows(K.ITEM, type="file"))


def test_what_only_this_store_has_is_in_the_copy(ok, fruit, home):
    told = ok("backup", "copy of ä", "--json").json
    assert (told["contents"], told["bytes"], told["left_out"]) == (3, 6, 0)
    shutil.rmtree(fruit)
    assert ok("fsck", "--store", "copy of ä").out == "The store is sound.\n"
    ok("get", "Fruit/Apples", "--store", "copy of ä", "--out", "out")
    assert (home / "out/Apples/photos/mai/ä ö.txt").read_text() == "ccc"


def test_what_the_platform_has_is_left_out_and_fetched_again(ok, synced, home):
    ok("pin", "Fruit/Apples/photos/a.txt")
    told = ok("backup", "copy", "--json").json
    assert (told["contents"], told["left_out"]) == (1, 2)
    ok("fsck", "--store", "copy")
    ok("fetch", "Fruit/Apples", "--store", "copy")
    ok("get", "Fruit/Apples", "--store", "copy", "--out", "out")
    assert (home / "out/Apples/photos/b.txt").read_text() == "bb"
    assert ok("backup", "whole", "--all", "--json").json["contents"] == 3


def test_a_restored_copy_sends_nothing_twice_and_takes_nothing_back(ok, synced, home, hub):
    (home / "new.txt").write_text("new")
    ok("add", "new.txt", "--to", "Fruit/Apples")
    ok("backup", "copy")
    ok("sync")
    (home / "later.txt").write_text("later")
    ok("add", "later.txt", "--to", "Fruit/Apples")
    ok("mv", "Fruit/Apples/photos/a.txt", "Fruit/Apples/moved.txt")
    ok("sync")
    there = paths(hub.store)
    shutil.rmtree(synced)
    (home / "copy").rename(synced)
    ok("sync")
    assert paths(hub.store) == there
    assert len(there) == 5
    with Store.open(synced) as store:
        assert paths(store) == there
    ok("fsck")


def test_a_copy_of_a_hub_has_its_accounts(ok, synced, hub, home):
    ok("backup", home / "hub copy", "--store", hub.store.path)
    assert (home / "hub copy/hub.json").stat().st_mode & 0o077 == 0
    with Store.open(home / "hub copy") as store:
        assert paths(store) == paths(hub.store)
        assert all(store.blobs.has(row["digest"]) for row in store.rows(K.ITEM, type="file"))


def test_a_folder_with_something_in_it_is_left_alone(run, fruit, photos):
    ran = run("backup", photos)
    assert ran.code == 2
    assert "has something in it already" in ran.err
    assert sorted(path.name for path in photos.iterdir()) == ["a.txt", "b.txt", "mai"]
    assert not list(photos.parent.glob(".photos*"))


def test_a_broken_file_makes_no_copy_and_is_told(run, fruit, home):
    with Store.open(fruit) as store:
        place = store.blobs.path(store.rows(K.ITEM, name="a.txt")[0]["digest"])
    place.chmod(0o600)
    place.write_bytes(b"!")
    ran = run("backup", "copy")
    assert ran.code == 11
    assert not (home / "copy").exists()
