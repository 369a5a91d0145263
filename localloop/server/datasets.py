"""Datasets (docs/platform/wire.md, 3)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from localloop.server.access import project_ids
from localloop.server.binaries import binaries_of
from localloop.server.calls import Call, page, route
from localloop.server.recipes import first_project
from localloop.server.shapes import DATASET
from localloop.server.wire import Json, news
from localloop.store import datasets
from localloop.store.query import Query, parse, run_page
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import get_rows, table


def create(call: Call) -> Json:
    """``POST /datasets``."""
    body = call.object(DATASET)
    with call.writing("create a dataset") as tx:
        row = datasets.create_dataset(
            tx,
            first_project(call, tx.connection, "projects"),
            body.get("name") or "",
            default_recipe=body.get("createDefaultRecipe") is not False,
            expiration_options=body.get("expirationOptions"),
            index_driver=body.get("indexDriver") or "v1",
        )
        row = datasets.update_dataset(tx, row, {"metadata": body.get("metadata")})
        return call.wire(tx.connection).datasets([row])[0]


def visible(connection: Connection, user: str) -> list[str]:
    """The local ids of the datasets that a user may see, system ones too."""
    columns = table(EntityKind.DATASET).c
    query = select(columns.id).where(
        columns.project_id.in_(project_ids(connection, user)), columns.deleted_at.is_(None)
    )
    return [str(found) for found in connection.execute(query).scalars()]


def query(call: Call) -> Json:
    """``POST /datasets/query``: those of the caller's projects; system datasets only with ``systemSpace``."""
    wanted = parse({**call.object(), "resource": "datasets"})
    if wanted.system_space:
        _complete(call, wanted)
    with call.reading() as (connection, wire):
        found = run_page(connection, wanted, visible(connection, call.user))
        return page(wire.datasets(found.rows), total=found.total, pages=found.pages, more=found.has_next)


def _complete(call: Call, wanted: Query) -> None:
    """Make the system datasets that projects from elsewhere lack, in the projects that are asked about."""
    with call.reading() as (connection, _wire):
        mine = get_rows(connection, EntityKind.PROJECT, project_ids(connection, call.user))
        columns = table(EntityKind.DATASET).c
        has = select(columns.project_id).where(columns.system, columns.deleted_at.is_(None))
        complete = set(connection.execute(has).scalars())
    asked = set(wanted.context.projects)
    lacking = [
        row
        for row in mine.values()
        if row["id"] not in complete and (not asked or asked & {row["id"], row["remote_id"]})
    ]
    if lacking:
        with call.writing("complete projects") as tx:
            for project in lacking:
                binaries_of(tx, project)


def get(call: Call) -> Json:
    """``GET /datasets/{id}``."""
    with call.reading() as (connection, wire):
        return wire.datasets([call.target(connection, EntityKind.DATASET)])[0]


def patch(call: Call) -> Json:
    """``PATCH /datasets/{id}``: a merge patch; read-only keys are ignored."""
    body = call.object(DATASET)
    with call.writing("change a dataset") as tx:
        row = call.target(tx, EntityKind.DATASET)
        if call.system:
            for one in ((body.get("metadata") or {}).get("system") or {}).get("recipes") or []:
                call.entity(tx.connection, EntityKind.RECIPE, one)
        wire = call.wire(tx.connection)
        change = news(body, wire.datasets([row])[0])
        return wire.datasets([datasets.update_dataset(tx, row, change, system=call.system)])[0]


def unlock(call: Call) -> Json:
    """``PATCH /datasets/{id}/unlock``: releases the lock of an export, which goes on without it."""
    with call.reading() as (connection, wire):
        row = call.target(connection, EntityKind.DATASET)
        call.context.locks.release(row["id"])
        return wire.datasets([row])[0]


def delete(call: Call) -> Any:
    """``DELETE /datasets/{id}``, with everything in it."""
    with call.writing("delete a dataset") as tx:
        tx.delete(EntityKind.DATASET, call.target(tx, EntityKind.DATASET))
    return True


ROUTES = [
    route("/datasets", "POST", create),
    route("/datasets/query", "POST", query),
    route("/datasets/{id}", "GET", get),
    route("/datasets/{id}", "PATCH", patch),
    route("/datasets/{id}/unlock", "PATCH", unlock),
    route("/datasets/{id}", "DELETE", delete),
]
