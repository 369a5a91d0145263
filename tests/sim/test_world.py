"""Laptops and a platform come to agree, whatever goes wrong on the way, and nothing that anybody entered is lost."""

from __future__ import annotations

import os

import pytest

from tests.sim.world import World

SEEDS = range(int(os.environ.get("LOCALLOOP_SIM_SEEDS", "25")))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shared", [True, False], ids=["cloned", "founded apart"])
def test_the_world_converges_and_loses_nothing(tmp_path, seed, shared):
    feed = seed // 2 % 2 == 1  # half of the platforms tell what changed, half have to be asked
    world = World(tmp_path, seed, laptops=2 + seed % 2, shared=shared, feed=feed)
    try:
        world.run(40)
        world.settle()
        world.compare()
        world.no_twins()
        world.nothing_lost()
    finally:
        world.close()
