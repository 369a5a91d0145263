"""When a sync is due."""

from __future__ import annotations

import pytest

from localloop.daemon.timing import LOCKED, LONGEST, Timing


@pytest.fixture
def timing():
    return Timing(every=300, after=10, chance=lambda: 0.5)


def test_the_first_sync_is_due_at_once(timing):
    assert timing.due < 0


def test_the_next_one_is_due_after_its_time(timing):
    timing.done(1000)
    assert timing.due == 1300


def test_an_edit_is_sent_soon_but_not_with_a_sync_for_each(timing):
    timing.done(1000)
    timing.edited(1100)
    assert timing.due == 1110
    timing.edited(1105)
    assert timing.due == 1110
    timing.done(1110)
    timing.edited(1111)
    assert timing.due == 1121


def test_an_edit_does_not_put_off_what_is_due_sooner(timing):
    timing.done(1000)
    timing.edited(1298)
    assert timing.due == 1300


def test_without_a_connection_the_pauses_grow_to_a_bound(timing):
    pauses = []
    for _ in range(10):
        timing.offline(0)
        pauses.append(timing.due)
    assert pauses == sorted(pauses)
    assert pauses[0] < 15
    assert pauses[-1] == 0.75 * LONGEST


def test_an_edit_does_not_wake_what_has_no_connection_but_the_connection_does(timing):
    timing.offline(0)
    timing.offline(0)
    due = timing.due
    timing.edited(1)
    assert timing.due == due
    timing.reachable(2)
    assert timing.due == 7
    timing.done(10)
    timing.reachable(11)
    assert timing.due == 310


def test_what_its_time_cut_off_goes_on_soon(timing):
    timing.done(1000, more=True)
    assert timing.due == 1010


def test_another_process_is_waited_for(timing):
    timing.locked(1000)
    assert timing.due == 1000 + LOCKED


def test_what_needs_somebody_is_tried_again_at_the_usual_time(timing):
    timing.stuck(1000)
    assert timing.due == 1300
