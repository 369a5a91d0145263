"""A limit on speed, on a clock that moves only when somebody sleeps."""

from __future__ import annotations

from threading import Thread

import pytest

from localloop.platform.pace import TokenBucket
from localloop_sync.errors import OfflineError


class Clock:
    def __init__(self):
        self.at = 0.0

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


def bucket(rate):
    clock = Clock()
    return TokenBucket(rate, clock.now, clock.sleep), clock


@pytest.mark.parametrize("piece", [1, 100, 16_384, 1_000_000, 5_000_000])
def test_whatever_the_pieces_are_the_speed_is_kept(piece):
    limited, clock = bucket(1_000_000)
    total = 0
    while total < 20_000_000:
        limited.take(piece if piece > 1 else 100_000)
        total += piece if piece > 1 else 100_000
    # A second's worth may pass at once.
    assert clock.at == pytest.approx((total - 1_000_000) / 1_000_000, rel=0.01)


def test_a_pause_saves_up_a_second_and_no_more():
    limited, clock = bucket(1000)
    limited.take(1000)
    clock.at += 3600
    limited.take(1000)
    assert clock.at == 3600
    limited.take(1000)
    assert clock.at == pytest.approx(3601)


def test_all_threads_share_it():
    limited, clock = bucket(1e6)
    threads = [Thread(target=lambda: [limited.take(100_000) for _ in range(10)]) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert clock.at >= 2.9


def test_waiting_ends_when_nobody_wants_the_bytes_any_more():
    limited, clock = bucket(1)

    def check():
        if clock.at > 2:
            raise OfflineError("over")

    with pytest.raises(OfflineError):
        limited.take(1000, check)
    assert clock.at < 4


@pytest.mark.parametrize("rate", [0, -1])
def test_a_speed_is_more_than_nothing(rate):
    with pytest.raises(ValueError, match="more than 0"):
        TokenBucket(rate)
