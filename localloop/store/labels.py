"""Labels and attributes of ontologies.

On the wire labels are a tree whose nodes have plain tags (docs/platform/wire.md, 6.2); in the store they are
a map by dotted tag, so that two people who add different labels never collide. :func:`roots_of` and
:func:`labels_of` go between the two and are pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from localloop.errors import BadRequest, NotFound
from localloop.store.attributes import attributes_of
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

Label = dict[str, Any]
Labels = dict[str, Label]

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")


def colour_of(tag: str) -> str:
    """The colour that a label gets when nobody chose one: always the same for the same dotted tag.

    Two laptops that add the same label offline thus agree.
    """
    return "#" + hashlib.sha256(tag.encode()).hexdigest()[:6]


def new_label(tag: str) -> Label:
    """A label with nothing but defaults.

    Args:
        tag: The dotted tag.
    """
    return {
        "color": colour_of(tag),
        "displayLabel": tag.rpartition(".")[2],
        "attributes": [],
        "displayData": {},
    }


def labels_of(roots: Iterable[Mapping[str, Any]] | None) -> Labels:
    """The map of a label tree.

    Args:
        roots: Nodes ``{"value": {"tag", "displayLabel", "color", "attributes", "displayData"}, "children"}``;
            ``children`` may be null.

    Returns:
        Dotted tag → label, parents before children; a value that is left out or null has its default.

    Raises:
        BadRequest: A label has no tag, or a colour is not one.
    """
    labels: Labels = {}
    for tag, value in _walk("", roots):
        given = {key: value[key] for key in new_label(tag) if value.get(key) is not None}
        if not isinstance(given.get("color", ""), str):
            given["color"] = colour(given["color"])
        labels[tag] = {**new_label(tag), **given}
    return labels


def _walk(prefix: str, nodes: Iterable[Mapping[str, Any]] | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for node in nodes or ():
        value = node.get("value") or {}
        own = value.get("tag")
        if not isinstance(own, str) or not own:
            raise BadRequest("400", f"A label needs a tag, not {own!r}")
        tag = prefix + own
        yield tag, value
        yield from _walk(f"{tag}.", node.get("children"))


def roots_of(labels: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tree of a label map: the inverse of :func:`labels_of`.

    Args:
        labels: Dotted tag → label. An ancestor that is missing (its deletion was merged with the
            addition of a child elsewhere) appears with defaults.

    Returns:
        New root nodes, in the order of the map.
    """
    roots: list[dict[str, Any]] = []
    nodes: dict[str, dict[str, Any]] = {}
    for tag, label in labels.items():
        for name in _lineage(tag):
            if name not in nodes:
                known = labels.get(name, {})
                own = {"tag": name.rpartition(".")[2], **new_label(name), **known}
                nodes[name] = {"value": own, "children": []}
                parent = name.rpartition(".")[0]
                (nodes[parent]["children"] if parent else roots).append(nodes[name])
        nodes[tag]["value"].update(label)
    return roots


def _lineage(tag: str) -> list[str]:
    """``a.b.c`` → ``[a, a.b, a.b.c]``."""
    parts = tag.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def upsert_labels(
    tx: Transaction, ontology: Row, nodes: Sequence[Mapping[str, Any]], *, upsert: bool = True
) -> Row:
    """Add or change labels, all in one operation.

    Args:
        tx: The user action.
        ontology: The ontology's row.
        nodes: ``{"tag", "color"?, "displayLabel"?, "attributes"?, "displayData"?, "children"?}`` with dotted
            tags; a key that is absent or null, or an empty ``displayData``, leaves what is there. Missing
            ancestors are added.
        upsert: Whether labels that are not there may be added.

    Returns:
        The ontology as it then is.

    Raises:
        BadRequest: A tag is empty or a colour is not one.
        NotFound: ``upsert`` is false and a label is not there.
    """
    labels: Labels = {tag: dict(label) for tag, label in ontology["labels"].items()}
    for tag, node in _flat("", nodes):
        if not upsert and tag not in labels:
            raise NotFound("404", f"Label not found. Tag: {tag!r}")
        for name in _lineage(tag):
            labels.setdefault(name, new_label(name))
        labels[tag].update(_given(node))
    return _update(tx, ontology, labels=labels)


