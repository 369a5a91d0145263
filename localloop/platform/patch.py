"""Merge patches: the smallest JSON that turns one document into another.

Nested objects merge, null deletes a key, everything else, arrays too, is replaced whole
(docs/platform/wire.md, 0.1 and 4.3). No document holds a null inside an object, so a deletion is plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge_patch(base: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest merge patch that turns one object into another.

    Args:
        base: The object as it is.
        document: The object as it shall be.

    Returns:
        Only what differs; a key that shall go is null. Empty when both are equal.
    """
    patch: dict[str, Any] = {key: None for key in base if key not in document}
    for key, value in document.items():
        before = base.get(key)
        if key in base and same(before, value):
            continue
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            patch[key] = merge_patch(before, value)
        else:
            patch[key] = value
    return patch


def apply_patch(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """An object after a merge patch.

    Args:
        target: The object before; left as it is.
        patch: The merge patch.

    Returns:
        A new object.
    """
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            before = result.get(key)
            result[key] = apply_patch(before if isinstance(before, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal, where ``true`` is not ``1`` but ``1`` is ``1.0``.

    Args:
        left: One value.
        right: The other.

    Returns:
        True when a reader of the JSON could not tell them apart.
    """
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
