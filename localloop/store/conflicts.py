"""Conflicts, as people list and resolve them."""

from __future__ import annotations

from typing import Any

from localloop.errors import NotFound, StoreError
from localloop.store.store import Store
from localloop_schema.rows import Row
from localloop_sync.core.leaves import MISSING
from localloop_sync.drivers import conflicts as records
from localloop_sync.drivers.resolving import Choice, ContentMissing, Resolver

__all__ = ["Choice", "get_conflict", "list_conflicts", "resolve_conflict"]


def list_conflicts(store: Store, *, state: str | None = "open") -> list[Row]:
    """The conflicts of a store, oldest first.

    Args:
        store: The store.
        state: ``open`` or ``resolved``; None for all.

    Returns:
        Rows of the ``conflicts`` table: ``id, kind, entity_id, sort, path, values, state, resolution, ...``.
    """
    with store.reading() as connection:
        return records.listing(connection, state=state)


def get_conflict(store: Store, conflict_id: str) -> Row:
    """One conflict by its id, or by the end of it that is enough to tell it from the others.

    Raises:
        NotFound: There is none, or more than one ends like this.
    """
    rows = [row for row in list_conflicts(store, state=None) if row["id"].endswith(conflict_id)]
    if len(rows) != 1:
        text = "No conflict" if not rows else f"{len(rows)} conflicts"
        raise NotFound("404", f"{text} with the id {conflict_id!r}; see `localloop conflicts`.")
    return rows[0]


def resolve_conflict(store: Store, conflict_id: str, choice: Choice, value: Any = MISSING) -> Row:
    """Decide an open conflict; the next sync carries the decision to the platform.

    Args:
        store: The store.
        conflict_id: The conflict's id, or the end of it.
        choice: ``mine``, ``theirs``, or ``value`` with a third value for a field.
        value: The third value.

    Returns:
        The conflict as it was.

    Raises:
        NotFound: There is no such open conflict.
        StoreError: An item is to be restored on the platform, but its content is not here.
    """
    row = get_conflict(store, conflict_id)
    with store.transaction(f"resolve a conflict: {choice.value}") as tx:
        try:
            resolved = Resolver(tx.connection, tx.identity, tx.stamp).resolve(row["id"], choice, value)
        except ContentMissing as error:
            raise StoreError(
                "The item cannot be restored on the platform, because its content is not here.",
                advice="Accept the deletion with `localloop resolve ID --theirs`.",
            ) from error
    if resolved is None:
        raise NotFound("404", f"The conflict {row['id']} is resolved already.")
    return resolved
