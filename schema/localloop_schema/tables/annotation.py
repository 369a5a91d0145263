"""Annotations of items."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from localloop_schema.tables.entity import Entity, json_array


class Annotation(Entity, table=True):
    """One annotation. ``coordinates`` is as on the wire (object, array or text; null for a classification)."""

    __tablename__ = "annotations"
    __table_args__ = (
        Index("ix_annotations_dataset_label", "dataset_id", "label", "type", "item_id", "deleted_at"),
        Index("ix_annotations_dataset_updated", "dataset_id", "updated_at", "id"),
        Index("ix_annotations_dataset_id", "dataset_id", "id"),
        Index("ix_annotations_item", "item_id", "deleted_at", "id"),
    )

    dataset_id: str = Field(foreign_key="datasets.id")
    item_id: str = Field(foreign_key="items.id")
    type: str
    label: str
    coordinates: Any = Field(default=None, sa_type=JSON(none_as_null=True), nullable=True)
    attributes: list[Any] = json_array()
    description: str | None = None
    source: str = "sdk"
    hash: str | None = None
    metadata_: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"name": "metadata"}
    )
