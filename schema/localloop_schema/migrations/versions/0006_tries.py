"""How often an operation was refused, and when it is worth another try."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns. What was refused so far has no timer: it waits for an edit, as it did."""
    op.add_column("operations", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("operations", sa.Column("not_before", sa.String(), nullable=True))
