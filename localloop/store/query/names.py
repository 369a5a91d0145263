"""The names that each resource has on the wire, and the columns behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import FromClause, Table
from sqlmodel import SQLModel

import localloop_schema.tables  # noqa: F401 - registers the tables
from localloop.store.query.derived import ASSIGNMENT_STAGES, TASK_STAGES, references, stage, statuses
from localloop.store.query.fields import (
    BooleanField,
    Field,
    IdField,
    ListField,
    MissingField,
    NumberField,
    ReferenceField,
    TextField,
    TimeField,
    count_annotations,
    exists_annotation,
)
from localloop.store.query.jsonpath import ClauseCompiler, json_column
from localloop.store.query.model import Path, Resource


def table_of(resource: Resource) -> Table:
    """The table of a resource."""
    return SQLModel.metadata.tables[resource.value]


_Make = Callable[[FromClause], Field]


def _text(column: str) -> _Make:
    return lambda table: TextField(table.c[column])


def _time(column: str) -> _Make:
    return lambda table: TimeField(table.c[column])


def _boolean(column: str) -> _Make:
    return lambda table: BooleanField(table.c[column])


def _number(column: str) -> _Make:
    return lambda table: NumberField(table.c[column])


def _reference(column: str, target: str) -> _Make:
    return lambda table: ReferenceField(table.c[column], SQLModel.metadata.tables[target])


def _list(column: str, target: str) -> _Make:
    return lambda table: ListField(table.c[column], SQLModel.metadata.tables[target])


_COMMON: dict[str, _Make] = {
    "id": IdField,
    "creator": _text("creator"),
    "createdAt": _time("created_at"),
    "updatedAt": _time("updated_at"),
    "updatedBy": _text("updated_by"),
}

_FIELDS: dict[Resource, dict[str, _Make]] = {
    Resource.ITEMS: {
        **_COMMON,
        "filename": _text("filename"),
        "dir": _text("dir"),
        "name": _text("name"),
        "type": _text("type"),
        "hidden": _boolean("hidden"),
        "description": _text("description"),
        "mimetype": _text("mimetype"),
        "spec": _text("spec"),
        "srcItem": _text("src_item"),
        "srcDataset": _text("src_dataset"),
        "datasetId": _reference("dataset_id", "datasets"),
        "annotated": lambda items: exists_annotation(items, table_of(Resource.ANNOTATIONS)),
        "annotationsCount": lambda items: count_annotations(items, table_of(Resource.ANNOTATIONS)),
    },
    Resource.ANNOTATIONS: {
        **_COMMON,
        "annotationId": IdField,
        "itemId": _reference("item_id", "items"),
        "datasetId": _reference("dataset_id", "datasets"),
        "type": _text("type"),
        "label": _text("label"),
        "source": _text("source"),
        "hash": _text("hash"),
        "description": _text("description"),
    },
    Resource.DATASETS: {
        **_COMMON,
        "name": _text("name"),
        "projects": _list("project_id", "projects"),
        "projectId": _reference("project_id", "projects"),
        "readonly": _boolean("readonly"),
    },
    Resource.TASKS: {
        **_COMMON,
        "name": _text("name"),
        "status": lambda tasks: stage(tasks, table_of(Resource.ITEMS), TASK_STAGES),
        "taskOwner": _text("task_owner"),
        "dueDate": _number("due_date"),
        "priority": _number("priority"),
        "projectId": _reference("project_id", "projects"),
        "datasetId": _reference("dataset_id", "datasets"),
        "recipeId": _reference("recipe_id", "recipes"),
    },
    Resource.ASSIGNMENTS: {
        **_COMMON,
        "name": _text("name"),
        "annotator": _text("annotator"),
        "status": lambda assignments: stage(assignments, table_of(Resource.ITEMS), ASSIGNMENT_STAGES),
        "projectId": _reference("project_id", "projects"),
        "datasetId": _reference("dataset_id", "datasets"),
        "taskId": _reference("task_id", "tasks"),
        "metadata.system.datasetId": _reference("dataset_id", "datasets"),
        "metadata.system.taskId": _reference("task_id", "tasks"),
    },
    Resource.RECIPES: {
        **_COMMON,
        "title": _text("title"),
        "description": _text("description"),
        "projectIds": _list("project_id", "projects"),
    },
    Resource.ONTOLOGIES: {
        **_COMMON,
        "title": _text("title"),
        "projectIds": _list("project_id", "projects"),
    },
}

#: JSON columns; whatever lies below them can be named too.
_JSON: dict[Resource, dict[str, str]] = {
    Resource.ITEMS: {},
    Resource.ANNOTATIONS: {"attributes": "attributes", "coordinates": "coordinates"},
    Resource.DATASETS: {"metadata.system.recipes": "recipes", "expirationOptions": "expiration_options"},
    Resource.TASKS: {"spec": "spec", "availableActions": "available_actions", "workload": "workload"},
    Resource.ASSIGNMENTS: {},
    Resource.RECIPES: {"ontologyIds": "ontologies"},
    Resource.ONTOLOGIES: {},
}


#: Second names of the collections that an item is in; clients ask with these for items that are in none.
_COLLECTIONS: dict[Path, Path] = {
    (f"collections{number}",): ("metadata", "system", "collections", f"c{number}") for number in range(10)
}

#: What an item's references say, under its names.
_TOLD: dict[Path, Callable[[FromClause, ClauseCompiler], Field]] = {
    ("metadata", "system", "refs"): references,
    ("metadata", "system", "annotationStatus"): statuses,
    ("annotationStatus",): statuses,
}


def field_of(resource: Resource, table: FromClause, path: Path, compile_clause: ClauseCompiler) -> Field:
    """The field at a path.

    Args:
        resource: What the table holds.
        table: The resource's table, or an alias of it.
        path: The keys as on the wire.
        compile_clause: How to compile the clause of an element match.

    Returns:
        The field; one that is always missing for a name that the resource does not have.
    """
    if resource is Resource.ITEMS:
        path = _COLLECTIONS.get(path, path)
        if path in _TOLD:
            return _TOLD[path](table, compile_clause)
    make = _FIELDS[resource].get(".".join(path))
    if make is not None:
        return make(table)
    columns = {**_JSON[resource], "metadata": "metadata"}
    for length in range(len(path), 0, -1):
        column = columns.get(".".join(path[:length]))
        if column is not None:
            return _json(table.c[column], path[length:], compile_clause)
    return MissingField()


def _json(column: Any, path: Path, compile_clause: ClauseCompiler) -> Field:
    return json_column(column, path, compile_clause)
