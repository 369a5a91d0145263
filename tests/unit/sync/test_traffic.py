"""Pauses that a host asks for, and how many requests may be under way at once."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread

import pytest

from localloop_sync.drivers.traffic import FIRST, Pacer, Valve
from localloop_sync.errors import OfflineError, PermanentError, ThrottledError, TransientError
from tests.sim.world import VirtualClock


def go(valve, times=1):
    """So many requests that succeed, each of which was held back until the valve was full."""
    for _ in range(times):
        others = valve.limit - 1
        valve._active += others
        with valve.slot():
            pass
        valve._active -= others


def trip(valve, error=None):
    with pytest.raises(Exception), valve.slot():  # noqa: B017, PT011 - whatever it was given
        raise error or TransientError("Internal error.", status=500)


def test_it_begins_with_four():
    assert Valve().limit == FIRST == 4


def test_a_round_of_successes_adds_one():
    valve = Valve()
    go(valve, 3)
    assert valve.limit == 4
    go(valve, 2)
    assert valve.limit == 5


def test_successes_add_nothing_while_there_was_room_anyway():
    valve = Valve()
    for _ in range(100):
        with valve.slot():
            pass
    assert valve.limit == 4


@pytest.mark.parametrize("error", [TransientError("x", status=500), ThrottledError("x")])
def test_trouble_halves_it_down_to_one(error):
    valve = Valve(8)
    seen = []
    for _ in range(5):
        trip(valve, error)
        seen.append(valve.limit)
    assert seen == [4, 2, 1, 1, 1]


@pytest.mark.parametrize("error", [OfflineError("x"), PermanentError("x", status=422), ValueError("x")])
def test_what_is_no_sign_of_too_much_leaves_it_as_it_is(error):
    valve = Valve(8)
    trip(valve, error)
    assert valve.limit == 8


def test_those_that_were_under_way_together_are_one_trouble():
    valve = Valve(8)

    with suppress(TransientError), valve.judged():
        with suppress(TransientError), valve.judged():
            raise TransientError("x")
        raise TransientError("x")
    assert valve.limit == 4


def test_who_comes_when_it_is_full_waits_for_a_place():
    valve = Valve(1)
    entered = Event()

    def other():
        with valve.slot():
            entered.set()

    with valve.slot():
        thread = Thread(target=other)
        thread.start()
        assert not entered.is_set()
    thread.join()
    assert entered.is_set()


def test_all_wait_as_long_as_the_longest_pause_says():
    clock = VirtualClock()
    pacer = Pacer(clock)
    began = clock.monotonic()
    pacer.hold(5)
    pacer.hold(2)
    pacer.wait(60)
    assert 5 <= clock.monotonic() - began < 5.1
    pacer.wait(0)


def test_a_pause_that_is_too_long_is_an_error_at_once():
    clock = VirtualClock()
    pacer = Pacer(clock)
    pacer.hold(100)
    began = clock.monotonic()
    with pytest.raises(ThrottledError) as caught:
        pacer.wait(60)
    assert 99 < caught.value.retry_after <= 100
    assert clock.monotonic() == began
