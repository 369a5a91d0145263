"""Indexes that also tell what is hidden or deleted, so that counting reads no rows."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Put wider indexes in the place of two."""
    op.drop_index("ix_items_dataset_created", "items")
    op.create_index(
        "ix_items_dataset_created",
        "items",
        ["dataset_id", "type", "created_at", "id", "hidden", "deleted_at"],
    )
    op.drop_index("ix_annotations_item", "annotations")
    op.create_index("ix_annotations_item", "annotations", ["item_id", "deleted_at", "id"])
