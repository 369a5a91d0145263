"""A sync that is interrupted in the middle of an upload ends at once, and loses nothing."""

from __future__ import annotations

import os
import signal
import socket
import threading
from queue import SimpleQueue

import pytest

from localloop.cli.stopping import stoppable
from localloop.store import Store
from localloop.testing.faults import Event, Fault, FaultProxy, Rule, Schedule
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind

ANN = "ann@example.test"
#: Longer than any test may take: who waits for the answer has failed.
NEVER = 3600.0


@pytest.fixture
def heard():
    return SimpleQueue()


@pytest.fixture
def slow(tmp_path, heard):
    """A hub behind a proxy that gives no answer to uploads; what it hears of them goes into the queue."""

    def hear(event: Event) -> None:
        if event.fault is Fault.SLOW:
            heard.put(event)

    schedule = Schedule((Rule(Fault.SLOW, method="POST", path="*/datasets/*/items"),))
    with (
        running_hub(tmp_path / "hub", {ANN: "ann's"}) as hub,
        FaultProxy(hub.gate, schedule=schedule, pause=NEVER, on_event=hear) as proxy,
    ):
        proxy.hub = hub
        yield proxy


@pytest.fixture
def here(ok, photos, slow, monkeypatch):
    """The photos in Fruit/Apples, with nothing sent yet."""
    ok("init", "--device", "laptop")
    ok("add", photos, "--to", "Fruit/Apples", "--create")
    monkeypatch.setenv("LOCALLOOP_PASSWORD", "ann's")
    ok("login", "--gate", slow.gate, "--email", ANN)
    return photos.parent / ".localloop"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [1, 4])
def test_an_interrupt_ends_a_sync_whose_upload_has_no_answer(ok, process, here, slow, heard, number, workers):
    running = process("sync", "--workers", workers)
    heard.get(timeout=120)
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Nothing is lost" in said
    assert "Traceback" not in said
    slow.follow("calm")
    assert ok("sync", "--json").json["unsent"] == 0
    assert ok("sync", "--json").json["quiet"]
    stored = [row["filename"] for row in slow.hub.store.rows(EntityKind.ITEM, type="file")]
    with Store.open(here) as store:
        assert sorted(stored) == sorted(row["filename"] for row in store.rows(EntityKind.ITEM, type="file"))


def wait_in(here, ready):
    ready.set()
    here.recv(1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_though_it_does_not_interrupt_what_the_main_thread_waits_for(number):
    ready, heard = threading.Event(), threading.Event()
    deaf = []
    here, there = socket.socketpair()

    def raise_it():
        ready.wait(60)
        os.kill(os.getpid(), number)
        if not heard.wait(20):
            deaf.append(number)
            there.send(b"!")

    other = threading.Thread(target=raise_it)
    other.start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})  # the other thread gets it: what follows waits on
    try:
        with here, there:
            with pytest.raises(KeyboardInterrupt), stoppable():
                wait_in(here, ready)
            heard.set()
            other.join()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    assert not deaf


def test_handlers_are_what_they_were_after_a_block_that_can_be_stopped():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGURG)
    before = [signal.getsignal(number) for number in numbers]
    with stoppable():
        assert signal.getsignal(signal.SIGTERM) is not before[1]
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_time_limit_ends_a_pull_that_has_no_answer(run, here, slow):
    slow.follow(Schedule((Rule(Fault.SLOW, path="*/projects*"),)))
    ended = run("sync", "--time-limit", "2s")
    assert ended.code == 5
    assert "The time limit of 2 s is over" in ended.err


def test_a_time_limit_ends_it_too(run, ok, here, slow):
    ended = run("sync", "--time-limit", "3s")
    assert ended.code == 5
    assert "The time limit of 3 s is over" in ended.err
    assert "the next sync goes on" in ended.err
    slow.follow("calm")
    assert ok("sync", "--json").json["unsent"] == 0
    assert len(slow.hub.store.rows(EntityKind.ITEM, type="file")) == 3


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--time-limit", "soon"], "A time is a number of seconds, or such as 90s, 10m or 2h, not 'soon'."),
        (["--time-limit", "0"], "A time is"),
        (["--limit-rate", "fast"], "is a number of bytes a second such as 500k or 2M, not 'fast'."),
        (["--limit-rate", "0"], "is a number of bytes a second"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_a_limit_that_means_nothing_is_refused_in_one_sentence(run, fruit, words, complaint):
    refused = run("sync", *words)
    assert refused.code == 2
    assert complaint in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize(("name", "value"), [("LIMIT_RATE", "fast"), ("WORKERS", "many"), ("WORKERS", "99")])
def test_a_setting_that_means_nothing_is_named(run, here, monkeypatch, name, value):
    monkeypatch.setenv(f"LOCALLOOP_{name}", value)
    refused = run("sync")
    assert refused.code == 2
    assert f"$LOCALLOOP_{name}" in refused.err
