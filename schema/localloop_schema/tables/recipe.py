"""Recipes and ontologies: how a dataset is to be annotated, and with which labels and attributes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from localloop_schema.tables.entity import Entity, json_array, json_object


class Ontology(Entity, table=True):
    """Labels and attributes. Both are maps, so that they merge label by label and key by key.

    ``labels``: dotted tag (``person.hand``) → ``{color, displayLabel, attributes, displayData}``;
    ``attributes``: key → the attribute as on the wire (``{title, key, type, scope, ...}``).
    """

    __tablename__ = "ontologies"

    project_id: str | None = Field(default=None, foreign_key="projects.id", index=True)
    title: str = ""
    labels: dict[str, Any] = json_object()
    attributes: dict[str, Any] = json_object()
    metadata_: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"name": "metadata"}
    )


class Recipe(Entity, table=True):
    """Instructions and tool settings.

    ``ontologies`` are local ontology ids; ``settings`` is the rest of the wire object that a person may edit
    (``instructions, examples, customActions, uiSettings``).
    """

    __tablename__ = "recipes"

    project_id: str | None = Field(default=None, foreign_key="projects.id", index=True)
    title: str = ""
    description: str | None = None
    ontologies: list[str] = json_array()
    settings: dict[str, Any] = json_object()
    metadata_: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"name": "metadata"}
    )
