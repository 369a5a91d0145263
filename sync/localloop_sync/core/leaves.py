"""Documents as maps of leaves.

A document is taken apart into ``{path: value}``, where a value is anything but a non-empty object (or is an object
that the kind's rules call an atom). Merging, comparing and logging work on leaves, so that two people who edit
different keys of the same object never collide. An empty object is a leaf, so that taking apart loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from localloop_schema.documents import Document

Path = tuple[str, ...]
Leaves = dict[Path, Any]


class _Missing:
    """The absence of a value, which is not null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def flatten(document: Mapping[str, Any], atoms: frozenset[Path] = frozenset()) -> Leaves:
    """The leaves of a document.

    Args:
        document: A document.
        atoms: Paths whose value is taken whole.

    Returns:
        Path → value; :func:`unflatten` is the inverse.
    """
    return dict(_walk((), document, atoms))


def _walk(prefix: Path, value: Mapping[str, Any], atoms: frozenset[Path]) -> Iterator[tuple[Path, Any]]:
    for key, inner in value.items():
        path = (*prefix, key)
        if isinstance(inner, Mapping) and inner and path not in atoms:
            yield from _walk(path, inner, atoms)
        else:
            yield path, inner


def unflatten(leaves: Mapping[Path, Any]) -> Document:
    """The document that has these leaves.

    An empty object at a path that also has deeper leaves is no leaf: two sides may have filled the same object.
    """
    document: Document = {}
    for path, value in sorted(leaves.items(), key=lambda leaf: len(leaf[0])):
        target = document
        for key in path[:-1]:
            inner = target.get(key)
            if not isinstance(inner, dict):
                inner = target[key] = {}
            target = inner
        target[path[-1]] = {} if isinstance(value, Mapping) and not value else value
    return document


def branches(leaves: Iterable[Path]) -> set[Path]:
    """The paths that have leaves below them."""
    return {path[:length] for path in leaves for length in range(1, len(path))}


def below(path: Path, other: Path) -> bool:
    """Whether ``other`` is ``path`` or deeper in what stands there."""
    return other[: len(path)] == path


def like(pattern: Path, path: Path) -> bool:
    """Whether a path is one that a pattern means, in which ``*`` is any key."""
    return len(pattern) == len(path) and all(
        wanted in ("*", key) for wanted, key in zip(pattern, path, strict=True)
    )


def subtree(leaves: Mapping[Path, Any], path: Path) -> Any:
    """What stands at a path: a leaf, the object made of the leaves below it, or :data:`MISSING`."""
    if path in leaves:
        return leaves[path]
    inner = {other[len(path) :]: value for other, value in leaves.items() if below(path, other)}
    return unflatten(inner) if inner else MISSING


def same(left: Any, right: Any) -> bool:
    """Whether two leaf values are the same JSON.

    Booleans are not numbers, but ``1`` and ``1.0`` are one number: platforms write either.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)
