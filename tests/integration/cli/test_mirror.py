"""Two people with a folder each, a hub between them, and nobody who types more than ``watch --mirror --once``."""

from __future__ import annotations

import shutil

import pytest

from localloop.testing.hub import running_hub

ANN = "ann@example.test"


@pytest.fixture
def hub(tmp_path, monkeypatch, home):
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "pw")
    monkeypatch.setattr("localloop.watch.opening.QUIET", 0.0)
    monkeypatch.setattr("localloop.watch.opening.GONE_FOR", 0.0)
    with running_hub(tmp_path / "hub", {ANN: "pw"}) as hub:
        yield hub


@pytest.fixture
def pair(run, ok, hub, home):
    """Two folders that follow one dataset."""
    ok("login", "--gate", hub.gate, "--email", ANN)
    (home / "one").mkdir()
    (home / "two").mkdir()
    for number in range(3):
        (home / "one" / f"{number}.txt").write_text(str(number))
    ok("init", home / "first", "--author", ANN)
    ok("login", "--gate", hub.gate, "--email", ANN, "--store", home / "first")
    follow(ok, home, "one", "first", "--create")
    ok("clone", "P/D", home / "second", "--gate", hub.gate, "--email", ANN)
    follow(ok, home, "two", "second")
    return home


def follow(command, home, folder, store, *more):
    words = ("watch", home / folder, "--dataset", "P/D", "--mirror", "--once", "--store", home / store)
    return command(*words, *more)


def files(home, folder):
    return {
        path.relative_to(home / folder).as_posix(): path.read_text()
        for path in (home / folder).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_what_one_does_comes_to_the_other(ok, pair):
    assert files(pair, "two") == {"0.txt": "0", "1.txt": "1", "2.txt": "2"}
    (pair / "two" / "0.txt").rename(pair / "two" / "moved.txt")
    (pair / "two" / "1.txt").write_text("one")
    (pair / "two" / "2.txt").unlink()
    (pair / "two" / "new").mkdir()
    (pair / "two" / "new" / "ä.txt").write_text("ä")
    told = follow(ok, pair, "two", "second", "--json").json
    assert (told["added"], told["replaced"], told["moved"], told["deleted"]) == (1, 1, 1, 1)
    told = follow(ok, pair, "one", "first", "--json").json
    assert (told["written"], told["arranged"], told["removed"], told["halted"]) == (2, 1, 1, False)
    assert files(pair, "one") == files(pair, "two") == {"moved.txt": "0", "1.txt": "one", "new/ä.txt": "ä"}
    assert "2.txt" in ok("trash", "ls", "--store", pair / "second").out


def test_what_both_changed_is_kept_twice(ok, pair):
    (pair / "one" / "0.txt").write_text("ann")
    follow(ok, pair, "one", "first")
    (pair / "two" / "0.txt").write_text("bob")
    for _ in range(2):
        follow(ok, pair, "two", "second")
        follow(ok, pair, "one", "first")
    assert files(pair, "one") == files(pair, "two")
    assert sorted(files(pair, "one").values()) == ["1", "2", "ann", "bob"]


def test_an_empty_folder_is_believed_only_when_somebody_says_so(run, ok, pair):
    shutil.rmtree(pair / "two")
    assert follow(run, pair, "two", "second").code == 3
    (pair / "two").mkdir()
    refused = follow(run, pair, "two", "second")
    assert (refused.code, refused.out) == (3, "")
    assert "no .localloop-mirror" in refused.err
    follow(ok, pair, "one", "first")
    assert len(files(pair, "one")) == 3
    follow(ok, pair, "two", "second", "--allow-deletions")
    # A sync has its own word to say about it, on either side.
    ok("sync", "--allow-deletions", "--store", pair / "second")
    assert run("sync", "--store", pair / "first").code == 7
    ok("sync", "--allow-deletions", "--store", pair / "first")
    assert follow(run, pair, "one", "first").code == 7
    assert len(files(pair, "one")) == 3
    follow(ok, pair, "one", "first", "--allow-deletions")
    assert files(pair, "one") == {}
    assert run("watch", pair / "one", "--dataset", "P/D", "--allow-deletions").code == 2
