"""From a parsed query to SQLAlchemy Core statements."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, exists, func, select
from sqlmodel import SQLModel

from localloop.store.query.fields import Field, IdField, belongs
from localloop.store.query.jsonpath import JsonValue
from localloop.store.query.model import (
    AllOf,
    AnyOf,
    Clause,
    Context,
    Equals,
    Join,
    OneOf,
    Path,
    Query,
    Resource,
    SortKey,
    Test,
)
from localloop.store.query.names import field_of, table_of
from localloop.store.query.sql import Predicate, all_of, any_of, is_pattern, unindexed

#: Resources that the platform orders by type first; the others have none (docs/platform/wire.md, 4.5).
_TYPED = {Resource.ITEMS, Resource.ANNOTATIONS}

_TYPE = SortKey(("type",))
_NEWEST = SortKey(("createdAt",), descending=True)
_ID_PATHS = {("id",), ("annotationId",)}
_NAMING_PATHS = {*_ID_PATHS, ("itemId",)}

#: Fields of a joined resource that have an index, and of which one value is that of few entities.
_LEADING_PATHS: dict[Resource, Collection[Path]] = {
    Resource.ANNOTATIONS: {*_ID_PATHS, ("label",)},
    Resource.ITEMS: {("id",), ("filename",)},
}


def compile_select(query: Query, dataset_ids: Sequence[str] | None, *, paged: bool = True) -> Select[Any]:
    """The statement for the full rows of a query, in its order.

    Args:
        query: What to find.
        dataset_ids: Local ids of the datasets to look in, or None for all.
        paged: Whether to return only the query's page; else all rows.

    Returns:
        A select of every column of the resource's table.
    """
    table = table_of(query.resource)
    statement = _ordered(select(table), query, table).where(*_conditions(query, table, dataset_ids))
    return statement.limit(query.page_size).offset(query.page * query.page_size) if paged else statement


def compile_count(query: Query, dataset_ids: Sequence[str] | None) -> Select[Any]:
    """The statement that counts all results of a query, whatever its page.

    Args:
        query: What to count.
        dataset_ids: Local ids of the datasets to look in, or None for all.

    Returns:
        A select of one number.
    """
    table = table_of(query.resource)
    return select(func.count()).select_from(table).where(*_conditions(query, table, dataset_ids))


def compile_ids(query: Query, dataset_ids: Sequence[str] | None) -> Select[Any]:
    """The statement for the local ids of all results of a query, in its order and whatever its page.

    Args:
        query: What to find.
        dataset_ids: Local ids of the datasets to look in, or None for all.

    Returns:
        A select of the column ``id``.
    """
    table = table_of(query.resource)
    return _ordered(select(table.c.id), query, table).where(*_conditions(query, table, dataset_ids))


def _conditions(query: Query, table: FromClause, dataset_ids: Sequence[str] | None) -> list[Predicate]:
    """Everything that a row of ``table`` must satisfy to be a result."""
    conditions: list[Predicate] = [table.c.deleted_at.is_(None)]
    if dataset_ids is not None:
        conditions.extend(_in_datasets(query, table, dataset_ids))
    conditions.extend(_in_context(query.resource, table, query.context))
    if query.resource is Resource.DATASETS and not query.system_space:
        conditions.append(table.c.system == 0)
    conditions.append(_clause(query.resource, table, query.where))
    if query.join is not None:
        conditions.append(_joined(query.join, table, dataset_ids))
    if query.intersect is not None:
        conditions.append(table.c.id.in_(_inner_ids(query.intersect, dataset_ids)))
    if query.except_ is not None:
        conditions.append(table.c.id.not_in(_inner_ids(query.except_, dataset_ids)))
    return conditions


def _inner_ids(query: Query, dataset_ids: Sequence[str] | None) -> Select[Any]:
    table = table_of(query.resource).alias()
    return select(table.c.id).where(*_conditions(query, table, dataset_ids))


def _members(column: ColumnElement[Any], ids: Sequence[str]) -> Predicate:
    """Membership. One id is compared with ``=``, so that an index on (column, id) also yields the order."""
    if len(ids) == 1:
        return column == ids[0]
    listed = func.json_each(json.dumps(list(ids))).table_valued("value", joins_implicitly=True)
    return column.in_(select(listed.c.value))


def _in_datasets(query: Query, table: FromClause, dataset_ids: Sequence[str]) -> list[Predicate]:
    """The confinement to datasets; recipes and ontologies lie in none, so it does not concern them."""
    if query.resource is Resource.DATASETS:
        return [_members(table.c.id, dataset_ids)]
    if "dataset_id" not in table.c:
        return []
    column: ColumnElement[Any] = table.c.dataset_id
    if _names_entities(query.where) or _leads(query.join) or _walks_by_id(query):
        # Else SQLite may choose an index on the dataset, which here finds far more rows.
        column = unindexed(column)
    return [_members(column, dataset_ids)]


def _names_entities(where: Clause) -> bool:
    """Whether a filter asks for certain entities, or for what belongs to certain items."""
    return _asks(where, _NAMING_PATHS)


def _asks(where: Clause, paths: Collection[Path]) -> bool:
    """Whether a filter asks for certain values of one of these fields, and not for a pattern."""
    if isinstance(where, Test):
        if where.path not in paths or not isinstance(where.condition, Equals | OneOf):
            return False
        condition = where.condition
        values = (condition.value,) if isinstance(condition, Equals) else condition.values
        return not any(isinstance(value, str) and is_pattern(value) for value in values)
    return isinstance(where, AllOf) and any(_asks(clause, paths) for clause in where.clauses)


def _leads(join: Join | None) -> bool:
    """Whether a join finds so little by an index of its own that it pays to begin with it."""
    return join is not None and _asks(join.where, _LEADING_PATHS[join.resource])


def _walks_by_id(query: Query) -> bool:
    """Whether the order is that of ids, with no index on (dataset, id) to follow but the primary key."""
    key = sort_keys(query)[0]
    indexes = (tuple(index.columns.keys())[:2] for index in table_of(query.resource).indexes)
    return key.path in _ID_PATHS and ("dataset_id", "id") not in indexes


def _in_context(resource: Resource, table: FromClause, context: Context) -> list[Predicate]:
    conditions: list[Predicate] = []
    if context.datasets and resource is Resource.DATASETS:
        conditions.append(IdField(table).equals_any(context.datasets))
    elif context.datasets and "dataset_id" in table.c:
        conditions.append(table.c.dataset_id.in_(_known("datasets", context.datasets)))
    if context.projects:
        projects = _known("projects", context.projects)
        if "project_id" in table.c:
            conditions.append(table.c.project_id.in_(projects))
        else:
            datasets = SQLModel.metadata.tables["datasets"].alias()
            conditions.append(
                table.c.dataset_id.in_(select(datasets.c.id).where(datasets.c.project_id.in_(projects)))
            )
    return conditions


def _known(table_name: str, ids: tuple[str, ...]) -> Select[Any]:
    """The local ids of the entities with these local or platform ids."""
    table = SQLModel.metadata.tables[table_name].alias()
    return select(table.c.id).where(IdField(table).equals_any(ids))


def _joined(join: Join, primary: FromClause, dataset_ids: Sequence[str] | None) -> Predicate:
    """That one single joined entity satisfies the whole clause, so that a result appears once."""
    joined = table_of(join.resource).alias()
    to_items = join.resource is Resource.ITEMS
    clause = _clause(join.resource, joined, join.where)
    if dataset_ids is None or not (to_items or _leads(join)):
        related = belongs(primary, joined) if to_items else belongs(joined, primary)
        return exists(select(joined.c.id).select_from(joined).where(related, clause))
    # What is joined is found once, and not anew for each row. An annotation lies in the dataset of its item.
    inside = _members(joined.c.dataset_id, dataset_ids)
    there = (joined.c.deleted_at.is_(None), inside, clause)
    if to_items:
        column = primary.c.item_id if _leads(join) else unindexed(primary.c.item_id)
        return column.in_(select(joined.c.id).where(*there))
    return primary.c.id.in_(select(joined.c.item_id).where(*there))


def _clause(resource: Resource, table: FromClause, clause: Clause) -> Predicate:
    return _compiled(clause, lambda path: field_of(resource, table, path, _element_clause))


def _element_clause(clause: Clause, element: JsonValue) -> Predicate:
    """A clause whose paths start at one element of an array."""
    return _compiled(clause, element.below)


def _compiled(clause: Clause, field_at: Callable[[Path], Field]) -> Predicate:
    if isinstance(clause, Test):
        return field_at(clause.path).matches(clause.condition)
    parts = [_compiled(part, field_at) for part in clause.clauses]
    return any_of(parts) if isinstance(clause, AnyOf) else all_of(parts)


def sort_keys(query: Query) -> tuple[SortKey, ...]:
    """The keys that decide the order of a query's results, total because the id is among them.

    Args:
        query: The query.

    Returns:
        The query's own keys, or the platform's default, then the id in the direction of the last one.
    """
    keys = query.sort or ((_TYPE, _NEWEST) if query.resource in _TYPED else (_NEWEST,))
    for position, key in enumerate(keys):
        if key.path in _ID_PATHS:
            return keys[: position + 1]
    return (*keys, SortKey(("id",), keys[-1].descending))


def _ordered(statement: Select[Any], query: Query, table: FromClause) -> Select[Any]:
    # Else SQLite may walk everything in the order of ids to find what an index on paths leads to.
    at_a_path = query.resource is Resource.ITEMS and _asks(query.where, {("filename",)})
    for key in sort_keys(query):
        field = field_of(query.resource, table, key.path, _element_clause)
        for value in field.sort_keys(descending=key.descending):
            column = unindexed(value) if at_a_path else value
            statement = statement.order_by(column.desc() if key.descending else column.asc())
    return statement
