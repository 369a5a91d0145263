"""Real stores, the real client and a real hub, with a proxy in between that fails on purpose: all comes right."""

from __future__ import annotations

import os
from typing import Any

import pytest

from localloop.store.annotations import add_annotations
from localloop.store.conflicts import list_conflicts
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item, move_item, put_content, update_item
from localloop.store.projects import add_member, create_project
from localloop.store.tasks import create_task
from localloop.testing.faults import Fault, Rule, Schedule
from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.journal import SqliteJournal
from tests.integration.faults.harness import Laptop, Place, place

pytestmark = pytest.mark.slow

#: More of them: ``LOCALLOOP_FAULT_SEEDS=50``.
SEEDS = int(os.environ.get("LOCALLOOP_FAULT_SEEDS", "1"))
ITEMS = 8
DUE = 1_878_768_000_000.0
SURVIVABLE = [
    "mixed",
    "network",
    "listings",
    "throttling",
    "content",
    "tokens",
    "clock-ahead",
    "clock-behind",
]
ENDS = {"done", "TransientError", "ThrottledError", "OfflineError", "AuthError", "MassDeletionHalt"}
#: A hub with its feed of changes, and one that has only what the platform has; each schedule meets one of them, and
#: the two that try most meet both.
STORMS = [
    (name, seed, "plain" if (place + seed) % 2 else "feed")
    for place, name in enumerate(SURVIVABLE)
    for seed in range(max(SEEDS, 2) if name in {"mixed", "listings"} else SEEDS)
]


def data(name: str, number: int) -> bytes:
    return f"{name} {number} ".encode() * 500


def begin(laptop: Laptop) -> None:
    """A project with files, annotations, a member and a task, none of it on the hub yet."""
    with laptop.store.transaction("begin") as tx:
        project = create_project(tx, "P")
        dataset = create_dataset(tx, project, "D")
        add_member(tx, project, "carol@example.test", "annotator")
        for number in range(ITEMS):
            ref = laptop.store.blobs.add_bytes(data("begin", number))
            item, _ = add_item(tx, dataset, f"/{number}.txt", ref, metadata={"user": {"n": number}})
            add_annotations(tx, item, [{"type": "class", "label": f"{part}-{number}"} for part in "xyz"])
        create_task(tx, dataset, "t", {}, due_date_ms=DUE, assignee_ids=["carol@example.test"])
    [project] = laptop.store.rows(K.PROJECT, name="P")
    journal = SqliteJournal(laptop.store.engine, laptop.store.identity, laptop.store.clock)
    journal.subscribe(project["id"], None, content=True)


def item(tx: Any, path: str) -> Any:
    [row] = tx.rows(K.ITEM, filename=path)
    return row


def work(laptop: Laptop) -> None:
    """Edits that no other laptop's edits contradict."""
    name = laptop.name
    with laptop.store.transaction("work") as tx:
        dataset = item(tx, "/0.txt")["dataset_id"]
        for number in set(range(ITEMS)) - {3}:
            update_item(tx, item(tx, f"/{number}.txt"), {"metadata": {"user": {name: number}}})
        add_annotations(tx, item(tx, "/1.txt"), [{"type": "class", "label": f"{name}'s"}])
        ref = laptop.store.blobs.add_bytes(data(name, 99))
        add_item(tx, tx.row(K.DATASET, dataset), f"/{name}.txt", ref)
        if name == "a":
            put_content(
                tx, item(tx, "/2.txt"), laptop.store.blobs.add_bytes(data(name, 2)), keep_annotations=True
            )
            tx.delete(K.ITEM, item(tx, "/3.txt"))
        else:
            move_item(tx, item(tx, "/4.txt"), "/moved/4.txt")
            [gone] = tx.rows(K.ANNOTATION, label="x-5")
            tx.delete(K.ANNOTATION, gone)


def storm(here: Place, schedule: Schedule | str, seed: int, *laptops: Laptop, rounds: int = 4) -> list[str]:
    """Bad weather: some syncs, and how each of them ended."""
    here.proxy.follow(schedule, seed=seed)
    return [laptop.try_to_sync() for _ in range(rounds) for laptop in laptops]


def values(store: Any) -> dict[str, Any]:
    """Each item's user metadata and labels by path."""
    labels: dict[str, list[str]] = {}
    for row in store.rows(K.ANNOTATION):
        labels.setdefault(row["item_id"], []).append(row["label"])
    return {
        row["filename"]: (row["metadata"].get("user", {}), sorted(labels.get(row["id"], [])))
        for row in store.rows(K.ITEM, type="file")
    }


