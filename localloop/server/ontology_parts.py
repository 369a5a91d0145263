"""The second version of the ontology API: labels, attributes and structures one by one, by ids of their own.

The store knows labels by dotted tag and attributes by key (docs/platform/wire.md, 6.1, 6.2). An id here is made of the
ontology's and that name. It survives a renaming, because the ontology keeps the ids of what was renamed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from localloop.errors import BadRequest, Conflict, NotFound
from localloop.server.calls import Call, route
from localloop.server.matching import found_page
from localloop.server.shapes import CHANGED_LABELS, NEW_LABELS, SECTION, STRUCTURE, Shape, check
from localloop.server.wire import Json, Wire
from localloop.store import Transaction, labels, recipes
from localloop.store.patch import patch_derived
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

LABEL, ATTRIBUTE = "label", "attribute"

#: What an attribute of the second version may be.
TYPES = ("options", "boolean", "range", "freeText", "number")

_EVERYWHERE = "*"


def part_id(ontology: Row, part: str, name: str) -> str:
    """The id of a label or an attribute.

    Args:
        ontology: The ontology's row.
        part: :data:`LABEL` or :data:`ATTRIBUTE`.
        name: Its dotted tag, or its key.

    Returns:
        24 hex digits, unlike those of every other part of the ontology.
    """
    kept = _kept(ontology, part)
    if isinstance(kept.get(name), str):
        return str(kept[name])
    taken, number = set(kept.values()), 0
    while (made := _digest(ontology, part, name, number)) in taken:
        number += 1
    return made


def _digest(ontology: Row, part: str, name: str, number: int) -> str:
    return hashlib.sha256(f"{ontology['id']}/{part}/{number}/{name}".encode()).hexdigest()[:24]


def _kept(ontology: Row, part: str) -> Mapping[str, Any]:
    ids = ((ontology["metadata"] or {}).get("system") or {}).get(f"{part}Ids")
    return ids if isinstance(ids, Mapping) else {}


def _keep(tx: Transaction, ontology: Row, part: str, renamed: Mapping[str, tuple[str, str]]) -> Row:
    """Keep ids: old name → new name and id."""
    ids: Json = dict.fromkeys(renamed)
    ids |= dict(renamed.values())
    return patch_derived(tx, EntityKind.ONTOLOGY, ontology, {f"{part}Ids": ids})


def _tags(ontology: Row) -> list[str]:
    """The dotted tags of all labels, parents before children; those that only appear as ancestors too."""
    return list(labels.labels_of(labels.roots_of(ontology["labels"] or {})))


def _within(tag: str, top: str) -> bool:
    """Whether a label is another one, or below it."""
    return tag == top or tag.startswith(f"{top}.")


def _name(ontology: Row, part: str, wanted: str) -> str:
    names = _tags(ontology) if part == LABEL else list(ontology["attributes"] or {})
    for name in names:
        if part_id(ontology, part, name) == wanted:
            return name
    raise NotFound("404", f"{part.capitalize()} not found. Id: {wanted!r}")


def _list(call: Call, shape: Shape) -> list[Any]:
    if not isinstance(call.body, list):
        raise BadRequest("400", "The body must be a list.")
    check(call.body, shape)
    return call.body


# Labels


def _label_nodes(wire: Wire, ontology: Row) -> list[Json]:
    tags = _tags(ontology)
    parents = {tag.rpartition(".")[0] for tag in tags}
    return [_label_node(wire, ontology, tag, has_children=tag in parents) for tag in tags]


def _label_node(wire: Wire, ontology: Row, tag: str, *, has_children: bool) -> Json:
    made, parent = part_id(ontology, LABEL, tag), tag.rpartition(".")[0]
    label = (ontology["labels"] or {}).get(tag) or {}
    return {
        "id": made,
        "url": f"{wire.api}/ontologies/{ontology['id']}/labels/{made}",
        **wire.stamps(ontology),
        "parent": part_id(ontology, LABEL, parent) if parent else None,
        "root": part_id(ontology, LABEL, tag.partition(".")[0]),
        "ontologyId": ontology["id"],
        "path": tag,
        "value": {**labels.new_label(tag), **label, "tag": tag.rpartition(".")[2]},
        "hasChildren": has_children,
        "depth": tag.count("."),
    }


def create_labels(call: Call) -> list[Json]:
    """``POST /ontologies/{id}/labels``: add labels, or change those that are there; answers these."""
    nodes = _list(call, NEW_LABELS)
    with call.writing("add labels") as tx:
        ontology = call.target(tx, EntityKind.ONTOLOGY)
        placed = [_placed(ontology, node) for node in nodes]
        row = labels.upsert_labels(tx, ontology, placed)
        wanted = {node["tag"] for node in placed}
        return [node for node in _label_nodes(call.wire(tx.connection), row) if node["path"] in wanted]


def _placed(ontology: Row, node: Json) -> Json:
    """A new label with its dotted tag."""
    if not node.get("parent"):
        return node
    return {**node, "tag": f"{_name(ontology, LABEL, node['parent'])}.{node.get('tag') or ''}"}


def change_labels(call: Call) -> list[Json]:
    """``PATCH /ontologies/{id}/labels`` with a list: change labels by id; answers these."""
    nodes = _list(call, CHANGED_LABELS)
    with call.writing("change labels") as tx:
        row = call.target(tx, EntityKind.ONTOLOGY)
        wanted = [node.get("id") or "" for node in nodes]
        for node, one in zip(nodes, wanted, strict=True):
            tag = _name(row, LABEL, one)
            if node.get("tag") is not None:
                row, tag = _renamed(tx, row, tag, node["tag"])
            given = {key: node[key] for key in ("displayLabel", "color", "displayData") if key in node}
            row = labels.upsert_labels(tx, row, [{**given, "tag": tag}])
        return [node for node in _label_nodes(call.wire(tx.connection), row) if node["id"] in wanted]


def _renamed(tx: Transaction, ontology: Row, tag: str, name: str) -> tuple[Row, str]:
    """The ontology after a label got another name, and the label's new tag."""
    if "." in name:
        raise BadRequest("400", f"The name of a label has no dots: {name!r}")
    parent = tag.rpartition(".")[0]
    new = f"{parent}.{name}" if parent else name
    if new == tag:
        return ontology, tag
    tags = _tags(ontology)
    if new in tags:
        raise Conflict("409", f"Label already exists. Tag: {new!r}")
    moved = {one: new + one[len(tag) :] for one in tags if _within(one, tag)}
    ids = {one: (moved[one], part_id(ontology, LABEL, one)) for one in moved}
    return _keep(tx, labels.rename_labels(tx, ontology, moved), LABEL, ids), new


