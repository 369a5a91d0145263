"""The older listing of datasets, their number, and bringing deleted ones back (docs/platform/wire.md, 3.1).

A deleted dataset is marked for deletion: it is nowhere but in ``GET /datasets?markForDeletion=true``, and can be
restored with everything in it. The date that its JSON tells is the platform's usual one; here nothing is purged then.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from localloop.errors import BadRequest, NotFound, UnprocessableEntity
from localloop.server.access import project_ids
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.shapes import DATASET_COUNT, RESTORE
from localloop.server.wire import Json
from localloop.store import restoring
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, resolve, table
from localloop_sync.drivers.identity import iso

#: After how many days the platform purges what is marked for deletion.
DAYS = 30


def _flag(call: Call, name: str) -> bool:
    said = call.query.get(name, "false").casefold()
    if said not in {"true", "false"}:
        raise BadRequest("400", f"{name} must be true or false.")
    return said == "true"


def _projects(call: Call, connection: Connection, asked: list[str]) -> list[str]:
    """Those of the caller's projects that are asked for; all of them when none is."""
    mine = project_ids(connection, call.user)
    if not asked:
        return mine
    found = [resolve(connection, EntityKind.PROJECT, one) for one in asked]
    named = {row["id"] for row in found if row is not None}
    return [one for one in mine if one in named]


def listing(call: Call) -> Any:
    """``GET /datasets``: those of the caller's projects, by name, creator, recipe and project."""
    deleted = _flag(call, "markForDeletion")
    system = _flag(call, "system")
    with call.reading() as (connection, wire):
        asked = [one for text in call.query.getlist("projects") for one in text.split(",") if one]
        projects = _projects(call, connection, asked)
        if deleted:
            graves = restoring.deleted_datasets(connection, projects)
            shown = [_gone(call, grave) for grave in graves if system or not grave["facts"].get("system")]
        else:
            columns = table(EntityKind.DATASET).c
            query = select(table(EntityKind.DATASET)).where(
                columns.project_id.in_(projects), columns.deleted_at.is_(None)
            )
            if not system:
                query = query.where(columns.system.is_(False))
            rows = [dict(row) for row in connection.execute(query.order_by(columns.id)).mappings()]
            shown = wire.datasets(rows)
    return [one for one in shown if _matches(call, one)]


def _matches(call: Call, shown: Json) -> bool:
    name, creator, recipe = (call.query.get(key) for key in ("name", "creator", "recipe"))
    return (
        (name is None or shown["name"] == name)
        and (creator is None or shown["creator"] == creator)
        and (recipe is None or recipe in shown["metadata"]["system"]["recipes"])
    )


def _gone(call: Call, grave: Row) -> Json:
    """A dataset that is marked for deletion."""
    document, facts = grave["document"], grave["facts"]
    url = f"{call.api}/datasets/{grave['entity_id']}"
    marked = grave["deleted_at"]
    target = iso(datetime.fromisoformat(marked) + timedelta(days=DAYS))
    metadata = document.get("metadata") or {}
    return {
        "id": grave["entity_id"],
        "url": url,
        "name": document["name"],
        "creator": facts.get("creator") or "",
        "createdAt": facts.get("created_at") or marked,
        "updatedAt": marked,
        "updatedBy": grave["deleted_by"],
        "projects": [grave["parents"]["project"]],
        "items": f"{url}/items",
        "directoryTree": f"{url}/directoryTree",
        "metadata": {
            **metadata,
            "system": {**(metadata.get("system") or {}), "recipes": document.get("recipes") or []},
        },
        "itemsCount": 0,
        "annotated": 0,
        "annotationsCount": 0,
        "readableType": "native",
        "accessLevel": facts.get("access_level") or "project",
        "driver": facts.get("driver") or "native",
        "readonly": bool(document.get("readonly")),
        "indexDriver": facts.get("index_driver") or "v1",
        "_markForDeletion": True,
        "deletionInformation": {
            "markedForDeletionBy": grave["deleted_by"],
            "markedForDeletionDate": marked,
            "targetDeleteDate": target,
        },
    }


