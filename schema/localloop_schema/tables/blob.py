"""What is known about the files in the content-addressed cache."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class Blob(SQLModel, table=True):
    """Immutable bytes named by their BLAKE3 digest (64 hex digits); ``size`` is in bytes."""

    __tablename__ = "blobs"

    digest: str = Field(primary_key=True)
    size: int
    created_at: str
    last_used_at: str
    pinned: bool = False
