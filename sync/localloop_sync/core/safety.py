"""When a sync must stop and ask: a deletion of much is guilty until a person says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one sync may delete without asking. Both limits must be passed for a halt.

    Attributes:
        share: The part of a dataset's entities of one kind, from 0 to 1.
        count: How many entities.
        agreed: What somebody has agreed to delete beyond that: :func:`listing` of what a halt listed.
    """

    share: float = 0.10
    count: int = 20
    agreed: Mapping[str, int] = field(default_factory=dict)

    def allow(self, what: Mapping[str, int]) -> bool:
        """Whether somebody has agreed to delete all of this, and not only to some of it.

        Args:
            what: A :func:`listing`.
        """
        return all(number <= self.agreed.get(one, 0) for one, number in what.items())


def listing(side: str, kind: str, ids: Iterable[str], number: int = 1) -> dict[str, int]:
    """What would be deleted, in the form in which somebody agrees to it.

    Args:
        side: Where: ``here`` or ``platform``.
        kind: Of what kind it is.
        ids: Its ids.
        number: How many items and annotations each of them would take along.
    """
    return dict.fromkeys((f"{side} {kind} {one}" for one in ids), number)


def too_many(deletions: int, total: int, limits: Limits) -> bool:
    """Whether deleting ``deletions`` of ``total`` entities must not happen unasked.

    What is suddenly empty is judged apart from this, however small it is.
    """
    return deletions > limits.count and deletions > limits.share * total
