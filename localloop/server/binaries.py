"""The hidden dataset that every project has, for icons and files of recipes (docs/platform/wire.md, 3.2)."""

from __future__ import annotations

from localloop.store import Transaction, datasets
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

NAME = "Binaries"


def binaries_of(tx: Transaction, project: Row) -> Row:
    """The system dataset of a project; it is made where there is none yet.

    A store with a platform makes one too, since clients look for it at once: a sync does not send it, but finds the
    platform's own and takes that for it.

    Args:
        tx: The user action.
        project: The project's row.

    Returns:
        The dataset's row.
    """
    known = tx.rows(EntityKind.DATASET, project_id=project["id"], system=True)
    if known:
        return known[0]
    return datasets.create_dataset(tx, project, NAME, default_recipe=False, system=True)
