"""Which items are in a task, whose they are, and their status in it.

That is part of each item's document (:mod:`localloop_schema.refs`), so whatever changes here is logged and reaches
the platform like any other edit. Who set a status, and when, and the log of them in ``metadata.system.taskStatusLog``
are facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, text

from localloop.errors import BadRequest
from localloop.store.bulk import as_query, matching
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.refs import Tasks, tasks_of
from localloop_schema.rows import Row, get_rows, live_rows

#: The statuses that every task has, besides the actions of its own.
BUILT_IN: Final = ("completed", "approved", "discard")

#: What an item becomes in a task: given its entry, or None while it is not in it; None takes it out.
Change = Callable[[dict[str, str] | None], dict[str, str] | None]

_STATUSES = text(
    "SELECT json_extract(iif(ref.type = 'object', ref.value, NULL), '$.metadata.status') AS status, "
    "count(*) AS number "
    "FROM items, json_each(items.metadata, '$.system.refs') AS ref "
    "WHERE items.dataset_id = :dataset AND items.deleted_at IS NULL "
    "AND json_extract(iif(ref.type = 'object', ref.value, NULL), '$.id') IN (:local, :remote) GROUP BY 1"
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

    def stage(self, stored: str, words: tuple[str, str, str]) -> str:
        """What to call how far it is.

        Args:
            stored: What somebody called it, or the platform did at last.
            words: For one that is not begun, one that is, and one that is done.

        Returns:
            One of the words, as the items say; ``stored`` itself when it is another, or when there are no items.
        """
        if stored not in words[:2] or not self.total:
            return stored
        if not self.completed:
            return words[0]
        return words[1] if self.remaining else words[2]


def even_workload(assignees: Sequence[str]) -> list[dict[str, Any]]:
    """The workload that gives everybody the same: whole loads that make 100, the larger ones first."""
    share, rest = divmod(100, len(assignees)) if assignees else (0, 0)
    return [{"assigneeId": one, "load": share + (place < rest)} for place, one in enumerate(assignees)]


def checked_workload(workload: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A copy of a workload.

    Raises:
        BadRequest: It makes no sense.
    """
    for share in workload:
        load = share.get("load")
        if not share.get("assigneeId") or type(load) not in {int, float} or float(load or 0) < 0:
            raise BadRequest("400", "A workload is a list of {assigneeId, load}, loads in percent")
    return [dict(share) for share in workload]


def add_items(
    tx: Transaction,
    task: Row,
    query: Mapping[str, Any] | str | None,
    *,
    workload: Sequence[Mapping[str, Any]] | None = None,
    limit: int | None = None,
) -> int:
    """Add the items that a query finds now to a task, split between assignees by load, in id order.

    Args:
        tx: The user action.
        task: The task's row.
        query: Which items. Those that are in the task already are passed over.
        workload: Who gets which share; the task's own otherwise. An assignee's assignment is used again.
        limit: How many at most; all when left out.

    Returns:
        How many items were added.

    Raises:
        BadRequest: The query or the workload makes no sense.
    """
    dataset = tx.row(EntityKind.DATASET, task["dataset_id"])
    shares = checked_workload(workload) if workload else task["workload"]
    assignments = [assignment_of(tx, task, share["assigneeId"]) for share in shares]
    body = {**as_query(query), "resource": "items"}
    lacking = sum(
        entry_of(row, task) is None for rows in matching(tx.connection, body, dataset) for row in rows
    )
    total = lacking if limit is None else min(limit, lacking)
    ends = _ends([share["load"] for share in shares], total)
    place = 0
    for rows in matching(tx.connection, body, dataset):
        edits: list[tuple[Row, dict[str, str] | None]] = []
        for row in rows:
            if place >= total or entry_of(row, task) is not None:
                continue
            turn = next((turn for turn, end in enumerate(ends) if place < end), None)
            edits.append((row, {} if turn is None else {"assignment": assignments[turn]["id"]}))
            place += 1
        _enter(tx, task, edits)
    return place


def remove_items(tx: Transaction, task: Row, query: Mapping[str, Any] | str | None) -> int:
    """Take the items that a query finds out of a task and its assignments.

    Returns:
        How many items were in the task.

    Raises:
        BadRequest: The query makes no sense.
    """
    dataset = tx.row(EntityKind.DATASET, task["dataset_id"])
    body = {**as_query(query), "resource": "items"}
    number = 0
    for rows in matching(tx.connection, body, dataset):
        inside = [row for row in rows if entry_of(row, task) is not None]
        _enter(tx, task, [(row, None) for row in inside])
        number += len(inside)
    return number


