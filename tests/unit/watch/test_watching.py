"""Watching goes on, whatever a look meets."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from localloop.errors import Forbidden, NotFound
from localloop.watch.taking import Look
from localloop.watch.watching import Watcher


class Hints:
    """No events."""

    polled = ""

    def start(self):
        pass

    stop = wake = check = start

    def wait(self, _seconds):
        return False

    def take(self):
        return {}


class Looker:
    """Meets errors, one a look, and then nothing any more."""

    stirred = False

    def __init__(self, *errors):
        self.errors = list(errors)

    def look(self, _places):
        if self.errors:
            raise self.errors.pop(0)
        return Look(added=1)


class Listener:
    """Stops the watcher when a look was made."""

    def __init__(self):
        self.heard = []
        self.watcher = None

    def looked(self, look):
        self.heard.append(look.added)
        self.watcher.stop()

    def failed(self, error):
        self.heard.append(type(error).__name__)

    def polled(self, reason):
        assert not reason


def watched(looker):
    seconds = iter(range(0, 10_000, 5))
    listener = Listener()
    listener.watcher = Watcher(looker, Hints(), listener, lambda _: None, monotonic=lambda: next(seconds))
    listener.watcher.run()
    return listener.heard


def test_a_busy_store_a_full_disk_and_a_missing_folder_are_tried_again():
    busy = OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked"))
    looker = Looker(busy, OSError(28, "full"), NotFound("404", "gone"), Forbidden("403", "read-only"))
    assert watched(looker) == ["OperationalError", "OSError", "NotFound", "Forbidden", 1]


def test_a_mistake_in_the_program_is_none_of_these():
    with pytest.raises(ZeroDivisionError):
        watched(Looker(ZeroDivisionError()))