def _flat(prefix: str, nodes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for node in nodes:
        tag = _checked(node.get("tag"))
        yield prefix + tag, node
        yield from _flat(f"{prefix}{tag}.", node.get("children") or ())


def _checked(tag: Any) -> str:
    if not isinstance(tag, str) or not all(part.strip() for part in tag.split(".")):
        raise BadRequest("400", f"A label needs a tag without empty parts, not {tag!r}")
    return tag


def _given(node: Mapping[str, Any]) -> Label:
    given: Label = {}
    if node.get("color") is not None:
        given["color"] = colour(node["color"])
    for key in ("displayLabel", "attributes"):
        if node.get(key) is not None:
            given[key] = node[key]
    if node.get("displayData"):
        given["displayData"] = dict(node["displayData"])
    return given


def colour(value: Any) -> str:
    """A colour as ``#rrggbb``; one that is so already stays as it was written, upper case or lower.

    Args:
        value: ``#rrggbb``, ``rgb(r,g,b)`` or three numbers.

    Raises:
        BadRequest: It is none of these.
    """
    if isinstance(value, str):
        if _HEX.fullmatch(value.strip()):
            return value.strip()
        match = _RGB.fullmatch(value.strip())
        numbers: list[Any] = [int(text) for text in match.groups()] if match else []
    else:
        numbers = list(value) if isinstance(value, (list, tuple)) else []
    if len(numbers) == len("rgb") and all(isinstance(one, int) and 0 <= one <= 0xFF for one in numbers):
        return "#" + "".join(f"{one:02x}" for one in numbers)
    raise BadRequest("400", f"A colour is '#rrggbb', 'rgb(r,g,b)' or (r, g, b), not {value!r}")


def delete_labels(tx: Transaction, ontology: Row, tags: Iterable[str]) -> Row:
    """Remove labels and all below them, in one operation; one that is not there is no error.

    Returns:
        The ontology as it then is.
    """
    gone = set(tags)
    kept = {tag: label for tag, label in ontology["labels"].items() if gone.isdisjoint(_lineage(tag))}
    return _update(tx, ontology, labels=kept)


def rename_labels(tx: Transaction, ontology: Row, renamed: Mapping[str, str]) -> Row:
    """Give labels other tags, here and in the scopes of attributes, in one operation.

    Args:
        tx: The user action.
        ontology: The ontology's row.
        renamed: Old dotted tag → new one, for all that are below a renamed label too.

    Returns:
        The ontology as it then is.
    """
    kept = {renamed.get(tag, tag): label for tag, label in ontology["labels"].items()}
    attributes = {key: _rescoped(one, renamed) for key, one in ontology["attributes"].items()}
    return _update(tx, ontology, labels=kept, attributes=attributes)


def _rescoped(attribute: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    scopes = {key: attribute[key] for key in ("scope", "subtrees") if isinstance(attribute.get(key), list)}
    return {**attribute, **{key: [renamed.get(one, one) for one in tags] for key, tags in scopes.items()}}


def upsert_attributes(
    tx: Transaction, ontology: Row, items: Iterable[Mapping[str, Any]], *, upsert: bool = True
) -> Row:
    """Add attributes, or replace those with the same key.

    Args:
        tx: The user action.
        ontology: The ontology's row.
        items: Attributes as on the wire: ``{"title", "key", "type", "scope", ...}``.
        upsert: Whether attributes that are not there may be added.

    Raises:
        BadRequest: One has no key.
        NotFound: ``upsert`` is false and an attribute is not there.
    """
    given = attributes_of(items)
    missing = [key for key in given if key not in ontology["attributes"]]
    if missing and not upsert:
        raise NotFound("404", f"Attribute not found. Key: {missing[0]!r}")
    return _update(tx, ontology, attributes={**ontology["attributes"], **given})


def delete_attributes(tx: Transaction, ontology: Row, keys: Iterable[str]) -> Row:
    """Remove attributes by key; one that is not there is no error."""
    gone = set(keys)
    return _update(
        tx,
        ontology,
        attributes={key: value for key, value in ontology["attributes"].items() if key not in gone},
    )


def _update(tx: Transaction, ontology: Row, **fields: Any) -> Row:
    return tx.update(EntityKind.ONTOLOGY, ontology, {**to_document(EntityKind.ONTOLOGY, ontology), **fields})
