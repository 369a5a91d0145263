"""Laptops that free and collect what they can, at any moment: nothing is lost by it in any world."""

from __future__ import annotations

import os
from random import Random

import pytest

from localloop.store.keeping import collect, free
from localloop.testing.simulation import Foundry, World
from localloop_schema.kinds import EntityKind
from localloop_sync.drivers.journal import SqliteJournal

SEEDS = range(700_000, 700_000 + int(os.environ.get("LOCALLOOP_SIM_SEEDS", "10")))


class ThriftyWorld(World):
    """A world in which every now and then a laptop removes all that it may."""

    def begin(self) -> None:
        self.thrift = Random(f"{self.seed} thrift")
        self.freed = 0
        self._keep_files(False)
        super().begin()

    def calm(self) -> None:
        super().calm()
        self._keep_files(True)  # what was freed has to come again, as it was

    def step(self) -> None:
        super().step()
        if self.thrift.random() < 0.4:
            laptop = self.thrift.choice(self.laptops)
            self.tell(f"{laptop.name} makes room", lambda: laptop.act(lambda: self._make_room(laptop)))

    def _keep_files(self, content):
        for laptop in self.laptops:
            store = laptop.store
            journal = SqliteJournal(store.engine, store.identity, store.clock)
            for row in store.rows(EntityKind.DATASET, name="D"):
                journal.subscribe(row["project_id"], row["id"], content=content)

    def _make_room(self, laptop):
        store = laptop.store
        self.freed += free(store, list(store.blobs.digests())).blobs
        self.freed += collect(store, older_than_seconds=0).blobs


@pytest.fixture(scope="module")
def foundry(tmp_path_factory):
    return Foundry(tmp_path_factory.mktemp("foundry"))


def test_nothing_that_anybody_needs_is_freed(foundry):
    freed = 0
    for seed in SEEDS:
        with ThriftyWorld(seed, foundry) as world:
            world.run()
            world.settle()
            world.check()
            freed += world.freed
    assert freed
