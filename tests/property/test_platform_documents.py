"""Patches and label trees lose nothing, whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localloop.platform.labels import to_labels, to_roots, without
from localloop.platform.patch import apply_patch, document_patch, merge_patch, patched_document
from localloop_schema.kinds import EntityKind

keys = st.text("abc.ü", min_size=1, max_size=3)
leaves = (
    st.booleans()
    | st.integers(-3, 3)
    | st.floats(-2, 2)
    | st.text(max_size=3)
    | st.lists(st.none() | st.integers(0, 2))
)
values = st.recursive(leaves, lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=8)
objects = st.dictionaries(keys, values, max_size=4)
tags = st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3).map(".".join)
labels = st.dictionaries(
    tags,
    st.fixed_dictionaries(
        {"attributes": st.lists(st.text(max_size=2), max_size=2), "displayData": st.just({})},
        optional={"color": st.just("#010203"), "displayLabel": st.text(max_size=3)},
    ),
    max_size=6,
)


@given(objects, objects)
def test_a_patch_turns_one_object_into_the_other(base, document):
    assert apply_patch(base, merge_patch(base, document)) == document


@given(objects)
def test_no_difference_is_an_empty_patch(base):
    assert merge_patch(base, base) == {}


@given(objects, objects)
def test_a_patch_leaves_alone_what_somebody_else_added(base, document):
    theirs = {**base, "another key": 1}
    assert apply_patch(theirs, merge_patch(base, document))["another key"] == 1


@given(objects, objects)
def test_coordinates_are_one_value_with_nulls_in_it(one, other):
    base = {"coordinates": {**one, "z": None}}
    document = {"coordinates": {**other, "y": None}}
    patch = document_patch(EntityKind.ANNOTATION, base, document)
    assert patched_document(EntityKind.ANNOTATION, base, patch) == document


@given(labels)
def test_a_label_map_survives_the_tree(wanted):
    back = to_labels(to_roots(wanted))
    assert {tag: back[tag] for tag in wanted} == wanted
    ancestors = {tag[:end] for tag in wanted for end, sign in enumerate(tag) if sign == "."}
    assert back.keys() == wanted.keys() | ancestors


@given(labels, st.sets(tags))
def test_removing_labels_removes_those_without_children_that_stay(wanted, gone):
    roots = to_roots(wanted)
    before = to_labels(roots).keys()
    stay = before - gone
    needed = {tag[:end] for tag in stay for end, sign in enumerate(tag) if sign == "."}
    assert to_labels(without(roots, gone)).keys() == stay | needed
