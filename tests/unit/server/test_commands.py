"""Commands: work in threads, which ends well, badly, or is aborted."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest
from starlette.exceptions import HTTPException

from localloop.errors import Conflict, NotFound
from localloop.server.commands import (
    KEPT,
    WAITING,
    Command,
    Commands,
    Status,
    TimedOut,
    current,
    step,
    stepped,
)


class Ticks:
    """Time that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Ids:
    """c1, c2, ..."""

    number = 0

    def __call__(self) -> str:
        self.number += 1
        return f"c{self.number}"


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def commands(ticks: Ticks) -> Iterator[Commands]:
    made = Commands(Ids(), lambda: "now", monotonic=ticks, threads=1)
    yield made
    made.close(0)


def shown(command) -> tuple[str, int, str | None]:
    wire = command.to_json("http://x/api/v1")
    return wire["status"], wire["progress"], wire["error"]


def test_work_that_is_done_is_a_success_with_its_spec(commands):
    command = commands.run("Work", "alice", lambda: {"done": 1})
    assert command.wait(30)
    assert command.to_json("http://x/api/v1", first=True) == {
        "id": "c1",
        "url": "http://x/api/v1/commands/c1",
        "type": "Work",
        "status": "success",
        "progress": 100,
        "spec": {"done": 1},
        "error": None,
        "createdAt": "now",
        "updatedAt": "now",
        "report": None,
    }


def test_a_command_is_kept_for_an_hour_after_its_end_and_for_its_owner(commands, ticks):
    commands.run("Work", "alice", dict).wait(30)
    with pytest.raises(NotFound):
        commands.get("c1", "bob")
    assert [one.id for one in commands.of("alice")] == ["c1"]
    assert commands.of("bob") == []
    ticks.now = KEPT
    with pytest.raises(NotFound):
        commands.get("c1", "alice")


def test_running_work_is_kept_however_long_it_takes(commands, ticks):
    go = Event()
    commands.run("Work", "alice", lambda: {"went": go.wait(30)})
    ticks.now = 2 * KEPT
    command = commands.get("c1", "alice")
    go.set()
    assert command.wait(30)
    assert commands.get("c1", "alice").spec == {"went": True}


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (Conflict("409", "It is there already."), "failed", "It is there already."),
        (TimedOut("It took too long."), "timeout", "It took too long."),
        (
            ZeroDivisionError("secret"),
            "failed",
            "Something went wrong on the server. Its log says more: command c1.",
        ),
    ],
)
def test_failed_work_is_running_in_the_first_answer_and_failed_in_the_next(commands, error, status, message):
    def work():
        raise error

    command = commands.run("Work", "alice", work)
    assert command.wait(30)
    first = command.to_json("http://x/api/v1", first=True)
    assert (first["status"], first["progress"], first["error"]) == ("in-progress", 0, None)
    assert shown(command) == (status, 0, message)


def test_progress_moves_with_the_work_and_is_whole_only_at_its_end(commands):
    seen, there, go = [], Event(), Event()

    def work():
        seen.extend((chunk, current().progress) for chunk in stepped(["ab", "cd"], 4))
        there.set()
        go.wait(30)
        return {}

    command = commands.run("Work", "alice", work)
    assert there.wait(30)
    assert shown(command) == ("in-progress", 99, None)
    go.set()
    assert command.wait(30)
    assert seen == [("ab", 0), ("cd", 50)]
    assert shown(command) == ("success", 100, None)


def test_aborted_work_ends_at_its_next_step(commands):
    there, go = Event(), Event()

    def work():
        there.set()
        go.wait(30)
        step(1, 2)
        raise AssertionError("went on")

    command = commands.run("Work", "alice", work)
    assert there.wait(30)
    command.abort()
    assert shown(command)[0] == "cleaning-up"
    go.set()
    assert command.wait(30)
    assert shown(command) == ("aborted", 0, "The command was aborted; nothing was changed.")
    command.abort()
    assert shown(command)[0] == "aborted"


def test_an_abort_that_comes_too_late_changes_nothing(commands):
    command = commands.run("Work", "alice", lambda: {"done": 1})
    assert command.wait(30)
    command.abort()
    assert shown(command) == ("success", 100, None)


def test_work_that_has_not_begun_is_canceled_and_never_begins(commands):
    go, begun = Event(), []
    first = commands.run("Work", "alice", lambda: {"went": go.wait(30)})
    second = commands.run("Work", "alice", lambda: begun.append(1) or {})
    assert shown(second)[0] == "created"
    second.abort()
    go.set()
    assert first.wait(30)
    assert second.wait(30)
    assert shown(second)[0] == "canceled"
    commands.close(0)
    assert begun == []


def test_too_many_unfinished_commands_are_refused_to_one_user_only(commands):
    go = Event()
    for _ in range(WAITING):
        commands.run("Work", "alice", lambda: {"went": go.wait(30)})
    with pytest.raises(HTTPException) as raised:
        commands.run("Work", "alice", dict)
    assert (raised.value.status_code, raised.value.headers) == (429, {"Retry-After": "5"})
    bob = commands.run("Work", "bob", dict)
    go.set()
    assert bob.wait(30)


def test_a_stop_aborts_what_does_not_end_in_time(commands):
    there = Event()

    def endless():
        there.set()
        while True:
            step()

    running = commands.run("Work", "alice", endless)
    waiting = commands.run("Work", "alice", dict)
    assert there.wait(30)
    commands.close(0)
    assert (running.status, waiting.status) == (Status.ABORTED, Status.CANCELED)
    with pytest.raises(HTTPException):
        commands.run("Work", "alice", dict)


def test_a_step_outside_a_command_is_nothing():
    step(1, 2)
    assert list(stepped([[1], [2]], 2)) == [[1], [2]]
    assert current() is None


def test_work_does_not_begin_while_it_is_being_aborted():
    class Aborting(Command):
        began = True

        def _end(self, status, *, error=None):
            self.began = self.begin()
            super()._end(status, error=error)

    command = Aborting("c1", "alice", "Work", lambda: "now")
    command.abort()
    assert (command.began, command.status) == (False, Status.CANCELED)
