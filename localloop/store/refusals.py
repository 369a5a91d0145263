"""What the platform refused, and trying it again without an edit."""

from __future__ import annotations

from collections.abc import Sequence

from localloop.store.store import Store
from localloop_schema.kinds import EntityKind
from localloop_schema.session import writing
from localloop_sync.core.operation import State
from localloop_sync.drivers import oplog


def try_again(store: Store, entities: Sequence[tuple[EntityKind, str]] | None = None) -> int:
    """Let refused edits go with the next sync; how often each was refused is remembered.

    Args:
        store: The store.
        entities: Whose (kind and local id); everybody's when left out.

    Returns:
        How many entities that were.
    """
    with writing(store.engine) as connection:
        refused = oplog.entities_in(connection, [State.REJECTED])
        chosen = refused if entities is None else [one for one in refused if one in set(entities)]
        oplog.rearm(connection, entities=chosen)
    return len(chosen)
