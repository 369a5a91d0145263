"""What several stores bring back, or decide to keep, is there once; what one of them had before stays what it is."""

from __future__ import annotations

import pytest

from localloop.errors import StoreError
from localloop.store.annotations import update_annotation
from localloop.store.conflicts import Wish, resolve_conflicts
from localloop.store.reviving import Revived
from localloop.store.tasks import create_task, delete_task, update_task
from localloop.store.trash import contents, restore
from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.matching import client_id
from tests.integration.sync.harness import rested


def erase(laptop, label):
    [row] = laptop.store.rows(K.ANNOTATION, label=label)
    with laptop.store.transaction("erase") as tx:
        tx.delete(K.ANNOTATION, tx.row(K.ANNOTATION, row["id"]))


def relabel(laptop, label, other):
    [row] = laptop.store.rows(K.ANNOTATION, label=label)
    with laptop.store.transaction("relabel") as tx:
        update_annotation(tx, tx.row(K.ANNOTATION, row["id"]), {"label": other})


def bring_back(laptop) -> Revived:
    """What is in the trash, which is one thing."""
    with laptop.store.transaction("restore") as tx:
        [heap] = contents(tx.connection)
        return restore(tx, heap)


@pytest.fixture
def erased(pair):
    """Both have an annotation ``cat`` in the trash."""
    erase(pair.a, "cat")
    rested(pair.a, pair.b)
    return pair


def test_an_annotation_that_two_bring_back_at_once_is_there_once(erased):
    """The other's comes after the pull, and before the creation."""
    bring_back(erased.a)
    bring_back(erased.b)
    done = []

    def before(method, *args):
        if method in ("find", "create") and args[0] is K.ANNOTATION and not done:
            done.append(method)
            erased.a.sync()

    erased.b.listen(before)
    erased.b.sync()
    assert done
    erased.b.listen()
    rested(erased.b, erased.a)
    assert erased.platform.labels() == ["cat", "dog"]


def test_a_new_annotation_costs_no_look(pair):
    pair.a.annotate("/a.txt", "owl")
    pair.a.sync()
    assert pair.a.calls["create"] == 1
    assert pair.a.calls["find"] == 0


def test_an_annotation_that_another_brought_back_stays_in_the_trash_and_says_why(erased):
    bring_back(erased.a)
    rested(erased.a, erased.b)
    with pytest.raises(StoreError, match="it was brought back elsewhere, and is there by now"):
        bring_back(erased.b)
    rested(erased.b, erased.a)
    assert erased.platform.labels() == ["cat", "dog"]


def test_a_task_that_another_brought_back_comes_back_beside_it(pair):
    with pair.a.store.transaction("give work") as tx:
        create_task(tx, tx.row(K.DATASET, pair.a.dataset()["id"]), "T", {}, assignee_ids=["ann@x"])
    rested(pair.a, pair.b)
    with pair.a.store.transaction("take work back") as tx:
        delete_task(tx, tx.rows(K.TASK)[0])
    rested(pair.a, pair.b)
    bring_back(pair.a)
    rested(pair.a, pair.b)
    assert bring_back(pair.b).renamed == [("T", "T (restored)")]
    rested(pair.b, pair.a)
    assert sorted(row["name"] for row in pair.a.store.rows(K.TASK)) == ["T", "T (restored)"]


def test_two_who_both_keep_an_annotation_that_is_gone_have_one_each(pair):
    [cat] = pair.a.store.rows(K.ANNOTATION, label="cat")
    relabel(pair.a, "cat", "lion")
    relabel(pair.b, "cat", "tiger")
    pair.platform.remove(K.ANNOTATION, cat["remote_id"])
    pair.a.sync()
    pair.b.sync()
    resolve_conflicts(pair.a.store, pair.a.conflicts(), Wish.MINE)
    pair.a.sync()
    pair.b.sync()
    resolve_conflicts(pair.b.store, pair.b.conflicts(), Wish.MINE)
    rested(pair.b, pair.a)
    assert pair.platform.labels() == ["dog", "lion", "tiger"]
    keys = [client_id(one.document) for one in pair.platform.entities[K.ANNOTATION].values()]
    assert len(set(keys)) == 3, "a lost reply would be settled by the key, with another's annotation"


def test_a_task_is_not_kept_beside_the_one_that_another_kept(pair):
    with pair.a.store.transaction("give work") as tx:
        create_task(tx, tx.row(K.DATASET, pair.a.dataset()["id"]), "T", {}, assignee_ids=["ann@x"])
    rested(pair.a, pair.b)
    for laptop, priority in ((pair.a, 1), (pair.b, 3)):
        with laptop.store.transaction("hurry") as tx:
            update_task(tx, tx.rows(K.TASK)[0], {"priority": priority})
    [task] = pair.platform.entities[K.TASK]
    pair.platform.remove(K.TASK, task)
    pair.a.sync()
    pair.b.sync()
    resolve_conflicts(pair.a.store, pair.a.conflicts(), Wish.MINE)
    pair.a.sync()
    pair.b.sync()
    with pytest.raises(StoreError, match="Another one is called 'T' here by now"):
        resolve_conflicts(pair.b.store, pair.b.conflicts(), Wish.MINE)
    pair.b.sound()
    resolve_conflicts(pair.b.store, pair.b.conflicts(), Wish.ACCEPT)
    rested(pair.b, pair.a)
    assert [row["priority"] for row in pair.b.store.rows(K.TASK)] == [1]
