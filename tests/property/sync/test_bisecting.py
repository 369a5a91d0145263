"""Counting finds where two sides differ, with few questions."""

from __future__ import annotations

from bisect import bisect_right
from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from localloop_sync.bisecting import LEAF, differing
from localloop_sync.ports import Span

LEAVES = st.sampled_from([1, 4, LEAF])


class Side:
    """Ids in order, and how often they were counted."""

    def __init__(self, ids: set[str]) -> None:
        self.ids = sorted(ids)
        self.asked = 0

    def part(self, span: Span) -> list[str]:
        end = len(self.ids) if span.upto is None else bisect_right(self.ids, span.upto)
        return self.ids[bisect_right(self.ids, span.after) : end]

    def count(self, span: Span) -> int:
        self.asked += 1
        return len(self.part(span))

    def middle(self, span: Span) -> str | None:
        part = self.part(span)
        return part[len(part) // 2 - 1] if len(part) > 1 else None


def found(there: Side, here: Side, leaf: int) -> tuple[set[str], int]:
    """What differs in the spans to be listed, and how many requests that takes."""
    differences: set[str] = set()
    listings = 0
    for span, number in differing(Span(), there.count, here.count, here.middle, leaf=leaf):
        assert number == len(there.part(span))
        listings += max(1, ceil(number / 1000))
        differences |= set(there.part(span)) ^ set(here.part(span))
    return differences, there.asked + listings


def name(number: int) -> str:
    return f"{number:024x}"


@st.composite
def one_sided(draw: st.DrawFn) -> tuple[set[str], set[str]]:
    """Up to some thousands of known ids, and what is there: some went, or some came, anywhere."""
    size = draw(st.integers(0, 4000))
    known = {name(2 * number) for number in range(size)}
    if draw(st.booleans()):
        return known, known - {name(2 * one) for one in draw(st.sets(st.integers(0, 4000), max_size=40))}
    return known, known | {name(2 * one + 1) for one in draw(st.sets(st.integers(0, 4000), max_size=40))}


@given(one_sided(), LEAVES)
def test_what_only_went_or_only_came_is_found_exactly(sides, leaf):
    known, there = sides
    differences, requests = found(Side(there), Side(known), leaf)
    assert differences == known ^ there
    count = len(known ^ there)
    depth = log2(max(2, len(known)))
    assert requests <= 1 + 2 * count * (depth + 1)


@given(one_sided())
def test_many_scattered_differences_cost_little_more_than_listing_everything(sides):
    known, there = sides
    _, requests = found(Side(there), Side(known), LEAF)
    assert requests <= 1 + 3 * ceil((len(known) + len(there)) / LEAF + 1)


@given(
    st.sets(st.integers(0, 300), max_size=60),
    st.sets(st.integers(0, 300), max_size=60),
    LEAVES,
)
def test_of_what_went_and_came_nothing_false_is_found_and_what_is_not_hidden(known, there, leaf):
    here, remote = Side({name(one) for one in known}), Side({name(one) for one in there})
    differences, requests = found(remote, here, leaf)
    assert differences <= set(here.ids) ^ set(remote.ids)
    if len(known) != len(there):
        assert differences
    assert requests <= 1 + 2 * (len(known ^ there) + 1) * (log2(max(2, len(known))) + 1)


def test_equal_counts_cost_one_request():
    side = {name(one) for one in range(100_000)}
    there = Side(side)
    assert found(there, Side(side), LEAF) == (set(), 1)


def test_one_deletion_among_many_costs_the_logarithm():
    side = {name(one) for one in range(100_000)}
    gone = name(77_777)
    differences, requests = found(Side(side - {gone}), Side(side), LEAF)
    assert differences == {gone}
    assert requests == 11  # the whole, nine times a half, and one listing of less than 256


@given(st.randoms(use_true_random=False), LEAVES)
def test_counts_that_change_meanwhile_make_it_look_elsewhere_but_never_twice_or_for_ever(random, leaf):
    known = Side({name(one) for one in range(64)})
    asked: list[Span] = []

    def there(span: Span) -> int:
        asked.append(span)
        return random.randrange(70)

    looked = [known.part(span) for span, _ in differing(Span(), there, known.count, known.middle, leaf=leaf)]
    ids = [one for part in looked for one in part]
    assert ids == sorted(set(ids))
    assert len(asked) <= 2 * len(known.ids)