def query_labels(call: Call) -> Json:
    """``POST /ontologies/{id}/labels/query``."""
    with call.reading() as (connection, wire):
        return found_page(call.object(), _label_nodes(wire, call.target(connection, EntityKind.ONTOLOGY)))


def get_label(call: Call) -> Json:
    """``GET /ontologies/{id}/labels/{label}``."""
    with call.reading() as (connection, wire):
        ontology = call.target(connection, EntityKind.ONTOLOGY)
        tag = _name(ontology, LABEL, call.path["part"])
        return next(node for node in _label_nodes(wire, ontology) if node["path"] == tag)


def delete_label(call: Call) -> None:
    """``DELETE /ontologies/{id}/labels/{label}``, with all below it."""
    with call.writing("delete a label") as tx:
        ontology = call.target(tx, EntityKind.ONTOLOGY)
        labels.delete_labels(tx, ontology, [_name(ontology, LABEL, call.path["part"])])


# Attributes


def _section(wire: Wire, ontology: Row, key: str) -> Json:
    attribute, made = ontology["attributes"][key], part_id(ontology, ATTRIBUTE, key)
    section = {
        "id": made,
        "url": f"{wire.api}/ontologies/{ontology['id']}/attributes/{made}",
        **wire.stamps(ontology),
        "ontologyId": ontology["id"],
        "key": key,
        "type": attribute.get("type") or "freeText",
        "scope": _scope_ids(ontology, attribute),
    }
    return section | {name: attribute[name] for name in ("values", "range") if name in attribute}


