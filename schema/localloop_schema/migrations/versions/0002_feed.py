"""The change feed: an entry for each entity's last change, kept by triggers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

#: The project of an entity that names only its dataset, as the feed itself knows it: a trigger that read the mirror
#: tables would break every later step that rebuilds one of them.
_BY_DATASET = "(SELECT project_id FROM feed WHERE kind = 'dataset' AND entity_id = {row}.dataset_id)"

#: Kind, table, and the expressions of ``wire_id``, ``project_id`` and ``dataset_id``; parents before children.
_ENTITIES = (
    ("project", "projects", "{row}.id", "{row}.id", "NULL"),
    ("member", "members", "{row}.email", "{row}.project_id", "NULL"),
    ("ontology", "ontologies", "{row}.id", "{row}.project_id", "NULL"),
    ("recipe", "recipes", "{row}.id", "{row}.project_id", "NULL"),
    ("dataset", "datasets", "{row}.id", "{row}.project_id", "{row}.id"),
    ("item", "items", "{row}.id", _BY_DATASET, "{row}.dataset_id"),
    ("annotation", "annotations", "{row}.id", _BY_DATASET, "{row}.dataset_id"),
    ("task", "tasks", "{row}.id", "{row}.project_id", "{row}.dataset_id"),
    ("assignment", "assignments", "{row}.id", "{row}.project_id", "{row}.dataset_id"),
)

_COLUMNS = "kind, entity_id, wire_id, project_id, dataset_id, deleted"


def upgrade() -> None:
    """Make the tables, enter what is there, and let triggers go on from there."""
    op.create_table(
        "feed",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("entity_id", sa.String(), nullable=False),
        sa.Column("wire_id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=True),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,  # a sequence number is never given twice
    )
    op.create_index("ux_feed_entity", "feed", ["kind", "entity_id"], unique=True)
    op.create_index("ix_feed_project", "feed", ["project_id", "seq"])
    op.create_table(
        "feed_epochs",
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("start"),
    )
    op.create_table(
        "feed_positions",
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("pulls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id"),
    )
    op.execute("INSERT INTO feed_epochs (start, name) VALUES (-1, lower(hex(randomblob(8))))")
    for entity in _ENTITIES:
        _enter(*entity)
        _watch(*entity)


def _enter(kind: str, table: str, *names: str) -> None:
    """Entries for what is there already. Nobody has read a feed yet, so older deletions are of no use to anybody."""
    wire_id, project_id, dataset_id = (name.format(row=table) for name in names)
    op.execute(
        f"INSERT INTO feed ({_COLUMNS})"  # noqa: S608 - names of this module
        f" SELECT '{kind}', id, {wire_id}, {project_id}, {dataset_id}, deleted_at IS NOT NULL"
        f" FROM {table} ORDER BY id"
    )


def _watch(kind: str, table: str, *names: str) -> None:
    """One trigger each for rows that come, change and go. The old entry goes first, so that no conflict is possible."""
    for event, row, deleted in (
        ("INSERT", "NEW", "NEW.deleted_at IS NOT NULL"),
        ("UPDATE", "NEW", "NEW.deleted_at IS NOT NULL"),
        ("DELETE", "OLD", "1"),
    ):
        wire_id, project_id, dataset_id = (name.format(row=row) for name in names)
        values = f"'{kind}', {row}.id, {wire_id}, {project_id}, {dataset_id}, {deleted}"
        op.execute(
            f"CREATE TRIGGER feed_{kind}_{event.lower()} AFTER {event} ON {table}\n"
            "BEGIN\n"
            f"DELETE FROM feed WHERE kind = '{kind}' AND entity_id = {row}.id;\n"
            f"INSERT INTO feed ({_COLUMNS})\n"
            f"VALUES ({values});\n"
            "END"
        )
