"""Audit logs: the operation log as the platform tells it (docs/platform/wire.md, 8.4).

Every edit is an operation with an author, so all kinds of entities are told of, also those that are gone. What a pull
brought from a platform is not an edit that was made here, and is not told.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, union_all

from localloop.errors import BadRequest, UnprocessableEntity
from localloop.server.access import project_ids
from localloop.server.calls import LAST_PAGE, Call, page, route
from localloop.server.shapes import AUDIT
from localloop.server.wire import Json
from localloop.store.query.fields import TimeField
from localloop.store.query.model import Compares, Order
from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import get_rows, table
from localloop_schema.tables import Operation
from localloop_sync.core.operation import Verb

_OPERATIONS: Any = Operation.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

_EVENTS = {Verb.CREATE: "created", Verb.DELETE: "deleted", Verb.SET: "updated", Verb.PUT_CONTENT: "updated"}
_NAMES = {
    EntityKind.MEMBER: "email",
    EntityKind.RECIPE: "title",
    EntityKind.ONTOLOGY: "title",
    EntityKind.ITEM: "filename",
    EntityKind.ANNOTATION: "label",
}
_SORTED_BY = {
    "time": _OPERATIONS.c.seq,
    "user": _OPERATIONS.c.author,
    "entityType": _OPERATIONS.c.kind,
    "eventType": _OPERATIONS.c.verb,
    "entityId": _OPERATIONS.c.entity_id,
}
MOST = 1000


def logs(call: Call) -> Json:
    """``POST /audit/logs``: the edits in the caller's projects, newest first."""
    body = call.object(AUDIT)
    if not body.get("orgId"):
        raise BadRequest("400", "Logs are asked for by organisation: orgId; here any will do.")
    number, size = _whole(body, "page", 0), _whole(body, "pageSize", 100)
    if not 0 <= number <= LAST_PAGE or not 0 < size <= MOST:
        raise BadRequest("400", f"page is from 0 to {LAST_PAGE}, and pageSize from 1 to {MOST}.")
    key = _SORTED_BY.get(body.get("sortBy") or "time")
    if key is None:
        raise BadRequest("400", f"Logs are sorted by one of: {', '.join(_SORTED_BY)}.")
    order = key.asc() if body.get("descending") is False else key.desc()
    with call.reading() as (connection, _wire):
        mine = project_ids(connection, call.user)
        found = select(_OPERATIONS).where(*_asked(body), _in_projects(mine))
        total = int(connection.execute(select(func.count()).select_from(found.subquery())).scalar_one())
        rows = connection.execute(
            found.order_by(order, _OPERATIONS.c.seq.desc()).limit(size).offset(number * size)
        ).mappings()
        shown = _shown(connection, [dict(row) for row in rows])
    more = (number + 1) * size < total
    return page(shown, total=total, pages=-(-total // size), more=more)


def _whole(body: Json, name: str, default: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if value != int(value):
        raise BadRequest("400", f"{name} must be a whole number.")
    return int(value)


def _asked(body: Json) -> list[ColumnElement[bool]]:
    """What the filters of a request demand."""
    columns = _OPERATIONS.c
    clauses: list[ColumnElement[bool]] = []
    at = TimeField(columns.created_at)
    for name, order in (("fromDate", Order.GREATER_OR_EQUAL), ("toDate", Order.LESS_OR_EQUAL)):
        if body.get(name) is not None:
            clauses.append(at.matches(Compares(order, body[name])))
    if body.get("entityType") is not None:
        clauses.append(columns.kind == body["entityType"].casefold())
    if body.get("id") is not None:
        clauses.append(columns.entity_id == body["id"])
    if body.get("action") is not None:
        verbs = [verb.value for verb, event in _EVENTS.items() if event == body["action"].casefold()]
        if not verbs:
            raise BadRequest("400", "The action is one of: created, updated, deleted.")
        clauses.append(columns.verb.in_(verbs))
    if body.get("entityName") is not None:
        raise UnprocessableEntity("422", "Logs are found by id here, not by entityName.")
    users = body.get("user")
    if users is not None:
        many = users if isinstance(users, list) else [users]
        if not all(isinstance(one, str) for one in many):
            raise BadRequest("400", "user must be an e-mail, or a list of such.")
        clauses.append(func.lower(columns.author).in_([one.lower() for one in many]))
    return clauses


def _in_projects(mine: list[str]) -> ColumnElement[bool]:
    """That an operation is about something in these projects, be it there or gone."""
    columns = _OPERATIONS.c
    clauses = [and_(columns.kind == EntityKind.PROJECT.value, columns.entity_id.in_(mine))]
    for kind in EntityKind:
        if kind is not EntityKind.PROJECT:
            known = union_all(_living(kind, mine), _dead(kind, mine)).subquery()
            ids = select(known.c.id)
            clauses.append(and_(columns.kind == kind.value, columns.entity_id.in_(ids)))
    return or_(*clauses)


def _datasets(mine: list[str]) -> Any:
    """The datasets of these projects, those that are gone too."""
    found = union_all(_living(EntityKind.DATASET, mine), _dead(EntityKind.DATASET, mine)).subquery()
    return select(found.c.id)


def _living(kind: EntityKind, mine: list[str]) -> Any:
    columns = table(kind).c
    if EntityKind.PROJECT in PARENTS[kind]:
        return select(columns.id.label("id")).where(columns.project_id.in_(mine))
    return select(columns.id.label("id")).where(columns.dataset_id.in_(_datasets(mine)))


def _dead(kind: EntityKind, mine: list[str]) -> Any:
    parents = TOMBSTONES.c.parents
    if EntityKind.PROJECT in PARENTS[kind]:
        belongs = parents["project"].as_string().in_(mine)
    else:
        belongs = parents["dataset"].as_string().in_(_datasets(mine))
    return select(TOMBSTONES.c.entity_id.label("id")).where(TOMBSTONES.c.kind == kind.value, belongs)


def _shown(connection: Connection, operations: list[Json]) -> list[Json]:
    """Operations as entries of the audit log."""
    known = _known(connection, operations)
    datasets = [one["dataset"] for one in known.values() if one["dataset"] and not one["project"]]
    owners = _known(connection, [{"kind": "dataset", "entity_id": one} for one in datasets])
    projects = {
        key: one["project"] or (owners.get(("dataset", one["dataset"])) or {}).get("project")
        for key, one in known.items()
    }
    rows = get_rows(connection, EntityKind.PROJECT, [one for one in set(projects.values()) if one])
    entries = []
    for operation in operations:
        key = (operation["kind"], operation["entity_id"])
        project = projects.get(key)
        context = {"project": project, "projectName": rows[project]["name"]} if project in rows else {}
        entries.append(
            {
                "_id": operation["id"],
                "time": operation["created_at"],
                "user": operation["author"],
                "entityType": operation["kind"],
                "eventType": _EVENTS[Verb(operation["verb"])],
                "entityId": operation["entity_id"],
                "entityName": (known.get(key) or {}).get("name") or "",
                "ctx": {**context, "org": ""},
            }
        )
    return entries


def _known(connection: Connection, operations: list[Json]) -> dict[tuple[str, str], Json]:
    """What is known of the entities of operations: name, project and dataset, from their rows or tombstones."""
    found: dict[tuple[str, str], Json] = {}
    by_kind: dict[EntityKind, list[str]] = {}
    for one in operations:
        by_kind.setdefault(EntityKind(one["kind"]), []).append(one["entity_id"])
    for kind, ids in by_kind.items():
        unique = list(dict.fromkeys(ids))
        query = select(TOMBSTONES).where(TOMBSTONES.c.kind == kind.value, TOMBSTONES.c.entity_id.in_(unique))
        for grave in connection.execute(query).mappings():
            document, parents = grave["document"], grave["parents"]
            name = document.get(_NAMES.get(kind, "name")) or ""
            places = {"project": parents.get("project"), "dataset": parents.get("dataset")}
            found[(kind.value, grave["entity_id"])] = {"name": name, **places}
        for row in get_rows(connection, kind, unique).values():
            project = row["id"] if kind is EntityKind.PROJECT else row.get("project_id")
            places = {"project": project, "dataset": row.get("dataset_id")}
            found[(kind.value, row["id"])] = {"name": row.get(_NAMES.get(kind, "name")) or "", **places}
    return found


ROUTES = [route("/audit/logs", "POST", logs)]
