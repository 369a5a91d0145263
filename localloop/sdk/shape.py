"""Rows as the JSON that scripts see: the platform's own names (docs/platform/wire.md, 2.2, 3.2, 4.2, 5.2, 7.2)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from localloop import config
from localloop.owner import Owner
from localloop.store import Store
from localloop.store.datasets import counts_of
from localloop.store.labels import roots_of
from localloop.store.query.derived import ASSIGNMENT_STAGES, TASK_STAGES
from localloop.store.work import assignments_of, counts
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, table

Json = dict[str, Any]


def gate_of(store: Store) -> str | None:
    """The gate that a store was synced with, or logged in at; None when there was neither."""
    return Owner.of(store.settings()).gate


def base_url(store: Store) -> str:
    """The API base that urls of a store's entities begin with: its own gate's, even when nobody can be asked."""
    return f"{gate_of(store) or config.default_gate()}/api/v1"


def stamps(row: Row) -> Json:
    """Who made an entity and changed it last, and when."""
    return {
        "creator": row["creator"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "updatedBy": row["updated_by"],
    }


def _projects(connection: Connection, base: str, rows: Sequence[Row]) -> list[Json]:
    """Projects."""
    del connection
    return [
        {
            "id": row["id"],
            "url": f"{base}/projects/{row['id']}",
            "name": row["name"],
            "role": row["role"],
            **stamps(row),
        }
        for row in rows
    ]


def _datasets(connection: Connection, base: str, rows: Sequence[Row]) -> list[Json]:
    """Datasets, with what they hold."""
    held = counts_of(connection, [row["id"] for row in rows])
    return [
        {
            "id": row["id"],
            "url": f"{base}/datasets/{row['id']}",
            "name": row["name"],
            "projects": [row["project_id"]],
            "itemsCount": held[row["id"]].items,
            "annotated": held[row["id"]].annotated,
            "annotationsCount": held[row["id"]].annotations,
            "metadata": _metadata(row, {"recipes": list(row["recipes"])}),
            "readonly": row["readonly"],
            "expirationOptions": copy.deepcopy(row["expiration_options"]),
            "indexDriver": row["index_driver"],
            "accessLevel": row["access_level"],
            "driver": row["driver"],
            "srcDataset": row["src_dataset"],
            **stamps(row),
        }
        for row in rows
    ]


def _items(connection: Connection, base: str, rows: Sequence[Row]) -> list[Json]:
    """Items, with how many annotations each has."""
    column = table(EntityKind.ANNOTATION).c
    annotated: dict[str, int] = {}
    for part in chunks(row["id"] for row in rows):
        query = (
            select(column.item_id, func.count())
            .where(column.item_id.in_(part), column.deleted_at.is_(None))
            .group_by(column.item_id)
        )
        annotated.update((found[0], found[1]) for found in connection.execute(query))
    return [_item(base, row, annotated.get(row["id"], 0)) for row in rows]


def _item(base: str, row: Row, number: int) -> Json:
    url = f"{base}/items/{row['id']}"
    return {
        "id": row["id"],
        "url": url,
        "datasetId": row["dataset_id"],
        "dataset": f"{base}/datasets/{row['dataset_id']}",
        "filename": row["filename"],
        "dir": row["dir"],
        "name": row["name"],
        "type": row["type"],
        "hidden": row["hidden"],
        "spec": row["spec"],
        "description": row["description"],
        "annotated": number > 0,
        "annotationsCount": number,
        "annotations": f"{url}/annotations",
        "stream": f"{url}/stream",
        "thumbnail": f"{url}/thumbnail",
        "metadata": _metadata(row),
        **stamps(row),
    }


def _annotations(connection: Connection, base: str, rows: Sequence[Row]) -> list[Json]:
    """Annotations."""
    del connection
    return [
        {
            "id": row["id"],
            "url": f"{base}/annotations/{row['id']}",
            "datasetId": row["dataset_id"],
            "dataset": f"{base}/datasets/{row['dataset_id']}",
            "itemId": row["item_id"],
            "item": f"{base}/items/{row['item_id']}",
            "type": row["type"],
            "label": row["label"],
            "coordinates": copy.deepcopy(row["coordinates"]),
            "attributes": list(row["attributes"]),
            "description": row["description"],
            "source": row["source"],
            "hash": row["hash"],
            "metadata": _metadata(row),
            **stamps(row),
        }
        for row in rows
    ]


def _recipes(connection: Connection, base: str, rows: Sequence[Row]) -> list[Json]:
    """Recipes."""
    del connection
    return [
        {
            "id": row["id"],
            "url": f"{base}/recipes/{row['id']}",
            "title": row["title"],
            "description": row["description"],
            "projectIds": [row["project_id"]],
            "ontologyIds": list(row["ontologies"]),
            **copy.deepcopy(row["settings"]),
            "metadata": _metadata(row),
            **stamps(row),
        }
        for row in rows
    ]


def _ontologies(connection: Connection, base: str, rows: Sequence[Row]) -> list[Json]:
    """Ontologies, their labels as a tree."""
    del connection
    return [
        {
            "id": row["id"],
            "url": f"{base}/ontologies/{row['id']}",
            "title": row["title"],
            "projectIds": [row["project_id"]],
            "roots": roots_of(row["labels"]),
            "attributes": [],
            "metadata": {**_metadata(row), "attributes": copy.deepcopy(list(row["attributes"].values()))},
            **stamps(row),
        }
        for row in rows
    ]


def _tasks(connection: Connection, base: str, rows: Sequence[Row]) -> list[Json]:
    """Tasks, with how far they are."""
    return [_task(connection, base, row) for row in rows]


def _task(connection: Connection, base: str, row: Row) -> Json:
    done = counts(connection, row)
    return {
        "id": row["id"],
        "url": f"{base}/annotationtasks/{row['id']}",
        "name": row["name"],
        "status": done.stage(row["status"], TASK_STAGES),
        "projectId": row["project_id"],
        "datasetId": row["dataset_id"],
        "recipeId": row["recipe_id"],
        "taskOwner": row["task_owner"],
        "dueDate": row["due_date"],
        "spec": copy.deepcopy(row["spec"]),
        "query": row["query"],
        "priority": row["priority"],
        "availableActions": copy.deepcopy(row["available_actions"]),
        "workload": copy.deepcopy(row["workload"]),
        "assignmentIds": [one["id"] for one in assignments_of(connection, row["id"])],
        "totalItems": done.total,
        "itemStatus": {
            "completed": done.completed,
            "remaining": done.remaining,
            "actions": dict(done.statuses),
        },
        "progress": round(100 * done.completed / done.total) if done.total else 0,
        "metadata": _metadata(row),
        **stamps(row),
    }


def _assignments(connection: Connection, base: str, rows: Sequence[Row]) -> list[Json]:
    """Assignments, with how far they are."""
    return [
        {
            "id": row["id"],
            "url": f"{base}/assignments/{row['id']}",
            "name": row["name"],
            "annotator": row["annotator"],
            "status": counts(connection, row).stage(row["status"], ASSIGNMENT_STAGES),
            "projectId": row["project_id"],
            "totalItems": counts(connection, row).total,
            "metadata": _metadata(row, {"taskId": row["task_id"], "datasetId": row["dataset_id"]}),
            **stamps(row),
        }
        for row in rows
    ]


def _metadata(row: Row, system: Json | None = None) -> Json:
    """A copy of the metadata, which always has a ``system``."""
    metadata = copy.deepcopy(row["metadata"] or {})
    metadata["system"] = {**(metadata.get("system") or {}), **(system or {})}
    return metadata


_SHAPES: dict[EntityKind, Callable[[Connection, str, Sequence[Row]], list[Json]]] = {
    EntityKind.PROJECT: _projects,
    EntityKind.DATASET: _datasets,
    EntityKind.ITEM: _items,
    EntityKind.ANNOTATION: _annotations,
    EntityKind.RECIPE: _recipes,
    EntityKind.ONTOLOGY: _ontologies,
    EntityKind.TASK: _tasks,
    EntityKind.ASSIGNMENT: _assignments,
}


def shaped(store: Store, kind: EntityKind, rows: Sequence[Row]) -> list[Json]:
    """Rows of one kind as JSON."""
    if not rows:
        return []
    base = base_url(store)
    with store.reading() as connection:
        return _SHAPES[kind](connection, base, rows)
