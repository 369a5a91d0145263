from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop.sdk.entity import difference
from localloop.sdk.printing import table
from localloop.store.patch import merge_patch

values = st.recursive(
    st.booleans() | st.integers(-1, 1) | st.text(max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)
objects = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


@given(objects, objects)
def test_the_difference_applied_as_a_patch_gives_the_new_object(old, new):
    assert merge_patch(old, difference(old, new)) == new


@given(objects)
def test_no_change_is_an_empty_patch(value):
    assert difference(value, value) == {}


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({"metadata": {"user": {"k": 1, "gone": 2}}}, {"metadata": {"user": {"k": 2}}},
         {"metadata": {"user": {"k": 2, "gone": None}}}),
        ({"metadata": {"user": {}}}, {"metadata": {}}, {"metadata": {"user": None}}),
        ({"a": [1, 2]}, {"a": [1]}, {"a": [1]}),
        ({"a": 1}, {"a": True}, {"a": True}),
        ({}, {"a": {}}, {"a": {}}),
    ],
)  # fmt: skip
def test_differences_are_as_on_the_wire(old, new, patch):
    assert difference(old, new) == patch


def test_a_table_is_aligned_whatever_the_script_or_the_control_characters():
    text = table([{"name": "\u65e5\u672c", "n": 1}, {"name": "e\u0301\x1b[31m", "n": None}])
    lines = text.split("\n")
    assert len(lines) == 6
    assert "\x1b" not in text
    assert lines[3] == "| 0 | \u65e5\u672c   | 1 |"
