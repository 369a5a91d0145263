"""What all have in common that write what they decide about entities, within one transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from localloop_schema.documents import Document
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.oplog import Stamp
from localloop_sync.drivers.relog import relog
from localloop_sync.drivers.states import EntityState


class Scribe:
    """Writes within one transaction.

    Args:
        connection: An open write transaction.
        identity: Makes ids.
        stamp: Under which action the log gets what changes by this: who did it, where and when.
    """

    def __init__(self, connection: Connection, identity: Identity, stamp: Stamp) -> None:
        self._connection = connection
        self._identity = identity
        self._stamp = stamp

    def _relog(
        self, state: EntityState, base: Document | None, mirror: Document | None, *, again: bool = False
    ) -> None:
        """Make an entity's outstanding operations say what separates a base from a mirror; see :func:`relog`."""
        relog(
            self._connection,
            self._identity,
            self._stamp,
            state.kind,
            state.id,
            base=base,
            mirror=mirror,
            operations=state.operations,
            contested=state.contested,
            again=again,
        )
