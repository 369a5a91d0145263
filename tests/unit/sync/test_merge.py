"""Three-way merging, rule by rule."""

from __future__ import annotations

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.merge import FieldConflict, merge


def user(**values):
    return {"metadata": {"user": values}}


def merged(base, mine, theirs, kind=K.ITEM):
    """The document and the conflicts as ``{dotted path: (base, mine, theirs)}``."""
    result = merge(kind, base, mine, theirs)
    return result.document, {
        ".".join(one.path): tuple(one.values().get(side) for side in ("base", "mine", "theirs"))
        for one in result.conflicts
    }


def test_what_nobody_changed_stays():
    assert merged(user(x=1), user(x=1), user(x=1)) == (user(x=1), {})


def test_what_only_one_side_changed_is_taken():
    assert merged(user(x=1), user(x=2), user(x=1)) == (user(x=2), {})
    assert merged(user(x=1), user(x=1), user(x=2)) == (user(x=2), {})


def test_what_only_one_side_removed_is_gone():
    assert merged(user(x=1, y=1), user(y=1), user(x=1, y=1)) == (user(y=1), {})
    assert merged(user(x=1, y=1), user(x=1, y=1), user(y=1)) == (user(y=1), {})


def test_what_both_sides_changed_alike_is_agreement():
    assert merged(user(x=1), user(x=2), user(x=2)) == (user(x=2), {})
    assert merged(user(x=1, y=1), user(y=1), user(y=1)) == (user(y=1), {})


def test_different_fields_both_survive():
    assert merged(user(x=1), user(x=2), user(x=1, z=3)) == (user(x=2, z=3), {})


def test_what_both_sides_changed_otherwise_is_a_conflict_and_ours_stands_meanwhile():
    assert merged(user(x=1), user(x=2), user(x=3)) == (user(x=2), {"metadata.user.x": (1, 2, 3)})


def test_changed_here_and_removed_there_is_a_conflict():
    assert merged(user(x=1, y=1), user(x=2, y=1), user(y=1)) == (
        user(x=2, y=1),
        {"metadata.user.x": (1, 2, None)},
    )


def test_removed_here_and_changed_there_is_a_conflict():
    assert merged(user(x=1, y=1), user(y=1), user(x=2, y=1)) == (
        user(y=1),
        {"metadata.user.x": (1, None, 2)},
    )


def test_arrays_are_one_value():
    base, mine, theirs = user(x=[1]), user(x=[1, 2]), user(x=[1, 3])
    assert merged(base, mine, theirs)[1] == {"metadata.user.x": ([1], [1, 2], [1, 3])}


def test_coordinates_are_one_value():
    base, mine, theirs = ({"coordinates": {"x": x, "y": y}} for x, y in ((0, 0), (1, 0), (0, 1)))
    document, conflicts = merged(base, mine, theirs, K.ANNOTATION)
    assert document == mine
    assert list(conflicts) == ["coordinates"]


def test_labels_merge_by_tag_and_field():
    base = {"labels": {"cat": {"color": "1", "displayLabel": "cat"}}}
    mine = {"labels": {"cat": {"color": "2", "displayLabel": "cat"}, "dog": {"color": "3"}}}
    theirs = {"labels": {"cat": {"color": "1", "displayLabel": "Cat"}, "a.b": {"color": "4"}}}
    assert merged(base, mine, theirs, K.ONTOLOGY) == (
        {
            "labels": {
                "cat": {"color": "2", "displayLabel": "Cat"},
                "dog": {"color": "3"},
                "a.b": {"color": "4"},
            }
        },
        {},
    )


def test_without_a_base_both_sides_are_joined():
    assert merged(None, user(x=1, y=1), user(y=1, z=1)) == (user(x=1, y=1, z=1), {})


def test_without_a_base_different_values_are_a_conflict():
    assert merged(None, user(x=1), user(x=2)) == (user(x=1), {"metadata.user.x": (None, 1, 2)})


