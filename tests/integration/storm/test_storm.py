"""A small storm; ``make storm KILLS=200`` is a large one."""

from __future__ import annotations

import os

import pytest

from tests.integration.storm.storm import Storm

KILLS = int(os.environ.get("LOCALLOOP_STORM_KILLS", "11"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whoever_is_killed_nothing_is_lost_or_twice_and_no_hand_is_needed(tmp_path):
    outcome = Storm(tmp_path, kills=KILLS, seed=5).run()
    assert outcome.problems == [], outcome.text()
    assert outcome.kills == KILLS
    assert outcome.hubs, "the hub was never killed"
    assert outcome.fresh, "no interpreter of its own was killed"
