"""Laptops and a platform come to agree, whatever goes wrong on the way, and nothing that anybody entered is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localloop.testing.simulation import Foundry, World, play, run

SEEDS = int(os.environ.get("LOCALLOOP_SIM_SEEDS", "10"))


#: Worlds in which the engine, or the world itself, was wrong once. What happens in them has changed with it since.
# fmt: off
FAILED_ONCE = (
    1905, 2109, 2656, 4215, 4356, 4456, 4473, 4670, 4681, 6231, 7093, 7272, 11659,
    11719, 12377, 16851, 19244, 19352, 20600, 20632, 26957, 29324, 29810, 30150, 30153, 31530,
    33492, 34248, 35465, 35524, 36897, 38182, 39555, 40310, 40460, 40953, 42021, 44004, 44244,
    51256, 52325, 65236, 67747, 68016, 88853, 103225, 109526, 123209, 135862,
    147315, 164222,
)
# fmt: on


@pytest.fixture(scope="module")
def foundry(tmp_path_factory):
    return Foundry(tmp_path_factory.mktemp("beginnings"))


@pytest.mark.parametrize("seed", [*range(SEEDS), *FAILED_ONCE])
def test_the_world_converges_and_loses_nothing(foundry, seed):
    failure = play(seed, foundry).failure
    assert failure is None, "\n".join([failure.reason, *failure.log])


def story(seed: int, folder: Path) -> list[object]:
    """All that happens in a world, and all that is there at its end."""
    with World(seed, Foundry(folder)) as world:
        world.run()
        world.settle()
        return [world.log, world.pictures()]


_IN_ANOTHER_PROCESS = """
import json, pathlib, sys
from tests.sim.test_world import story
print(json.dumps(story(int(sys.argv[1]), pathlib.Path(sys.argv[2]))))
"""


@pytest.mark.parametrize("seed", [9])
def test_the_same_seed_is_the_same_world_in_every_process(tmp_path, seed):
    told = json.loads(json.dumps(story(seed, tmp_path / "here")))
    assert any(line.startswith("! ") for line in told[0]), "nothing goes wrong in this world"
    said = subprocess.run(
        [sys.executable, "-c", _IN_ANOTHER_PROCESS, str(seed), str(tmp_path / "there")],
        env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(said.stdout) == told


def test_other_processes_play_the_same_worlds_and_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alone, shared = run(range(3)), run(range(3), jobs=2)
    assert (alone.seeds, alone.requests, alone.power_cuts) == (
        shared.seeds,
        shared.requests,
        shared.power_cuts,
    )
    assert alone.requests > 100
    assert not list(tmp_path.iterdir())
