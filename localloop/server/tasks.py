"""Tasks (docs/platform/wire.md, 7)."""

from __future__ import annotations

from functools import partial
from typing import Any

from localloop.server.calls import Call, page, route
from localloop.server.command_routes import answer_command
from localloop.server.datasets import visible
from localloop.server.shapes import TASK, TASK_ITEMS
from localloop.server.task_wire import tasks_json
from localloop.server.wire import Json, news
from localloop.store import tasks, work
from localloop.store.bulk import as_query
from localloop.store.query import parse, run_page
from localloop_schema.kinds import EntityKind


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
        task = tasks.create_task(
            tx,
            dataset,
            body.get("name") or "",
            body.get("query"),
            owner=body.get("taskOwner"),
            due_date_ms=body.get("dueDate"),
            workload=body.get("workload") or None,
            recipe_id=body.get("recipeId"),
            priority=int(body.get("priority") or 2),
            available_actions=body.get("availableActions"),
            spec=body.get("spec"),
            metadata=body.get("metadata"),
        )
        # What a pulling or consensus task is made of stands there.
        tasks.update_task(tx, task, {"metadata": body.get("metadata")}, system=True)
    return {"createTaskPayload": body, "createdTaskId": task["id"]}


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
        work.add_items(tx, task, body.get("query"), workload=body.get("workload") or None)
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
        ("/query", "POST", query),
        ("/{id}", "GET", get),
        ("/{id}", "PATCH", patch),
        ("/{id}", "DELETE", delete),
        ("/{id}/addToTask", "POST", add_items),
        ("/{id}/removeFromTask", "POST", remove_items),
    )
]