def test_what_the_platform_derives_wins_without_a_base():
    mine = {"filename": "/a", "metadata": {"system": {"k": "guess", "only here": 1}}}
    theirs = {"filename": "/a", "metadata": {"system": {"k": "known"}}}
    assert merged(None, mine, theirs) == (
        {"filename": "/a", "metadata": {"system": {"k": "known", "only here": 1}}},
        {},
    )


def test_what_the_platform_derives_is_a_field_like_others_with_a_base():
    base, mine, theirs = ({"metadata": {"system": {"k": value}}} for value in (1, 2, 3))
    assert merged(base, mine, theirs)[1] == {"metadata.system.k": (1, 2, 3)}


def test_a_value_here_and_an_object_there_are_one_conflict():
    assert merged(user(), user(x=5), user(x={"a": {"b": 1}})) == (
        user(x=5),
        {"metadata.user.x": (None, 5, {"a": {"b": 1}})},
    )
    assert merged(user(), user(x={"a": {"b": 1}}), user(x=5)) == (
        user(x={"a": {"b": 1}}),
        {"metadata.user.x": (None, {"a": {"b": 1}}, 5)},
    )


def test_an_object_edited_here_and_replaced_by_a_value_there_stays_whole():
    base, mine, theirs = user(x={"a": 1, "b": 1}), user(x={"a": 2, "b": 1}), user(x=5)
    assert merged(base, mine, theirs) == (
        mine,
        {"metadata.user.x": ({"a": 1, "b": 1}, {"a": 2, "b": 1}, 5)},
    )


def test_an_object_replaced_by_a_value_here_and_edited_there_is_the_value():
    base, mine, theirs = user(x={"a": 1, "b": 1}), user(x=5), user(x={"a": 2, "b": 1, "c": 3})
    assert merged(base, mine, theirs) == (
        mine,
        {"metadata.user.x": ({"a": 1, "b": 1}, 5, {"a": 2, "b": 1, "c": 3})},
    )


def test_an_object_that_only_one_side_replaced_is_replaced():
    base, other = user(x={"a": 1}), user(x=5)
    assert merged(base, base, other) == (other, {})
    assert merged(base, other, base) == (other, {})
    assert merged(other, base, other) == (base, {})


def test_an_object_filled_on_both_sides_holds_what_both_filled():
    assert merged(user(x={}), user(x={"a": 1}), user(x={"b": 2})) == (user(x={"a": 1, "b": 2}), {})
    assert merged(user(x=1), user(x={}), user(x={"a": 1})) == (user(x={"a": 1}), {})


def test_an_object_emptied_here_and_filled_there_keeps_what_is_new():
    assert merged(user(x={"a": 1}), user(x={}), user(x={"a": 1, "b": 2})) == (user(x={"b": 2}), {})


def test_a_large_document_is_merged_in_no_time():
    labels = {f"tag {number}": {"color": "1", "attributes": []} for number in range(20_000)}
    mine = {"labels": {**labels, "mine": {"color": "2"}}}
    theirs = {"labels": {**labels, "theirs": {"color": "2"}}}
    document, conflicts = merged({"labels": labels}, mine, theirs, K.ONTOLOGY)
    assert len(document["labels"]) == 20_002
    assert conflicts == {}


def test_a_large_document_with_nothing_but_conflicts_is_merged_in_no_time():
    base, mine, theirs = ({"labels": {f"tag {one}": {"color": c} for one in range(20_000)}} for c in "123")
    document, conflicts = merged(base, mine, theirs, K.ONTOLOGY)
    assert document == mine
    assert len(conflicts) == 20_000


@pytest.mark.parametrize("values", [{}, {"base": 1}, {"mine": None, "theirs": 2}])
def test_an_absent_value_of_a_conflict_is_an_absent_key(values):
    assert FieldConflict(("a",), **values).values() == values


def test_what_the_platform_has_not_filled_yet_does_not_win_without_a_base():
    mine = {"name": "D", "recipes": ["r"], "readonly": True}
    theirs = {"name": "D", "recipes": [], "readonly": False}
    merged = merge(K.DATASET, None, mine, theirs)
    assert (merged.document, merged.conflicts) == (mine, ())
    merged = merge(K.DATASET, None, theirs, mine)
    assert (merged.document, merged.conflicts) == (mine, ())
