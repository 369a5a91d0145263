"""Hours: when nothing is sent, and how fast something is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop.daemon.schedule import DAYS, Hours, Schedule
from localloop.errors import BadRequest

FRIDAY = datetime(2026, 11, 27, tzinfo=UTC)


def at(clock, day=FRIDAY):
    hour, minute = clock.split(":")
    return day.replace(hour=int(hour), minute=int(minute))


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("08:00-18:00", ["08:00", "17:59"], ["07:59", "18:00", "00:00"]),
        ("22:00-06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "21:59"]),
        ("0-24:00", ["00:00", "23:59"], []),
        ("7-8", ["07:00"], ["08:00"]),
    ],
)
def test_hours_begin_with_the_first_minute_and_end_before_the_last(hours, inside, outside):
    read = Hours.read(hours)
    assert [read.hold(at(clock)) for clock in inside] == [True] * len(inside)
    assert [read.hold(at(clock)) for clock in outside] == [False] * len(outside)


def test_hours_past_midnight_are_of_the_day_on_which_they_begin():
    friday_night = Hours.read("22:00-06:00", ["fri"])
    assert friday_night.hold(at("23:00"))
    assert friday_night.hold(at("05:00", FRIDAY + timedelta(days=1)))
    assert not friday_night.hold(at("05:00"))
    assert not friday_night.hold(at("23:00", FRIDAY + timedelta(days=1)))


@pytest.mark.parametrize("hours", ["", "8", "8-", "25:00-26:00", "08:60-09:00", "a-b", "-1-2"])
def test_what_are_no_hours_is_refused(hours):
    with pytest.raises(BadRequest, match="Hours are such as"):
        Hours.read(hours)


@pytest.mark.parametrize("days", [["someday"], []])
def test_what_are_no_days_is_refused(days):
    with pytest.raises(BadRequest, match="Days are some of"):
        Hours.read("8-9", days)


def test_the_first_hours_that_hold_give_the_rate():
    schedule = Schedule(rates=((Hours.read("8-18"), 500.0), (Hours.read("8-20"), 900.0)), rate=5.0)
    assert [schedule.at(at(clock)).rate for clock in ("09:00", "19:00", "21:00")] == [500.0, 900.0, 5.0]
    assert schedule.at(at("09:00")).until == at("18:00")
    assert Schedule().at(at("09:00")).until is None


_HOURS = st.builds(
    Hours, st.integers(0, 1439), st.integers(0, 1439), st.frozensets(st.integers(0, 6), min_size=1)
)


@given(
    quiet=st.lists(_HOURS, max_size=3),
    rates=st.lists(st.tuples(_HOURS, st.floats(1, 10)), max_size=2),
    minutes=st.integers(0, 7 * 24 * 60),
)
def test_until_its_end_a_regime_stays_what_it_is(quiet, rates, minutes):
    schedule = Schedule(tuple(quiet), tuple(rates))
    moment = FRIDAY + timedelta(minutes=minutes, seconds=30)
    now = schedule.at(moment)
    end = now.until or moment + timedelta(days=8)
    assert end > moment
    step = (end - moment) / 7
    for number in range(7):
        then = schedule.at(moment + number * step)
        assert (then.quiet, then.rate) == (now.quiet, now.rate)


def test_all_days_are_named():
    assert len(DAYS) == 7
