"""The first version: mirror tables, operation log, what the engine remembers, blobs, settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make every table, parents before children."""
    _projects()
    _recipes()
    _datasets()
    _annotations()
    _tasks()
    _operations()
    _sync()
    _own()


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=nullable)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _boolean(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _reference(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"])


def _entity_table(name: str, *rest: sa.schema.SchemaItem) -> None:
    """A mirror table: the columns that every entity has, then its own."""
    op.create_table(
        name,
        _text("id"),
        _text("remote_id", nullable=True),
        _text("creator"),
        _text("created_at"),
        _text("updated_at"),
        _text("updated_by"),
        _text("deleted_at", nullable=True),
        *rest,
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(f"ix_{name}_remote_id", name, ["remote_id"], unique=True)


def _projects() -> None:
    _entity_table("projects", _text("name"), _text("role"))
    op.create_index("ix_projects_name", "projects", ["name"])
    _entity_table(
        "members",
        _text("project_id"),
        _text("email"),
        _text("role"),
        _reference("project_id", "projects"),
    )
    op.create_index("ix_members_project_id", "members", ["project_id"])


def _recipes() -> None:
    _entity_table(
        "ontologies",
        _text("project_id", nullable=True),
        _text("title"),
        _json("labels"),
        _json("attributes"),
        _json("metadata"),
        _reference("project_id", "projects"),
    )
    op.create_index("ix_ontologies_project_id", "ontologies", ["project_id"])
    _entity_table(
        "recipes",
        _text("project_id", nullable=True),
        _text("title"),
        _text("description", nullable=True),
        _json("ontologies"),
        _json("settings"),
        _json("metadata"),
        _reference("project_id", "projects"),
    )
    op.create_index("ix_recipes_project_id", "recipes", ["project_id"])


def _datasets() -> None:
    _entity_table(
        "datasets",
        _text("project_id"),
        _text("name"),
        _json("recipes"),
        _json("metadata"),
        _json("facts"),
        _boolean("system"),
        _boolean("readonly"),
        _json("expiration_options", nullable=True),
        _text("index_driver"),
        _text("access_level"),
        _text("driver"),
        _text("src_dataset", nullable=True),
        _reference("project_id", "projects"),
    )
    op.create_index("ix_datasets_name", "datasets", ["name"])
    op.create_index("ix_datasets_project_id", "datasets", ["project_id"])
    _entity_table(
        "items",
        _text("dataset_id"),
        _text("filename"),
        _text("dir"),
        _text("name"),
        _text("type"),
        _boolean("hidden"),
        _text("description", nullable=True),
        _text("digest", nullable=True),
        _integer("size"),
        _text("mimetype"),
        _text("spec"),
        _text("src_item", nullable=True),
        _text("src_dataset", nullable=True),
        _json("metadata"),
        _reference("dataset_id", "datasets"),
    )
    op.create_index("ix_items_dataset_path", "items", ["dataset_id", "filename"])
    op.create_index("ix_items_dataset_id", "items", ["dataset_id", "id"])
    op.create_index("ix_items_digest", "items", ["digest"])


def _annotations() -> None:
    _entity_table(
        "annotations",
        _text("dataset_id"),
        _text("item_id"),
        _text("type"),
        _text("label"),
        _json("coordinates", nullable=True),
        _json("attributes"),
        _text("description", nullable=True),
        _text("source"),
        _text("hash", nullable=True),
        _json("metadata"),
        _reference("dataset_id", "datasets"),
        _reference("item_id", "items"),
    )
    op.create_index("ix_annotations_dataset_label", "annotations", ["dataset_id", "label", "type", "item_id"])
    op.create_index("ix_annotations_dataset_id", "annotations", ["dataset_id", "id"])
    op.create_index("ix_annotations_item", "annotations", ["item_id", "id"])


def _tasks() -> None:
    _entity_table(
        "tasks",
        _text("project_id"),
        _text("dataset_id"),
        _text("recipe_id", nullable=True),
        _text("name"),
        _text("status"),
        _text("task_owner"),
        sa.Column("due_date", sa.Float(), nullable=True),
        _json("spec"),
        _text("query"),
        _integer("priority"),
        _json("available_actions"),
        _json("workload"),
        _json("metadata"),
        _reference("project_id", "projects"),
        _reference("dataset_id", "datasets"),
        _reference("recipe_id", "recipes"),
    )
    op.create_index("ix_tasks_project_id", "tasks", ["project_id"])
    op.create_index("ix_tasks_dataset_id", "tasks", ["dataset_id"])
    _entity_table(
        "assignments",
        _text("project_id"),
        _text("dataset_id"),
        _text("task_id"),
        _text("name"),
        _text("annotator"),
        _text("status"),
        _json("metadata"),
        _reference("project_id", "projects"),
        _reference("dataset_id", "datasets"),
        _reference("task_id", "tasks"),
    )
    op.create_index("ix_assignments_project_id", "assignments", ["project_id"])
    op.create_index("ix_assignments_dataset_id", "assignments", ["dataset_id"])
    op.create_index("ix_assignments_task_id", "assignments", ["task_id"])


def _operations() -> None:
    op.create_table(
        "operations",
        _integer("seq"),
        _text("id"),
        _text("kind"),
        _text("entity_id"),
        _text("verb"),
        _json("changes"),
        _text("batch"),
        _text("action"),
        _text("author"),
        _text("device"),
        _text("created_at"),
        _text("state"),
        _text("reason", nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,  # a sequence number is never given twice
    )
    op.create_index("ix_operations_entity", "operations", ["kind", "entity_id", "seq"])
    op.create_index("ix_operations_state", "operations", ["state", "kind", "entity_id"])


def _sync() -> None:
    op.create_table(
        "base_snapshots",
        _text("kind"),
        _text("entity_id"),
        _text("remote_id"),
        _text("dataset_id", nullable=True),
        _json("document"),
        _text("remote_updated_at"),
        sa.PrimaryKeyConstraint("kind", "entity_id"),
    )
    op.create_index("ix_base_dataset", "base_snapshots", ["kind", "dataset_id", "remote_id"])
    op.create_table(
        "checkpoints",
        _text("dataset_id"),
        _text("resource"),
        _text("phase"),
        _text("updated_at"),
        _text("cursor_id"),
        _integer("pulls"),
        sa.PrimaryKeyConstraint("dataset_id", "resource"),
    )
    op.create_table(
        "conflicts",
        _text("id"),
        _text("kind"),
        _text("entity_id"),
        _text("sort"),
        _json("path"),
        _json("values"),
        _text("state"),
        _text("resolution", nullable=True),
        _text("created_at"),
        _text("resolved_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conflicts_entity", "conflicts", ["kind", "entity_id", "state"])
    op.create_table(
        "tombstones",
        _text("kind"),
        _text("entity_id"),
        _text("remote_id", nullable=True),
        _json("document"),
        _json("parents"),
        _json("facts"),
        _text("deleted_by"),
        _text("deleted_at"),
        _text("origin"),
        sa.PrimaryKeyConstraint("kind", "entity_id"),
    )
    op.create_index("ix_tombstones_remote_id", "tombstones", ["remote_id"])
    op.create_table(
        "subscriptions",
        _integer("id"),
        _text("project_id"),
        _text("dataset_id", nullable=True),
        _json("filter", nullable=True),
        _text("created_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ux_subscriptions", "subscriptions", ["project_id", "dataset_id"], unique=True)


def _own() -> None:
    op.create_table(
        "blobs",
        _text("digest"),
        _integer("size"),
        _text("created_at"),
        _text("last_used_at"),
        _boolean("pinned"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "settings",
        _text("key"),
        _json("value", nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
