"""The change feed: which entity changed last, in the order of commits. Triggers of the database write it."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class FeedEntry(SQLModel, table=True):
    """The last change of one entity: there is one entry an entity, and a newer one takes the place of the older.

    ``seq`` is never given twice, and grows in the order of commits, since SQLite has one writer at a time. It is the
    entity's version too. ``wire_id`` is what the API calls the entity: its id, or a member's e-mail.
    """

    __tablename__ = "feed"
    __table_args__ = (
        Index("ux_feed_entity", "kind", "entity_id", unique=True),
        Index("ix_feed_project", "project_id", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, primary_key=True)
    kind: str
    entity_id: str
    wire_id: str
    project_id: str | None = None
    dataset_id: str | None = None
    deleted: bool = False


class FeedEpoch(SQLModel, table=True):
    """A stretch of the feed with a name of its own: the changes after ``start``, up to the next stretch's start.

    Each start of a server begins a stretch. A database that was put back from a copy so goes on under another name
    than the changes that were lost, and whoever has seen those can tell.
    """

    __tablename__ = "feed_epochs"

    start: int = Field(primary_key=True)
    name: str


class FeedPosition(SQLModel, table=True):
    """How far this store has read the feed of a project at its platform; ``pulls`` counts since the last plain one."""

    __tablename__ = "feed_positions"

    project_id: str = Field(primary_key=True)
    epoch: str
    seq: int
    pulls: int = 0
