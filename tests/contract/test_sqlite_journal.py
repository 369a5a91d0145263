"""The journal over SQLite keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localloop.store import Store
from localloop.store.items import add_item, update_item
from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.journal import SqliteJournal
from localloop_sync.ports import Journal
from tests.contract.journal_contract import AddItem, JournalContract, Touch, entity, item


class TestSqliteJournal(JournalContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with Store.create(tmp_path / "store", author="alice@example.test", device="a") as opened:
            yield opened

    @pytest.fixture
    def journal(self, store: Store) -> Journal:
        return SqliteJournal(store.engine, store.identity, store.clock)

    @pytest.fixture
    def add_item(self, store: Store) -> AddItem:
        def add(dataset: str, path: str) -> str:
            ref = store.blobs.add_bytes(b"x")
            with store.transaction("add") as tx:
                row, _ = add_item(tx, tx.row(K.DATASET, dataset), path, ref)
            return str(row["id"])

        return add

    @pytest.fixture
    def touch(self, store: Store) -> Touch:
        def edit(item_id: str) -> None:
            with store.transaction("edit") as tx:
                update_item(tx, tx.row(K.ITEM, item_id), {"description": "touched"})

        return edit

    def test_content_that_is_asked_for_is_wanted_until_it_is_here(self, store, journal):
        journal.observe(K.PROJECT, [entity(K.PROJECT, "rp", {"name": "P"})])
        there = entity(K.DATASET, "rd", {"name": "D", "recipes": [], "readonly": False}, project="rp")
        journal.observe(K.DATASET, [there])
        journal.observe(K.ITEM, [item("r1", "/1")])
        assert journal.wanted() == []
        journal.subscribe(journal.known(K.PROJECT)["rp"], None, content=True)
        [wanted] = journal.wanted()
        assert (wanted.remote_id, wanted.size, wanted.digest, wanted.filename) == ("r1", 1, None, "/1")
        ref = store.blobs.add_bytes(b"x")
        journal.hydrated(wanted.item_id, ref.digest, 1)
        assert journal.wanted() == []
        assert store.get(K.ITEM, wanted.item_id)["digest"] == ref.digest