def redistribute(
    tx: Transaction,
    task: Row,
    assignment: Row,
    workload: Sequence[Mapping[str, Any]],
    *,
    query: Mapping[str, Any] | str | None = None,
    untouched: bool = False,
) -> int:
    """Deal the items of an assignment out anew, by load and in id order; their statuses stay.

    Args:
        tx: The user action.
        task: The task's row.
        assignment: The assignment's row. It stays, with what is dealt to its own annotator.
        workload: Who gets which share.
        query: Which of its items; all when left out.
        untouched: Whether only items without a status are dealt out.

    Returns:
        How many items were dealt out.

    Raises:
        BadRequest: The workload or the query makes no sense.
    """
    shares = checked_workload(workload)
    if not shares:
        raise BadRequest("400", "A redistribution needs a workload")
    receivers = [
        assignment
        if share["assigneeId"] == assignment["annotator"]
        else assignment_of(tx, task, share["assigneeId"])
        for share in shares
    ]
    chosen = [
        row["id"]
        for row in items_in(tx, task, assignment, query)
        if not (untouched and (entry_of(row, task) or {}).get("status"))
    ]
    ends = _ends([share["load"] for share in shares], len(chosen))
    receiver = {
        one: receivers[next(turn for turn, end in enumerate(ends) if place < end)]["id"]
        for place, one in enumerate(chosen)
    }
    edits = [
        (row, {**(entry_of(row, task) or {}), "assignment": receiver[row["id"]]})
        for row in items_in(tx, task, assignment, query)
        if row["id"] in receiver
    ]
    _enter(tx, task, edits)
    return len(chosen)


def take_batch(tx: Transaction, task: Row, assignment: Row) -> int:
    """Give an assignment of a task that is pulled from the next items that nobody has.

    As many as the task's ``batchSize``, but never so many that the assignment has more open ones than its
    ``maxBatchWorkload``.

    Returns:
        How many items it got.

    Raises:
        BadRequest: The task is not one that work is pulled from.
    """
    rules = (task["metadata"] or {}).get("system") or {}
    size = rules.get("batchSize")
    if not isinstance(size, int | float) or size < 1:
        raise BadRequest("400", "No work is pulled from this task: it has no batchSize")
    most = rules.get("maxBatchWorkload")
    room = int(size)
    if isinstance(most, int | float):
        room = min(room, int(most) - counts(tx.connection, assignment).remaining)
    waiting = (row for row in items_in(tx, task, task) if _unassigned(row, task))
    chosen = [row for row, _ in zip(waiting, range(max(room, 0)), strict=False)]
    _enter(
        tx, task, [(row, {**(entry_of(row, task) or {}), "assignment": assignment["id"]}) for row in chosen]
    )
    return len(chosen)


def give_back(tx: Transaction, task: Row, assignment: Row) -> int:
    """Give the items of an assignment that have no status back to the task, for others to pull.

    Returns:
        How many items went back.
    """
    open_ones = [
        row for row in items_in(tx, task, assignment) if not (entry_of(row, task) or {}).get("status")
    ]
    _enter(tx, task, [(row, {}) for row in open_ones])
    return len(open_ones)


def set_item_status(
    tx: Transaction, task: Row, items: Sequence[Row], status: str | None, *, operation: str = "create"
) -> int:
    """Set, or take back, the status of items in a task and its assignments.

    Args:
        tx: The user action.
        task: The task's row.
        items: The items' rows.
        status: ``completed``, ``approved``, ``discard`` or one of the task's own actions. When one is taken back:
            the one that is; whichever it is when left out.
        operation: ``create`` sets the status, ``delete`` takes it back.

    Returns:
        How many of the items are in the task.

    Raises:
        BadRequest: There is no such operation, or the status is empty.
    """
    if operation not in {"create", "delete"} or (operation == "create" and not status):
        raise BadRequest("400", f"No such operation on a status: {operation!r} {status!r}")
    edits: list[tuple[Row, dict[str, str] | None]] = []
    for item in items:
        entry = entry_of(item, task)
        if entry is None:
            continue
        changed = dict(entry)
        if operation == "create":
            changed["status"] = str(status)
        elif status in (None, "", entry.get("status")):
            changed.pop("status", None)
        edits.append((item, changed))
    for row in _enter(tx, task, edits):
        _stamp(
            tx, task, row, {"status": status, "creator": tx.stamp.author, "timestamp": tx.stamp.at}, operation
        )
    return len(edits)


