"""Many worlds, one after the other or side by side, and what became of them."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from localloop.testing.simulation.broken import BrokenError
from localloop.testing.simulation.founding import Foundry
from localloop.testing.simulation.shape import Shape
from localloop.testing.simulation.world import World

#: How many worlds a process plays before another takes its place, so that nothing that it keeps can grow for ever.
_LIFE = 2000

#: How many lines of its log a failing world shows.
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Failure:
    """A world in which an invariant did not hold, or something was raised that nobody catches.

    Attributes:
        seed: Its seed.
        reason: What is wrong, as one sentence.
        log: What had happened, line by line, and where in the program it went wrong.
    """

    seed: int
    reason: str
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a seed.

    Attributes:
        seed: The seed.
        requests: How many requests its laptops made.
        power_cuts: How often one lost its power.
        failure: What was wrong; None when nothing was.
    """

    seed: int
    requests: int
    power_cuts: int
    failure: Failure | None


@dataclass(slots=True)
class Summary:
    """What became of many seeds.

    Attributes:
        seeds: How many were played to their end, or failed.
        requests: How many requests were made in all.
        power_cuts: How often a laptop lost its power.
        seconds: How long it took.
        failures: Those that failed.
    """

    seeds: int = 0
    requests: int = 0
    power_cuts: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def count(self, one: Played) -> None:
        """Take a seed in.

        Args:
            one: What became of it.
        """
        self.seeds += 1
        self.requests += one.requests
        self.power_cuts += one.power_cuts
        if one.failure is not None:
            self.failures.append(one.failure)


def run(
    seeds: Iterable[int],
    *,
    jobs: int = 1,
    most_failures: int = 5,
    heard: Callable[[Summary], None] | None = None,
) -> Summary:
    """Play the worlds of some seeds in a temporary directory, which is removed at the end.

    Args:
        seeds: Which.
        jobs: How many processes share them.
        most_failures: After so many failures no further one is looked for.
        heard: Told after each seed.

    Returns:
        What became of them.
    """
    summary = Summary()
    started = monotonic()
    with tempfile.TemporaryDirectory(prefix="localloop-selftest-") as folder:
        for one in _played(seeds, Path(folder), jobs):
            summary.count(one)
            summary.seconds = monotonic() - started
            if heard is not None:
                heard(summary)
            if len(summary.failures) >= most_failures:
                break
    summary.seconds = monotonic() - started
    return summary


def play(seed: int, foundry: Foundry) -> Played:
    """Play a seed's world from its beginning to its end, and check it.

    Args:
        seed: The seed.
        foundry: Makes the beginning.

    Returns:
        What became of it.
    """
    log: list[str] = []
    failure = None
    try:
        with World(seed, foundry, log=log) as world:
            world.run()
            world.settle()
            world.check()
    except Exception as error:  # noqa: BLE001 - whatever a world ends with is told with its seed
        reason = str(error) if isinstance(error, BrokenError) else f"{type(error).__name__}: {error}"
        where = [line.rstrip() for line in traceback.format_exception(error)[-12:]]
        failure = Failure(seed, reason, (str(Shape.drawn(seed)), *log[-SHOWN:], *where))
    requests = sum(line.startswith("> ") for line in log)
    cuts = sum(line.startswith("! power cut") for line in log)
    return Played(seed, requests, cuts, failure)


def _played(seeds: Iterable[int], folder: Path, jobs: int) -> Iterator[Played]:
    if jobs == 1:
        foundry = Foundry(folder)
        for seed in seeds:
            yield play(seed, foundry)
        return
    # Processes that begin afresh have no locks, threads or connections of this one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        jobs, context, initializer=_begin, initargs=(folder,), max_tasks_per_child=_LIFE
    ) as pool:
        try:
            yield from pool.map(_play, seeds, chunksize=4)
        finally:
            pool.shutdown(cancel_futures=True)


#: What each process of a pool has for itself.
_FOUNDRIES: list[Foundry] = []


def _begin(folder: Path) -> None:
    own = folder / str(os.getpid())
    own.mkdir()
    tempfile.tempdir = str(own)  # so that it goes with the whole, however this process ends
    _FOUNDRIES.append(Foundry(own))


def _play(seed: int) -> Played:
    return play(seed, _FOUNDRIES[0])
