"""Store directories that were copied, or put back from a backup: one platform, nothing twice, nothing lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress

import pytest

from localloop.errors import LocalLoopError
from localloop.store import Store
from localloop.store.annotations import add_annotations
from localloop.store.items import add_item, move_item, update_item
from localloop_schema.kinds import EntityKind as K
from tests.integration.faults.harness import Laptop, Place, place
from tests.integration.faults.test_convergence import ITEMS, begin, data, item, values

OFFERS = pytest.mark.parametrize("offer", ["feed", "plain"])


def reopened(laptop: Laptop) -> None:
    """Open the store that is in a laptop's directory now."""
    laptop.store = Store.open(laptop.store.path, clock=laptop.clock)


def copied(here: Place, laptop: Laptop, name: str) -> Laptop:
    """A second laptop with a copy of the first one's store, as `cp -r` makes it."""
    twin = here.laptop(name)
    twin.store.close()
    laptop.store.close()
    for entry in ("store.db", "blobs"):
        source, target = laptop.store.path / entry, twin.store.path / entry
        shutil.rmtree(target, ignore_errors=True)
        target.unlink(missing_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    reopened(laptop)
    reopened(twin)
    return twin


def put_back(laptop: Laptop, meanwhile: Callable[[], None]) -> None:
    """Keep a copy of the database, let things happen, and put the copy in its place."""
    laptop.store.close()
    backup = laptop.store.path.with_name(f"{laptop.name}.backup")
    shutil.copy2(laptop.store.path / "store.db", backup)
    reopened(laptop)
    meanwhile()
    laptop.store.close()
    for suffix in ("", "-wal", "-shm"):
        laptop.store.path.joinpath(f"store.db{suffix}").unlink(missing_ok=True)
    shutil.copy2(backup, laptop.store.path / "store.db")
    reopened(laptop)


def add(laptop: Laptop, path: str, label: str) -> None:
    with laptop.store.transaction("add") as tx:
        [dataset] = tx.rows(K.DATASET, name="D")
        ref = laptop.store.blobs.add_bytes(data(path, 1))
        row, _ = add_item(tx, dataset, path, ref)
        add_annotations(tx, row, [{"type": "class", "label": label}])


@OFFERS
@pytest.mark.parametrize("weather", ["calm", "network"])
def test_two_copies_of_a_store_with_unsent_creations_make_everything_once(tmp_path, offer, weather):
    with place(tmp_path / "place", plain=offer == "plain") as here:
        a = here.laptop("a")
        begin(a)
        b = copied(here, a, "b")
        here.proxy.follow(weather, seed=3)
        for laptop in (a, b, a, b):
            with suppress(LocalLoopError):
                laptop.sync()
        here.settle()
        assert here.disagreements() == []
        assert len(here.hub.store.rows(K.ITEM, type="file")) == ITEMS
        assert len(here.hub.store.rows(K.ANNOTATION)) == 3 * ITEMS
        assert len(here.hub.store.rows(K.TASK)) == 1
        assert [one.store.rows(K.PROJECT)[0]["name"] for one in (a, b)] == ["P", "P"]


@OFFERS
def test_two_copies_that_were_edited_apart_come_to_have_both_edits(tmp_path, offer):
    with place(tmp_path / "place", plain=offer == "plain") as here:
        a = here.laptop("a")
        begin(a)
        here.settle()
        with a.store.transaction("before the copy") as tx:
            update_item(tx, item(tx, "/1.txt"), {"metadata": {"user": {"both": 1}}})
            add_annotations(tx, item(tx, "/1.txt"), [{"type": "class", "label": "both's"}])
        b = copied(here, a, "b")
        for laptop in (a, b):
            with laptop.store.transaction("apart") as tx:
                update_item(tx, item(tx, "/2.txt"), {"metadata": {"user": {laptop.name: 1}}})
            add(laptop, f"/{laptop.name}.txt", f"{laptop.name}'s")
        here.settle()
        assert here.disagreements() == []
        there = values(here.hub.store)
        assert there["/1.txt"] == ({"n": 1, "both": 1}, ["both's", "x-1", "y-1", "z-1"])
        assert there["/2.txt"][0] == {"n": 2, "a": 1, "b": 1}
        assert (there["/a.txt"][1], there["/b.txt"][1]) == (["a's"], ["b's"])
        assert values(a.store) == values(b.store) == there


@OFFERS
def test_a_store_that_was_put_back_from_a_backup_finds_what_it_had_sent_since(tmp_path, offer):
    """Creations that the backup has as unsent, or not at all; edits, moves and deletions that it never heard of."""
    with place(tmp_path / "place", plain=offer == "plain") as here:
        a = here.laptop("a")
        begin(a)
        here.settle()
        add(a, "/unsent.txt", "unsent")
        with a.store.transaction("unsent") as tx:
            update_item(tx, item(tx, "/1.txt"), {"metadata": {"user": {"unsent": 1}}})

        def meanwhile() -> None:
            a.sync()
            add(a, "/later.txt", "later")
            with a.store.transaction("later") as tx:
                update_item(tx, item(tx, "/2.txt"), {"metadata": {"user": {"later": 1}}})
                move_item(tx, item(tx, "/4.txt"), "/moved.txt")
                tx.delete(K.ITEM, item(tx, "/3.txt"))
            a.sync()

        put_back(a, meanwhile)
        here.settle()
        assert here.disagreements() == []
        there = values(here.hub.store)
        assert values(a.store) == there
        assert "/3.txt" not in there
        assert "/4.txt" not in there
        assert there["/moved.txt"][1] == ["x-4", "y-4", "z-4"]
        assert there["/unsent.txt"][1] == ["unsent"]
        assert there["/later.txt"][1] == ["later"]
        assert there["/1.txt"][0] == {"n": 1, "unsent": 1}
        assert there["/2.txt"][0] == {"n": 2, "later": 1}


@OFFERS
def test_deletions_made_since_a_backup_stay_and_those_that_it_holds_unsent_go_on(tmp_path, offer):
    with place(tmp_path / "place", plain=offer == "plain") as here:
        a = here.laptop("a")
        begin(a)
        here.settle()
        with a.store.transaction("unsent") as tx:
            tx.delete(K.ITEM, item(tx, "/5.txt"))

        def meanwhile() -> None:
            with a.store.transaction("since") as tx:
                tx.delete(K.ITEM, item(tx, "/6.txt"))
            a.sync()

        put_back(a, meanwhile)
        here.settle()
        assert here.disagreements() == []
        assert {"/5.txt", "/6.txt"}.isdisjoint(values(here.hub.store))
        assert len(values(a.store)) == ITEMS - 2
