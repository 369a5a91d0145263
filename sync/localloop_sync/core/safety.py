"""When a sync must stop and ask: a deletion of much is guilty until a person says otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one sync may delete without asking. Both limits must be passed for a halt.

    Attributes:
        share: The part of a dataset's entities of one kind, from 0 to 1.
        count: How many entities.
    """

    share: float = 0.10
    count: int = 20


def too_many(deletions: int, total: int, limits: Limits) -> bool:
    """Whether deleting ``deletions`` of ``total`` entities must not happen unasked.

    What is suddenly empty is judged apart from this, however small it is.
    """
    return deletions > limits.count and deletions > limits.share * total
