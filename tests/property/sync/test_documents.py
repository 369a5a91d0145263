"""Taking documents apart, comparing them, and folding edits of them."""

from __future__ import annotations

import copy
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.change import Change, apply, diff, equal, put
from localloop_sync.core.leaves import MISSING, flatten, same, subtree, unflatten
from localloop_sync.core.operation import Delta, Effect, Operation, State, Verb, difference, fold, verb_for
from localloop_sync.core.rules import RULES
from tests.property.sync.documents import KINDS, documents, kinds_and_documents


@given(documents)
def test_what_was_taken_apart_is_put_together_again(document):
    assert unflatten(flatten(document)) == document


@given(st.sampled_from(KINDS), documents)
def test_so_are_documents_with_atoms(kind, document):
    assert unflatten(flatten(document, RULES[kind].atoms)) == document


@given(kinds_and_documents(2))
def test_a_difference_turns_one_document_into_the_other(drawn):
    kind, one, other = drawn
    assert same(apply(kind, one, diff(kind, one, other)), other)


@given(kinds_and_documents(1))
def test_a_document_differs_in_nothing_from_itself(drawn):
    kind, document = drawn
    assert diff(kind, document, copy.deepcopy(document)) == []
    assert equal(kind, document, document)


@given(kinds_and_documents(2))
def test_a_difference_the_other_way_round_takes_it_back(drawn):
    kind, one, other = drawn
    back = [Change(change.path, change.new, change.old) for change in diff(kind, one, other)]
    assert same(apply(kind, other, back), one)
    assert diff(kind, other, one) == back


@given(kinds_and_documents(2))
def test_changes_survive_the_log(drawn):
    kind, one, other = drawn
    for change in diff(kind, one, other):
        assert Change.from_json(change.to_json()) == change


@given(
    documents, st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple), documents | st.integers()
)
def test_what_is_put_at_a_path_stands_there(document, path, value):
    before = copy.deepcopy(document)
    changed = put(K.ITEM, document, path, value)
    assert document == before
    assert same(subtree(flatten(changed), path), value)
    gone = put(K.ITEM, changed, path, MISSING)
    assert subtree(flatten(gone), path) is MISSING


@given(kinds_and_documents(6), st.booleans(), st.booleans())
def test_edits_fold_to_what_they_amount_to(drawn, known, deleted):
    """``fold(operations) = difference(base, mirror)``, whatever the edits between the two."""
    kind, *states = drawn
    base = states[0] if known else None
    operations: list[Operation] = []

    def log(delta):
        operations.append(Operation(len(operations) + 1, kind, "e", verb_for(delta), delta.changes))

    if not known:
        log(difference(kind, None, states[0]))
    for before, after in pairwise(states):
        delta = difference(kind, before, after)
        if delta.effect is not Effect.NOTHING:
            log(delta)
    if deleted:
        log(Delta(Effect.DELETE))
    mirror = None if deleted else states[-1]
    assert fold(operations) == difference(kind, base, mirror)
    assert all(one.verb in Verb and one.state is State.PENDING for one in operations)
