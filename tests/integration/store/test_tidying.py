"""What killed processes leave behind goes with time, and nothing else does."""

from __future__ import annotations

import pytest

from localloop.errors import TransientError
from localloop.store import Store
from localloop.store import store as store_module
from localloop.syncing import sync_store
from localloop.testing.remote import MemoryRemote


@pytest.fixture
def left(tmp_path):
    """A store in which an add and a download were killed."""
    with Store.create(tmp_path / "store") as store:
        kept = store.blobs.add_bytes(b"kept")
        (store.blobs.root / "tmp" / "half").write_bytes(b"half")
        with pytest.raises(TransientError):
            store.blobs.fetch("item", 6, lambda _offset: iter([b"abc"]))
        yield store
        assert store.blobs.has(kept.digest)


def leftovers(store: Store) -> int:
    return sum(1 for name in ("tmp", "partial") for _ in (store.blobs.root / name).iterdir())


def test_what_is_young_stays(left):
    assert left.tidy() == 0
    assert leftovers(left) == 2


def test_a_sync_sweeps_away_what_is_old(left, monkeypatch):
    monkeypatch.setattr(store_module, "DRAFTS_KEPT", 0.0)
    monkeypatch.setattr(store_module, "PARTS_KEPT", 0.0)
    sync_store(left, MemoryRemote())
    assert leftovers(left) == 0


def test_parts_of_downloads_are_kept_longer_than_drafts(left, monkeypatch):
    monkeypatch.setattr(store_module, "DRAFTS_KEPT", 0.0)
    assert left.tidy() == 1
    assert [one.name for one in (left.blobs.root / "tmp").iterdir()] == []
