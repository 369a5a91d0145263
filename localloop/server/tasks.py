"""Tasks (docs/platform/wire.md, 7)."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection

from localloop.server.calls import Call, page, route, slice_page
from localloop.server.command_routes import answer_command
from localloop.server.datasets import visible
from localloop.server.recipes import in_projects
from localloop.server.shapes import TASK, TASK_COUNT, TASK_ITEMS
from localloop.server.task_wire import tasks_json
from localloop.server.wire import Json, news
from localloop.store import tasks, work
from localloop.store.bulk import as_query, matching
from localloop.store.query import parse, run_page
from localloop.store.query.derived import TASK_STAGES
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, live_rows

#: Query parameter → column, of what a listing can be narrowed by.
_NARROWED = {
    "dataset": "dataset_id",
    "recipe": "recipe_id",
    "creator": "creator",
    "taskOwner": "task_owner",
    "name": "name",
}


def create(call: Call) -> Any:
    """``POST /annotationtasks``: a command; or the task that ``checkIfExist`` finds."""
    body = call.object(TASK)
    with call.reading() as (connection, wire):
        call.entity(connection, EntityKind.DATASET, body.get("datasetId"))
        check = body.get("checkIfExist")
        if check:
            wanted = parse({**as_query(check.get("query")), "resource": "tasks"})
            known = run_page(connection, wanted, visible(connection, call.user)).rows
            if known:
                return tasks_json(connection, wire, known[:1])[0]
    return answer_command(call, "CreateTaskSetting", partial(_create, call, body))


def _create(call: Call, body: Json) -> Json:
    with call.writing("create a task") as tx:
        dataset = call.entity(tx.connection, EntityKind.DATASET, body.get("datasetId"))
        if body.get("recipeId") is not None:
            call.entity(tx.connection, EntityKind.RECIPE, body["recipeId"])
        wanted = _wanted(body)
        task = tasks.create_task(
            tx,
            dataset,
            body.get("name") or "",
            wanted,
            owner=body.get("taskOwner"),
            due_date_ms=body.get("dueDate"),
            workload=body.get("workload") or None,
            recipe_id=body.get("recipeId"),
            priority=int(body.get("priority") or 2),
            available_actions=body.get("availableActions"),
            spec=body.get("spec"),
            metadata=body.get("metadata"),
            limit=_limit(tx.connection, dataset, wanted, body),
        )
        if body.get("status"):
            tasks.update_task(tx, task, {"status": body["status"]})
        # What a pulling or consensus task is made of stands there.
        tasks.update_task(tx, task, {"metadata": body.get("metadata")}, system=True)
    return {"createTaskPayload": body, "createdTaskId": task["id"]}


def _wanted(body: Json) -> Any:
    """Which items a new task is about: those of its query, those that are named, or none at all."""
    if body.get("itemIds"):
        return {"filter": {"$and": [{"id": {"$in": body["itemIds"]}}]}}
    return body.get("query")


def _limit(connection: Connection, dataset: Row, wanted: Any, body: Json) -> int | None:
    """How many items a task may take of those that a query finds; all when None."""
    if body.get("emptyTask"):
        return 0
    limit = body.get("limit")
    if limit is None or limit <= 0:
        return None
    if not body.get("percentage"):
        return int(limit)
    found = sum(map(len, matching(connection, {**as_query(wanted), "resource": "items"}, dataset)))
    return round(found * float(limit) / 100)


def listing(call: Call) -> Json:
    """``GET /annotationtasks?projects=..&dataset=..&status=..&name=..&pageOffset=..&pageSize=..``."""
    with call.reading() as (connection, wire):
        rows = in_projects(call, connection, EntityKind.TASK)
        for name, column in _NARROWED.items():
            if call.query.get(name):
                rows = [row for row in rows if row[column] == call.query[name]]
        for name, key in (("parentTaskId", "parentTaskId"), ("type", "type")):
            if call.query.get(name):
                rows = [row for row in rows if (row["spec"] or {}).get(key) == call.query[name]]
        if call.query.get("status"):
            shown = tasks_json(connection, wire, rows)
            rows = [
                row for row, one in zip(rows, shown, strict=True) if one["status"] == call.query["status"]
            ]
        return slice_page(call, rows, partial(tasks_json, connection, wire))


def count(call: Call) -> Json:
    """``POST /annotationtasks/count``: how many tasks there are in some projects, and how many are not done."""
    body = call.object(TASK_COUNT)
    with call.reading() as (connection, wire):
        rows = []
        for one in dict.fromkeys(body.get("projectIds") or []):
            project = call.entity(connection, EntityKind.PROJECT, one)
            rows += live_rows(connection, EntityKind.TASK, project_id=project["id"])
        if body.get("datasetId"):
            dataset = call.entity(connection, EntityKind.DATASET, body["datasetId"])
            rows = [row for row in rows if row["dataset_id"] == dataset["id"]]
        shown = tasks_json(connection, wire, rows)
        active = [one for one in shown if one["status"] in TASK_STAGES[:2]]
        return {
            "activeProjects": len({one["projectId"] for one in active}),
            "activeDatasets": len({one["datasetId"] for one in active}),
            "activeTasks": len(active),
            "tasksCount": len(shown),
        }


def relatives(call: Call) -> Any:
    """``GET /annotationtasks/{id}/relatives``: the task that this one reviews, and those that review this one."""
    with call.reading() as (connection, _wire):
        task = call.target(connection, EntityKind.TASK)
        names = {task["id"], task["remote_id"]}
        parent = (task["spec"] or {}).get("parentTaskId")
        rows = live_rows(connection, EntityKind.TASK, project_id=task["project_id"])
        return [
            {"id": row["id"], "name": row["name"]}
            for row in rows
            if (parent and parent in {row["id"], row["remote_id"]})
            or (row["spec"] or {}).get("parentTaskId") in names - {None}
        ]


def queue(call: Call) -> Json:
    """``GET /annotationtasks/{id}/queue``: how many of its items nobody has yet."""
    with call.reading() as (connection, _wire):
        return {"remaining": work.unassigned(connection, call.target(connection, EntityKind.TASK))}


def query(call: Call) -> Json:
    """``POST /annotationtasks/query``: the tasks of the caller's projects."""
    wanted = parse({**call.object(), "resource": "tasks"})
    with call.reading() as (connection, wire):
        found = run_page(connection, wanted, visible(connection, call.user))
        shown = tasks_json(connection, wire, found.rows)
        return page(shown, total=found.total, pages=found.pages, more=found.has_next)


