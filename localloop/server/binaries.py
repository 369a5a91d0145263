"""The hidden dataset that every project has, for icons and files of recipes (docs/platform/wire.md, 3.2)."""

from __future__ import annotations

from localloop.store import Transaction, datasets
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

NAME = "Binaries"


def add_binaries(tx: Transaction, project: Row) -> None:
    """Make the system dataset of a project that has none yet (one that came from elsewhere).

    Args:
        tx: The user action.
        project: The project's row.
    """
    if not tx.rows(EntityKind.DATASET, project_id=project["id"], system=True):
        datasets.create_dataset(tx, project, NAME, default_recipe=False, system=True)