def items_query(owner: Row) -> dict[str, Any]:
    """The query for the items of a task or an assignment (docs/platform/wire.md, 7.2)."""
    names = [name for name in (owner["id"], owner["remote_id"]) if name]
    return {"resource": "items", "filter": {"$and": [{"metadata.system.refs.id": {"$in": names}}]}}


def items_in(
    tx: Transaction, task: Row, owner: Row, query: Mapping[str, Any] | str | None = None
) -> Iterator[Row]:
    """The items of a task or an assignment, in id order; those of a query when one is given."""
    dataset = tx.row(EntityKind.DATASET, task["dataset_id"])
    body = {**as_query(query), **({} if query else items_query(owner)), "resource": "items"}
    whole = owner["id"] == task["id"]
    for rows in matching(tx.connection, body, dataset):
        for row in rows:
            entry = entry_of(row, task)
            if entry is not None and (whole or entry.get("assignment") in _names(owner)):
                yield row


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


def unassigned(connection: Connection, task: Row) -> int:
    """How many items of a task nobody has."""
    dataset = get_rows(connection, EntityKind.DATASET, [task["dataset_id"]])[task["dataset_id"]]
    found = matching(connection, items_query(task), dataset)
    return sum(_unassigned(row, task) for rows in found for row in rows)


def assignments_of(connection: Connection, task_id: str) -> list[Row]:
    """The live assignments of a task, oldest first."""
    return live_rows(connection, EntityKind.ASSIGNMENT, task_id=task_id)


def assignment_of(tx: Transaction, task: Row, annotator: str) -> Row:
    """The assignment of somebody in a task; it is made when there is none."""
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


def entry_of(item: Row, task: Row) -> dict[str, str] | None:
    """What an item's document says of a task; None when it is not in it."""
    tasks = tasks_of((item["metadata"].get("system") or {}).get("refs"))
    return next((tasks[name] for name in _names(task) if name in tasks), None)


def _enter(tx: Transaction, task: Row, edits: Sequence[tuple[Row, dict[str, str] | None]]) -> list[Row]:
    """Give items another entry for a task; None takes them out of it."""
    wanted = []
    for row, entry in edits:
        document = to_document(EntityKind.ITEM, row)
        tasks: Tasks = dict(document.pop("tasks", {}))
        name = next((name for name in _names(task) if name in tasks), task["id"])
        tasks.pop(name, None)
        if entry is not None:
            tasks[name] = entry
        if tasks:
            document["tasks"] = tasks
        wanted.append((row, document))
    return tx.update_many(EntityKind.ITEM, wanted)


def _stamp(tx: Transaction, task: Row, item: Row, stamped: Mapping[str, Any], operation: str) -> None:
    """Write down who set a status, and when: beside it, and in the item's log of statuses."""
    system = item["metadata"].get("system") or {}
    entry = entry_of(item, task) or {}
    names = {*_names(task), entry.get("assignment")}
    refs = [
        {**ref, "metadata": {**(ref.get("metadata") or {}), **stamped}}
        if operation == "create" and ref.get("id") in names
        else ref
        for ref in system.get("refs") or []
    ]
    log = [*(system.get("taskStatusLog") or []), {"taskId": task["id"], "action": operation, **stamped}]
    books = {"refs": refs, "taskStatusLog": log}
    tx.set_facts(EntityKind.ITEM, item, {"metadata": {**item["metadata"], "system": {**system, **books}}})


def _unassigned(item: Row, task: Row) -> bool:
    entry = entry_of(item, task)
    return entry is not None and not entry.get("assignment")


def _names(owner: Row) -> tuple[str, ...]:
    return tuple(name for name in (owner["id"], owner["remote_id"]) if name)


def _ends(loads: Sequence[float], total: int) -> list[int]:
    """Up to which place each load reaches in ``total`` items; the last one reaches the end."""
    whole = sum(loads)
    reached: float = 0
    ends = []
    for load in loads:
        reached += load
        ends.append(round(total * reached / whole) if whole else total)
    return [*ends[:-1], total] if ends else []
