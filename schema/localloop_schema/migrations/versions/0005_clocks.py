"""Marks of pulls that outlive wrong clocks, and bases in the order of their times."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add to the checkpoints where the next delta starts and when all was swept; no delta is under way then.

    A store of before was never swept, so its first sweep looks at the times of everything once.
    """
    op.add_column("checkpoints", sa.Column("since", sa.String(), nullable=False, server_default=""))
    op.add_column("checkpoints", sa.Column("swept_at", sa.String(), nullable=False, server_default=""))
    op.add_column("checkpoints", sa.Column("wary_until", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE checkpoints SET since = updated_at")
    op.execute("UPDATE checkpoints SET updated_at = '' WHERE phase = 'bootstrap'")
    op.execute("UPDATE checkpoints SET cursor_id = '' WHERE phase = 'delta'")
    op.create_index(
        "ix_base_updated", "base_snapshots", ["kind", "dataset_id", "remote_updated_at", "remote_id"]
    )
