"""Ontologies: labels and attributes (docs/platform/wire.md, 6)."""

from __future__ import annotations

from typing import Any

from localloop.errors import BadRequest
from localloop.server import ontology_parts
from localloop.server.calls import Call, route, slice_page
from localloop.server.recipes import first_project, in_projects, listed
from localloop.server.shapes import ATTRIBUTE, ATTRIBUTE_ITEMS, ATTRIBUTE_KEYS, LABELS, ONTOLOGY, check
from localloop.server.wire import Json
from localloop.store import labels, recipes
from localloop_schema.kinds import EntityKind


def create(call: Call) -> Json:
    """``POST /ontologies``."""
    body = call.object(ONTOLOGY)
    with call.writing("create an ontology") as tx:
        project = first_project(call, tx.connection, "projectIds")
        row = recipes.create_ontology(
            tx,
            project["id"],
            str(body.get("title") or ""),
            roots=body.get("roots") or [],
            attributes=_names(body) + ((body.get("metadata") or {}).get("attributes") or []),
            metadata=_own_metadata(body),
        )
        return call.wire(tx.connection).ontologies([row])[0]


def _names(body: Json) -> list[Any]:
    """The older list of attributes, in which clients send objects too."""
    given = body.get("attributes") or []
    if not isinstance(given, list):
        raise BadRequest("400", "attributes must be a list.")
    for one in given:
        if not isinstance(one, str):
            check(one, ATTRIBUTE, "Each of attributes")
    return given


def _own_metadata(body: Json) -> Json:
    """What a new ontology's metadata holds beside what the platform keeps there; whether it is of version 2."""
    given = body.get("metadata") or {}
    own = {key: value for key, value in given.items() if key not in {"system", "attributes"}}
    return {**own, "v2": True} if body.get("v2") else own


def listing(call: Call) -> Any:
    """``GET /ontologies?projects=..&ids=..&pageOffset=..&pageSize=..``."""
    wanted = set(listed(call, "ids"))
    with call.reading() as (connection, wire):
        rows = in_projects(call, connection, EntityKind.ONTOLOGY)
        chosen = [row for row in rows if not wanted or row["id"] in wanted or row["remote_id"] in wanted]
        return slice_page(call, chosen, wire.ontologies)


def get(call: Call) -> Json:
    """``GET /ontologies/{id}``."""
    with call.reading() as (connection, wire):
        return wire.ontologies([call.target(connection, EntityKind.ONTOLOGY)])[0]


def put(call: Call) -> Json:
    """``PUT /ontologies/{id}``: the whole document; what it leaves out stays."""
    body = call.object(ONTOLOGY)
    _names(body)
    with call.writing("change an ontology") as tx:
        target = call.target(tx, EntityKind.ONTOLOGY)
        row = recipes.replace_ontology(tx, target, body, system=call.system)
        return call.wire(tx.connection).ontologies([row])[0]


def delete(call: Call) -> None:
    """``DELETE /ontologies/{id}``."""
    with call.writing("delete an ontology") as tx:
        tx.delete(EntityKind.ONTOLOGY, call.target(tx, EntityKind.ONTOLOGY))


def patch_labels(call: Call) -> Any:
    """``PATCH /ontologies/{id}/labels``: add, or with ``upsert`` false only change; answers all labels.

    A list is a request of the second version of this API (docs/platform/wire.md, 6.1).
    """
    if isinstance(call.body, list):
        return ontology_parts.change_labels(call)
    body = call.object(LABELS)
    nodes, upsert = body.get("labelsNode") or [], body.get("upsert") is not False
    with call.writing("change labels") as tx:
        row = labels.upsert_labels(tx, call.target(tx, EntityKind.ONTOLOGY), nodes, upsert=upsert)
        return call.wire(tx.connection).ontologies([row])[0]


def patch_attributes(call: Call) -> Json:
    """``PATCH /ontologies/{id}/attributes``."""
    body = call.object(ATTRIBUTE_ITEMS)
    items, upsert = body.get("items") or [], body.get("upsert") is not False
    with call.writing("change attributes") as tx:
        target = call.target(tx, EntityKind.ONTOLOGY)
        row = labels.upsert_attributes(tx, target, items, upsert=upsert)
        return call.wire(tx.connection).ontologies([row])[0]


def delete_attributes(call: Call) -> None:
    """``DELETE /ontologies/{id}/attributes``, with a body."""
    keys = call.object(ATTRIBUTE_KEYS).get("keys") or []
    with call.writing("delete attributes") as tx:
        labels.delete_attributes(tx, call.target(tx, EntityKind.ONTOLOGY), keys)


ROUTES = [
    route("/ontologies", "POST", create),
    route("/ontologies", "GET", listing),
    route("/ontologies/{id}", "GET", get),
    route("/ontologies/{id}", "PUT", put),
    route("/ontologies/{id}", "DELETE", delete),
    route("/ontologies/{id}/labels", "PATCH", patch_labels),
    route("/ontologies/{id}/addLabels", "PATCH", patch_labels),
    route("/ontologies/{id}/attributes", "PATCH", patch_attributes),
    route("/ontologies/{id}/attributes", "DELETE", delete_attributes),
    *ontology_parts.ROUTES,
]
