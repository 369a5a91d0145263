"""Datasets that may not be changed."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from localloop.errors import Forbidden
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import get_row


def guard(connection: Connection) -> Callable[[str], None]:
    """What a transaction asks before it changes an item or an annotation.

    What the platform changed in a read-only dataset comes in all the same: a sync does not ask. Nor does whoever
    decides a conflict, or brings a whole dataset back from the trash.

    Args:
        connection: The transaction.

    Returns:
        A function of a dataset's local id.

    Raises:
        Forbidden: By that function: the dataset is read-only.
    """
    writable: set[str] = set()

    def ask(dataset_id: str) -> None:
        if dataset_id in writable:
            return
        row = get_row(connection, EntityKind.DATASET, dataset_id)
        if row is not None and row["readonly"]:
            raise Forbidden(
                "403",
                f"The dataset {row['name']!r} is read-only.",
                advice="Let it be changed again with `localloop datasets readonly PROJECT/DATASET --off`.",
            )
        writable.add(dataset_id)

    return ask
