"""Windows that move with the time: what is counted in them, and what is forgotten."""

from __future__ import annotations

import threading

import pytest
from limits import parse

from localloop.server.windows import SWEEP, Windows

LIMIT = parse("3/10 seconds")


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def windows(watch: Watch) -> Windows:
    return Windows(monotonic=watch)


def test_only_so_many_are_counted(windows: Windows) -> None:
    assert [windows.hit(LIMIT, "ann") for _ in range(5)] == [True, True, True, False, False]


def test_names_have_windows_of_their_own(windows: Windows) -> None:
    for _ in range(3):
        windows.hit(LIMIT, "ann")
    assert windows.hit(LIMIT, "ben")


def test_the_window_moves_with_the_time(windows: Windows, watch: Watch) -> None:
    for _ in range(3):
        windows.hit(LIMIT, "ann")
        watch.now += 4
    assert windows.hit(LIMIT, "ann")
    assert not windows.hit(LIMIT, "ann")


def test_what_was_refused_does_not_prolong_the_wait(windows: Windows, watch: Watch) -> None:
    for _ in range(5):
        windows.hit(LIMIT, "ann")
    watch.now += 7
    assert windows.wait(LIMIT, "ann") == 3
    watch.now += 3
    assert windows.wait(LIMIT, "ann") == 0


def test_testing_counts_nothing(windows: Windows) -> None:
    assert [windows.test(LIMIT, "ann") for _ in range(5)] == [True] * 5
    assert len(windows) == 0


def test_windows_that_have_passed_are_forgotten(windows: Windows, watch: Watch) -> None:
    for number in range(50):
        windows.hit(LIMIT, number)
    watch.now += SWEEP
    windows.hit(LIMIT, "ann")
    assert len(windows) == 1


def test_a_window_that_lasts_longer_than_a_sweep_is_kept(windows: Windows, watch: Watch) -> None:
    slow = parse("1/hour")
    windows.hit(slow, "ann")
    watch.now += SWEEP
    windows.hit(LIMIT, "ben")
    assert not windows.hit(slow, "ann")


def test_counting_starts_no_thread(windows: Windows) -> None:
    before = threading.active_count()
    for number in range(100):
        windows.hit(LIMIT, number)
    assert threading.active_count() == before
