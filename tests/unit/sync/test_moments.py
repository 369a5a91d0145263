"""Times of the platform are texts that sort like times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop_sync.errors import TransientError
from localloop_sync.moments import bounded, earlier, seconds

AT = "2026-01-01T00:00:30.250Z"


@pytest.mark.parametrize(
    ("step", "result"),
    [
        (timedelta(seconds=60), "2025-12-31T23:59:30.250Z"),
        (timedelta(hours=25), "2025-12-30T23:00:30.250Z"),
        (-timedelta(hours=25), "2026-01-02T01:00:30.250Z"),
        (timedelta(), AT),
    ],
)
def test_a_moment_is_moved_and_keeps_its_form(step, result):
    assert earlier(AT, step) == result


def test_no_moment_stays_none():
    assert earlier("", timedelta(days=1)) == ""


@pytest.mark.parametrize("said", ["yesterday", "0001-01-01T00:00:00.000Z"])
def test_what_is_no_time_is_the_platform_s_error(said):
    with pytest.raises(TransientError, match=r"as a time"):
        earlier(said, timedelta(days=1))


def test_a_horizon_bounds_what_is_later_and_none_bounds_nothing():
    assert bounded("2027-01-01T00:00:00.000Z", AT) == AT
    assert bounded(AT, "2027-01-01T00:00:00.000Z") == AT
    assert bounded(AT, "") == AT


@pytest.mark.parametrize(
    ("moment", "same"),
    [
        ("1970-01-01T00:01:00.000Z", 60.0),
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T00:01:00.500", 60.5),
        ("1970-01-01T02:01:00.000+02:00", 60.0),
        ("", None),
        ("yesterday", None),
    ],
)
def test_moments_in_different_forms_are_compared_in_seconds(moment, same):
    assert seconds(moment) == same
