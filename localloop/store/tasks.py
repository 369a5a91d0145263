"""Tasks, their assignments, and the status of items in them.

Which items belong to a task, and their status in it, stands in each item's ``metadata.system.refs``. The
platform keeps those books, so here they are facts that no operation is written for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, text

from localloop.errors import BadRequest
from localloop.store.bulk import as_query, matching
from localloop.store.patch import json_text, patch_derived, patch_metadata
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, live_rows

Ref = dict[str, Any]

#: What a task's wire object and its document call alike, and a person may change.
EDITABLE: Final = (
    "name",
    "status",
    "taskOwner",
    "dueDate",
    "priority",
    "availableActions",
    "spec",
    "workload",
)

_STATUSES = text(
    "SELECT json_extract(ref.value, '$.metadata.status') AS status, count(*) AS number "
    "FROM items, json_each(items.metadata, '$.system.refs') AS ref "
    "WHERE items.dataset_id = :dataset AND items.deleted_at IS NULL "
    "AND json_extract(ref.value, '$.id') IN (:local, :remote) GROUP BY 1"
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a task or an assignment is: how many items it has, and how many have each status."""

    total: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def completed(self) -> int:
        """How many items have any status at all."""
        return sum(self.statuses.values())

    @property
    def remaining(self) -> int:
        """How many items have none yet."""
        return self.total - self.completed


def even_workload(assignees: Sequence[str]) -> list[dict[str, Any]]:
    """The workload that gives everybody the same: whole loads that make 100, the larger ones first."""
    share, rest = divmod(100, len(assignees)) if assignees else (0, 0)
    return [{"assigneeId": one, "load": share + (place < rest)} for place, one in enumerate(assignees)]


