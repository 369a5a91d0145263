"""Deleted entities can be brought back for a while, and are then emptied."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Note when a tombstone was emptied, and find by an index those that are due."""
    op.add_column("tombstones", sa.Column("emptied_at", sa.String(), nullable=True))
    op.create_index("ix_tombstones_deleted", "tombstones", ["emptied_at", "deleted_at"])
