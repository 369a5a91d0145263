"""Disks that fail: commits and files of a simulated laptop."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from localloop.blobs.files import Disk
from localloop.testing.simulation.weather import Weather


class HostileDisk(Disk):
    """Makes files durable in name only, and takes back what was not made durable when the power goes.

    Args:
        weather: Decides what fails.
    """

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._whole: set[Path] = set()
        self._loose: set[Path] = set()
        self._hollow: set[Path] = set()

    def make_final(self, path: Path) -> None:
        """The bytes of a file are safe from now on."""
        self._weather.file("the sync of a file")
        path.chmod(0o444)
        self._whole.add(path)

    def rename(self, path: Path, target: Path) -> None:
        """The new name is seen from now on, but not safe."""
        self._weather.file("a rename")
        path.replace(target)
        self._loose.add(target)
        if path not in self._whole:
            self._hollow.add(target)

    def sync_directory(self, path: Path) -> None:
        """The names in a directory are safe from now on."""
        self._weather.file("the sync of a directory")
        self._loose = {target for target in self._loose if target.parent != path}

    def lose_power(self) -> None:
        """Names that were not safe may be gone, and files under a safe name whose bytes were not are empty."""
        for target in sorted(self._hollow):
            target.chmod(0o644)
            target.write_bytes(b"")
        for target in sorted(self._loose):
            if self._weather.random.random() < 0.5:
                target.unlink(missing_ok=True)
        self._hollow.clear()
        self._loose.clear()


def watch_commits(engine: Engine, weather: Weather) -> None:
    """Let the commits of a store fail, and spare the real disk.

    Args:
        engine: The store's engine.
        weather: Decides what fails.
    """
    written = False

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: object) -> None:
        raw.execute("PRAGMA synchronous = OFF")

    @event.listens_for(engine, "commit")
    def _before(connection: Connection) -> None:
        nonlocal written
        if connection.get_execution_options().get("localloop_begin") == "IMMEDIATE":
            weather.commit()
            written = True

    @event.listens_for(engine, "checkin")
    def _after(raw: sqlite3.Connection | None, _record: object) -> None:
        nonlocal written
        if not written:
            return
        written = False
        if weather.committed():
            if raw is not None:
                raw.close()
            weather.cut("after a commit")

    engine.dispose()  # the connection that opening made has its pragmas from before