def _scope_ids(ontology: Row, attribute: Mapping[str, Any]) -> Json:
    """The scope of an attribute by ids; labels that are no more are left out."""
    tags, scope = _tags(ontology), attribute.get("scope") or [_EVERYWHERE]
    below = attribute.get("subtrees") or []
    if _EVERYWHERE in scope:
        below = [tag for tag in tags if "." not in tag]
        scope = []
    single = [tag for tag in tags if tag in scope and not any(_within(tag, one) for one in below)]
    return {
        "labelIds": [part_id(ontology, LABEL, tag) for tag in single],
        "subtrees": [part_id(ontology, LABEL, tag) for tag in tags if tag in below],
    }


def _scope_tags(ontology: Row, scope: Any) -> Json:
    """A scope by ids as the first version says it: ``scope`` by tag, and which of these stand for all below."""
    ids, below = (scope or {}).get("labelIds") or [], (scope or {}).get("subtrees") or []
    if not ids and not below:
        return {"scope": [_EVERYWHERE]}
    tops = [_name(ontology, LABEL, one) for one in below]
    named = [_name(ontology, LABEL, one) for one in ids]
    named += [tag for tag in _tags(ontology) if any(_within(tag, top) for top in tops)]
    return {"scope": list(dict.fromkeys(named)), **({"subtrees": tops} if tops else {})}


def create_attribute(call: Call) -> Json:
    """``POST /ontologies/{id}/attributes``."""
    body = call.object(SECTION)
    key = body.get("key")
    if body.get("type") not in TYPES:
        raise BadRequest("400", f"The type of an attribute is one of {', '.join(TYPES)}.")
    with call.writing("add an attribute") as tx:
        ontology = call.target(tx, EntityKind.ONTOLOGY)
        if key in ontology["attributes"]:
            raise Conflict("409", f"Attribute already exists. Key: {key!r}")
        given = {name: body[name] for name in ("type", "values", "range") if body.get(name) is not None}
        new = {"title": key, "key": key, **given, **_scope_tags(ontology, body.get("scope"))}
        row = labels.upsert_attributes(tx, ontology, [new])
        return _section(call.wire(tx.connection), row, str(key))


def change_attribute(call: Call) -> Json:
    """``PATCH /ontologies/{id}/attributes/{attribute}``."""
    body = call.object(SECTION)
    with call.writing("change an attribute") as tx:
        row = call.target(tx, EntityKind.ONTOLOGY)
        key = _name(row, ATTRIBUTE, call.path["part"])
        new = body.get("key") or key
        if new != key and new in row["attributes"]:
            raise Conflict("409", f"Attribute already exists. Key: {new!r}")
        changed = {name: body[name] for name in ("values", "range") if body.get(name) is not None}
        current = dict(row["attributes"][key])
        if body.get("scope") is not None:
            current.pop("subtrees", None)
            changed |= _scope_tags(row, body["scope"])
        if new != key:
            row = _keep(tx, row, ATTRIBUTE, {key: (new, part_id(row, ATTRIBUTE, key))})
            row = labels.delete_attributes(tx, row, [key])
        row = labels.upsert_attributes(tx, row, [{**current, **changed, "key": new}])
        return _section(call.wire(tx.connection), row, new)


def query_attributes(call: Call) -> Json:
    """``POST /ontologies/{id}/attributes/query``."""
    with call.reading() as (connection, wire):
        ontology = call.target(connection, EntityKind.ONTOLOGY)
        return found_page(call.object(), [_section(wire, ontology, key) for key in ontology["attributes"]])


