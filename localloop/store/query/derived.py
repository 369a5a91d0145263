"""Fields that no column holds: what the references of items say (docs/platform/wire.md, 4.5 and 7.2)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Table, TableValuedAlias, and_, case, func, or_, select

from localloop.store.query.fields import TextField
from localloop.store.query.jsonpath import ARRAY, OBJECT, TEXT, ClauseCompiler, JsonValue, Node

#: How far a task and an assignment are, in words (docs/platform/wire.md, 7.2 and 7.3).
TASK_STAGES: Final = ("open", "in progress", "completed")
ASSIGNMENT_STAGES: Final = ("todo", "in progress", "done")

_REFS: Final = "$.system.refs"


def references(items: FromClause, compile_clause: ClauseCompiler) -> JsonValue:
    """The references of an item: an array for every item, empty for one that is in no task.

    Args:
        items: The items table, or an alias of it.
        compile_clause: How to compile the clause of an element match.

    Returns:
        The field.
    """
    column = items.c.metadata
    known = case(
        (func.json_type(column, _REFS) == ARRAY, func.json_extract(column, _REFS)), else_=func.json_array()
    )
    return JsonValue(Node(known, ARRAY), (), compile_clause, column=column)


def statuses(items: FromClause, compile_clause: ClauseCompiler) -> JsonValue:
    """The distinct statuses of an item in all of its tasks, as a sorted array.

    Args:
        items: The items table, or an alias of it.
        compile_clause: How to compile the clause of an element match.

    Returns:
        The field.
    """
    reference = _references_of(items)
    status = _part(reference, "$.metadata.status")
    known = (
        select(status.label("status"))
        .distinct()
        .select_from(reference)
        .where(_part_type(reference, "$.metadata.status") == TEXT, status != "")
        .order_by(status)
        .correlate(items)
        .subquery()
    )
    listed = select(func.json_group_array(known.c.status)).select_from(known).scalar_subquery()
    # Each status stands in the item's metadata, so texts may be looked for there.
    return JsonValue(Node(listed, ARRAY), (), compile_clause, column=items.c.metadata)


def stage(owners: FromClause, items: Table, words: tuple[str, str, str]) -> TextField:
    """The status of a task or an assignment as it is shown: what its items say, unless somebody said otherwise.

    Args:
        owners: The table of tasks or of assignments, or an alias of it.
        items: The items table.
        words: For one that is not begun, one that is, and one that is done.

    Returns:
        The field.
    """
    total, done = _number(owners, items, any_status=False), _number(owners, items, any_status=True)
    told = case(
        (total == 0, owners.c.status), (done == 0, words[0]), (done < total, words[1]), else_=words[2]
    )
    return TextField(case((owners.c.status.in_(words[:2]), told), else_=owners.c.status))


def _number(owners: FromClause, items: Table, *, any_status: bool) -> ColumnElement[int]:
    """How many references to an owner its dataset's items have; or how many of them with a status."""
    item = items.alias()
    reference = _references_of(item)
    named = _part(reference, "$.id")
    counted = func.count(_part(reference, "$.metadata.status")) if any_status else func.count()
    return (
        select(counted)
        .select_from(item, reference)
        .where(
            and_(item.c.dataset_id == owners.c.dataset_id, item.c.deleted_at.is_(None)),
            or_(named == owners.c.id, named == owners.c.remote_id),
        )
        .correlate(owners)
        .scalar_subquery()
    )


def _references_of(items: FromClause) -> TableValuedAlias:
    return func.json_each(items.c.metadata, _REFS).table_valued("value", "type", joins_implicitly=True)


def _part(reference: TableValuedAlias, path: str) -> ColumnElement[Any]:
    """A part of a reference; SQLite would stop at a text that is no JSON, so whatever is no object has none."""
    return func.json_extract(case((reference.c.type == OBJECT, reference.c.value)), path)


def _part_type(reference: TableValuedAlias, path: str) -> ColumnElement[Any]:
    return func.json_type(case((reference.c.type == OBJECT, reference.c.value)), path)
