"""A change of several requests, of which a later one is turned away: its error says that something may be applied."""

from __future__ import annotations

import time
from email.utils import formatdate
from threading import Event, Thread

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.retrying import Patience, RetryingRemote
from localloop_sync.errors import PermanentError, ThrottledError, TransientError
from localloop_sync.ports import Scope
from tests.integration.platform import wire
from tests.integration.platform.recorder import Reply
from tests.sim.world import VirtualClock

SLOW_DOWN = Reply({"message": "slow down"}, 429, {"Retry-After": "1"})
LABEL = {"displayLabel": "Cat", "color": "#0214a7"}
AGE = {"key": "age", "title": "Age", "type": "number", "scope": ["*"]}
CONTENT = {"size": 3, "digest": "1" * 64}


def replace(remote, tmp_path):
    file = tmp_path / "cat.jpg"
    file.write_bytes(b"cat")
    remote.replace(wire.IT, {"type": "file", "filename": "/train/cat.jpg", "content": CONTENT}, file)


def ontology(remote, _tmp_path):
    base = {"title": "T", "labels": {}, "attributes": {}}
    remote.update(K.ONTOLOGY, wire.ON, {**base, "labels": {"cat": LABEL}, "attributes": {"age": AGE}}, base)


def assign(remote, _tmp_path):
    before = {wire.T: {"assignment": "bob@example.test", "status": None}}
    remote.assign(Scope(dataset=wire.D), [wire.IT], {wire.T: {"assignment": "carol@example.test"}}, before)


@pytest.mark.parametrize(
    ("change", "first", "reply"),
    [
        (replace, "/revisions", wire.item()),
        (ontology, "/attributes", wire.ontology()),
        (assign, "/removeFromTask", {"name": "T"}),
    ],
)
@pytest.mark.parametrize("applied", [True, False])
def test_the_error_of_a_later_request_is_not_sure_and_that_of_the_first_is(
    remote, platform, tmp_path, change, first, reply, applied
):
    def answer(asked):
        return reply if applied and asked.path.endswith(first) else SLOW_DOWN

    platform.answer = answer
    patient = RetryingRemote(remote, VirtualClock(), Patience(budget=3.0))
    with pytest.raises(ThrottledError) as caught:
        change(patient, tmp_path)
    assert caught.value.unsure is applied


def test_what_a_refused_first_request_says_is_final(remote, platform, tmp_path):
    platform.answer = lambda _asked: Reply({"message": "no"}, 422)
    with pytest.raises(PermanentError) as caught:
        ontology(remote, tmp_path)
    assert not caught.value.unsure


def test_a_request_without_an_answer_ends_when_all_is_broken_off(remote, platform):
    """The platform never answers, and nothing is sent afterwards."""
    arrived, over = Event(), Event()

    def answer(_asked):
        arrived.set()
        over.wait(60)
        return wire.item()

    platform.answer = answer
    ended: list[Exception] = []

    def ask():
        try:
            remote.get(K.ITEM, wire.IT)
        except TransientError as error:
            ended.append(error)

    thread = Thread(target=ask)
    thread.start()
    arrived.wait(60)
    remote.break_off()
    thread.join()
    over.set()
    assert len(ended) == 1
    asked = len(platform.asked)
    with pytest.raises(TransientError):
        remote.get(K.ITEM, wire.IT)
    assert len(platform.asked) == asked


def told(transport, platform, text):
    """What a 429 with this ``Retry-After`` says."""
    platform.answer = lambda _asked: Reply({}, 429, {"Retry-After": text})
    with pytest.raises(ThrottledError) as caught:
        transport.send("GET", "/x")
    return caught.value.retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
    ],
)
def test_how_long_to_wait_is_told_in_seconds(platform, transport, text, seconds):
    assert told(transport, platform, text) == seconds


@pytest.mark.parametrize("gmt", [True, False])
def test_or_as_a_date_wherever_this_machine_is(platform, transport, monkeypatch, gmt):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert 590 < told(transport, platform, formatdate(time.time() + 600, usegmt=gmt)) <= 600
    finally:
        monkeypatch.undo()
        time.tzset()
