"""Blobs that somebody needs are not removed, also when they are needed just now."""

from __future__ import annotations

import pytest

from localloop.errors import BlobMissingError
from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item, put_content
from localloop.store.keeping import Fate, collect, free, pin, usage
from localloop.store.projects import create_project
from localloop_schema.kinds import EntityKind as K


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "store") as store:
        with store.transaction("begin") as tx:
            create_dataset(tx, create_project(tx, "P"), "D")
        yield store


def add(store, path, content):
    ref = store.blobs.add_bytes(content)
    with store.transaction("add") as tx:
        add_item(tx, tx.rows(K.DATASET)[0], path, ref)
    return ref.digest


def test_content_that_only_this_store_has_stays_whatever_is_said(store):
    digest = add(store, "/a", b"a")
    done = free(store, [digest])
    assert (done.blobs, done.kept) == (0, {Fate.UNSENT: 1})
    assert collect(store, older_than_seconds=0).blobs == 0
    assert store.blobs.has(digest)


def test_content_of_no_item_is_collected_when_it_is_old_enough(store):
    digest = store.blobs.add_bytes(b"nobody's").digest
    assert collect(store).blobs == 0
    assert (collect(store, older_than_seconds=0, dry_run=True).bytes, store.blobs.has(digest)) == (8, True)
    assert collect(store, older_than_seconds=0).bytes == 8
    assert not store.blobs.has(digest)


def test_what_is_added_again_is_not_old(store):
    digest = store.blobs.add_bytes(b"x").digest
    place = store.blobs.path(digest)
    before = place.stat()
    store.blobs.add_bytes(b"x")
    after = place.stat()
    assert after.st_ctime_ns > before.st_ctime_ns
    assert after.st_mtime_ns == before.st_mtime_ns


def test_the_earlier_content_stays_while_the_edit_that_replaced_it_is_unsent(store):
    digest = add(store, "/a", b"old")
    new = store.blobs.add_bytes(b"new")
    with store.transaction("replace") as tx:
        put_content(tx, tx.rows(K.ITEM)[0], new)
    assert collect(store, older_than_seconds=0).blobs == 0
    assert store.blobs.has(digest)


def test_the_trash_keeps_what_it_needs_until_it_is_emptied(store):
    from localloop.store.trash import empty

    digest = add(store, "/a", b"a")
    with store.transaction("delete") as tx:
        tx.delete(K.ITEM, tx.rows(K.ITEM)[0])
    assert usage(store).blobs[Fate.TRASH] == 1
    assert collect(store, older_than_seconds=0).blobs == 0
    with store.transaction("empty") as tx:
        empty(tx)
    assert collect(store, older_than_seconds=0).blobs == 1
    assert not store.blobs.has(digest)


def test_a_pin_holds_what_no_item_has(store):
    digest = store.blobs.add_bytes(b"mine").digest
    assert pin(store, [digest, "0" * 64], pinned=True) == 1
    assert pin(store, [digest], pinned=True) == 0
    assert collect(store, older_than_seconds=0).blobs == 0
    assert pin(store, [digest], pinned=False) == 1
    assert collect(store, older_than_seconds=0).blobs == 1


def test_content_that_was_removed_before_it_was_named_is_not_named(store):
    ref = store.blobs.add_bytes(b"a")
    assert collect(store, older_than_seconds=0).blobs == 1
    with (
        pytest.raises(BlobMissingError, match="not in the cache any more"),
        store.transaction("add") as tx,
    ):
        add_item(tx, tx.rows(K.DATASET)[0], "/a", ref)
    assert store.rows(K.ITEM) == []
