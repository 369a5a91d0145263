"""Assignments, and the status of items in tasks (docs/platform/wire.md, 7.2 and 7.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from localloop.errors import BadRequest, NotFound
from localloop.server.calls import Call, route, slice_page
from localloop.server.command_routes import answer_command
from localloop.server.recipes import in_projects
from localloop.server.shapes import ASSIGNMENT, PARTIAL, REDISTRIBUTION, STATUS
from localloop.server.task_wire import assignments_json
from localloop.server.wire import Json, news
from localloop.store import Transaction, tasks, work
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, resolve

#: Query parameter → column, of what a listing can be narrowed by.
_NARROWED = {"name": "name", "annotator": "annotator"}


def listing(call: Call) -> Json:
    """``GET /assignments?projects=..&taskId=..&status=..&name=..&annotator=..&pageOffset=..&pageSize=..``."""
    with call.reading() as (connection, wire):
        rows = in_projects(call, connection, EntityKind.ASSIGNMENT)
        if call.query.get("taskId"):
            task = call.entity(connection, EntityKind.TASK, call.query["taskId"])
            rows = [row for row in rows if row["task_id"] == task["id"]]
        for name, column in _NARROWED.items():
            if call.query.get(name):
                rows = [row for row in rows if row[column] == call.query[name]]
        if call.query.get("status"):
            shown = assignments_json(connection, wire, rows)
            rows = [
                row for row, one in zip(rows, shown, strict=True) if one["status"] == call.query["status"]
            ]
        return slice_page(call, rows, partial(assignments_json, connection, wire))


def get(call: Call) -> Json:
    """``GET /assignments/{id}``."""
    with call.reading() as (connection, wire):
        return assignments_json(connection, wire, [call.target(connection, EntityKind.ASSIGNMENT)])[0]


def patch(call: Call) -> Json:
    """``PATCH /assignments/{id}``: its name, status, annotator; read-only keys are ignored."""
    with call.writing("change an assignment") as tx:
        row, wire = call.target(tx, EntityKind.ASSIGNMENT), call.wire(tx.connection)
        change = news(call.object(ASSIGNMENT), assignments_json(tx.connection, wire, [row])[0])
        return assignments_json(tx.connection, wire, [tasks.update_assignment(tx, row, change)])[0]


def part(call: Call) -> Json:
    """``POST /assignments/{id}/partial``: some of its fields."""
    fields = call.object(PARTIAL).get("fields") or []
    whole = get(call)
    return {name: whole[name] for name in fields if name in whole}


def reassign(call: Call) -> Any:
    """``POST /assignments/{id}/reassign``: a command; who has an assignment of the task gets the items into that."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ASSIGNMENT)
    return answer_command(call, "ReassignAssignment", partial(_reassign, call, call.object(ASSIGNMENT)))


def _reassign(call: Call, body: Json) -> Json:
    with call.writing("reassign an assignment") as tx:
        row = call.target(tx, EntityKind.ASSIGNMENT)
        task = tx.row(EntityKind.TASK, row["task_id"])
        annotator = body.get("annotator") or ""
        others = tx.rows(EntityKind.ASSIGNMENT, task_id=task["id"], annotator=annotator)
        if others and row["annotator"] != annotator:
            work.redistribute(tx, task, row, [{"assigneeId": annotator, "load": 100}])
            return {"toAssignment": others[0]["id"]}
        tasks.reassign(tx, row, annotator)
    return {"toAssignment": row["id"]}


def redistribute(call: Call) -> Any:
    """``POST /assignments/{id}/redistribute``: a command."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ASSIGNMENT)
    return answer_command(
        call, "RedistributeAssignment", partial(_redistribute, call, call.object(REDISTRIBUTION))
    )


def _redistribute(call: Call, body: Json) -> Json:
    with call.writing("redistribute an assignment") as tx:
        row = call.target(tx, EntityKind.ASSIGNMENT)
        task = tx.row(EntityKind.TASK, row["task_id"])
        workload = body.get("workload") or []
        untouched = body.get("selectNotAnnotatedOnly") is True
        work.redistribute(tx, task, row, workload, query=body.get("query"), untouched=untouched)
    return {"fromAssignment": row["id"], "workload": workload}


def batch(call: Call) -> Any:
    """``POST /assignments/{id}/batch``: a command; the next items that nobody has, of a task that is pulled from."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ASSIGNMENT)
    return answer_command(call, "LoadAssignmentBatch", partial(_deal, call, work.take_batch))


