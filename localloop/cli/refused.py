"""Naming what was refused, which may be deleted here: a refused deletion has no place any more."""

from __future__ import annotations

from sqlalchemy import Connection

from localloop.cli.places import find_any
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import resolve


def refused_at(connection: Connection, text: str) -> tuple[EntityKind, str]:
    """The entity that a place or an id names, also one that is deleted here.

    Args:
        connection: A transaction.
        text: The place, or a local or platform id.

    Raises:
        BadRequest: It is neither.
        NotFound: There is no such thing.
    """
    if "/" not in text:
        for kind in EntityKind:
            row = resolve(connection, kind, text)
            if row is not None:
                return kind, row["id"]
    kind, row, _ = find_any(connection, text)
    return kind, row["id"]
