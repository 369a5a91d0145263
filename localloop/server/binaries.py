"""The hidden dataset that every project has, for icons and files of recipes (docs/platform/wire.md, 3.2)."""

from __future__ import annotations

from localloop.errors import NotFound
from localloop.server.settings import ServerSettings
from localloop.store import Transaction, datasets
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

NAME = "Binaries"


def binaries_of(tx: Transaction, project: Row, settings: ServerSettings) -> Row:
    """The system dataset of a project; it is made where there is none yet and the server may make one.

    Args:
        tx: The user action.
        project: The project's row.
        settings: How the server behaves.

    Returns:
        The dataset's row.

    Raises:
        NotFound: There is none, and this store is not the platform that makes them.
    """
    known = tx.rows(EntityKind.DATASET, project_id=project["id"], system=True)
    if known:
        return known[0]
    if not settings.system_datasets:
        raise NotFound("404", f"Dataset not found. Name: {NAME!r}")
    return datasets.create_dataset(tx, project, NAME, default_recipe=False, system=True)
