"""Documents as maps of leaves."""

from __future__ import annotations

import pytest

from localloop_sync.core.leaves import MISSING, below, branches, flatten, same, subtree, unflatten


def test_a_document_is_taken_apart_to_its_values():
    document = {"a": 1, "b": {"c": [1, {"d": 2}], "e": {"f": "x"}}}
    assert flatten(document) == {("a",): 1, ("b", "c"): [1, {"d": 2}], ("b", "e", "f"): "x"}
    assert unflatten(flatten(document)) == document


def test_an_empty_object_is_a_leaf():
    assert flatten({"a": {}, "b": {"c": {}}}) == {("a",): {}, ("b", "c"): {}}


def test_a_null_is_a_value():
    document = {"a": None, "b": {"c": None}, "d": 0}
    assert flatten(document) == {("a",): None, ("b", "c"): None, ("d",): 0}
    assert unflatten(flatten(document)) == document


def test_an_atom_is_taken_whole():
    document = {"coordinates": {"x": 1, "y": 2}, "other": {"x": 1}}
    leaves = flatten(document, frozenset({("coordinates",)}))
    assert leaves == {("coordinates",): {"x": 1, "y": 2}, ("other", "x"): 1}


def test_keys_with_dots_stay_keys():
    assert unflatten(flatten({"labels": {"a.b": {"color": 1}}})) == {"labels": {"a.b": {"color": 1}}}


def test_an_object_that_was_empty_on_one_side_and_filled_on_the_other_is_filled():
    assert unflatten({("a",): {}, ("a", "b"): 1}) == {"a": {"b": 1}}


def test_branches_are_the_paths_with_leaves_below():
    assert branches([("a",), ("b", "c", "d"), ("b", "e")]) == {("b",), ("b", "c")}


def test_what_is_below_a_path_includes_itself():
    assert below(("a",), ("a",))
    assert below(("a",), ("a", "b"))
    assert below((), ("a",))
    assert not below(("a", "b"), ("a",))
    assert not below(("a",), ("ab",))


def test_a_subtree_is_a_leaf_an_object_or_nothing():
    leaves = flatten({"a": 1, "b": {"c": {"d": 2}}})
    assert subtree(leaves, ("a",)) == 1
    assert subtree(leaves, ("b",)) == {"c": {"d": 2}}
    assert subtree(leaves, ("x",)) is MISSING


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("1", 1, False),
        ([1, 2], (1, 2), True),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": [1.0]}, {"a": [1]}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({}, [], False),
        ("", None, False),
    ],
)
def test_values_are_the_same_when_they_are_the_same_json(left, right, is_same):
    assert same(left, right) is is_same
    assert same(right, left) is is_same


def test_the_absence_of_a_value_says_so():
    assert repr(MISSING) == "MISSING"
