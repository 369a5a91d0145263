"""Items that are mirrored no more, since a dataset may be mirrored by a filter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; no filter was there before, so it is empty."""
    op.create_table(
        "unfollowed",
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("ix_unfollowed_dataset", "unfollowed", ["dataset_id", "item_id"])