def delete_attribute(call: Call) -> None:
    """``DELETE /ontologies/{id}/attributes/{attribute}``."""
    with call.writing("delete an attribute") as tx:
        ontology = call.target(tx, EntityKind.ONTOLOGY)
        labels.delete_attributes(tx, ontology, [_name(ontology, ATTRIBUTE, call.path["part"])])


# Structures: kept in the ontology's metadata, each under its id, so that two people who add some do not collide.


def _structures(ontology: Row) -> Mapping[str, Any]:
    kept = (ontology["metadata"] or {}).get("structures")
    return kept if isinstance(kept, Mapping) else {}


def _structure(wire: Wire, ontology: Row, one: str) -> Json:
    return {
        "id": one,
        "url": f"{wire.api}/ontologies/{ontology['id']}/structures/{one}",
        **wire.stamps(ontology),
        "ontologyId": ontology["id"],
        **_structures(ontology)[one],
    }


def _set_structure(tx: Transaction, ontology: Row, one: str, value: Json | None) -> Row:
    return recipes.replace_ontology(tx, ontology, {"metadata": {"structures": {one: value}}})


def _target_structure(call: Call, tx: Transaction) -> tuple[Row, str]:
    ontology, one = call.target(tx, EntityKind.ONTOLOGY), call.path["part"]
    if one not in _structures(ontology):
        raise NotFound("404", f"Structure not found. Id: {one!r}")
    return ontology, one


def create_structure(call: Call) -> Json:
    """``POST /ontologies/{id}/structures``."""
    body = call.object(STRUCTURE)
    if not body.get("name"):
        raise BadRequest("400", "A structure needs a name.")
    value = {"name": body["name"], "order": body.get("order") or [], "arcs": body.get("arcs") or []}
    with call.writing("add a structure") as tx:
        one = call.store.identity.object_id()
        row = _set_structure(tx, call.target(tx, EntityKind.ONTOLOGY), one, value)
        return _structure(call.wire(tx.connection), row, one)


def change_structure(call: Call) -> Json:
    """``PATCH /ontologies/{id}/structures/{structure}``."""
    body = call.object(STRUCTURE)
    given = {name: body[name] for name in ("name", "order", "arcs") if body.get(name) is not None}
    with call.writing("change a structure") as tx:
        ontology, one = _target_structure(call, tx)
        row = _set_structure(tx, ontology, one, given)
        return _structure(call.wire(tx.connection), row, one)


def query_structures(call: Call) -> Json:
    """``POST /ontologies/{id}/structures/query``."""
    with call.reading() as (connection, wire):
        ontology = call.target(connection, EntityKind.ONTOLOGY)
        return found_page(call.object(), [_structure(wire, ontology, one) for one in _structures(ontology)])


def delete_structure(call: Call) -> None:
    """``DELETE /ontologies/{id}/structures/{structure}``."""
    with call.writing("delete a structure") as tx:
        ontology, one = _target_structure(call, tx)
        _set_structure(tx, ontology, one, None)


_HANDLERS: Mapping[tuple[str, str], Callable[[Call], Any]] = {
    ("POST", "labels"): create_labels,
    ("POST", "labels/query"): query_labels,
    ("GET", "labels/{part}"): get_label,
    ("DELETE", "labels/{part}"): delete_label,
    ("POST", "attributes"): create_attribute,
    ("POST", "attributes/query"): query_attributes,
    ("PATCH", "attributes/{part}"): change_attribute,
    ("DELETE", "attributes/{part}"): delete_attribute,
    ("POST", "structures"): create_structure,
    ("POST", "structures/query"): query_structures,
    ("PATCH", "structures/{part}"): change_structure,
    ("DELETE", "structures/{part}"): delete_structure,
}

ROUTES = [route(f"/ontologies/{{id}}/{path}", method, one) for (method, path), one in _HANDLERS.items()]
