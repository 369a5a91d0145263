"""An ontology's label tree and attribute lists as maps, and back (docs/platform/wire.md, 6.2).

A map merges label by label. Its keys are dotted tags: the label ``hand`` below ``person`` is ``person.hand``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from localloop.store.attributes import is_name, stored

Labels = dict[str, Any]


def to_labels(roots: Sequence[Mapping[str, Any]]) -> Labels:
    """A label tree as a map.

    Args:
        roots: The tree's roots, as on the wire.

    Returns:
        Dotted tag → ``{color, displayLabel, attributes, displayData}``, parents before children.
    """
    return dict(_flat(roots, ""))


def _flat(nodes: Sequence[Mapping[str, Any]], prefix: str) -> Iterator[tuple[str, Any]]:
    for node in nodes:
        value = node["value"]
        tag = prefix + value["tag"]
        label = {"attributes": value.get("attributes") or [], "displayData": value.get("displayData") or {}}
        for key in ("color", "displayLabel"):
            if value.get(key) is not None:
                label[key] = value[key]
        yield tag, label
        yield from _flat(node.get("children") or [], f"{tag}.")


def to_roots(labels: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A map as a label tree; an ancestor that the map lacks is made.

    Args:
        labels: Dotted tag → label.

    Returns:
        The tree's roots, as on the wire.
    """
    roots: list[dict[str, Any]] = []
    nodes: dict[str, dict[str, Any]] = {}

    def node(tag: str) -> dict[str, Any]:
        if tag not in nodes:
            parent, _, own = tag.rpartition(".")
            siblings = node(parent)["children"] if parent else roots
            nodes[tag] = {"value": {**_value(labels.get(tag, {})), "tag": own or tag}, "children": []}
            siblings.append(nodes[tag])
        return nodes[tag]

    for tag in labels:
        node(tag)
    return roots


def to_nodes(labels: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Labels as the flat nodes that an upsert takes.

    Args:
        labels: Dotted tag → label.

    Returns:
        One node a label, parents before children.
    """
    return [{"tag": tag, **_value(labels[tag])} for tag in sorted(labels, key=lambda tag: tag.count("."))]


def _value(label: Mapping[str, Any]) -> dict[str, Any]:
    return {"attributes": [], "displayData": {}, **label}


def without(roots: Sequence[Mapping[str, Any]], tags: Collection[str]) -> list[dict[str, Any]]:
    """A label tree after labels were removed; all else in it stays, known to us or not.

    Args:
        roots: The tree's roots, as on the wire.
        tags: Dotted tags of what shall go. One that still has a child which stays cannot go.

    Returns:
        The roots of a new tree.
    """
    return _without(roots, tags, "")


def _without(nodes: Sequence[Mapping[str, Any]], tags: Collection[str], prefix: str) -> list[dict[str, Any]]:
    kept = []
    for node in nodes:
        tag = prefix + node["value"]["tag"]
        children = _without(node.get("children") or [], tags, f"{tag}.")
        if children or tag not in tags:
            kept.append({**node, "children": children})
    return kept


def to_attributes(ontology: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an ontology by key, from the older list and the newer one.

    Args:
        ontology: The ontology as on the wire.

    Returns:
        Key → attribute. An attribute of the oldest style, a bare text, is its own key.
    """
    metadata = ontology.get("metadata") or {}
    found: dict[str, Any] = {}
    for attribute in [*(ontology.get("attributes") or []), *(metadata.get("attributes") or [])]:
        if isinstance(attribute, str):
            found.setdefault(attribute, {"key": attribute})
        else:
            found[attribute["key"]] = stored(attribute)
    return found


def to_items(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Attributes as an upsert takes them.

    Args:
        attributes: Key → attribute.

    Returns:
        The attributes but for bare names, each with the title, key and type that the platform requires.
    """
    return [
        {"title": key, "type": "freeText", **one, "key": key}
        for key, one in attributes.items()
        if not is_name(key, one)
    ]


def to_names(attributes: Mapping[str, Any]) -> list[str]:
    """The attributes of the oldest style, which are bare names; no upsert takes them.

    Args:
        attributes: Key → attribute.

    Returns:
        The names.
    """
    return [key for key, one in attributes.items() if is_name(key, one)]
