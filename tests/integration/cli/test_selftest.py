"""Trying the engine on one's own machine."""

from __future__ import annotations

import pytest

from localloop.testing.simulation import BrokenError, World


def test_worlds_that_hold_are_told_in_one_sentence(ok, home):
    said = ok("selftest", "--seeds", "2", "--jobs", "1").out
    assert said.startswith("Nothing was lost, doubled or different in 2 simulated worlds, ")
    assert said.count("\n") == 1
    assert not list(home.iterdir())


def test_figures_come_as_json(ok):
    told = ok("selftest", "--seeds", "1", "--first-seed", "4", "--jobs", "1", "--json").json
    assert told["failures"] == []
    assert (told["worlds"], told["first_seed"]) == (1, 4)
    assert told["requests"] > 20


@pytest.fixture
def failing(monkeypatch):
    """Worlds in which something is wrong at the end, whatever happened before."""

    def check(_world):
        raise BrokenError("something is wrong")

    monkeypatch.setattr(World, "check", check)


def test_a_world_that_fails_names_its_seed_and_how_to_play_it_again(run, failing):
    ran = run("selftest", "--seeds", "2", "--first-seed", "8", "--jobs", "1", "--most-failures", "1")
    assert ran.code == 1
    first, again, last = ran.out.splitlines()
    assert first == "Seed 8: something is wrong"
    assert again == "  Again: localloop selftest --first-seed 8 --seeds 1 --trace"
    assert last.startswith("1 world failed, in 1 simulated world, ")


def test_a_trace_shows_what_happened(run, failing):
    ran = run("selftest", "--seeds", "1", "--first-seed", "8", "--jobs", "1", "--trace", "--json")
    assert ran.code == 1
    [failure] = ran.json["failures"]
    assert failure["seed"] == 8
    assert any(line.startswith("> account") for line in failure["log"])
    assert any("BrokenError" in line for line in failure["log"])
