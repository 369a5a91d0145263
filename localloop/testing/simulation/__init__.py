"""A deterministic simulation of stores that sync with one platform in bad weather."""

from localloop.testing.simulation.broken import BrokenError
from localloop.testing.simulation.founding import Foundry
from localloop.testing.simulation.runner import Failure, Played, Summary, play, run
from localloop.testing.simulation.shape import Shape
from localloop.testing.simulation.weather import PowerCut
from localloop.testing.simulation.world import World

__all__ = [
    "BrokenError",
    "Failure",
    "Foundry",
    "Played",
    "PowerCut",
    "Shape",
    "Summary",
    "World",
    "play",
    "run",
]
