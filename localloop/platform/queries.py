"""The bodies of queries (docs/platform/wire.md, 4.5, 7.2 and 8.6).

None adds the SDK's default clauses: with them notes, hidden items and directories would look deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from localloop_schema.kinds import EntityKind
from localloop_sync.ports import Cursor, Scope, Span

#: What the query endpoint calls the kinds that come in pages.
RESOURCES: dict[EntityKind, str] = {EntityKind.ITEM: "items", EntityKind.ANNOTATION: "annotations"}

#: The largest page that the platform gives.
PAGE = 1000

#: How many paths are asked for in one query.
BATCH = 100

Clause = Mapping[str, Any]


def page_query(kind: EntityKind, scope: Scope, cursor: Cursor, limit: int) -> dict[str, Any]:
    """The query of one page by key set: always page 0 of what lies beyond the cursor.

    Args:
        kind: Items or annotations.
        scope: Perhaps an item.
        cursor: Where to go on.
        limit: How many entities.

    Returns:
        The body.
    """
    order = (
        {"id": "ascending"} if cursor.updated_at is None else {"updatedAt": "ascending", "id": "ascending"}
    )
    clauses = [*_within(scope), *_beyond(cursor)]
    return {**_query(kind, scope, clauses, min(limit, PAGE)), "sort": order}


def newest_query(kind: EntityKind, scope: Scope) -> dict[str, Any]:
    """The query of the entity that changed last.

    Args:
        kind: Items or annotations.
        scope: Perhaps an item.

    Returns:
        The body.
    """
    return {**_query(kind, scope, _within(scope), 1), "sort": {"updatedAt": "descending"}}


def count_query(kind: EntityKind, scope: Scope, span: Span | None = None) -> dict[str, Any]:
    """The query that only counts.

    Args:
        kind: Items or annotations.
        scope: Perhaps an item.
        span: Narrows to some ids or times, as the SDK does with ids when it cuts up an export
            (docs/platform/wire.md, 3.6).

    Returns:
        The body.
    """
    return _query(kind, scope, [*_within(scope), *(_inside(span) if span else ())], 0)


def paths_query(paths: Sequence[str], cursor: Cursor) -> dict[str, Any]:
    """The query of the items at some paths.

    Args:
        paths: At most :data:`BATCH` paths.
        cursor: Where to go on, by id.

    Returns:
        The body.
    """
    clauses = [{"filename": {"$in": list(paths)}}, *_beyond(cursor)]
    return {**_query(EntityKind.ITEM, Scope(), clauses, PAGE), "sort": {"id": "ascending"}}


def ids_query(kind: EntityKind, scope: Scope, ids: Sequence[str]) -> dict[str, Any]:
    """The query of the items or annotations that have one of some ids.

    Args:
        kind: Items or annotations.
        scope: Perhaps a filter.
        ids: At most :data:`PAGE` ids.

    Returns:
        The body.
    """
    return {**_query(kind, scope, [{"id": {"$in": list(ids)}}], PAGE), "sort": {"id": "ascending"}}


def datasets_query(project: str, name: str | None = None) -> dict[str, Any]:
    """The query of a project's datasets, those too that the platform keeps for itself.

    Args:
        project: The project.
        name: The name to look for; any when left out.

    Returns:
        The body of page 0.
    """
    clauses = [{"name": name}] if name is not None else []
    return {
        "filter": _and(clauses),
        "page": 0,
        "pageSize": PAGE,
        "resource": "datasets",
        "context": {"projects": [project]},
        "systemSpace": True,
    }


def tasks_query(project: str, dataset: str | None, name: str | None = None) -> dict[str, Any]:
    """The query of the tasks of a project or dataset; its context has another key than that of datasets.

    Args:
        project: The project.
        dataset: The dataset; any when left out.
        name: The name to look for; any when left out.

    Returns:
        The body of page 0.
    """
    asked = {"name": name, "projectId": project if name is not None or dataset is None else None}
    clauses = [{key: value} for key, value in {**asked, "datasetId": dataset}.items() if value is not None]
    return {
        "filter": _and(clauses),
        "page": 0,
        "pageSize": PAGE,
        "resource": "tasks",
        "context": {"projectIds": [project]},
    }


def _query(kind: EntityKind, scope: Scope, clauses: Sequence[Clause], size: int) -> dict[str, Any]:
    """A query of a dataset, narrowed to the items that match the scope's filter, or to their annotations by a join."""
    body: dict[str, Any] = {"page": 0, "pageSize": size, "resource": RESOURCES[kind]}
    if not scope.where:
        return {"filter": _and(clauses), **body}
    where = json.loads(scope.where)
    if kind is EntityKind.ITEM:
        return {"filter": _and([where, *clauses]), **body}
    on = {"resource": "items", "local": "id", "forigen": "itemId"}
    return {"filter": _and(clauses), "join": {"on": on, "filter": where}, **body}


def _and(clauses: Sequence[Clause]) -> dict[str, Any]:
    return {"$and": list(clauses)} if clauses else {}


def _within(scope: Scope) -> list[Clause]:
    return [{"itemId": scope.item}] if scope.item else []


def _inside(span: Span) -> list[Clause]:
    """What lies in a span; one that is open on both sides needs no words."""
    after: list[Clause] = [{span.key.value: {"$gt": span.after}}] if span.after else []
    return after if span.upto is None else [*after, {span.key.value: {"$lte": span.upto}}]


def _beyond(cursor: Cursor) -> list[Clause]:
    """What lies beyond a cursor; several entities may share one ``updatedAt``, so the id breaks the tie."""
    after: list[Clause] = [{"id": {"$gt": cursor.id}}] if cursor.id else []
    if not cursor.updated_at:
        return after
    tie = {"$and": [{"updatedAt": cursor.updated_at}, *after]}
    return [{"$or": [{"updatedAt": {"$gt": cursor.updated_at}}, tie]}]
