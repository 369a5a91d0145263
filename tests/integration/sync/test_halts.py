"""A halt lists what would be deleted; who agrees to it agrees to that, and to nothing more."""

from __future__ import annotations

import pytest

from localloop.errors import MassDeletionHalt, StoreError
from localloop.halting import agreeing, halted
from localloop.store.datasets import create_dataset
from localloop.store.items import NewItem, add_items
from localloop.store.undoing import undo
from localloop_schema.kinds import EntityKind as K

MANY = [f"/{number:02}.txt" for number in range(50)]


@pytest.fixture
def many(pair):
    """Both laptops have fifty items more."""
    refs = {path: pair.a.store.blobs.add_bytes(path.encode()) for path in MANY}
    with pair.a.store.transaction("add") as tx:
        add_items(tx, tx.rows(K.DATASET, name="D")[0], [NewItem(path, ref) for path, ref in refs.items()])
    pair.a.sync()
    pair.b.sync()
    return pair


def sync(laptop):
    """A sync that may delete what the last one halted at."""
    return laptop.sync(limits=agreeing(laptop.store))


def wipe(many, *paths):
    """Delete on the platform, by another client that asks nobody."""
    for path in paths:
        many.platform.remove(K.ITEM, many.platform.at(path).id)


def test_what_was_listed_is_deleted_and_then_nothing_is_agreed_to_any_more(many):
    wipe(many, *MANY[:25])
    with pytest.raises(MassDeletionHalt) as halt:
        many.b.sync()
    assert sorted(halt.value.entities) == MANY[:25]
    assert len(many.b.paths()) == 51
    assert halted(many.b.store).entities == halt.value.entities
    assert sync(many.b).deleted_here["item"] == 25
    assert halted(many.b.store) is None
    assert len(many.b.paths()) == 26


def test_a_larger_wave_halts_again_and_is_listed_whole(many):
    wipe(many, *MANY[:25])
    with pytest.raises(MassDeletionHalt):
        many.b.sync()
    wipe(many, MANY[25])
    with pytest.raises(MassDeletionHalt) as halt:
        sync(many.b)
    assert sorted(halt.value.entities) == MANY[:26]
    assert len(many.b.paths()) == 51
    sync(many.b)
    assert len(many.b.paths()) == 25


def test_less_than_was_listed_goes_on(many):
    saved = many.platform.at(MANY[0])
    wipe(many, *MANY[:25])
    with pytest.raises(MassDeletionHalt):
        many.b.sync()
    many.platform.entities[K.ITEM][saved.id] = saved
    many.platform.contents[saved.id] = MANY[0].encode()
    assert sync(many.b).deleted_here["item"] == 24


def test_nothing_is_agreed_to_beforehand(many):
    wipe(many, *MANY[:25])
    with pytest.raises(MassDeletionHalt):
        sync(many.b)
    assert len(many.b.paths()) == 51


def test_what_is_deleted_here_halts_the_same_way_and_can_be_undone(many):
    many.b.delete(*MANY[:25])
    with pytest.raises(MassDeletionHalt) as halt:
        many.b.sync()
    assert "25 of 51 items of the dataset D" in halt.value.message
    many.b.delete(MANY[25])
    with pytest.raises(MassDeletionHalt):
        sync(many.b)
    undo(many.b.store)
    assert sync(many.b).deleted_there == {"item": 25}
    many.b.delete(*MANY[25:])
    with pytest.raises(MassDeletionHalt):
        many.b.sync()
    undo(many.b.store)
    assert many.b.sync().quiet
    assert halted(many.b.store) is None


def test_a_dataset_that_vanished_is_agreed_to_with_what_was_in_it(many):
    [dataset] = many.platform.entities[K.DATASET].values()
    many.platform.remove(K.DATASET, dataset.id)
    with pytest.raises(MassDeletionHalt):
        many.b.sync()
    assert halted(many.b.store).listed == {f"here dataset {many.b.dataset()['id']}": 53}
    sync(many.b)
    assert many.b.store.rows(K.ITEM) == []


def test_two_halts_are_agreed_to_one_after_the_other(many):
    with many.a.store.transaction("make") as tx:
        create_dataset(tx, tx.rows(K.PROJECT)[0], "E")
    many.a.sync()
    many.b.sync()
    with many.b.store.transaction("delete") as tx:
        for path in MANY[:25]:
            [row] = tx.rows(K.ITEM, filename=path)
            tx.delete(K.ITEM, row)
    wipe(many, *MANY[25:])
    with pytest.raises(MassDeletionHalt) as first:
        many.b.sync()
    assert first.value.side == "here"
    with pytest.raises(MassDeletionHalt) as second:
        sync(many.b)
    assert second.value.side == "platform"
    sync(many.b)
    assert many.b.paths() == many.platform.paths() == ["/a.txt"]


def test_a_list_that_cannot_be_read_allows_nothing_and_says_so(many):
    (many.b.store.path / "halt.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=r"halt\.json cannot be read"):
        agreeing(many.b.store)
    assert many.b.sync().quiet
