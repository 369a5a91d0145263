"""When a request is sent again, when it is given up, and what its last error says of the tries before."""

from __future__ import annotations

from random import Random

import pytest

from localloop.testing.remote import MemoryRemote
from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.retrying import Patience, RetryingRemote
from localloop_sync.drivers.traffic import Traffic
from localloop_sync.errors import (
    AuthError,
    OfflineError,
    OutOfTimeError,
    PermanentError,
    ThrottledError,
    TransientError,
)
from localloop_sync.ports import Scope
from tests.sim.world import VirtualClock


class Line:
    """A platform whose answers are a script: errors, and None for a success."""

    def __init__(self, *script, always=None, **options):
        self.clock = VirtualClock()
        self.script, self.always = list(script), always
        self.asked = []
        self.inner = MemoryRemote(before=self._before)
        entropy = Random(1)
        self.remote = RetryingRemote(self.inner, self.clock, Patience(budget=60), entropy, **options)

    def _before(self, method, *_args):
        self.asked.append(self.clock.monotonic())
        error = self.script.pop(0) if self.script else self.always
        if error is not None:
            raise error

    @property
    def pauses(self):
        return [after - before for before, after in zip(self.asked, self.asked[1:], strict=False)]

    def read(self):
        return self.remote.list(K.PROJECT, Scope())

    def create(self):
        return self.remote.create(K.PROJECT, Scope(), [{"name": "P"}])

    def delete(self):
        return self.remote.delete(K.ITEM, "i")


def broken(status=500):
    return TransientError("Internal error.", status=status)


def test_it_is_asked_again_in_growing_pauses_until_the_time_is_over():
    line = Line(always=broken())
    began = line.clock.monotonic()
    with pytest.raises(TransientError):
        line.read()
    assert 0 < line.asked[-1] - began <= 60
    assert all(pause <= 0.51 * 2**n for n, pause in enumerate(line.pauses))
    assert max(line.pauses) <= 20.1


@pytest.mark.parametrize("asked", [7.0, 0.0])
def test_nothing_is_asked_before_the_platform_said_so(asked):
    line = Line(ThrottledError("Slow down.", retry_after=asked))
    line.read()
    line.read()
    assert line.pauses[0] >= asked


def test_who_was_told_a_time_waits_hardly_longer_however_often():
    line = Line(*[ThrottledError("Slow down.", retry_after=1.0) for _ in range(12)])
    line.read()
    assert len(line.pauses) == 12
    assert all(1 <= pause <= 1.2 for pause in line.pauses)


def test_a_pause_that_one_was_told_holds_for_all_that_talk_to_the_host():
    first = Line(ThrottledError("Slow down.", retry_after=30))
    shared = Traffic(first.clock)
    first.remote._traffic = shared
    second = RetryingRemote(MemoryRemote(), first.clock, Patience(budget=10), traffic=shared)
    first.script.append(ThrottledError("Slow down.", retry_after=100))
    with pytest.raises(ThrottledError):
        first.read()
    with pytest.raises(ThrottledError):
        second.list(K.PROJECT, Scope())


def test_a_creation_without_an_answer_is_not_sent_again():
    line = Line(broken())
    with pytest.raises(TransientError) as caught:
        line.create()
    assert len(line.asked) == 1
    assert caught.value.unsure


@pytest.mark.parametrize("error", [OfflineError("No connection."), ThrottledError("Slow down.")])
def test_a_creation_that_surely_was_not_applied_is_sent_again(error):
    line = Line(error, error)
    assert [one.document["name"] for one in line.create()] == ["P"]
    assert len(line.asked) == 3


@pytest.mark.parametrize(
    "last",
    [
        lambda: OfflineError("No connection."),
        lambda: AuthError("No.", status=401),
        lambda: PermanentError("No.", status=409),
        lambda: ThrottledError("Slow down.", retry_after=100),
    ],
)
def test_the_last_error_says_that_an_earlier_try_had_no_answer(last):
    for script, unsure in (([broken()], True), ([], False)):
        line = Line(*script, always=last())
        with pytest.raises(type(last())) as caught:
            line.delete()
        assert caught.value.unsure is unsure


def test_nothing_is_asked_after_the_time_limit():
    line = Line(time_limit=10, always=broken())
    began = line.clock.monotonic()
    with pytest.raises(OutOfTimeError, match="time limit of 10 s"):
        line.read()
    assert line.asked[-1] - began <= 10
    number = len(line.asked)
    with pytest.raises(OutOfTimeError) as caught:
        line.create()
    assert len(line.asked) == number
    assert not caught.value.unsure


def test_a_pause_ends_when_all_is_broken_off():
    line = Line(always=broken())
    sleep = line.clock.sleep

    def interrupted(seconds):
        sleep(seconds)
        line.remote.break_off()

    line.clock.sleep = interrupted
    with pytest.raises(TransientError):
        line.delete()
    assert len(line.asked) == 1
    with pytest.raises(OfflineError):
        line.read()


def test_trouble_makes_room_for_fewer():
    line = Line(broken(), broken())
    line.read()
    assert line.remote._traffic.valve.limit == 1
