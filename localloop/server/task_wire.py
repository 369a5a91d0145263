"""Tasks and assignments as JSON (docs/platform/wire.md, 7.2 and 7.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from localloop.server.wire import Json, Wire
from localloop.store.query.derived import ASSIGNMENT_STAGES, TASK_STAGES
from localloop.store.work import Counts, assignments_of, counts
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: How the platform sorts what a task's query finds; its query comes back with it.
_SORT = {"type": "ascending", "createdAt": "descending"}


def tasks_json(connection: Connection, wire: Wire, rows: Sequence[Row]) -> list[Json]:
    """Tasks with their counters."""
    return [_task(connection, wire, row) for row in rows]


def _task(connection: Connection, wire: Wire, row: Row) -> Json:
    spec = row["spec"] or {}
    done = counts(connection, row)
    assignments = assignments_of(connection, row["id"])
    return {
        "id": row["id"],
        "url": f"{wire.api}/annotationtasks/{row['id']}",
        **wire.stamps(row),
        "name": row["name"],
        "status": done.stage(row["status"], TASK_STAGES),
        "projectId": row["project_id"],
        "datasetId": row["dataset_id"],
        "recipeId": row["recipe_id"],
        "taskOwner": row["task_owner"],
        "dueDate": row["due_date"] or 0,
        "hasDueDate": row["due_date"] is not None,
        "spec": spec,
        "hasParent": bool(spec.get("parentTaskId")),
        "query": _sorted(row["query"]),
        "assignmentIds": [assignment["id"] for assignment in assignments],
        "metadata": _with_system(row, {}),
        "availableActions": row["available_actions"] or [],
        "priority": row["priority"],
        **_progress(done),
    }


def assignments_json(connection: Connection, wire: Wire, rows: Sequence[Row]) -> list[Json]:
    """Assignments with their counters."""
    parents = wire.parents(EntityKind.TASK, sorted({row["task_id"] for row in rows}))
    return [_assignment(connection, wire, row, parents[row["task_id"]]) for row in rows]


def _assignment(connection: Connection, wire: Wire, row: Row, task: Row) -> Json:
    done = counts(connection, row)
    system = {"taskId": task["id"], "datasetId": row["dataset_id"], "recipeId": task["recipe_id"]}
    return {
        "id": row["id"],
        "url": f"{wire.api}/assignments/{row['id']}",
        **wire.stamps(row),
        "name": row["name"],
        "annotator": row["annotator"],
        "status": done.stage(row["status"], ASSIGNMENT_STAGES),
        "projectId": row["project_id"],
        "metadata": _with_system(row, system),
        "taskType": (task["spec"] or {}).get("type", "annotation"),
        "priority": task["priority"],
        **_progress(done),
    }


def _progress(done: Counts) -> Json:
    return {
        "totalItems": done.total,
        "itemStatus": {
            "completed": done.completed,
            "remaining": done.remaining,
            "actions": dict(done.statuses),
        },
        "progress": round(100 * done.completed / done.total) if done.total else 0,
        "forReview": 0,
        "issues": 0,
    }


def _with_system(row: Row, system: dict[str, Any]) -> Json:
    metadata = row["metadata"] or {}
    return {**metadata, "system": {**(metadata.get("system") or {}), **system}}


def _sorted(text: str) -> str:
    query = json.loads(text)
    return text if "sort" in query else json.dumps({**query, "sort": _SORT}, ensure_ascii=False)
