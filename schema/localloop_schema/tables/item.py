"""Items: files and directories of a dataset."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from localloop_schema.tables.entity import Entity


class Item(Entity, table=True):
    """One file or directory. ``filename`` is the full path from ``/``; ``dir`` and ``name`` are its two parts.

    ``digest`` is the BLAKE3 digest of the content, or null while it is known only by size (remote-only).
    ``metadata`` is the whole metadata of the wire, ``user`` and ``system``.
    """

    __tablename__ = "items"
    __table_args__ = (
        Index("ix_items_dataset_path", "dataset_id", "filename"),
        Index("ix_items_dataset_id", "dataset_id", "id"),
        Index("ix_items_dataset_created", "dataset_id", "type", "created_at", "id", "hidden", "deleted_at"),
        Index("ix_items_dataset_updated", "dataset_id", "updated_at", "id"),
        Index("ix_items_digest", "digest"),
    )

    dataset_id: str = Field(foreign_key="datasets.id")
    filename: str
    dir: str
    name: str
    type: str = "file"
    hidden: bool = False
    description: str | None = None
    digest: str | None = None
    size: int = 0
    mimetype: str = ""
    spec: str = "MasterItemSpec"
    src_item: str | None = None
    src_dataset: str | None = None
    metadata_: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"name": "metadata"}
    )
