"""What the engine remembers: bases, checkpoints, conflicts, tombstones, subscriptions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from localloop_schema.tables.entity import json_object


class BaseSnapshot(SQLModel, table=True):
    """The last state of an entity that store and platform agreed on, in local ids.

    ``parents`` are kept so that an entity can be found by its dataset; ``remote_updated_at`` is the platform's time.
    """

    __tablename__ = "base_snapshots"
    __table_args__ = (
        Index("ix_base_dataset", "kind", "dataset_id", "remote_id"),
        Index("ix_base_updated", "kind", "dataset_id", "remote_updated_at", "remote_id"),
    )

    kind: str = Field(primary_key=True)
    entity_id: str = Field(primary_key=True)
    remote_id: str
    dataset_id: str | None = None
    document: dict[str, Any] = json_object()
    remote_updated_at: str = ""


class Checkpoint(SQLModel, table=True):
    """How far a pull of one resource of one dataset has come.

    ``phase`` is ``bootstrap`` (by id; ``cursor_id`` is the last id seen, ``since`` where the delta starts later) or
    ``delta``. A delta under way has come to ``(updated_at, cursor_id)``, and ``since`` is the platform's time when it
    began; one that is through has no ``cursor_id``, and the next starts at ``updated_at``, which is ``since`` as well.
    ``pulls`` counts completed pulls, to time the sweep; ``swept_at`` is the platform's time when the last began.
    Until ``wary_until`` deltas reach back further, because a clock there was seen to be wrong.
    """

    __tablename__ = "checkpoints"

    dataset_id: str = Field(primary_key=True)
    resource: str = Field(primary_key=True)
    phase: str = "bootstrap"
    updated_at: str = ""
    cursor_id: str = ""
    pulls: int = 0
    since: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    swept_at: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    wary_until: str = Field(default="", sa_column_kwargs={"server_default": text("''")})


class Conflict(SQLModel, table=True):
    """The same field changed on both sides, or a change here and a deletion there (or the reverse).

    ``path`` is the field's path in the document, empty for a whole entity. An absent value is an absent key in
    ``values``, which holds ``base``, ``mine`` and ``theirs``.
    """

    __tablename__ = "conflicts"
    __table_args__ = (Index("ix_conflicts_entity", "kind", "entity_id", "state"),)

    id: str = Field(primary_key=True)
    kind: str
    entity_id: str
    sort: str
    path: list[str] = Field(default_factory=list, sa_type=JSON, nullable=False)
    values: dict[str, Any] = json_object()
    state: str = "open"
    resolution: str | None = None
    created_at: str
    resolved_at: str | None = None


class Tombstone(SQLModel, table=True):
    """The record that an entity was deleted, by whom and how we know, with its last document.

    ``facts`` is what else was known of it and is needed to bring it back: columns by name, and ``derived``, the
    derived part of ``metadata.system``. ``emptied_at`` is when all of that was dropped: then ``document`` holds only
    what the entity was called.
    """

    __tablename__ = "tombstones"
    __table_args__ = (Index("ix_tombstones_deleted", "emptied_at", "deleted_at"),)

    kind: str = Field(primary_key=True)
    entity_id: str = Field(primary_key=True)
    remote_id: str | None = Field(default=None, index=True)
    document: dict[str, Any] = json_object()
    parents: dict[str, Any] = json_object()
    facts: dict[str, Any] = json_object()
    deleted_by: str = ""
    deleted_at: str
    origin: str = "local"
    emptied_at: str | None = None


class Unfollowed(SQLModel, table=True):
    """An item that stays here and is not asked for any more, for it does not match its dataset's filter."""

    __tablename__ = "unfollowed"
    __table_args__ = (Index("ix_unfollowed_dataset", "dataset_id", "item_id"),)

    item_id: str = Field(primary_key=True)
    dataset_id: str


class Subscription(SQLModel, table=True):
    """Which project or dataset of the platform this store mirrors. ``dataset_id`` null means the whole project.

    A dataset's own subscription goes before its project's. ``filter`` holds ``content`` (whether files are kept here),
    ``items`` (the filter that items match, where not all are mirrored) and ``left`` (it was left: nothing is pulled).
    """

    __tablename__ = "subscriptions"
    __table_args__ = (Index("ux_subscriptions", "project_id", "dataset_id", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    project_id: str
    dataset_id: str | None = None
    filter: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    created_at: str
