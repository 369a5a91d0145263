"""What a platform does not show is not proved to be gone: whoever lost access is told the same 404."""

from __future__ import annotations

import pytest

from localloop.errors import MassDeletionHalt
from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.store.projects import create_project
from localloop.syncing import sync_store
from localloop.testing.remote import MemoryRemote, MemoryWorld
from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.retrying import Patience
from localloop_sync.errors import PermanentError


@pytest.fixture
def world():
    return MemoryWorld()


@pytest.fixture
def store(tmp_path, world):
    with Store.create(tmp_path / "store", author="alice@example.test") as store:
        for project in ("P", "Q"):
            with store.transaction("found") as tx:
                dataset = create_dataset(tx, create_project(tx, project), "D")
                for number in range(3):
                    add_item(tx, dataset, f"/{number}.txt", store.blobs.add_bytes(project.encode()))
        sync_store(store, MemoryRemote(world=world))
        yield store


def remote_id(store: Store, name: str) -> str:
    [row] = store.rows(K.PROJECT, name=name)
    return row["remote_id"]


def test_a_project_that_is_not_shown_any_more_is_not_deleted_unasked(store, world):
    world.remove(K.PROJECT, remote_id(store, "P"))
    with pytest.raises(MassDeletionHalt, match="does not show it to you"):
        sync_store(store, MemoryRemote(world=world))
    assert len(store.rows(K.ITEM)) == 6


def test_a_small_dataset_that_is_suddenly_empty_halts(store, world):
    [dataset] = [
        row for row in store.rows(K.DATASET) if row["project_id"] == store.rows(K.PROJECT, name="P")[0]["id"]
    ]
    for item in store.rows(K.ITEM, dataset_id=dataset["id"]):
        world.remove(K.ITEM, item["remote_id"])
    with pytest.raises(MassDeletionHalt):
        sync_store(store, MemoryRemote(world=world))
    assert len(store.rows(K.ITEM)) == 6


def test_a_project_that_may_not_be_read_stops_no_other(store, world):
    forbidden = remote_id(store, "P")

    def before(method: str, *args: object) -> None:
        if method == "get" and args[1:2] == (forbidden,):
            raise PermanentError("You may not read this project.", status=403)

    with store.transaction("edit") as tx:
        for row in tx.rows(K.PROJECT, name="Q"):
            tx.update(K.PROJECT, row, {"name": "R"})
    report = sync_store(store, MemoryRemote(world=world, before=before), patience=Patience(budget=1))
    assert [one.reason for one in report.rejected] == ["You may not read this project."]
    assert report.pushed == {"project": 1}


@pytest.mark.parametrize(
    ("method", "kind"), [("get", K.ONTOLOGY), ("get", K.RECIPE), ("list", K.MEMBER)], ids=str
)
def test_what_may_not_be_read_hides_nothing_else(pair, method, kind):
    """Somebody's edit would be overwritten unseen, if a refused request ended the pull and not the push."""
    pair.platform.edit(K.ITEM, pair.platform.at("/a.txt").id, metadata={"user": {"x": 9, "y": 1}})
    pair.a.edit("/a.txt", x=2)
    refused = []

    def before(name, *args):
        if name == method and args[0] is kind:
            refused.append(args)
            raise PermanentError("You may not read this.", status=403)

    pair.a.listen(before)
    assert pair.a.sync().conflicts_open == 1
    assert refused
    assert pair.platform.at("/a.txt").document["metadata"]["user"]["x"] == 9


def test_a_dataset_that_may_not_be_read_is_not_written_to(pair):
    pair.platform.edit(K.ITEM, pair.platform.at("/a.txt").id, metadata={"user": {"x": 9, "y": 1}})
    pair.a.edit("/a.txt", x=2)
    with pair.a.store.transaction("found") as tx:
        add_item(
            tx,
            create_dataset(tx, tx.rows(K.PROJECT)[0], "E"),
            "/e.txt",
            pair.a.store.blobs.add_bytes(b"e"),
        )

    def before(name, *args):
        if name in ("page", "count", "newest") and args[0] is K.ITEM:
            raise PermanentError("You may not read this.", status=403)

    pair.a.listen(before)
    report = pair.a.sync()
    assert [one.reason for one in report.rejected] == ["You may not read this."]
    assert pair.platform.at("/a.txt").document["metadata"]["user"]["x"] == 9
    assert "/e.txt" in pair.platform.paths(), "nor does it hold up another dataset"
    pair.a.listen()
    assert pair.a.sync().conflicts_open == 1
