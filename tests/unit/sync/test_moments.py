"""Times of the platform are texts that sort like times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop_sync.errors import TransientError
from localloop_sync.moments import bounded, earlier

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
