from __future__ import annotations

import pytest

from localloop.errors import BadRequest
from localloop.store.patch import DEEPEST, json_object, merge_patch, patch_metadata, plain


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # the examples of RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_as_the_rfc_says(target, patch, result):
    assert merge_patch(target, patch) == result


def test_nothing_is_shared_with_the_arguments():
    target, patch = {"keep": [1]}, {"new": [2]}
    result = merge_patch(target, patch)
    result["keep"].append(9)
    result["new"].append(9)
    assert (target, patch) == ({"keep": [1]}, {"new": [2]})


def test_system_metadata_is_ignored_unless_asked_for():
    metadata = {"system": {"a": 1}, "user": {"b": 1}}
    patch = {"system": {"a": 2}, "user": {"b": None}}
    assert patch_metadata(metadata, patch, system=False) == {"system": {"a": 1}, "user": {}}
    assert patch_metadata(metadata, patch, system=True) == {"system": {"a": 2}, "user": {}}
    assert patch_metadata(metadata, None, system=True) == metadata


@pytest.mark.parametrize("value", [[], "x", 1, True])
def test_what_has_to_be_an_object_is_one(value):
    with pytest.raises(BadRequest, match="object"):
        json_object(value, "metadata")


@pytest.mark.parametrize("value", [float("nan"), object(), {"a": {1, 2}}, [float("inf")]])
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(BadRequest, match="JSON"):
        merge_patch({}, {"k": value})


def nested(levels):
    value = 1
    for _ in range(levels):
        value = {"k": value}
    return value


@pytest.mark.parametrize("levels", [DEEPEST + 1, 5000])
def test_what_is_nested_too_deep_is_refused(levels):
    with pytest.raises(BadRequest, match="nested"):
        merge_patch({}, nested(levels))
    with pytest.raises(BadRequest, match="nested"):
        plain([nested(levels - 1)])


def test_what_is_nested_deep_is_taken_and_so_is_what_only_has_many_branches():
    assert merge_patch({}, nested(DEEPEST)) == nested(DEEPEST)
    assert len(plain([{} for _ in range(5000)])) == 5000


def test_keys_become_text_as_json_has_no_others():
    assert merge_patch({"1": "old", "x": 0}, {1: "new", "d": {2: None, 3: "three"}}) == {
        "1": "new",
        "x": 0,
        "d": {"3": "three"},
    }
    assert patch_metadata({}, {"user": {1: 2}}, system=False) == {"user": {"1": 2}}
