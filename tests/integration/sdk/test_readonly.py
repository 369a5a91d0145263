"""Read-only datasets, and collections of items, by dtlpy's names."""

from __future__ import annotations

import pytest

import localloop as dl
from localloop.errors import BadRequest, Forbidden, NotFound
from localloop.store.trash import find_heap, restore
from localloop_schema.kinds import EntityKind


def _upload(dataset, item):
    dataset.items.upload(b"x", remote_name="b.jpg")


def _move(dataset, item):
    item.move("/c.jpg")


def _describe(dataset, item):
    item.set_description("seen")


def _draw(dataset, item):
    item.annotations.upload({"type": "class", "label": "cat", "coordinates": {}})


def _erase(dataset, item):
    item.annotations.list()[0].delete()


def _tag(dataset, item):
    dataset.assign_subset_to_items("train")


def _collect(dataset, item):
    item.assign_collection(["A"])


def _delete(dataset, item):
    item.delete()


def _delete_all(dataset, item):
    dataset.items.delete(filters=dl.Filters())


def _drop(dataset, item):
    dataset.delete(sure=True, really=True)


EDITS = [_upload, _move, _describe, _draw, _erase, _tag, _collect, _delete, _delete_all, _drop]


def _state(dataset):
    return {
        item.filename: (item.to_json(), [one.to_json() for one in item.annotations.list()])
        for item in dataset.items.get_all_items()
    }


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_in_a_read_only_dataset_stays_as_it_is_until_that_is_lifted(dataset, item, edit):
    _draw(dataset, item)
    dataset.set_readonly(True)
    before = _state(dataset)
    with pytest.raises(Forbidden, match="The dataset 'D' is read-only") as refused:
        edit(dataset, dataset.items.get(item_id=item.id))
    assert "--off" in refused.value.advice
    assert _state(dataset) == before
    assert dataset.items.get(item_id=item.id).list_collections() == []
    dataset.set_readonly(False)
    edit(dataset, dataset.items.get(item_id=item.id))


def test_a_read_only_dataset_that_the_platform_deleted_comes_back_from_the_trash(dataset, item, machine):
    dataset.set_readonly(True)
    store = dl.open_store(machine.parent / "store")
    with store.transaction("a deletion that came") as tx:
        tx.guard = None
        tx.delete(EntityKind.DATASET, tx.row(EntityKind.DATASET, dataset.id))
    with store.transaction("restore") as tx:
        restore(tx, find_heap(tx.connection, dataset.id))
    assert dl.datasets.get(dataset_id=dataset.id).readonly
    with pytest.raises(Forbidden, match="read-only"):
        dl.items.get(item_id=item.id).delete()


def test_others_can_be_changed_and_it_can_be_renamed_and_copied(project, dataset, item):
    dataset.set_readonly(True)
    dataset.name = "E"
    dataset.update()
    copy = project.datasets.clone(dataset.id, "copy")
    copy.items.get(filepath="/a.jpg").delete()
    assert [one.filename for one in dataset.items.get_all_items()] == ["/a.jpg"]


def test_an_item_is_put_into_collections_and_taken_out(dataset, item):
    assert item.list_collections() == []
    assert item.assign_collection(["A", "B"])
    assert item.list_collections() == [{"key": "c0", "name": "A"}, {"key": "c1", "name": "B"}]
    assert dataset.items.get(item_id=item.id).metadata["system"]["collections"] == {"c0": True, "c1": True}
    assert item.unassign_collection(["A"])
    assert item.list_collections() == [{"key": "c1", "name": "B"}]
    with pytest.raises(NotFound, match="C"):
        item.unassign_collection(["C"])
    with pytest.raises(BadRequest, match="list"):
        item.assign_collection("A")


def test_an_eleventh_collection_is_refused_and_nothing_is_kept_of_it(dataset, item):
    item.assign_collection([f"n{number}" for number in range(9)])
    with pytest.raises(BadRequest, match="at most 10"):
        item.assign_collection(["ten", "eleven"])
    assert len(dataset.items.get(item_id=item.id).list_collections()) == 9
    item.assign_collection(["ten"])