def create_task(
    tx: Transaction,
    dataset: Row,
    name: str,
    query: Mapping[str, Any] | str | None,
    *,
    owner: str | None = None,
    due_date_ms: float | None = None,
    assignee_ids: Sequence[str] | None = None,
    workload: Sequence[Mapping[str, Any]] | None = None,
    recipe_id: str | None = None,
    priority: int = 2,
    available_actions: Sequence[Mapping[str, Any]] | None = None,
    spec: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Row:
    """Create a task over the items that a query finds now, with an assignment for each assignee.

    Args:
        tx: The user action.
        dataset: The dataset's row.
        name: The task's name.
        query: Which items, as an object or as JSON text.
        owner: Whose task it is; the author otherwise.
        due_date_ms: When it is due, in milliseconds since the epoch.
        assignee_ids: E-mails of those who share it evenly; ``workload`` goes before it.
        workload: ``[{"assigneeId", "load"}]``, loads in percent.
        recipe_id: The recipe, by either id; the dataset's first otherwise.
        priority: 1 low, 2 medium, 3 high.
        available_actions: ``[{"action", "displayName", "color"}]``.
        spec: ``{"type": "annotation"}`` or ``{"type": "qa", "parentTaskId"}``.
        metadata: The task's metadata.

    Returns:
        The task's row.

    Raises:
        BadRequest: The name is empty, or the query or the workload makes no sense.
        NotFound: There is no such recipe.
    """
    json_text(name, "a task's name")
    shares = _checked(workload) if workload else even_workload(list(assignee_ids or ()))
    wanted = as_query(query)
    recipe = recipe_id or next(iter(dataset["recipes"] or ()), None)
    document = {
        "name": name,
        "status": "open",
        "taskOwner": owner or tx.stamp.author,
        "spec": dict(spec or {"type": "annotation"}),
        "query": json.dumps(wanted, ensure_ascii=False),
        "priority": priority,
        "availableActions": [dict(action) for action in available_actions or ()],
        "workload": shares,
        "metadata": patch_metadata({}, metadata, system=False),
    }
    if due_date_ms is not None:
        document["dueDate"] = due_date_ms
    parents = {EntityKind.PROJECT: dataset["project_id"], EntityKind.DATASET: dataset["id"]}
    if recipe is not None:
        parents[EntityKind.RECIPE] = tx.row(EntityKind.RECIPE, recipe)["id"]
    task = tx.create(EntityKind.TASK, document, parents)
    add_items(tx, task, wanted)
    return task


def add_items(
    tx: Transaction,
    task: Row,
    query: Mapping[str, Any] | str | None,
    *,
    workload: Sequence[Mapping[str, Any]] | None = None,
) -> int:
    """Add the items that a query finds now to a task, split between assignees by load, in id order.

    Args:
        tx: The user action.
        task: The task's row.
        query: Which items. Those that are in the task already are passed over.
        workload: Who gets which share; the task's own otherwise. An assignee's assignment is used again.

    Returns:
        How many items were added.

    Raises:
        BadRequest: The query or the workload makes no sense.
    """
    dataset = tx.row(EntityKind.DATASET, task["dataset_id"])
    shares = _checked(workload) if workload else task["workload"]
    assignments = [_assignment(tx, task, share["assigneeId"]) for share in shares]
    body = {**as_query(query), "resource": "items"}
    total = sum(_lacks(row, task) for rows in matching(tx.connection, body, dataset) for row in rows)
    ends = _ends([share["load"] for share in shares], total)
    place = 0
    for rows in matching(tx.connection, body, dataset):
        for row in rows:
            if not _lacks(row, task):
                continue
            added = [_ref("task", task)]
            if assignments:
                turn = next(turn for turn, end in enumerate(ends) if place < end)
                added.append(_ref("assignment", assignments[turn]))
            _set_books(tx, row, refs=[*_refs(row), *added])
            place += 1
    return place


def remove_items(tx: Transaction, task: Row, query: Mapping[str, Any] | str | None) -> int:
    """Take the items that a query finds out of a task and its assignments.

    Returns:
        How many items were in the task.

    Raises:
        BadRequest: The query makes no sense.
    """
    dataset = tx.row(EntityKind.DATASET, task["dataset_id"])
    names = _names(tx, task)
    body = {**as_query(query), "resource": "items"}
    number = 0
    for rows in matching(tx.connection, body, dataset):
        for row in rows:
            if not _lacks(row, task):
                _set_books(tx, row, refs=[ref for ref in _refs(row) if ref.get("id") not in names])
                number += 1
    return number


def update_task(tx: Transaction, task: Row, patch: Mapping[str, Any], *, system: bool = False) -> Row:
    """Change a task by a merge patch of its wire object; read-only keys are ignored.

    Args:
        tx: The user action.
        task: The task's row.
        patch: The keys of :data:`EDITABLE`, and ``metadata``.
        system: Whether ``metadata.system`` may be touched.

    Returns:
        The row as it then is.
    """
    document = to_document(EntityKind.TASK, task)
    document.update({key: patch[key] for key in EDITABLE if patch.get(key) is not None})
    document["metadata"] = patch_metadata(document["metadata"], patch.get("metadata"), system=False)
    row = tx.update(EntityKind.TASK, task, document)
    own = (patch.get("metadata") or {}).get("system") if system else None
    return patch_derived(tx, EntityKind.TASK, row, own)


def delete_task(tx: Transaction, task: Row) -> int:
    """Delete a task with its assignments; its items forget it.

    Returns:
        How many entities were deleted.
    """
    remove_items(tx, task, items_query(task))
    return tx.delete(EntityKind.TASK, task)


def items_query(owner: Row) -> dict[str, Any]:
    """The query for the items of a task or an assignment (docs/platform/wire.md, 7.2)."""
    names = [name for name in (owner["id"], owner["remote_id"]) if name]
    return {"resource": "items", "filter": {"$and": [{"metadata.system.refs.id": {"$in": names}}]}}


def reassign(tx: Transaction, assignment: Row, annotator: str) -> Row:
    """Give an assignment to somebody else.

    Raises:
        BadRequest: The e-mail is empty.
    """
    if not annotator.strip():
        raise BadRequest("400", "An assignment needs an annotator")
    document = {**to_document(EntityKind.ASSIGNMENT, assignment), "annotator": annotator}
    return tx.update(EntityKind.ASSIGNMENT, assignment, document)


def update_assignment(tx: Transaction, assignment: Row, patch: Mapping[str, Any]) -> Row:
    """Change an assignment by a merge patch of its wire object; read-only keys are ignored.

    Args:
        tx: The user action.
        assignment: The assignment's row.
        patch: ``name``, ``annotator``, ``status`` and ``metadata``.

    Returns:
        The row as it then is.

    Raises:
        BadRequest: A value makes no sense.
    """
    document = to_document(EntityKind.ASSIGNMENT, assignment)
    for key in ("name", "annotator", "status"):
        value = patch.get(key)
        if value is None:
            continue
        if not isinstance(value, str) or not value.strip():
            raise BadRequest("400", f"The {key} of an assignment has to be text")
        document[key] = value
    document["metadata"] = patch_metadata(document["metadata"], patch.get("metadata"), system=False)
    return tx.update(EntityKind.ASSIGNMENT, assignment, document)


def set_item_status(
    tx: Transaction, task: Row, items: Sequence[Row], status: str, *, operation: str = "create"
) -> int:
    """Set, or take back, the status of items in a task and its assignments.

    Args:
        tx: The user action.
        task: The task's row.
        items: The items' rows.
        status: ``completed``, ``approved``, ``discard`` or one of the task's own actions.
        operation: ``create`` sets the status, ``delete`` takes it back.

    Returns:
        How many of the items are in the task.

    Raises:
        BadRequest: There is no such operation, or the status is empty.
    """
    if operation not in {"create", "delete"} or not status:
        raise BadRequest("400", f"No such operation on a status: {operation!r} {status!r}")
    names = _names(tx, task)
    stamped = {"status": status, "creator": tx.stamp.author, "timestamp": tx.stamp.at}
    number = 0
    for item in items:
        if _lacks(item, task):
            continue
        refs = [_with_status(ref, names, stamped, operation) for ref in _refs(item)]
        entry = {"taskId": task["id"], "action": operation, **stamped}
        log = [*((item["metadata"].get("system") or {}).get("taskStatusLog") or []), entry]
        _set_books(tx, item, refs=refs, taskStatusLog=log)
        number += 1
    return number


def counts(connection: Connection, owner: Row) -> Counts:
    """How far a task or an assignment is."""
    found = connection.execute(
        _STATUSES,
        {
            "dataset": owner["dataset_id"],
            "local": owner["id"],
            "remote": owner["remote_id"] or owner["id"],
        },
    )
    numbers = {row.status: row.number for row in found}
    total = sum(numbers.values())
    numbers.pop(None, None)
    return Counts(total, numbers)


def assignments_of(connection: Connection, task_id: str) -> list[Row]:
    """The live assignments of a task, oldest first."""
    return live_rows(connection, EntityKind.ASSIGNMENT, task_id=task_id)


def _checked(workload: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    for share in workload:
        load = share.get("load")
        if not share.get("assigneeId") or type(load) not in {int, float} or float(load or 0) < 0:
            raise BadRequest("400", "A workload is a list of {assigneeId, load}, loads in percent")
    return [dict(share) for share in workload]


def _ends(loads: Sequence[float], total: int) -> list[int]:
    """Up to which place each load reaches in ``total`` items; the last one reaches the end."""
    whole = sum(loads)
    reached: float = 0
    ends = []
    for load in loads:
        reached += load
        ends.append(round(total * reached / whole) if whole else total)
    return [*ends[:-1], total] if ends else []


def _assignment(tx: Transaction, task: Row, annotator: str) -> Row:
    known = live_rows(tx.connection, EntityKind.ASSIGNMENT, task_id=task["id"], annotator=annotator)
    if known:
        return known[0]
    return tx.create(
        EntityKind.ASSIGNMENT,
        {"name": f"{task['name']} ({annotator})", "annotator": annotator, "status": "todo", "metadata": {}},
        {
            EntityKind.PROJECT: task["project_id"],
            EntityKind.DATASET: task["dataset_id"],
            EntityKind.TASK: task["id"],
        },
    )


def _names(tx: Transaction, task: Row) -> set[str]:
    """Every id that refs may call the task or one of its assignments by."""
    rows = [task, *assignments_of(tx.connection, task["id"])]
    return {name for row in rows for name in (row["id"], row["remote_id"]) if name}


def _refs(item: Row) -> list[Ref]:
    return list((item["metadata"].get("system") or {}).get("refs") or [])


def _ref(kind: str, row: Row) -> Ref:
    return {"type": kind, "id": row["id"], "metadata": {}}


def _lacks(item: Row, task: Row) -> bool:
    return not any(ref.get("id") in {task["id"], task["remote_id"]} for ref in _refs(item))


def _with_status(ref: Ref, names: set[str], stamped: Mapping[str, Any], operation: str) -> Ref:
    if ref.get("id") not in names:
        return ref
    metadata = dict(ref.get("metadata") or {})
    if operation == "create":
        return {**ref, "metadata": {**metadata, **stamped}}
    if metadata.get("status") == stamped["status"]:
        metadata = {key: value for key, value in metadata.items() if key not in stamped}
    return {**ref, "metadata": metadata}


def _set_books(tx: Transaction, item: Row, **books: Any) -> None:
    system = {**(item["metadata"].get("system") or {}), **books}
    tx.set_facts(
        EntityKind.ITEM,
        item,
        {
            "metadata": {**item["metadata"], "system": system},
            "updated_at": tx.stamp.at,
            "updated_by": tx.stamp.author,
        },
    )
