"""Changes: what turns one document into another."""

from __future__ import annotations

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.change import Change, apply, diff, equal, put, same_changes
from localloop_sync.core.leaves import MISSING

BEFORE = {"filename": "/a", "metadata": {"user": {"kept": 1, "gone": 2, "changed": 3}}}
AFTER = {"filename": "/a", "metadata": {"user": {"kept": 1, "changed": 4, "new": 5}}}


def test_a_difference_names_each_leaf_with_both_values():
    assert diff(K.ITEM, BEFORE, AFTER) == [
        Change(("metadata", "user", "changed"), 3, 4),
        Change(("metadata", "user", "gone"), 2, MISSING),
        Change(("metadata", "user", "new"), MISSING, 5),
    ]


def test_changes_bring_one_document_to_the_other_and_back():
    changes = diff(K.ITEM, BEFORE, AFTER)
    assert apply(K.ITEM, BEFORE, changes) == AFTER
    assert apply(K.ITEM, AFTER, [Change(one.path, one.new, one.old) for one in changes]) == BEFORE


def test_an_atom_changes_whole():
    [change] = diff(K.ANNOTATION, {"coordinates": {"x": 1, "y": 2}}, {"coordinates": {"x": 1, "y": 3}})
    assert change == Change(("coordinates",), {"x": 1, "y": 2}, {"x": 1, "y": 3})


def test_the_same_number_written_differently_is_no_change():
    assert diff(K.ITEM, {"metadata": {"n": 1}}, {"metadata": {"n": 1.0}}) == []


def test_a_value_may_become_an_object_and_the_reverse():
    value, filled = {"metadata": {"n": 1}}, {"metadata": {"n": {"m": 1}}}
    assert apply(K.ITEM, value, diff(K.ITEM, value, filled)) == filled
    assert apply(K.ITEM, filled, diff(K.ITEM, filled, value)) == value


def test_in_the_log_an_absent_side_is_an_absent_key():
    assert Change(("a", "b"), new=None).to_json() == {"path": ["a", "b"], "new": None}
    assert Change(("a",), old=1).to_json() == {"path": ["a"], "old": 1}
    for change in (Change(("a",), 1, 2), Change(("a",), MISSING, 2), Change(("a",), 1, MISSING)):
        assert Change.from_json(change.to_json()) == change


def test_putting_replaces_whatever_stands_there_below_or_above():
    document = {"metadata": {"a": {"b": 1, "c": 2}, "v": 3}}
    assert put(K.ITEM, document, ("metadata", "a"), 5) == {"metadata": {"a": 5, "v": 3}}
    assert put(K.ITEM, document, ("metadata", "a"), {"x": 1}) == {"metadata": {"a": {"x": 1}, "v": 3}}
    assert put(K.ITEM, document, ("metadata", "v", "deep"), 1)["metadata"]["v"] == {"deep": 1}
    assert put(K.ITEM, document, ("metadata", "a"), MISSING) == {"metadata": {"v": 3}}
    assert put(K.ITEM, document, ("metadata", "v", "deep"), MISSING) == document
    assert document == {"metadata": {"a": {"b": 1, "c": 2}, "v": 3}}


def test_lists_of_changes_are_the_same_when_old_and_new_values_are():
    one = [Change(("a",), 1, 2)]
    assert same_changes(one, [Change(("a",), 1.0, 2.0)])
    assert not same_changes(one, [Change(("a",), MISSING, 2)])
    assert not same_changes(one, [Change(("b",), 1, 2)])
    assert not same_changes(one, [])


def test_documents_are_equal_when_nothing_separates_them():
    assert equal(K.ITEM, BEFORE, dict(BEFORE))
    assert equal(K.ITEM, None, None)
    assert not equal(K.ITEM, BEFORE, None)
    assert not equal(K.ITEM, None, {})
