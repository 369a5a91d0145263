"""Conflicts, as they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from localloop.cli.standing import by_kind, names
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.store import Store

#: The fewest characters of an id's end that are shown.
SHORT = 8


def describe_all(store: Store, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Conflicts with the names of what they are about.

    Args:
        store: The store.
        rows: Rows of the table of conflicts.
    """
    with store.reading() as connection:
        called = names(connection, by_kind(rows))
    return [
        {
            "id": row["id"],
            "short_id": row["id"][-SHORT:],
            "kind": row["kind"],
            "entity_id": row["entity_id"],
            "name": called[row["kind"], row["entity_id"]],
            "sort": row["sort"],
            "path": row["path"],
            "what": ".".join(row["path"]) if row["path"] else row["sort"],
            "values": row["values"],
            "state": row["state"],
            "resolution": row["resolution"],
            "created_at": row["created_at"],
            "resolved_at": row["resolved_at"],
        }
        for row in rows
    ]
