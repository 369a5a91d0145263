"""What a store does about a platform that went back in time: what that lost is sent again, and nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, update

from localloop_schema.documents import to_columns, to_document
from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import chunks, live_rows, update_row
from localloop_sync.core.content import with_known_digest
from localloop_sync.drivers import states
from localloop_sync.drivers.burying import Undertaker
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.matching import client_id
from localloop_sync.drivers.oplog import Stamp
from localloop_sync.drivers.scribe import Scribe
from localloop_sync.drivers.states import EntityState
from localloop_sync.drivers.translate import local_ids, localise
from localloop_sync.ports import RemoteEntity


class Reverter(Scribe):
    """Works within one transaction."""

    def __init__(self, connection: Connection, identity: Identity, stamp: Stamp) -> None:
        super().__init__(connection, identity, stamp)
        self._undertaker = Undertaker(connection, identity, stamp)

    def make_anew(self, kind: EntityKind, ids: Sequence[str]) -> dict[EntityKind, int]:
        """Forget that the platform ever had these entities (local ids) and what is below them.

        An item whose content is not here cannot be sent; it waits, refused, until another store that has it sends it.
        What was deleted here is gone on both sides.

        Returns:
            How many the next push will make again, by kind.
        """
        made: dict[EntityKind, int] = {}
        for entity_id, state in states.load(self._connection, kind, ids).items():
            if state.row is None:
                continue
            for one in [*self._undertaker.below(kind, entity_id), state]:
                if one.mirror is None:
                    self._undertaker.bury(one, origin="local")
                else:
                    made[one.kind] = made.get(one.kind, 0) + 1
                    self._anew(one)
        return made

    def _anew(self, state: EntityState) -> None:
        assert state.row is not None
        columns: dict[str, Any] = {"remote_id": None}
        if state.kind is EntityKind.ANNOTATION and state.mirror is not None:
            key = client_id(state.mirror)
            if not key:
                # Other stores make it again, too. They find each other's by a key, so it gets the one that all know.
                key = state.row["remote_id"]
            elif self._has_twin(
                state, key
            ):  # another store did, and its is here: this is one of its own from now on
                key = self._identity.object_id()
            metadata = state.row["metadata"]
            columns["metadata"] = {
                **metadata,
                "system": {**(metadata.get("system") or {}), "clientId": key},
            }
        states.drop_bases(self._connection, state.kind, [state.id])
        update_row(self._connection, state.kind, state.id, columns)
        state.row = {**state.row, **columns}
        state.base = None
        self._relog(state, state.base_document, state.mirror, again=True)

    def _has_twin(self, state: EntityState, key: str) -> bool:
        assert state.row is not None
        rows = live_rows(self._connection, state.kind, item_id=state.row["item_id"])
        return any(row["id"] != state.id and client_id({"metadata": row["metadata"]}) == key for row in rows)

    def step_back(self, kind: EntityKind, entities: Sequence[RemoteEntity]) -> None:
        """Take states of entities that are older than what both sides agreed on for what they agree on now.

        What is here stays, and goes there with the next push; the older state is nobody's edit. An entity that this
        store deleted there, and that is there again, is no leftover of a listing any more.
        """
        self._let_return(kind, [one.id for one in entities])
        known = local_ids(self._connection, kind, [one.id for one in entities])
        ours = [one for one in entities if one.id in known]
        loaded = states.load(self._connection, kind, list(known.values()))
        for entity, (said, parents) in zip(ours, localise(self._connection, kind, ours), strict=True):
            state = loaded[known[entity.id]]
            base = state.base
            if base is None or base["remote_updated_at"] < entity.updated_at:
                continue
            document = to_document(kind, to_columns(kind, with_known_digest(said, base["document"]), {}))
            replaced = document.get("content") != base["document"].get("content")
            if replaced and state.mirror is not None and states.remote_only(self._connection, state):
                continue  # the older content is all there is
            dataset = state.id if kind is EntityKind.DATASET else parents.get(EntityKind.DATASET)
            snapshot = states.snapshot(kind, state.id, entity.id, dataset, document, entity.updated_at)
            states.write_bases(self._connection, [snapshot])
            state.base = snapshot
            self._relog(state, state.base_document, state.mirror)

    def _let_return(self, kind: EntityKind, remote_ids: Sequence[str]) -> None:
        columns = TOMBSTONES.c
        for part in chunks(remote_ids):
            these = (columns.kind == kind.value, columns.remote_id.in_(part))
            self._connection.execute(update(TOMBSTONES).where(*these).values(remote_id=None))
