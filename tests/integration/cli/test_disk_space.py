"""Which files are here: fetched, pinned, freed, kept below a quota, verified."""

from __future__ import annotations

import pytest

from localloop.store import Store
from localloop.store.keeping import collect
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


def here(path):
    """The names of the files whose content is here."""
    with Store.open(path) as store:
        return {row["name"] for row in store.rows(K.ITEM, type="file") if store.blobs.has(row["digest"])}


ALL = {"a.txt", "b.txt", "ä ö.txt"}


def test_what_was_never_sent_stays(ok, fruit):
    told = ok("free", "Fruit/Apples", "--json").json
    assert told == {"blobs": 0, "bytes": 0, "kept": {"unsent": 3}, "dry_run": False}
    assert here(fruit) == ALL
    assert "3 contents stayed, not known to be anywhere else" in ok("free", "Fruit/Apples").err


def test_what_is_freed_is_fetched_again_when_it_is_wanted(ok, synced, home):
    assert ok("free", "Fruit/Apples/photos/mai", "--dry-run").out == "Would free 3 B: 1 content.\n"
    assert here(synced) == ALL
    assert ok("free", "Fruit/Apples/photos/mai").out == "Freed 3 B: 1 content.\n"
    assert here(synced) == {"a.txt", "b.txt"}
    ok("fsck")
    ok("sync")
    assert here(synced) == {"a.txt", "b.txt"}
    ok("get", "Fruit/Apples", "--out", "copy")
    assert (home / "copy/Apples/photos/mai/ä ö.txt").read_text() == "ccc"
    assert here(synced) == ALL


def test_fetch_brings_what_a_query_finds(ok, synced):
    assert ok("free", "Fruit/Apples").out == "Freed 6 B: 3 contents.\n"
    words = ("fetch", "Fruit/Apples", "--filter", "size>1")
    assert ok(*words, "--dry-run").out == "Would fetch 2 files (5 B); 0 files here already.\n"
    assert here(synced) == set()
    assert ok(*words, "--json").json == {
        "fetched": 2,
        "bytes": 5,
        "here_already": 0,
        "pinned": False,
        "dry_run": False,
        "failures": [],
    }
    assert here(synced) == {"b.txt", "ä ö.txt"}
    assert (
        ok("fetch", "Fruit/Apples", "--pin").out
        == "Fetched 1 file (1 B); 2 files here already, all pinned.\n"
    )
    assert ok("free", "Fruit/Apples", "--json").json["kept"] == {"pinned": 3}


def test_fetch_without_a_connection_says_so_and_loses_nothing(run, ok, synced, hub):
    ok("free", "Fruit/Apples/photos/mai")
    ok("logout")
    ran = run("fetch", "Fruit/Apples")
    assert (ran.code, ran.out) == (6, "")
    assert here(synced) == {"a.txt", "b.txt"}


def test_a_pin_is_what_free_respects(ok, synced):
    assert ok("pin", "Fruit/Apples/photos/a.txt").out == "Pinned 1 content.\n"
    assert ok("pin", "Fruit/Apples/photos/a.txt").out == "Pinned 0 contents; 1 were so already.\n"
    assert "1 content stayed, pinned" in ok("free", "Fruit/Apples").err
    assert here(synced) == {"a.txt"}
    assert "2 files not here" in ok("pin", "Fruit/Apples").err
    assert ok("unpin", "Fruit/Apples").out == "Unpinned 1 content.\n"
    ok("free", "Fruit/Apples")
    assert here(synced) == set()


def test_a_quota_frees_the_longest_unused_and_holds_after_a_fetch(ok, synced):
    ok("fetch", "Fruit/Apples/photos/a.txt")
    told = ok("cache", "quota", "3", "--dry-run", "--json").json
    assert (told["quota"], told["before"], told["dry_run"]) == (3, None, True)
    assert here(synced) == ALL
    ok("cache", "quota", "3")
    assert "a.txt" in here(synced)
    assert sum({"a.txt": 1, "b.txt": 2, "ä ö.txt": 3}[one] for one in here(synced)) <= 3
    ok("fetch", "Fruit/Apples/photos/mai")
    assert here(synced) == {"ä ö.txt"}
    assert ok("cache", "quota").out == "The cache may hold 3 B.\n"
    ok("cache", "quota", "none")
    ok("fetch", "Fruit/Apples")
    assert here(synced) == ALL


