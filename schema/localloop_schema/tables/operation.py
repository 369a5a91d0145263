"""The operation log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from localloop_schema.tables.entity import json_array


class Operation(SQLModel, table=True):
    """One local edit, as data. Never edited but for its state, and what was said when it was refused.

    ``changes`` is a list of ``{"path": [key, ...], "old": value, "new": value}``; an absent ``old`` or ``new`` means
    that there was or is no value. ``batch`` groups the operations of one user action. ``tries`` is how often the
    platform refused it, and ``not_before`` when a refused one is worth another try without an edit; null for never.
    """

    __tablename__ = "operations"
    __table_args__ = (
        Index("ix_operations_entity", "kind", "entity_id", "seq"),
        Index("ix_operations_state", "state", "kind", "entity_id"),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    kind: str
    entity_id: str
    verb: str
    changes: list[dict[str, Any]] = json_array()
    batch: str
    action: str = ""
    author: str = ""
    device: str = ""
    created_at: str
    state: str = "pending"
    reason: str | None = None
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    not_before: str | None = None
