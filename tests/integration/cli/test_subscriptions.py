"""What is mirrored is chosen on the command line: by place, by filter, with files or without."""

from __future__ import annotations

import json

import pytest

from localloop.store import Store
from localloop.store.items import find_item, update_item
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind

ANN = "ann@example.test"
NORTH = {"metadata.user.site": "north"}


@pytest.fixture
def hub(tmp_path):
    with running_hub(tmp_path / "hub", {ANN: "ann's"}) as running:
        yield running


@pytest.fixture
def synced(ok, photos, hub, monkeypatch):
    """The photos in Fruit/Apples, here and on the hub; a.txt is of the north."""
    ok("init", "--device", "laptop")
    ok("add", photos, "--to", "Fruit/Apples", "--create")
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "ann's")
    ok("login", "--gate", hub.gate, "--email", ANN)
    path = photos.parent / ".localloop"
    site(path, "/photos/a.txt", "north")
    ok("sync")
    return path


@pytest.fixture
def elsewhere(ok, hub, synced, home):
    """Another machine that mirrors only what is of the north."""
    ok("clone", "Fruit/Apples", "elsewhere", "--gate", hub.gate, "--filter", json.dumps(NORTH))
    return home / "elsewhere" / ".localloop"


def site(path, filename, name):
    with Store.open(path) as store, store.transaction("edit") as tx:
        [dataset] = tx.rows(EntityKind.DATASET, name="Apples")
        item = find_item(tx.connection, dataset["id"], filename)
        update_item(tx, item, {"metadata": {"user": {"site": name}}})


def files(path):
    with Store.open(path) as store:
        return sorted(row["filename"] for row in store.rows(EntityKind.ITEM) if row["type"] == "file")


def listed(ok, path):
    return ok("subscriptions", "--json", "--store", path).json["subscriptions"]


def test_a_clone_by_a_filter_has_what_matches_and_nothing_else(ok, elsewhere):
    assert files(elsewhere) == ["/photos/a.txt"]
    [one] = listed(ok, elsewhere)
    assert (one["place"], one["filter"], one["content"], one["left"]) == ("Fruit/Apples", NORTH, False, False)
    assert json.dumps(NORTH) in ok("subscriptions", "--store", elsewhere).out


def test_what_leaves_the_filter_on_a_hub_stays(ok, synced, elsewhere):
    site(synced, "/photos/a.txt", "south")
    site(synced, "/photos/b.txt", "north")
    ok("sync", "--store", synced)
    report = ok("sync", "--store", elsewhere, "--json").json
    assert report["deleted_here"] == {}
    assert files(elsewhere) == ["/photos/a.txt", "/photos/b.txt"]


def test_a_filter_is_read_from_a_file_and_replaced_and_given_up(ok, elsewhere, home):
    (home / "south.json").write_text(json.dumps({"filter": {"$and": [{"filename": "/photos/b.txt"}]}}))
    told = ok("subscribe", "Fruit/Apples", "--filter", "@south.json", "--store", elsewhere, "--json").json
    assert told["filter"] == {"$and": [{"filename": "/photos/b.txt"}]}
    ok("sync", "--store", elsewhere)
    assert files(elsewhere) == ["/photos/a.txt", "/photos/b.txt"]
    ok("subscribe", "Fruit/Apples", "--all", "--store", elsewhere)
    ok("sync", "--store", elsewhere)
    assert len(files(elsewhere)) == 3


def test_files_are_asked_for_and_given_up_and_the_filter_stays(ok, elsewhere):
    ok("subscribe", "Fruit/Apples", "--content", "--store", elsewhere)
    [one] = listed(ok, elsewhere)
    assert (one["filter"], one["content"]) == (NORTH, True)
    assert ok("sync", "--store", elsewhere, "--json").json["downloaded_files"] == 1
    ok("subscribe", "Fruit/Apples", "--no-content", "--store", elsewhere)
    assert listed(ok, elsewhere)[0]["content"] is False


def test_what_was_left_stays_and_is_taken_up_again(ok, synced, elsewhere):
    assert "What is here stays" in ok("unsubscribe", "Fruit/Apples", "--store", elsewhere).out
    site(synced, "/photos/b.txt", "north")
    ok("sync", "--store", synced)
    ok("sync", "--store", elsewhere)
    assert files(elsewhere) == ["/photos/a.txt"]
    assert "left" in ok("subscriptions", "--store", elsewhere).out
    ok("subscribe", "Fruit/Apples", "--store", elsewhere)
    ok("sync", "--store", elsewhere)
    assert files(elsewhere) == ["/photos/a.txt", "/photos/b.txt"]


def test_a_store_that_mirrors_nothing_says_how(ok, home):
    ok("init")
    assert "localloop subscribe" in ok("subscriptions").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["Fruit/Apples", "--filter", "{"], "no JSON"),
        (["Fruit/Apples", "--filter", "[]"], "JSON object"),
        (["Fruit/Apples", "--filter", "{}"], "at least one condition"),
        (["Fruit/Apples", "--filter", "@none.json"], "cannot be read"),
        (["Fruit/Apples", "--filter", '{"a": {"$regex": "x"}}'], "$regex"),
        (["Fruit/Apples", "--filter", '{"filter": {"a": 1}, "join": {}}'], "without join"),
        (["Fruit", "--filter", '{"a": 1}'], "PROJECT/DATASET"),
        (["Fruit/Apples", "--filter", '{"a": 1}', "--all"], "either"),
        (["Fruit/Apples/photos"], "not a path"),
        (["Fruit/Nothing"], "not found"),
    ],
)
def test_what_cannot_be_mirrored_is_said_in_one_sentence(run, elsewhere, words, told):
    ran = run("subscribe", *words, "--store", elsewhere)
    assert ran.code in (2, 3)
    assert told in " ".join(ran.err.split())


def test_a_clone_of_a_project_takes_no_filter(run, hub, synced):
    ran = run("clone", "Fruit", "more", "--gate", hub.gate, "--filter", json.dumps(NORTH))
    assert (ran.code, "PROJECT/DATASET" in ran.err) == (2, True)