def expected() -> dict[str, Any]:
    """What has to be everywhere in the end: everything that anybody entered."""
    found: dict[str, Any] = {}
    for number in set(range(ITEMS)) - {3}:
        labels = [f"{part}-{number}" for part in "xyz"]
        found[f"/{number}.txt"] = ({"n": number, "a": number, "b": number}, labels)
    found["/1.txt"][1].extend(["a's", "b's"])
    found["/5.txt"][1].remove("x-5")
    found["/moved/4.txt"] = found.pop("/4.txt")
    found |= {"/a.txt": ({}, []), "/b.txt": ({}, [])}
    return {path: (user, sorted(labels)) for path, (user, labels) in found.items()}


@pytest.mark.parametrize(("schedule", "seed", "offer"), STORMS)
def test_two_stores_and_a_hub_agree_after_a_storm(tmp_path, schedule, seed, offer):
    with place(tmp_path / "place", plain=offer == "plain") as here:
        a = here.laptop("a")
        begin(a)
        ended = storm(here, schedule, seed, a)
        here.settle()
        assert here.disagreements() == []
        b = here.laptop("b")
        b.follow("P")
        ended += storm(here, schedule, seed, b)
        here.settle()
        work(a)
        work(b)
        ended += storm(here, schedule, seed, a, b)
        here.settle()
        assert [len(list_conflicts(one.store)) for one in (a, b)] == [0, 0]
        assert here.disagreements() == []
        assert [values(store) for store in (here.hub.store, a.store, b.store)] == [expected()] * 3
        assert here.proxy.faults, "the schedule met no request"
        assert set(ended) <= ENDS
        followed = any(event.path.endswith("/changes") for event in here.proxy.log)
        assert followed is (offer == "feed")


def test_an_item_that_can_never_be_downloaded_stops_no_other(tmp_path):
    with place(tmp_path / "place") as here:
        a = here.laptop("a")
        begin(a)
        here.settle()
        b = here.laptop("b")
        b.follow("P")
        storm(here, "forbidden", 0, b, rounds=3)
        digests = [row["digest"] for row in b.store.rows(K.ITEM, type="file")]
        assert sum(1 for one in digests if one and b.store.blobs.has(one)) == ITEMS - 1
        assert len(b.store.rows(K.ITEM, type="file")) == ITEMS


def test_a_listing_that_is_suddenly_empty_deletes_nothing(tmp_path):
    with place(tmp_path / "place") as here:
        a = here.laptop("a")
        begin(a)
        here.settle()
        empty = Schedule((Rule(Fault.EMPTY_LISTING, method="POST", path="*/query"),))
        storm(here, empty, 0, a, rounds=3)
        assert (
            len(a.store.rows(K.ITEM, type="file")) == len(here.hub.store.rows(K.ITEM, type="file")) == ITEMS
        )
        here.settle()
        assert here.disagreements() == []


def test_datasets_that_the_first_listing_left_out_come_with_the_next(tmp_path):
    with place(tmp_path / "place") as here:
        a = here.laptop("a")
        begin(a)
        here.settle()
        b = here.laptop("b")
        b.follow("P")
        empty = Schedule((Rule(Fault.EMPTY_LISTING, method="POST", path="*/datasets/query", times=1),))
        assert storm(here, empty, 0, b, rounds=1) == ["done"]
        assert b.store.rows(K.DATASET) == []
        here.settle()
        assert here.disagreements() == []
        assert values(b.store) == values(a.store)


def test_a_revoked_log_in_ends_the_sync_and_a_new_one_goes_on(tmp_path):
    with place(tmp_path / "place") as here:
        a = here.laptop("a")
        begin(a)
        assert storm(here, "revoked", 0, a, rounds=1) == ["AuthError"]
        assert here.hub.store.rows(K.PROJECT) == []
        here.proxy.follow("calm")
        a.log_in()
        here.settle()
        assert here.disagreements() == []


def test_the_weather_is_the_same_for_the_same_seed(tmp_path):
    """With one worker the requests have an order, and so have the faults."""
    courses = []
    for number in range(2):
        with place(tmp_path / str(number), "network", seed=7) as here:
            here.proxy.follow("calm")
            a = here.laptop("a")
            begin(a)
            here.proxy.follow("throttling", seed=7)
            a.sync(workers=1)
            courses.append([event.fault for event in here.proxy.log if event.fault])
    assert courses[0] == courses[1] != []
