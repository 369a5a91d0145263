"""Putting items into tasks and assignments by query, and taking them out (docs/platform/wire.md, 4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localloop.errors import BadRequest
from localloop.store.bulk import matching
from localloop.store.transaction import Transaction
from localloop_schema.documents import Document, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: What an item can refer to.
KINDS: Mapping[str, EntityKind] = {"task": EntityKind.TASK, "assignment": EntityKind.ASSIGNMENT}


def refer(
    tx: Transaction,
    query: Mapping[str, Any],
    dataset: Row,
    operation: str,
    targets: Sequence[tuple[str, Row]],
) -> int:
    """Give all items that a query finds references, or take those away.

    An item that is taken out of a task is also out of the task's assignments; one that is put into an assignment is
    also in its task.

    Args:
        tx: The user action.
        query: A query for items.
        dataset: The dataset's row.
        operation: ``create`` or ``delete``.
        targets: What to refer to: the key of :data:`KINDS`, and the row.

    Returns:
        How many items the query found.

    Raises:
        BadRequest: There is no such operation, or the query is malformed.
        UnprocessableEntity: The query uses an operator that is not supported.
    """
    if operation not in {"create", "delete"}:
        raise BadRequest("400", f"References are created or deleted, not {operation!r}")
    wanted = [(kind, row, _task_of(tx, kind, row)) for kind, row in targets]
    number = 0
    for rows in matching(tx.connection, {**query, "resource": "items"}, dataset):
        edits = [(row, to_document(EntityKind.ITEM, row)) for row in rows]
        for _, document in edits:
            for kind, target, task in wanted:
                _change(document, operation, kind, target, task)
        tx.update_many(EntityKind.ITEM, edits)
        number += len(rows)
    return number


def _task_of(tx: Transaction, kind: str, row: Row) -> Row:
    return row if kind == "task" else tx.row(EntityKind.TASK, row["task_id"])


def _change(document: Document, operation: str, kind: str, target: Row, task: Row) -> None:
    """Change what a document says of one task."""
    tasks = dict(document.pop("tasks", {}))
    name = next((name for name in _names(task) if name in tasks), task["id"])
    if operation == "create":
        given = {} if kind == "task" else {"assignment": target["id"]}
        tasks[name] = {**tasks.get(name, {}), **given}
    elif kind == "task":
        tasks.pop(name, None)
    elif tasks.get(name, {}).get("assignment") in _names(target):
        tasks[name] = {key: value for key, value in tasks[name].items() if key != "assignment"}
    if tasks:
        document["tasks"] = tasks


def _names(row: Row) -> tuple[str, ...]:
    return tuple(name for name in (row["id"], row["remote_id"]) if name)
