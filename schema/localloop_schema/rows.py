"""Rows as plain mappings, through SQLAlchemy Core: the hot path of reading and writing the mirror.

Columns are named as in the database (``metadata``, not the models' ``metadata_``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Result,
    Select,
    Table,
    UnaryExpression,
    Update,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.operators import custom_op

from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.tables import MODELS

Row = dict[str, Any]

#: How many values one ``IN (...)`` may have; SQLite's own limit is far higher, plans and parse time are not.
CHUNK = 500


def table(kind: EntityKind) -> Table:
    """The mirror table of a kind."""
    return MODELS[kind].__table__  # type: ignore[attr-defined,no-any-return]  # SQLModel sets it on table models


def mapped(result: Result[Any]) -> list[Row]:
    """All rows of a result, each a dictionary of its own."""
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def listed(parameter: str) -> Select[Any]:
    """The texts in a parameter, a JSON array, as a sub-query: lists of any length make one statement."""
    return select(func.json_each(bindparam(parameter)).table_valued("value").c.value)


def as_list(values: Sequence[Any]) -> str:
    """Values as a parameter of :func:`listed` wants them."""
    return json.dumps(values)


def get_row(connection: Connection, kind: EntityKind, entity_id: str) -> Row | None:
    """The row with this local id, deleted or not."""
    found = mapped(connection.execute(_with_id(kind), {"any_id": entity_id}))
    return found[0] if found else None


def resolve(connection: Connection, kind: EntityKind, any_id: str) -> Row | None:
    """The row with this local *or* platform id, deleted or not; the local id wins."""
    rows = mapped(connection.execute(_with_any_id(kind), {"any_id": any_id}))
    return next((row for row in rows if row["id"] == any_id), rows[0] if rows else None)


def get_rows(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> dict[str, Row]:
    """The rows with these local ids, by id."""
    found: dict[str, Row] = {}
    for part in chunks(ids):
        result = connection.execute(_with_ids(kind), {"ids": as_list(part)})
        found.update((row["id"], row) for row in mapped(result))
    return found


def rows_where(connection: Connection, kind: EntityKind, **equal: Any) -> list[Row]:
    """Rows whose columns have these values (None means null), in id order, deleted ones too."""
    values = {name: value for name, value in equal.items() if value is not None}
    nulls = tuple(name for name, value in equal.items() if value is None)
    return mapped(connection.execute(_where(kind, tuple(values), nulls), values))


# Statements of look-ups are built once: building one takes several times as long as running it.


@cache
def _with_id(kind: EntityKind) -> Select[Any]:
    return select(table(kind)).where(table(kind).c.id == bindparam("any_id"))


@cache
def _with_ids(kind: EntityKind) -> Select[Any]:
    return select(table(kind)).where(table(kind).c.id.in_(listed("ids")))


@cache
def _with_any_id(kind: EntityKind) -> Select[Any]:
    columns = table(kind).c
    any_id: BindParameter[str] = bindparam("any_id")
    return select(table(kind)).where(or_(columns.id == any_id, columns.remote_id == any_id))


@cache
def _where(kind: EntityKind, names: tuple[str, ...], nulls: tuple[str, ...]) -> Select[Any]:
    columns = table(kind).c
    key: ColumnElement[Any] = columns.id
    if len(names) > 1:
        # What is asked for so closely are few rows. Behind a plus sign no index yields their order: else SQLite may
        # walk all rows of a dataset in the order of ids, where an index leads to the one that is at a path.
        key = UnaryExpression(columns.id, operator=custom_op("+"))
    query = select(table(kind)).order_by(key)
    for name in names:
        query = query.where(columns[name] == bindparam(name, type_=columns[name].type))
    return query.where(*(columns[name].is_(None) for name in nulls))


def live_rows(connection: Connection, kind: EntityKind, **equal: Any) -> list[Row]:
    """Like :func:`rows_where`, without those that are deleted here."""
    return rows_where(connection, kind, deleted_at=None, **equal)


def insert_rows(connection: Connection, kind: EntityKind, rows: Sequence[Row]) -> None:
    """Insert rows in one ``executemany``. All must have the same keys."""
    if rows:
        connection.execute(_insert(kind), rows)


def update_row(connection: Connection, kind: EntityKind, entity_id: str, columns: Mapping[str, Any]) -> None:
    """Set columns of one row."""
    if columns:
        connection.execute(_update(kind), {"row_with_id": entity_id, **columns})


@cache
def _insert(kind: EntityKind) -> Insert:
    return insert(table(kind))


@cache
def _update(kind: EntityKind) -> Update:
    """An update of the columns that parameters are called like."""
    return update(table(kind)).where(table(kind).c.id == bindparam("row_with_id"))


def purge_rows(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> None:
    """Remove rows for good. Their children must be gone already."""
    for part in chunks(ids):
        connection.execute(_purge(kind), {"ids": as_list(part)})


@cache
def _purge(kind: EntityKind) -> Delete:
    return delete(table(kind)).where(table(kind).c.id.in_(listed("ids")))


def parents_of(kind: EntityKind, row: Mapping[str, Any]) -> dict[EntityKind, str]:
    """The local ids of a row's parents, by kind; absent where the row names none."""
    named = {parent: row.get(f"{parent}_id") for parent in PARENTS[kind]}
    return {parent: value for parent, value in named.items() if value}


def children_of(connection: Connection, kind: EntityKind, entity_id: str) -> list[tuple[EntityKind, Row]]:
    """Every live entity that names this one as a parent, deepest kinds first."""
    return [
        (child, row)
        for child in reversed(EntityKind)
        if kind in PARENTS[child]
        for row in live_rows(connection, child, **{f"{kind}_id": entity_id})
    ]


def chunks(values: Iterable[str], size: int = CHUNK) -> Iterable[list[str]]:
    """The values in lists of at most ``size``."""
    part: list[str] = []
    for value in values:
        part.append(value)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
