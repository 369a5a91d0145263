"""A simulated laptop: a real store, with real files, that can lose its power at any moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from blake3 import blake3
from sqlalchemy.exc import OperationalError

from localloop.blobs import BlobCache
from localloop.store import Store
from localloop.syncing import sync_store
from localloop.testing.simulation.broken import require
from localloop.testing.simulation.clock import LaptopClock, WorldTime
from localloop.testing.simulation.disk import HostileDisk, watch_commits
from localloop.testing.simulation.gate import HostileGate
from localloop.testing.simulation.weather import PowerCut, Weather
from localloop.testing.world import MemoryWorld
from localloop_schema.kinds import EntityKind as K
from localloop_schema.session import DATABASE
from localloop_sync.core.safety import Limits
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.retrying import Patience
from localloop_sync.engine import Options
from localloop_sync.errors import Halt, RemoteError
from localloop_sync.report import SyncReport

#: Tables whose rows have a platform id.
_TABLES = ("projects", "ontologies", "recipes", "datasets", "items", "annotations", "tasks", "assignments")


class Laptop:
    """A store and its way to the platform.

    Args:
        name: Its name, by which its clock and chance are drawn.
        folder: Where the store is; it exists.
        seed: What everything is drawn from.
        time: The time that really passes.
        skew: By how much its clock is fast.
        platform: The platform.
        weather: Decides what goes wrong.
        page: The most entities of one page.
        limits: How much a sync may delete unasked.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        seed: str,
        *,
        time: WorldTime,
        skew: timedelta,
        platform: MemoryWorld,
        weather: Weather,
        page: int,
        limits: Limits | None,
    ) -> None:
        self.name = name
        self.folder = folder
        self.random = Random(f"{seed} {name}")
        self.clock = LaptopClock(time, skew)
        self.limits = limits
        #: Every platform id that an entity (by local id) ever had.
        self.known_as: dict[str, set[str]] = {}
        self.remote = HostileGate(platform, weather, page, self.edited)
        self._seed = seed
        self._weather = weather
        self._boots = 0
        self.boot()

    def boot(self) -> None:
        """Open the store, as a new process would."""
        self._boots += 1
        ids = Random(f"{self._seed} {self.name} ids {self._boots}")
        self.store = Store.open(self.folder, clock=self.clock, identity=Identity(self.clock, ids))
        watch_commits(self.store.engine, self._weather)
        self._disk = HostileDisk(self._weather)
        self.store.blobs = BlobCache(self.folder / "blobs", self._disk)
        self._view = sqlite3.connect(self.folder / DATABASE, isolation_level=None)
        self._remember()

    def lose_power(self) -> None:
        """Die and start again: what was not durable is gone."""
        self.close()
        self._disk.lose_power()
        self.boot()
        self.check_blobs()

    def close(self) -> None:
        """Give the store back."""
        self._view.close()
        self.store.close()

    def sync(self, limits: Limits | None = None) -> SyncReport | None:
        """Sync once.

        Args:
            limits: How much may be deleted unasked.

        Returns:
            The report; None when the sync did not come to its end.
        """
        self.remote.asked.clear()
        try:
            report = sync_store(
                self.store,
                self.remote,
                options=Options(limits=limits, workers=1),
                patience=Patience(budget=self.random.choice([0.0, 5.0, 60.0])),
                entropy=self.random,
            )
        except PowerCut:
            self.lose_power()
            report = None
        except (RemoteError, Halt, OperationalError, OSError) as error:
            self._weather.note(f"! {type(error).__name__}: {error}")
            report = None
        self._remember()
        return report

    def act(self, action: Callable[[], None]) -> None:
        """Do what a user does; the disk may be full, or the power go."""
        try:
            action()
        except PowerCut:
            self.lose_power()
        except (OperationalError, OSError) as error:
            self._weather.note(f"! {type(error).__name__}: {error}")

    def dataset(self) -> dict[str, Any]:
        """The dataset that is worked on."""
        return self.store.rows(K.DATASET)[0]

    def look(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read the database past the store.

        Args:
            query: A statement.
            parameters: Its parameters.

        Returns:
            The rows.
        """
        return self._view.execute(query, parameters).fetchall()

    def store_pulls(self, number: int) -> None:
        """Pretend that the store has pulled so often before.

        Args:
            number: How often.
        """
        self._view.execute("UPDATE checkpoints SET pulls = ?", (number,))
        # A feed is followed so often, and then once not; a checkpoint counts that pull as well.
        self._view.execute("UPDATE feed_positions SET pulls = ?", (number + 1,))

    def user_operations(self) -> Iterator[tuple[str, str, str, list[dict[str, Any]]]]:
        """Kind, entity, verb and changes of each operation that a person made here."""
        for kind, entity, verb, changes in self.look(
            "SELECT kind, entity_id, verb, changes FROM operations WHERE action != 'sync' ORDER BY seq"
        ):
            yield kind, entity, verb, json.loads(changes)

    def check_blobs(self) -> None:
        """Every visible file is whole.

        Raises:
            BrokenError: One is not.
        """
        for digest in self.store.blobs.digests():
            with self.store.blobs.open(digest) as file:
                found = blake3(file.read()).hexdigest()
            require(found == digest, f"{self.name}: the file {digest} is not whole")

    def _remember(self) -> None:
        union = " UNION ALL ".join(f"SELECT id, remote_id FROM {table}" for table in _TABLES)  # noqa: S608
        for local, remote in self.look(f"SELECT id, remote_id FROM ({union}) WHERE remote_id IS NOT NULL"):  # noqa: S608
            self.known_as.setdefault(local, set()).add(remote)

    def edited(self) -> set[str]:
        """Platform ids of what waits to be sent, is in conflict, or was refused."""
        return self._waiting("1")

    def deleting(self) -> set[str]:
        """Platform ids of what is deleted here and not there."""
        return self._waiting("verb = 'delete'")

    def _waiting(self, which: str) -> set[str]:
        states = "('pending', 'in flight', 'parked', 'rejected')"
        query = f"SELECT entity_id FROM operations WHERE state IN {states} AND {which}"  # noqa: S608
        waiting = {row[0] for row in self.look(query)}
        return {remote for local in waiting for remote in self.known_as.get(local, ())}