def get(call: Call) -> Json:
    """``GET /annotationtasks/{id}``."""
    with call.reading() as (connection, wire):
        return tasks_json(connection, wire, [call.target(connection, EntityKind.TASK)])[0]


def patch(call: Call) -> Json:
    """``PATCH /annotationtasks/{id}``: a merge patch; read-only keys are ignored."""
    with call.writing("change a task") as tx:
        row, wire = call.target(tx, EntityKind.TASK), call.wire(tx.connection)
        change = news(call.object(TASK), tasks_json(tx.connection, wire, [row])[0])
        row = tasks.update_task(tx, row, change, system=call.system)
        return tasks_json(tx.connection, wire, [row])[0]


def delete(call: Call) -> Any:
    """``DELETE /annotationtasks/{id}``: a command."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.TASK)
    return answer_command(call, "DeleteTask", partial(_delete, call))


def _delete(call: Call) -> Json:
    with call.writing("delete a task") as tx:
        task = call.target(tx, EntityKind.TASK)
        tasks.delete_task(tx, task)
    return {"deleteTaskId": task["id"]}


def add_items(call: Call) -> Any:
    """``POST /annotationtasks/{id}/addToTask``: a command."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.TASK)
    return answer_command(call, "AddToTaskSetting", partial(_add_items, call, call.object(TASK_ITEMS)))


def _add_items(call: Call, body: Json) -> Json:
    with call.writing("add items to a task") as tx:
        task = call.target(tx, EntityKind.TASK)
        dataset = tx.row(EntityKind.DATASET, task["dataset_id"])
        work.add_items(
            tx,
            task,
            body.get("query"),
            workload=body.get("workload") or None,
            limit=_limit(tx.connection, dataset, body.get("query"), body),
        )
    return {"addToTaskPayload": body}


def remove_items(call: Call) -> Any:
    """``POST /annotationtasks/{id}/removeFromTask``: a command."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.TASK)
    return answer_command(call, "RemoveFromTask", partial(_remove_items, call, call.object(TASK_ITEMS)))


def _remove_items(call: Call, body: Json) -> Json:
    with call.writing("remove items from a task") as tx:
        task = call.target(tx, EntityKind.TASK)
        number = work.remove_items(tx, task, body.get("query"))
    return {"removeFromTaskId": task["id"], "removeItemsCount": number, "totalItemsCount": number}


ROUTES = [
    route(f"/{name}{path}", method, handler)
    for name in ("annotationtasks", "tasks")
    for path, method, handler in (
        ("", "POST", create),
        ("", "GET", listing),
        ("/count", "POST", count),
        ("/{id}/relatives", "GET", relatives),
        ("/{id}/queue", "GET", queue),
        ("/query", "POST", query),
        ("/{id}", "GET", get),
        ("/{id}", "PATCH", patch),
        ("/{id}", "DELETE", delete),
        ("/{id}/addToTask", "POST", add_items),
        ("/{id}/removeFromTask", "POST", remove_items),
    )
]
