"""Items that want one path: which of them gives way, and under which name it is kept."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from localloop_schema.documents import Document, derived_system, to_columns, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, as_list, chunks, listed, live_rows, mapped, table, update_row
from localloop_sync.core.content import with_known_digest
from localloop_sync.core.echo import ancestor, sent
from localloop_sync.core.naming import conflict_name
from localloop_sync.core.reconcile import Observation, Sort, reconcile
from localloop_sync.drivers import conflicts, states
from localloop_sync.drivers.matching import Located
from localloop_sync.drivers.scribe import Scribe

_ITEMS = table(EntityKind.ITEM).c
_AT_PATHS = select(table(EntityKind.ITEM)).where(
    _ITEMS.dataset_id.in_(listed("datasets")),
    _ITEMS.filename.in_(listed("paths")),
    _ITEMS.deleted_at.is_(None),
)


class Paths(Scribe):
    """Settles claims to paths within one transaction."""

    def clear(self, located: Located, matched: dict[str, str]) -> None:
        """Give another path to local items that want one where the platform has a different item.

        Only items with an unsent creation or move give way: any other is where the platform had it, and will be
        observed in its turn.

        Args:
            located: The platform's items.
            matched: Platform id → local id; an item that turns out to be another than it seemed is taken out.
        """
        by_path = {
            (parents[EntityKind.DATASET], document["filename"]): (entity.id, document)
            for entity, document, parents in located
        }
        datasets = as_list(sorted({dataset for dataset, _ in by_path}))
        for part in chunks(sorted({path for _, path in by_path})):
            parameters = {"paths": as_list(part), "datasets": datasets}
            for found in mapped(self._connection.execute(_AT_PATHS, parameters)):
                pair = by_path.get((found["dataset_id"], found["filename"]))
                if pair is None or found["remote_id"] == pair[0]:
                    continue
                remote_id, document = pair
                owner = matched.get(remote_id)
                if owner == found["id"]:
                    if not self._other_bytes(found, document):
                        continue
                    del matched[remote_id]
                elif owner is not None and not self._stays(owner, document):
                    continue
                self._give_way(found)

    def _stays(self, owner: str, document: Document) -> bool:
        """Whether the platform's item will be at its path here too: it was not moved away or deleted here."""
        state = states.load(self._connection, EntityKind.ITEM, [owner])[owner]
        base = state.base_document
        document = with_known_digest(document, base)
        document = to_document(EntityKind.ITEM, to_columns(EntityKind.ITEM, document, {}))
        agreed = ancestor(EntityKind.ITEM, base, sent(EntityKind.ITEM, base, state.operations), document)
        outcome = reconcile(Observation(EntityKind.ITEM, agreed, state.mirror, document))
        if outcome.sort is Sort.DELETED_HERE:  # its deletion waits, so it is still there
            return True
        return outcome.mirror is not None and outcome.mirror["filename"] == document["filename"]

    def _other_bytes(self, row: Row, document: Document) -> bool:
        """Whether an unsent local item surely holds other content than the platform's at the same path.

        One whose creation is under way may have got new content since: what was sent counts too.
        """
        state = states.load(self._connection, EntityKind.ITEM, [row["id"]])[row["id"]]
        on_its_way = sent(EntityKind.ITEM, None, state.operations)
        ours = [to_document(EntityKind.ITEM, row), *([on_its_way] if on_its_way else [])]
        return all(_differ(one.get("content"), document.get("content")) for one in ours)

    def _give_way(self, row: Row) -> None:
        state = states.load(self._connection, EntityKind.ITEM, [row["id"]])[row["id"]]
        mirror, base = state.mirror, state.base_document
        if mirror is None or (base is not None and base.get("filename") == mirror["filename"]):
            return
        moved = {**mirror, "filename": self.free_name(row["dataset_id"], row["filename"])}
        update_row(
            self._connection,
            EntityKind.ITEM,
            state.id,
            to_columns(EntityKind.ITEM, moved, derived_system(EntityKind.ITEM, row.get("metadata") or {})),
        )
        conflicts.add(
            self._connection,
            self._identity.object_id(),
            EntityKind.ITEM,
            state.id,
            Sort.CONTENT,
            at=self._stamp.at,
            path=("filename",),
            values={"mine": mirror["filename"], "theirs": mirror["filename"]},
            resolution=f"kept both: the local file is now {moved['filename']}",
        )
        self._relog(state, base, moved)

    def free_name(self, dataset_id: str, filename: str) -> str:
        """A path beside another that no live item of the dataset has."""

        def taken(path: str) -> bool:
            return bool(live_rows(self._connection, EntityKind.ITEM, dataset_id=dataset_id, filename=path))

        return conflict_name(filename, self._stamp.at[:10], self._stamp.device, taken)


def _differ(mine: Mapping[str, object] | None, theirs: Mapping[str, object] | None) -> bool:
    """Whether two contents are surely not the same."""
    if mine is None or theirs is None:
        return mine is not theirs
    if mine["size"] != theirs["size"]:
        return True
    return "digest" in theirs and theirs["digest"] != mine.get("digest")
