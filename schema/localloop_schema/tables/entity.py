"""Columns that every entity's mirror row has."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel


class Entity(SQLModel):
    """The mirror row of an entity: the local state, as the user sees and edits it.

    ``id`` is valid for ever; ``remote_id`` is what the platform calls the same entity, once it is known there.
    Timestamps are ISO-8601 UTC text with milliseconds and ``Z``, as on the wire, so that text order is time order.
    ``deleted_at`` marks an entity that is deleted here and not yet there.
    """

    id: str = Field(primary_key=True)
    remote_id: str | None = Field(default=None, unique=True, index=True)
    creator: str = ""
    created_at: str
    updated_at: str
    updated_by: str = ""
    deleted_at: str | None = None


def json_object() -> Any:
    """A JSON column that holds an object and is never null."""
    return Field(default_factory=dict, sa_type=JSON, nullable=False)


def json_array() -> Any:
    """A JSON column that holds an array and is never null."""
    return Field(default_factory=list, sa_type=JSON, nullable=False)
