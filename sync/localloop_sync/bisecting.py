"""Where two sides differ, found by counting: a span whose counts differ is cut in two, until listing it costs less.

Counts tell only how many there are. A deletion and a creation in one span hide each other, and whatever is written
meanwhile makes counts lie. So what is found is where to look, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from localloop_sync.ports import Span

#: A listing of so many entities costs about as much as two more counts: with fewer a difference, a span is listed.
LEAF = 256


class Counts(Protocol):
    """One side: how many there are."""

    def __call__(self, span: Span) -> int:
        """How many are in a span."""
        ...


class Middle(Protocol):
    """What is known here, in order."""

    def __call__(self, span: Span) -> str | None:
        """A key that parts what is known in a span, the first part with it; None when it has no two parts."""
        ...


def differing(
    whole: Span, there: Counts, here: Counts, middle: Middle, *, leaf: int = LEAF
) -> Iterator[tuple[Span, int]]:
    """The spans that are worth a listing, in order, each with the platform's count; none where counts are equal.

    With ``d`` differences among ``n`` it takes about ``d * log2(n / leaf)`` counts, and never more than twice as many
    as there are spans of ``leaf`` entities: each cut costs one count, since the other part has the rest.

    Args:
        whole: Where to look.
        there: Counts on the platform; each call is a request.
        here: Counts what is known here.
        middle: Cuts a span.
        leaf: How many entities a difference a listing may bring.

    Returns:
        An iterator; between two of its steps both sides may change.
    """
    waiting = [(whole, there(whole), here(whole))]
    while waiting:
        span, theirs, ours = waiting.pop()
        if theirs == ours:
            continue
        cheap = max(theirs, ours) <= leaf * abs(theirs - ours)
        cut = None if cheap else middle(span)
        if cut is None:
            yield span, theirs
            continue
        first, rest = Span(span.key, span.after, cut), Span(span.key, cut, span.upto)
        theirs_first, ours_first = there(first), here(first)
        left = theirs - theirs_first
        if left < 0:  # something was written between the two counts
            left = there(rest)
        waiting.append((rest, left, ours - ours_first))
        waiting.append((first, theirs_first, ours_first))
