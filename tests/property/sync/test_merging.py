"""The algebra of merging and reconciling."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localloop_sync.core.change import equal
from localloop_sync.core.leaves import MISSING, flatten, same, subtree
from localloop_sync.core.merge import merge
from localloop_sync.core.reconcile import Action, Observation, reconcile
from localloop_sync.core.rules import RULES
from tests.property.sync.documents import KINDS, documents, kinds_and_documents


def agree(left, right):
    if left is MISSING or right is MISSING:
        return left is right
    return same(left, right)


def at(kind, document, path):
    """What stands at a path, an object as the object it is."""
    return subtree(flatten(document or {}, RULES[kind].atoms), path)


@given(kinds_and_documents(2))
def test_both_sides_alike_are_the_result(drawn):
    kind, base, other = drawn
    merged = merge(kind, base, other, other)
    assert merged.conflicts == ()
    assert equal(kind, merged.document, other)


@given(kinds_and_documents(2))
def test_what_one_side_left_alone_follows_the_other(drawn):
    kind, base, other = drawn
    for mine, theirs in ((base, other), (other, base)):
        merged = merge(kind, base, mine, theirs)
        assert merged.conflicts == ()
        assert equal(kind, merged.document, other)


@given(kinds_and_documents(1), documents, documents)
def test_edits_of_different_fields_both_survive(drawn, mine, theirs):
    kind, base = drawn
    rest = {key: value for key, value in base.items() if key not in ("a", "b")}
    here, there = {**rest, **mine_of(mine, "a", base)}, {**rest, **mine_of(theirs, "b", base)}
    both = {**rest, **{key: value for key, value in here.items() if key == "a"}}
    both |= {key: value for key, value in there.items() if key == "b"}
    merged = merge(kind, base, here, there)
    assert merged.conflicts == ()
    assert equal(kind, merged.document, both)


def mine_of(drawn, own, base):
    """The keys ``a`` and ``b``: the own one as drawn, the other as in the base."""
    other = "b" if own == "a" else "a"
    kept = {other: base[other]} if other in base else {}
    return {**kept, **({own: drawn[own]} if own in drawn else {})}


@given(kinds_and_documents(3), st.booleans())
def test_no_value_vanishes_but_by_the_side_that_changed_it(drawn, founded_apart):
    """A leaf of either side is in the result, in a conflict, overwritten there by the only side that changed it, or
    a guess that the platform knows better."""
    kind, base, mine, theirs = drawn
    base = None if founded_apart else base
    merged = merge(kind, base, mine, theirs)
    atoms = RULES[kind].atoms
    for own, other in ((mine, theirs), (theirs, mine)):
        for path, value in flatten(own, atoms).items():
            if isinstance(value, dict) and not value:
                continue  # an empty object holds nothing
            if agree(at(kind, merged.document, path), value):
                continue
            kept = any(
                path[: len(one.path)] == one.path or one.path[: len(path)] == path for one in merged.conflicts
            )
            untouched = base is not None and agree(at(kind, base, path), value)
            guessed = own is mine and any(
                path[: len(prefix)] == prefix for prefix in RULES[kind].platform_first
            )
            guessed = guessed and not agree(at(kind, other, path), value)
            assert kept or untouched or guessed, path


@given(kinds_and_documents(3))
def test_a_conflict_holds_the_values_of_all_three(drawn):
    kind, base, mine, theirs = drawn
    merged = merge(kind, base, mine, theirs)
    for one in merged.conflicts:
        assert agree(one.base, at(kind, base, one.path))
        assert agree(one.mine, at(kind, mine, one.path))
        assert agree(one.theirs, at(kind, theirs, one.path))
        assert agree(at(kind, merged.document, one.path), one.mine)  # ours stands meanwhile
        assert not agree(one.mine, one.theirs)


@given(kinds_and_documents(3))
def test_conflicts_do_not_overlap(drawn):
    kind, base, mine, theirs = drawn
    paths = [one.path for one in merge(kind, base, mine, theirs).conflicts]
    for one in paths:
        assert [other for other in paths if other[: len(one)] == one] == [one]


@given(kinds_and_documents(3))
def test_from_either_side_the_result_is_the_same_outside_conflicts(drawn):
    kind, base, mine, theirs = drawn
    one, other = merge(kind, base, mine, theirs), merge(kind, base, theirs, mine)
    paths = {conflict.path for conflict in one.conflicts}
    assert paths == {conflict.path for conflict in other.conflicts}

    def outside(document):
        leaves = flatten(document, RULES[kind].atoms)
        return {
            path: value
            for path, value in leaves.items()
            if not (isinstance(value, dict) and not value)
            and not any(path[: len(clash)] == clash for clash in paths)
        }

    assert same(
        {repr(path): value for path, value in outside(one.document).items()},
        {repr(path): value for path, value in outside(other.document).items()},
    )


@given(kinds_and_documents(3))
def test_merging_again_with_the_platform_s_document_as_base_changes_nothing(drawn):
    """After a pull the base is the platform's document: the next look at the same document finds nothing new."""
    kind, base, mine, theirs = drawn
    merged = merge(kind, base, mine, theirs)
    again = merge(kind, theirs, merged.document, theirs)
    assert again.conflicts == ()
    assert equal(kind, again.document, merged.document)


@given(st.sampled_from(KINDS), documents)
def test_three_equal_documents_are_nothing_to_do(kind, document):
    outcome = reconcile(Observation(kind, document, document, document))
    assert outcome.action is Action.NOTHING
    assert outcome.conflicts == ()


@given(kinds_and_documents(3), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_reconciling_settles(drawn, present):
    """Once an outcome is written down, looking again at the same platform finds nothing new to write."""
    kind, *three = drawn
    base, mirror, remote = (one if there else None for one, there in zip(three, present, strict=True))
    outcome = reconcile(Observation(kind, base, mirror, remote))
    if outcome.action in (Action.MERGE, Action.TAKE):
        again = reconcile(Observation(kind, outcome.base, outcome.mirror, remote))
        assert again.action is Action.NOTHING
