"""A hub that was put back from an older copy of itself: what it had acknowledged since is not taken for deleted."""

from __future__ import annotations

import shutil

import pytest

from localloop.errors import MassDeletionHalt
from localloop.store.annotations import add_annotations
from localloop.store.conflicts import list_conflicts
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item, move_item, put_content, update_item
from localloop.store.tasks import create_task
from localloop.testing.hub import Hub
from localloop_schema.kinds import EntityKind as K
from localloop_schema.rows import update_row
from localloop_sync import pulling
from tests.integration.faults.harness import Laptop, place, twins
from tests.integration.faults.test_convergence import DUE, ITEMS, begin, data, item, values
from tests.integration.faults.test_copies import add


def back_up(hub: Hub) -> None:
    hub.stop()
    shutil.copytree(hub.path, hub.path.with_name("backup"))
    hub.start()


def put_back(hub: Hub) -> None:
    hub.stop()
    shutil.rmtree(hub.path)
    shutil.copytree(hub.path.with_name("backup"), hub.path)
    hub.start()


@pytest.fixture
def here(tmp_path):
    """Two laptops that agree with a hub, of which there is a copy."""
    with place(tmp_path / "place") as here:
        begin(here.laptop("a"))
        here.settle()
        here.laptop("b").follow("P")
        here.settle()
        back_up(here.hub)
        yield here


def work_on(a: Laptop, b: Laptop) -> None:
    """Everything that a hub can be told, by both."""
    add(a, "/later.txt", "later")
    add(b, "/b.txt", "b's")
    with a.store.transaction("later") as tx:
        update_item(tx, item(tx, "/1.txt"), {"metadata": {"user": {"later": 1}}})
        add_annotations(tx, item(tx, "/2.txt"), [{"type": "class", "label": "more"}])
        move_item(tx, item(tx, "/4.txt"), "/moved.txt")
        put_content(tx, item(tx, "/5.txt"), a.store.blobs.add_bytes(data("new", 5)), keep_annotations=True)
        tx.delete(K.ITEM, item(tx, "/3.txt"))
        [project] = tx.rows(K.PROJECT)
        dataset = create_dataset(tx, project, "E")
        add_item(tx, dataset, "/in e.txt", a.store.blobs.add_bytes(data("e", 1)))
        create_task(tx, dataset, "later", {}, due_date_ms=DUE, assignee_ids=["carol@example.test"])
    with b.store.transaction("later") as tx:
        update_item(tx, item(tx, "/6.txt"), {"metadata": {"user": {"b": 1}}})


def told(store) -> dict:
    return {path: one for path, one in values(store).items() if path != "/3.txt"}


@pytest.mark.parametrize("first", ["a", "b"])
def test_what_the_hub_forgot_is_sent_again_and_nothing_is_deleted_or_twice(here, first):
    a, b = here.laptops
    work_on(a, b)
    here.settle()
    before = told(a.store)
    put_back(here.hub)
    assert "/later.txt" not in values(here.hub.store)
    report = (a if first == "a" else b).sync()
    assert report.deleted_here == {}
    assert report.lost_there["item"] == 3
    assert report.lost_there["dataset"] == 1
    here.settle()
    assert here.disagreements() == []
    assert twins(here.hub.store) == []
    assert [told(one) for one in (here.hub.store, a.store, b.store)] == [before] * 3
    assert [len(list_conflicts(one.store)) for one in (a, b)] == [0, 0]
    # Its deletion was forgotten too; to delete it once more is for a person to say.
    assert all("/3.txt" in values(one) for one in (here.hub.store, a.store, b.store))
    assert a.sync().lost_there == {}


def test_a_pull_that_does_without_the_feed_looks_whether_the_hub_went_back(here, monkeypatch):
    a, b = here.laptops
    add(a, "/later.txt", "later")
    here.settle()
    put_back(here.hub)
    monkeypatch.setattr(pulling, "SWEEP_EVERY", 0)
    assert b.sync().deleted_here == {}
    here.settle()
    assert here.disagreements() == []
    assert "/later.txt" in values(here.hub.store)


def test_an_annotation_of_a_script_is_made_again_once_by_two_laptops_that_had_it(here):
    """Scripts give annotations no key of their own."""
    with here.hub.store.transaction("a script") as tx:
        [made] = add_annotations(tx, item(tx, "/1.txt"), [{"type": "class", "label": "a script's"}])
        update_row(tx.connection, K.ANNOTATION, made["id"], {"metadata": {}})
    here.settle()
    put_back(here.hub)
    here.settle()
    assert here.disagreements() == []
    labels = [row["label"] for row in here.hub.store.rows(K.ANNOTATION)]
    assert labels.count("a script's") == 1


def test_a_deletion_that_the_copy_knows_is_still_taken_over(here):
    """It was deleted before the copy was made, and only one laptop had heard of it."""
    a, b = here.laptops
    with b.store.transaction("delete") as tx:
        tx.delete(K.ITEM, item(tx, "/0.txt"))
    b.sync()
    shutil.rmtree(here.hub.path.with_name("backup"))
    back_up(here.hub)
    add(b, "/b.txt", "b's")
    b.sync()
    put_back(here.hub)
    report = a.sync()
    assert report.deleted_here["item"] == 1
    here.settle()
    assert here.disagreements() == []
    assert "/0.txt" not in values(a.store)
    assert "/b.txt" in values(a.store)


def test_what_cannot_be_sent_again_waits_for_a_laptop_that_can(here):
    """Its content was never fetched, so the hub had the only copy that this laptop knew of."""
    a, b = here.laptops
    add(a, "/later.txt", "later")
    a.sync()
    b.sync(content=False)
    put_back(here.hub)
    report = b.sync(content=False)
    assert report.deleted_here == {}
    assert [one.name for one in report.rejected] == ["/later.txt"]
    assert "/later.txt" in values(b.store)
    here.settle()
    assert here.disagreements() == []
    assert list_conflicts(b.store) == []
    assert values(b.store)["/later.txt"][1] == ["later"]


def test_without_a_feed_the_limits_are_what_protects(tmp_path):
    """The platform itself cannot be told from one where somebody deleted: few are deleted here, many are a halt."""
    with place(tmp_path / "place", plain=True) as here:
        a = here.laptop("a")
        begin(a)
        here.settle()
        back_up(here.hub)
        add(a, "/later.txt", "later")
        a.sync()
        put_back(here.hub)
        assert a.sync().deleted_here == {"item": 1, "annotation": 1}
        for number in range(24):
            add(a, f"/many {number}.txt", f"many {number}")
        a.sync()
        put_back(here.hub)
        before = values(a.store)
        with pytest.raises(MassDeletionHalt):
            a.sync()
        assert values(a.store) == before
        assert len(before) == ITEMS + 24
