"""Recipes (docs/platform/wire.md, 6)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from localloop.errors import BadRequest
from localloop.server.access import project_ids
from localloop.server.calls import Call, route, slice_page
from localloop.server.shapes import CLONED_RECIPE, RECIPE
from localloop.server.wire import Json, news
from localloop.store import Transaction, recipes
from localloop.store.recipes import SETTINGS, split_ontology
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, resolve, table


def first_project(call: Call, connection: Connection, key: str) -> Row:
    """The project that a body names in a list of ids; one entity is in one project here.

    Raises:
        BadRequest: It names none.
        NotFound: There is no such project for the caller.
    """
    ids = call.object().get(key)
    if not ids:
        raise BadRequest("400", f"{key} must name a project.")
    return call.entity(connection, EntityKind.PROJECT, ids[0])


def listed(call: Call, name: str) -> list[str]:
    """The values of a parameter of the query string that may be repeated, or hold several between commas."""
    return [one for value in call.query.getlist(name) for one in value.split(",") if one]


def in_projects(call: Call, connection: Connection, kind: EntityKind) -> list[Row]:
    """The live entities of a kind in the caller's projects, or in those that ``?projects=`` names."""
    named = listed(call, "projects")
    mine = project_ids(connection, call.user)
    if named:
        mine = [call.entity(connection, EntityKind.PROJECT, one)["id"] for one in named]
    columns = table(kind).c
    query = select(table(kind)).where(columns.project_id.in_(mine), columns.deleted_at.is_(None))
    return [dict(row) for row in connection.execute(query.order_by(columns.id)).mappings()]


def create(call: Call) -> Json:
    """``POST /recipes``."""
    body = split_ontology(call.object(RECIPE))
    with call.writing("create a recipe") as tx:
        project = first_project(call, tx.connection, "projectIds")
        ontologies = [
            call.entity(tx.connection, EntityKind.ONTOLOGY, one)["id"]
            for one in body.get("ontologyIds") or []
        ]
        settings = {key: body[key] for key in SETTINGS if body.get(key) is not None}
        row = recipes.create_recipe(tx, project["id"], str(body.get("title") or ""), ontologies, **settings)
        more = {key: body[key] for key in ("description", "metadata") if body.get(key) is not None}
        row = recipes.update_recipe(tx, row, more, system=call.system)
        return call.wire(tx.connection).recipes([row])[0]


def listing(call: Call) -> Any:
    """``GET /recipes?projects=..&ontologies=..&creator=..&title=..&pageOffset=..&pageSize=..``."""
    with call.reading() as (connection, wire):
        rows = in_projects(call, connection, EntityKind.RECIPE)
        for column in ("creator", "title"):
            if call.query.get(column):
                rows = [row for row in rows if row[column] == call.query[column]]
        asked = listed(call, "ontologies")
        if asked:
            found = [resolve(connection, EntityKind.ONTOLOGY, one) for one in asked]
            wanted = {row["id"] for row in found if row is not None}
            rows = [row for row in rows if wanted & set(row["ontologies"] or ())]
        return slice_page(call, rows, wire.recipes)


def get(call: Call) -> Json:
    """``GET /recipes/{id}``."""
    with call.reading() as (connection, wire):
        return wire.recipes([call.target(connection, EntityKind.RECIPE)])[0]


def change(call: Call) -> Json:
    """``PATCH /recipes/{id}``: a merge patch; read-only keys are ignored."""
    with call.writing("change a recipe") as tx:
        row = call.target(tx, EntityKind.RECIPE)
        wire = call.wire(tx.connection)
        patch = split_ontology(news(call.object(RECIPE), wire.recipes([row])[0]))
        for one in patch.get("ontologyIds") or []:
            call.entity(tx.connection, EntityKind.ONTOLOGY, one)
        return wire.recipes([recipes.update_recipe(tx, row, patch, system=call.system)])[0]


def delete(call: Call) -> None:
    """``DELETE /recipes/{id}``; one that datasets use only with ``?force=true``, one that a task uses never."""
    with call.writing("delete a recipe") as tx:
        recipes.delete_recipe(tx, call.target(tx, EntityKind.RECIPE), force=call.flag("force"))


def clone(call: Call) -> Json:
    """``POST /recipes/{id}/clone``: with copies of its ontologies, unless ``shallow``."""
    body = call.object(CLONED_RECIPE) if call.body is not None else {}
    with call.writing("clone a recipe") as tx:
        source = call.target(tx, EntityKind.RECIPE)
        row = recipes.clone_recipe(
            tx,
            source,
            shallow=bool(body.get("shallow")),
            roots=body.get("roots"),
            # A recipe may use an ontology of another project: that one is copied for who may see it.
            seen=lambda one: _may_see(call, tx, one),
            **({"type": body["type"]} if body.get("type") else {}),
        )
        return call.wire(tx.connection).recipes([row])[0]


def _may_see(call: Call, tx: Transaction, ontology: Row) -> None:
    call.taking("GET /ontologies/{id}").entity(tx.connection, EntityKind.ONTOLOGY, ontology["id"])


ROUTES = [
    route("/recipes", "POST", create),
    route("/recipes", "GET", listing),
    route("/recipes/{id}", "GET", get),
    route("/recipes/{id}", "PATCH", change),
    route("/recipes/{id}", "DELETE", delete),
    route("/recipes/{id}/clone", "POST", clone),
]
