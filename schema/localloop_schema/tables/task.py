"""Tasks and their assignments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from localloop_schema.tables.entity import Entity, json_array, json_object


class Task(Entity, table=True):
    """A piece of annotation work over the items a query found. ``query`` is JSON text, as on the wire.

    ``due_date`` is in milliseconds since the epoch; ``workload`` is ``[{"assigneeId", "load"}]``.
    """

    __tablename__ = "tasks"

    project_id: str = Field(foreign_key="projects.id", index=True)
    dataset_id: str = Field(foreign_key="datasets.id", index=True)
    recipe_id: str | None = Field(default=None, foreign_key="recipes.id")
    name: str
    status: str = "open"
    task_owner: str = ""
    due_date: float | None = None
    spec: dict[str, Any] = json_object()
    query: str = "{}"
    priority: int = 2
    available_actions: list[Any] = json_array()
    workload: list[Any] = json_array()
    metadata_: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"name": "metadata"}
    )


class Assignment(Entity, table=True):
    """One annotator's share of a task."""

    __tablename__ = "assignments"

    project_id: str = Field(foreign_key="projects.id", index=True)
    dataset_id: str = Field(foreign_key="datasets.id", index=True)
    task_id: str = Field(foreign_key="tasks.id", index=True)
    name: str = ""
    annotator: str
    status: str = "todo"
    metadata_: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"name": "metadata"}
    )
