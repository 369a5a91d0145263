"""Ids inside documents, and mapping them from one side's to the other's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import Path
from localloop_sync.core.rules import RULES

#: Ids of one kind, from one side to the other.
IdMap = Mapping[str, str]


def references(kind: EntityKind, document: Document) -> dict[EntityKind, list[str]]:
    """The ids that a document holds, by kind."""
    found: dict[EntityKind, list[str]] = {}
    for path, target in RULES[kind].references:
        found.setdefault(target, []).extend(ids_at(document, path))
    for path, target in RULES[kind].keyed:
        found.setdefault(target, []).extend(_object_at(document, path))
    return {target: ids for target, ids in found.items() if ids}


def translate(kind: EntityKind, document: Document, maps: Mapping[EntityKind, IdMap]) -> Document:
    """The document with its references mapped; ids that the maps do not have stay."""
    for path, target in RULES[kind].references:
        ids = maps.get(target, {})
        document = _mapped(document, path, ids)
    for path, target in RULES[kind].keyed:
        document = _renamed(document, path, maps.get(target, {}))
    return document


def natural_key(kind: EntityKind, document: Document) -> str:
    """What names an entity within its parent, by which a creation is found again; empty when it has no name."""
    value: Any = document
    for key in RULES[kind].key:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def ids_at(document: Any, path: Path) -> list[str]:
    """The id, or the ids, at a path of a document."""
    value = document
    for place, key in enumerate(path):
        if not isinstance(value, Mapping):
            return []
        if key == "*":
            rest = path[place + 1 :]
            return [one for inner in value.values() for one in ids_at(inner, rest)]
        if key not in value:
            return []
        value = value[key]
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _object_at(document: Any, path: Path) -> Mapping[str, Any]:
    value = document
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _renamed(document: Document, path: Path, ids: IdMap) -> Document:
    """The document with the keys of the object at a path mapped."""
    key, rest = path[0], path[1:]
    value = document.get(key)
    if not isinstance(value, dict):
        return document
    if rest:
        return {**document, key: _renamed(value, rest, ids)}
    return {**document, key: {ids.get(name, name): inner for name, inner in value.items()}}


def _mapped(document: Document, path: Path, ids: IdMap) -> Document:
    key, rest = path[0], path[1:]
    if key == "*":
        return {
            name: _mapped(inner, rest, ids) if isinstance(inner, dict) else inner
            for name, inner in document.items()
        }
    if key not in document:
        return document
    value = document[key]
    if rest:
        return {**document, key: _mapped(value, rest, ids)} if isinstance(value, dict) else document
    if isinstance(value, str):
        return {**document, key: ids.get(value, value)}
    if not isinstance(
        value, list
    ):  # somebody wrote something else where an id belongs: it is not ours to judge
        return document
    return {**document, key: [ids.get(one, one) if isinstance(one, str) else one for one in value]}
