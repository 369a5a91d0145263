"""What Alembic runs to apply steps. The connection comes from :mod:`localloop_schema.migrations.runner`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection

from localloop_schema.errors import StoreDamagedError


def _check_references(
    ctx: MigrationContext,
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001 - Alembic passes it by name
    run_args: Mapping[str, Any],  # noqa: ARG001 - same
) -> None:
    """Refuse a step that leaves a dangling reference, while it can still be rolled back.

    Foreign keys are not enforced during a step, since a table that is rebuilt is dropped for a moment.
    """
    assert ctx.connection is not None  # configured below
    broken = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise StoreDamagedError(
            f"Step {step.up_revision_id} would leave a row of {broken[0]} without its row of {broken[2]}.",
            advice="The store is as it was; report this as a defect.",
        )


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        # SQLite can undo DDL, which Alembic does not assume; our connections send BEGIN themselves.
        transactional_ddl=True,
        transaction_per_migration=True,
        render_as_batch=True,
        on_version_apply=_check_references,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
