"""A small hostile world: laptops, one platform that fails, other people, and edits. All of it is drawn from a seed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Self

from localloop.testing.simulation.accounting import nothing_lost
from localloop.testing.simulation.broken import BrokenError
from localloop.testing.simulation.checks import compare, converged, no_surprise, no_twins, settled, sound
from localloop.testing.simulation.clock import WorldTime
from localloop.testing.simulation.colleague import Colleague
from localloop.testing.simulation.edits import Editor
from localloop.testing.simulation.founding import NAMES, Foundry
from localloop.testing.simulation.laptop import Laptop
from localloop.testing.simulation.ledger import Ledger
from localloop.testing.simulation.regrets import regret, settle_disputes
from localloop.testing.simulation.shape import Shape
from localloop.testing.simulation.weather import Weather
from localloop_schema.kinds import EntityKind
from localloop_sync.core.safety import Limits
from localloop_sync.pulling import SWEEP_EVERY

#: After so many rounds of syncing and resolving in fair weather everything has to be at rest.
ROUNDS = 30

#: What may lie between two steps, in seconds: within the engine's overlap, and beyond it.
_PAUSES = (0, 0, 1, 20, 70, 3600, 86_400)


class World:
    """Laptops around one platform.

    Args:
        seed: What everything is drawn from.
        foundry: Makes the beginning.
        shape: How big and how bad it is; drawn from the seed when left out.
        log: Where to write what happens.

    Attributes:
        log: What happened so far, line by line.
    """

    def __init__(
        self, seed: int, foundry: Foundry, shape: Shape | None = None, *, log: list[str] | None = None
    ) -> None:
        self.seed = seed
        self.shape = shape = shape or Shape.drawn(seed)
        self.log: list[str] = [] if log is None else log
        self.random = Random(f"{seed} world")
        beginning = foundry.beginning(shape)
        self._folder = tempfile.TemporaryDirectory(prefix="localloop-world-")
        folder = Path(self._folder.name)
        self.platform = beginning.copy(folder, shape.laptops)
        if self.platform.feed is not None:
            self.platform.feed.largest = 3  # so that what belongs together is torn apart
        self.time = WorldTime(beginning.moment)
        self.time.follow(self.platform.advance)
        self._tokens = beginning.tokens
        self.weather = Weather(Random(f"{seed} weather"), shape.roughness, self.log.append)
        self.ledger = Ledger()
        self.editor = Editor(self.token, marks=shape.marks)
        web = Random(f"{seed} web")
        self.colleague = Colleague(self.platform, web, self.token, self.ledger, folder / "desk")
        self.laptops = [self._laptop(name, folder / name) for name in NAMES[: shape.laptops]]
        self._regrets = Random(f"{seed} regrets")
        for laptop in self.laptops:
            if self._regrets.random() < shape.decided:
                settle_disputes(laptop, self._regrets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything."""
        for laptop in self.laptops:
            laptop.close()
        self._folder.cleanup()

    def token(self) -> str:
        """A value that nothing else has."""
        self._tokens += 1
        return f"t{self._tokens}"

    def run(self) -> None:
        """Edits and syncs in any order, in bad weather."""
        self.begin()
        for _ in range(self.shape.steps):
            self.step()
        self.calm()

    def begin(self) -> None:
        """From now on things may go wrong."""
        self.weather.stormy = True

    def calm(self) -> None:
        """From now on everything goes well."""
        self.weather.calm()
        self.time.passes(timedelta(hours=1))
        # A deletion that a creation made up for shows in no count; the next pull is one that looks for every id.
        for laptop in self.laptops:
            laptop.store_pulls(SWEEP_EVERY - 1)

    def step(self) -> None:
        """One thing happens."""
        self.time.passes(timedelta(seconds=self.random.choice(_PAUSES)))
        if self.platform.feed is not None and self.weather.strikes(0.03):
            self.platform.feed.epoch += "'"  # it loses the thread, as one that was put back does
        laptop = self.random.choice(self.laptops)
        if self._regrets.random() < self.shape.regrets:
            self.tell(
                f"{laptop.name} takes something back",
                lambda: laptop.act(lambda: regret(laptop, self._regrets)),
            )
        dice = self.random.random()
        if dice < 0.3:
            self.sync(laptop)
        elif dice < 0.42:
            self.tell(f"{laptop.name} works", lambda: laptop.act(lambda: self.editor.work(laptop)))
        elif dice < 0.8:
            self.tell(f"{laptop.name} edits", lambda: laptop.act(lambda: self.editor.edit(laptop)))
        elif dice < 0.86:
            self.tell(f"{laptop.name} resolves", lambda: laptop.act(lambda: self._decide_one(laptop)))
        else:
            for _ in range(self.random.choice([1, 1, 2, 3])):
                self.tell("the colleague edits", self.colleague.act)

    def tell(self, what: str, act: Callable[[], object]) -> None:
        """Do something, with a line in the log.

        Args:
            what: The line.
            act: What to do.
        """
        self.log.append(what)
        act()

    def sync(self, laptop: Laptop) -> None:
        """Sync in whatever weather it is, and check what has to hold after it in any case.

        Args:
            laptop: Which laptop.
        """
        self.log.append(f"{laptop.name} syncs")
        if self.weather.strikes(0.2):
            there = [*self.platform.entities[EntityKind.ITEM], *self.platform.entities[EntityKind.ANNOTATION]]
            self.weather.forbidden.update(self.random.sample(there, min(1, len(there))))
        if self.shape.busy:
            self._let_interfere(laptop)
        laptop.sync(Limits() if self.shape.guarded else None)
        laptop.remote.meanwhile = None
        sound(laptop)
        no_surprise(laptop, self.platform)
        no_twins(self.platform)

    def _let_interfere(self, laptop: Laptop) -> None:
        spared, edited = laptop.deleting(), laptop.edited()

        def meanwhile() -> None:
            if self.random.random() < 0.05:
                self.tell("the colleague interferes", lambda: self.colleague.interfere(spared, edited))

        laptop.remote.meanwhile = meanwhile

    def _decide_one(self, laptop: Laptop) -> None:
        self.editor.decide(laptop, 1)

    def settle(self) -> None:
        """Sync and resolve until nothing moves any more.

        Raises:
            BrokenError: It does not come to rest.
        """
        for _ in range(ROUNDS):
            quiet = True
            for laptop in self.laptops:
                self.log.append(f"{laptop.name} syncs, in fair weather")
                before = settled(laptop)
                report = laptop.sync()
                if report is None:
                    raise BrokenError(f"{laptop.name} cannot sync in fair weather")
                decided = self.editor.decide(laptop)
                nudged = self.editor.nudge(laptop)
                moved = not report.quiet or report.unsent or report.downloaded_files or report.unfetched
                if moved or decided or nudged or settled(laptop) != before:
                    quiet = False
                else:
                    converged(laptop)
            if quiet:
                return
        raise BrokenError("the world does not come to rest")

    def check(self) -> None:
        """Check what has to hold when all is quiet.

        Raises:
            BrokenError: It does not.
        """
        for laptop in self.laptops:
            sound(laptop)
            laptop.check_blobs()
            no_surprise(laptop, self.platform)
            compare(laptop, self.platform)
        no_twins(self.platform)
        nothing_lost(self.laptops, self.platform, self.ledger)

    def pictures(self) -> dict[str, Any]:
        """What every store and the platform hold, for comparing runs."""
        return {
            "platform": sorted(
                (kind.value, one.id, repr(one.document))
                for kind, there in self.platform.entities.items()
                for one in there.values()
            ),
            **{laptop.name: settled(laptop) for laptop in self.laptops},
        }

    def _laptop(self, name: str, folder: Path) -> Laptop:
        hours = Random(f"{self.seed} skew {name}").uniform(-self.shape.skew, self.shape.skew)
        laptop = Laptop(
            name,
            folder,
            str(self.seed),
            time=self.time,
            skew=timedelta(hours=hours),
            platform=self.platform,
            weather=self.weather,
            page=self.shape.page,
            limits=None,
        )
        # Some way through the pulls after which nothing is trusted that counts and times say.
        laptop.store_pulls(self.random.randrange(50))
        return laptop
