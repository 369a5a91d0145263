"""Datasets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from localloop_schema.tables.entity import Entity, json_array, json_object


class Dataset(Entity, table=True):
    """A set of items. ``recipes`` are local recipe ids (``metadata.system.recipes`` on the wire)."""

    __tablename__ = "datasets"

    project_id: str = Field(foreign_key="projects.id", index=True)
    name: str = Field(index=True)
    recipes: list[str] = json_array()
    metadata_: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"name": "metadata"}
    )
    facts: dict[str, Any] = json_object()
    system: bool = False
    readonly: bool = False
    expiration_options: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    index_driver: str = "v2"
    access_level: str = "project"
    driver: str = ""
    src_dataset: str | None = None
