"""Tasks and their assignments. Which items are in them is in :mod:`localloop.store.work`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from localloop.errors import BadRequest
from localloop.store.bulk import as_query
from localloop.store.patch import json_text, patch_derived, patch_metadata
from localloop.store.recipes import recipes_of
from localloop.store.transaction import Transaction
from localloop.store.work import add_items, checked_workload, even_workload, items_query, remove_items
from localloop_schema.documents import OWN_TASK_SYSTEM, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

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
    limit: int | None = None,
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
        metadata: The task's metadata; of ``system`` only what says how its items are dealt out.
        limit: How many items at most; all that the query finds when left out.

    Returns:
        The task's row.

    Raises:
        BadRequest: The name is empty, or the query or the workload makes no sense.
        NotFound: There is no such recipe.
    """
    json_text(name, "a task's name")
    shares = checked_workload(workload) if workload else even_workload(list(assignee_ids or ()))
    wanted = as_query(query)
    recipe = recipe_id or next(iter(recipes_of(tx, dataset)), None)
    document = {
        "name": name,
        "status": "open",
        "taskOwner": owner or tx.stamp.author,
        "spec": dict(spec or {"type": "annotation"}),
        "query": json.dumps(wanted, ensure_ascii=False),
        "priority": priority,
        "availableActions": [dict(action) for action in available_actions or ()],
        "workload": shares,
        "metadata": _own(metadata),
    }
    if due_date_ms is not None:
        document["dueDate"] = due_date_ms
    parents = {EntityKind.PROJECT: dataset["project_id"], EntityKind.DATASET: dataset["id"]}
    if recipe is not None:
        parents[EntityKind.RECIPE] = tx.row(EntityKind.RECIPE, recipe)["id"]
    task = tx.create(EntityKind.TASK, document, parents)
    add_items(tx, task, wanted, limit=limit)
    return task


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


def _own(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """A new task's metadata without what only the platform derives."""
    own = patch_metadata({}, metadata, system=True)
    system = {key: value for key, value in (own.pop("system", None) or {}).items() if key in OWN_TASK_SYSTEM}
    return {**own, "system": system} if system else own
