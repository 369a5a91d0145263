"""Indexes for the orders in which items and annotations are asked for."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the indexes; that of labels now also tells what is deleted, so that it answers by itself."""
    op.create_index("ix_items_dataset_created", "items", ["dataset_id", "type", "created_at", "id"])
    op.create_index("ix_items_dataset_updated", "items", ["dataset_id", "updated_at", "id"])
    op.create_index("ix_annotations_dataset_updated", "annotations", ["dataset_id", "updated_at", "id"])
    op.drop_index("ix_annotations_dataset_label", "annotations")
    op.create_index(
        "ix_annotations_dataset_label",
        "annotations",
        ["dataset_id", "label", "type", "item_id", "deleted_at"],
    )
