"""How big and how bad a simulated world is, drawn from its seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Self


@dataclass(frozen=True, slots=True)
class Shape:
    """What a world is like.

    Attributes:
        laptops: How many there are.
        apart: Whether each was set up without a connection, so that all has to be matched by name.
        feed: Whether the platform tells what changed, as our hub does.
        marks: Whether items keep the digest that their writer left beside them.
        steps: How many things happen.
        roughness: How bad the weather is; 0 is fair.
        skew: By how many hours the laptops' clocks are wrong at most.
        page: The most entities of one page.
        guarded: Whether syncs have the limits on deletions that users have.
        busy: Whether others write while a laptop syncs.
        regrets: How likely somebody takes something back at each step.
        decided: How likely a laptop has a policy that decides its conflicts.
    """

    laptops: int
    apart: bool
    feed: bool
    marks: bool
    steps: int
    roughness: float
    skew: int
    page: int
    guarded: bool
    busy: bool
    regrets: float = 0.0
    decided: float = 0.0

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """The shape of a seed's world: mostly small, sometimes big.

        Args:
            seed: The seed.
        """
        random = Random(f"{seed} shape")
        size = random.random()
        steps = (6, 14) if size < 0.8 else (14, 30) if size < 0.97 else (30, 80)
        return cls(
            laptops=random.choices([1, 2, 3], [2, 6, 2])[0],
            apart=random.random() < 0.15,
            feed=random.random() < 0.2,
            marks=random.random() < 0.85,
            steps=random.randint(*steps),
            roughness=random.choice([0.0, 0.5, 1.0, 1.0, 2.0]),
            skew=random.choice([0, 0, 1, 24]),
            page=random.choice([1, 2, 3, 5, 1000]),
            guarded=random.random() < 0.3,
            busy=random.random() < 0.5,
            regrets=random.choice([0.0, 0.0, 0.1]),
            decided=random.choice([0.0, 0.0, 0.5]),
        )