def clear(call: Call) -> Any:
    """``POST /assignments/{id}/clear``: a command; its items without a status go back to the task."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ASSIGNMENT)
    return answer_command(call, "ClearAssignment", partial(_deal, call, work.give_back))


def _deal(call: Call, deal: Callable[[Transaction, Row, Row], int]) -> Json:
    with call.writing("deal out items") as tx:
        row = call.target(tx, EntityKind.ASSIGNMENT)
        number = deal(tx, tx.row(EntityKind.TASK, row["task_id"]), row)
    return {"assignmentId": row["id"], "itemsCount": number}


def status_in_task(call: Call) -> Json:
    """``POST /assignments/items/tasks/{id}/status``: by item id, for those that are in the task."""
    body = call.object(STATUS)
    payload = body.get("statusPayload") or body
    with call.writing("set the status of items") as tx:
        task = call.target(tx, EntityKind.TASK)
        return _set_status(tx, task, list(dict.fromkeys(body.get("itemIds") or [])), payload)


def status_in_assignment(call: Call) -> Json:
    """``POST /assignments/{id}/items/{item}/status``."""
    with call.writing("set the status of an item") as tx:
        task = _task_of(call, tx)
        done = _set_status(tx, task, [call.path["item"]], call.object(STATUS))
        if not done:
            raise NotFound("404", f"Item not found in the assignment. Id: {call.path['item']!r}")
        return done


def statuses_in_assignment(call: Call) -> Json:
    """``POST /assignments/{id}/items/status``: several at once."""
    body = call.object(STATUS)
    with call.writing("set the status of items") as tx:
        task = _task_of(call, tx)
        return _set_status(
            tx, task, list(dict.fromkeys(body.get("itemIds") or [])), body.get("statusPayload") or body
        )


def _task_of(call: Call, tx: Transaction) -> Row:
    assignment = call.target(tx, EntityKind.ASSIGNMENT)
    return tx.row(EntityKind.TASK, assignment["task_id"])


def _set_status(tx: Transaction, task: Row, ids: Sequence[str], payload: Json) -> Json:
    status = payload.get("status") or ""
    operation = payload.get("operation") or "create"
    own = [action.get("action") for action in task["available_actions"] or []]
    # A task that says nothing of its actions may have any: the platform's own differ from release to release.
    if operation == "create" and own and status not in (*work.BUILT_IN, *own):
        raise BadRequest("400", f"The task {task['name']!r} has no status {status!r}.")
    found = {one: resolve(tx.connection, EntityKind.ITEM, one) for one in ids}
    inside = {one: row for one, row in found.items() if row is not None and _in_task(row, task)}
    work.set_item_status(tx, task, list(inside.values()), status, operation=operation)
    return {one: {"status": status} for one in inside}


def _in_task(item: Row, task: Row) -> bool:
    return (
        item["deleted_at"] is None
        and item["dataset_id"] == task["dataset_id"]
        and work.entry_of(item, task) is not None
    )


ROUTES = [
    route("/assignments", "GET", listing),
    route("/assignments/items/tasks/{id}/status", "POST", status_in_task),
    route("/assignments/{id}", "GET", get),
    route("/assignments/{id}", "PATCH", patch),
    route("/assignments/{id}/reassign", "POST", reassign),
    route("/assignments/{id}/redistribute", "POST", redistribute),
    route("/assignments/{id}/batch", "POST", batch),
    route("/assignments/{id}/clear", "POST", clear),
    route("/assignments/{id}/partial", "POST", part),
    route("/assignments/{id}/items/status", "POST", statuses_in_assignment),
    route("/assignments/{id}/items/{item}/status", "POST", status_in_assignment),
]