def count(call: Call) -> Any:
    """``POST /datasets/count``: how many datasets some projects have; of a single one, which."""
    body = call.object(DATASET_COUNT)
    asked = body.get("projectIds")
    if not asked:
        raise BadRequest("400", "The projects whose datasets are counted must be a list of ids.")
    with call.reading() as (connection, wire):
        projects = _projects(call, connection, asked)
        if len(projects) < len(set(asked)):
            raise NotFound("404", "Project not found among projectIds.")
        columns = table(EntityKind.DATASET).c
        query = select(table(EntityKind.DATASET)).where(
            columns.project_id.in_(projects), columns.deleted_at.is_(None)
        )
        if not body.get("system"):
            query = query.where(columns.system.is_(False))
        rows = [dict(row) for row in connection.execute(query.order_by(columns.id)).mappings()]
        shown = wire.datasets(rows) if len(projects) == 1 else []
    return {"total": len(rows), "datasets": shown}


def restore(call: Call) -> Any:
    """``POST /datasets/restore``: brings back those that are marked for deletion and that the query names."""
    wanted = _named((call.object(RESTORE).get("query") or {}).get("filter"))
    with call.writing("restore datasets") as tx:
        tx.guard = None  # what is in a read-only dataset comes back with it
        mine = project_ids(tx.connection, call.user)
        found = [
            grave
            for grave in restoring.deleted_datasets(tx.connection, mine)
            if all(_value(grave, key) in values for key, values in wanted)
        ]
        if not found:
            raise NotFound("404", "No dataset that is marked for deletion was found.")
        for grave in found:
            call.entity(tx.connection, EntityKind.PROJECT, grave["parents"]["project"])
            restoring.restore_dataset(tx, grave["entity_id"])
    return None


def _value(grave: Row, key: str) -> Any:
    return grave["document"].get("name") if key == "name" else grave["entity_id"]


def _named(clause: Any) -> list[tuple[str, list[Any]]]:
    """What a query for deleted datasets asks for: they are few, so ids and names are enough.

    Raises:
        BadRequest: It names nothing, since what says nothing must not come to mean everything.
        UnprocessableEntity: It asks by something else.
    """
    if not isinstance(clause, dict) or not clause:
        raise BadRequest("400", "Datasets are restored by a filter that names their id or name.")
    found: list[tuple[str, list[Any]]] = []
    for key, value in clause.items():
        if key == "$and" and isinstance(value, list) and value:
            found.extend(one for part in value for one in _named(part))
        elif key in {"id", "_id", "name"}:
            values = value.get("$in") if isinstance(value, dict) and set(value) == {"$in"} else [value]
            if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
                raise UnprocessableEntity(
                    "422", f"Deleted datasets are found by equality and $in of {key} only."
                )
            found.append((key, values))
        else:
            raise UnprocessableEntity(
                "422", f"Deleted datasets are found by id and name only, not by {key!r}."
            )
    return found


def reset_counters(call: Call) -> None:
    """``DELETE /datasets/{id}/counters``: nothing to do, since counters are counted when they are shown."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.DATASET)


def sync(call: Call) -> Any:
    """``POST /datasets/{id}/sync``: a command; content lies in the store itself, so there is nothing to look up."""
    with call.reading() as (connection, _wire):
        dataset = call.target(connection, EntityKind.DATASET)
    return answer_command(call, "SyncDatasetStorage", lambda: {"datasetId": dataset["id"]})


ROUTES = [
    route("/datasets", "GET", listing),
    route("/datasets/count", "POST", count),
    route("/datasets/restore", "POST", restore),
    route("/datasets/{id}/counters", "DELETE", reset_counters),
    route("/datasets/{id}/sync", "POST", sync),
]