def test_a_quota_never_takes_what_is_unsent(ok, synced, home):
    ok("cache", "quota", "0")
    assert here(synced) == set()
    (home / "new.txt").write_text("new")
    ok("add", "new.txt", "--to", "Fruit/Apples")
    ok("cache", "quota", "0")
    assert here(synced) == {"new.txt"}
    ok("sync")
    assert here(synced) == set()
    ok("fsck")


def test_what_a_subscription_keeps_here_stays(ok, synced):
    ok("subscribe", "Fruit/Apples", "--content")
    assert ok("free", "Fruit/Apples", "--json").json["kept"] == {"subscribed": 3}
    ok("subscribe", "Fruit/Apples", "--no-content")
    assert ok("free", "Fruit/Apples", "--json").json["blobs"] == 3


def test_what_is_deleted_can_be_brought_back_until_the_trash_is_emptied(ok, synced):
    ok("rm", "Fruit/Apples/photos/a.txt", "--yes")
    ok("sync")
    with Store.open(synced) as store:
        assert collect(store, older_than_seconds=0).blobs == 0
    ok("trash", "empty", "--yes")
    assert "Would remove 0 contents" in ok("cache", "gc", "--dry-run").out  # it came within the last hour
    with Store.open(synced) as store:
        assert collect(store, older_than_seconds=0).blobs == 1
    ok("fsck")


def test_the_size_of_the_cache_and_why_is_told(ok, synced):
    ok("pin", "Fruit/Apples/photos/a.txt")
    told = ok("cache", "info", "--json").json
    assert (told["blobs"], told["bytes"], told["quota"]) == (3, 6, None)
    assert told["by_fate"]["pinned"] == {"blobs": 1, "bytes": 1}
    assert told["by_fate"]["free"] == {"blobs": 2, "bytes": 5}
    lines = ok("cache", "info").out.splitlines()
    assert lines[-1] == "3 contents, 6 B, with no quota."
    assert all(len(line) <= 80 for line in lines)


def spoil(path, name):
    with Store.open(path) as store:
        [row] = store.rows(K.ITEM, name=name)
        place = store.blobs.path(row["digest"])
    place.chmod(0o600)
    place.write_bytes(b"!")
    return row["digest"]


def test_what_a_disk_broke_is_fetched_again(ok, synced, home):
    digest = spoil(synced, "ä ö.txt")
    told = ok("cache", "verify", "--json").json
    [broken] = told["broken"]
    assert (told["checked"], broken["digest"], broken["fetched_again"]) == (3, digest, True)
    ok("get", "Fruit/Apples/photos/mai", "--out", "copy")
    assert (home / "copy/mai/ä ö.txt").read_text() == "ccc"
    assert ok("cache", "verify").out == "Read 3 contents (6 B): all as they were.\n"


def test_what_nobody_else_has_is_set_aside_and_told(run, fruit):
    spoil(fruit, "a.txt")
    ran = run("cache", "verify")
    assert ran.code == 9
    assert "Add the original files again" in ran.err
    assert "1 broken, 0 of them fetched again" in ran.out


@pytest.mark.parametrize("words", [("quota", "much"), ("quota", "-1")])
def test_a_size_that_is_none_is_refused(run, fruit, words):
    ran = run("cache", *words)
    assert ran.code == 2
    assert here(fruit) == ALL


@pytest.mark.parametrize("command", ["fetch", "free", "pin", "unpin"])
def test_a_place_that_is_not_there_is_told(run, fruit, command):
    assert run(command, "Fruit/Pears").code == 3
    assert run(command, "Fruit").code == 2
