"""The beginning of a world, made once for all worlds of a kind and copied for each."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.labels import upsert_labels
from localloop.store.projects import create_project
from localloop.store.recipes import ontology_of
from localloop.store.tasks import create_task
from localloop.syncing import subscribe
from localloop.testing.simulation.broken import require
from localloop.testing.simulation.clock import LaptopClock, WorldTime
from localloop.testing.simulation.edits import PEOPLE, Editor
from localloop.testing.simulation.laptop import Laptop
from localloop.testing.simulation.shape import Shape
from localloop.testing.simulation.weather import Weather
from localloop.testing.world import MemoryWorld
from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.journal import SqliteJournal

NAMES = "abc"

#: The action by which a store's dataset is made.
FOUNDING = "found"


@dataclass(frozen=True, slots=True)
class Beginning:
    """A world before anything happens in it.

    Attributes:
        folder: Holds a store for each laptop.
        platform: What is on the platform.
        moment: The time.
        tokens: How many values were entered.
    """

    folder: Path
    platform: MemoryWorld
    moment: datetime
    tokens: int

    def copy(self, folder: Path, laptops: int) -> MemoryWorld:
        """Begin once more.

        Args:
            folder: Where the stores are to be; made.
            laptops: How many of them.

        Returns:
            The platform.
        """
        for name in NAMES[:laptops]:
            shutil.copytree(self.folder / name, folder / name)
        return self.platform.copy()


class Foundry:
    """Makes beginnings.

    Args:
        folder: Where to keep them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[bool, bool, bool], Beginning] = {}

    def beginning(self, shape: Shape) -> Beginning:
        """The beginning of worlds of a shape.

        Args:
            shape: The shape.
        """
        key = (shape.apart, shape.feed, shape.marks)
        if key not in self._made:
            self._made[key] = self._make(shape, self._folder / f"beginning{len(self._made)}")
        return self._made[key]

    def _make(self, shape: Shape, folder: Path) -> Beginning:
        time = WorldTime()
        platform = MemoryWorld(feed=shape.feed, keeps_marks=shape.marks)
        time.follow(platform.advance)
        weather = Weather(Random("fair"), 0.0, lambda _text: None)
        tokens = iter(range(1, 1_000_000))
        editor = Editor(lambda: f"t{next(tokens)}")
        for name in NAMES:
            clock = LaptopClock(time, timedelta())
            identity = Identity(clock, Random(f"founding {name}"))
            path, author = folder / name, "alice@example.test"
            Store.create(path, author=author, device=name, clock=clock, identity=identity).close()
            laptop = Laptop(
                name,
                path,
                "founding",
                time=time,
                skew=timedelta(),
                platform=platform,
                weather=weather,
                page=1000,
                limits=None,
            )
            with closing(laptop):
                if shape.apart or name == NAMES[0]:
                    _found(laptop, editor)
                else:
                    subscribe(laptop.store, laptop.remote, "P", "D", content=True)
                require(shape.apart or laptop.sync(), "the world cannot begin")
        return Beginning(folder, platform, time.moment, next(tokens))


def _found(laptop: Laptop, editor: Editor) -> None:
    store = laptop.store
    with store.transaction(FOUNDING) as tx:
        dataset = create_dataset(tx, create_project(tx, "P"), "D")
        upsert_labels(tx, ontology_of(tx.connection, dataset), [{"tag": "cat"}])
    journal = SqliteJournal(store.engine, store.identity, store.clock)
    journal.subscribe(dataset["project_id"], dataset["id"], content=True)
    for number in range(3):
        editor.add(laptop, f"/start{number}.txt")
    with store.transaction("give work") as tx:
        create_task(tx, tx.row(K.DATASET, dataset["id"]), "T", {}, assignee_ids=PEOPLE)
