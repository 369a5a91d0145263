"""Merge patches: the smallest JSON that turns one document into another.

Nested objects merge, null deletes a key, everything else, arrays too, is replaced whole
(docs/platform/wire.md, 0.1 and 4.3). No map of a document holds a null, so a deletion is plain; a value that
the kind's rules call an atom may hold some, and is always sent whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import same
from localloop_sync.core.rules import RULES


def document_patch(kind: EntityKind, base: Document, document: Document) -> Document:
    """The smallest patch between two documents of an entity.

    Args:
        kind: What it is.
        base: The document as it is.
        document: The document as it shall be.

    Returns:
        Only what differs, without ``content``, which no patch carries.
    """
    patch = merge_patch(base, document, _atoms(kind))
    patch.pop("content", None)
    return patch


def patched_document(kind: EntityKind, document: Document, patch: Document) -> Document:
    """A document after a patch of :func:`document_patch`.

    Args:
        kind: What it is.
        document: The document before; left as it is.
        patch: The patch.

    Returns:
        A new document.
    """
    return apply_patch(document, patch, _atoms(kind))


def merge_patch(
    base: Mapping[str, Any], document: Mapping[str, Any], atoms: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The smallest merge patch that turns one object into another.

    Args:
        base: The object as it is.
        document: The object as it shall be.
        atoms: Keys of the outermost object whose value is replaced whole.

    Returns:
        Only what differs; a key that shall go is null. Empty when both are equal.
    """
    patch: dict[str, Any] = {key: None for key in base if key not in document}
    for key, value in document.items():
        before = base.get(key)
        if key in base and same(before, value):
            continue
        if isinstance(before, Mapping) and isinstance(value, Mapping) and key not in atoms:
            patch[key] = merge_patch(before, value)
        else:
            patch[key] = value
    return patch


def apply_patch(
    target: Mapping[str, Any], patch: Mapping[str, Any], atoms: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """An object after a merge patch.

    Args:
        target: The object before; left as it is.
        patch: The merge patch.
        atoms: Keys of the outermost object whose value is replaced whole.

    Returns:
        A new object.
    """
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and key not in atoms:
            before = result.get(key)
            result[key] = apply_patch(before if isinstance(before, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def _atoms(kind: EntityKind) -> frozenset[str]:
    return frozenset(path[0] for path in RULES[kind].atoms if len(path) == 1)
