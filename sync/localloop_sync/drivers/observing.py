"""Taking in what the platform says: one page of entities, reconciled and written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from localloop_schema.documents import Document, derived_system, to_columns, to_document
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, get_rows, insert_rows, live_rows, table, update_row
from localloop_sync.core.content import must_compare, with_known_digest
from localloop_sync.core.merge import FieldConflict
from localloop_sync.core.naming import conflict_name
from localloop_sync.core.operation import Delta, Effect, difference
from localloop_sync.core.reconcile import Action, Observation, Outcome, Sort, reconcile
from localloop_sync.drivers import conflicts, oplog, states
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.matching import bind, buried, match
from localloop_sync.drivers.oplog import Stamp
from localloop_sync.drivers.relog import relog
from localloop_sync.drivers.states import EntityState
from localloop_sync.drivers.translate import local_ids, localise
from localloop_sync.ports import Observed, RemoteEntity

#: Facts that say who last changed an entity: while a local edit waits, the local answer stands.
_LAST_CHANGE = frozenset({"updated_at", "updated_by"})


class Observer:
    """Writes observations within one transaction.

    Args:
        connection: An open write transaction.
        identity: Makes ids.
        stamp: Under which action the log gets what changes by this.
    """

    def __init__(self, connection: Connection, identity: Identity, stamp: Stamp) -> None:
        self._connection = connection
        self._identity = identity
        self._stamp = stamp

    def observe(self, kind: EntityKind, entities: Sequence[RemoteEntity]) -> Observed:
        """Reconcile entities of one kind with what is here.

        Args:
            kind: Their kind.
            entities: Each at most once, as the platform has them now.
        """
        result = Observed()
        ghosts = buried(self._connection, kind, [entity.id for entity in entities])
        fresh = [one for one in entities if one.id not in ghosts or one.updated_at > ghosts[one.id]]
        located = [
            (entity, document, parents)
            for entity, (document, parents) in zip(
                fresh, localise(self._connection, kind, fresh), strict=True
            )
        ]
        located = self._without_orphans(kind, located, result)
        matched = match(self._connection, kind, located)
        known = states.load(self._connection, kind, list(matched.values()))
        if kind is EntityKind.ITEM:
            self._clear_paths(located, matched)
            known = states.load(self._connection, kind, list(matched.values()))
        inserts: list[Row] = []
        bases: list[Row] = []
        for entity, document, parents in located:
            local_id = matched.get(entity.id)
            state = known[local_id] if local_id else EntityState(kind, entity.id, None, None)
            self._one(entity, document, parents, state, inserts, bases, result)
        insert_rows(self._connection, kind, inserts)
        states.write_bases(self._connection, bases)
        return result

    def _without_orphans(self, kind: EntityKind, located: list[Any], result: Observed) -> list[Any]:
        """Those whose parents are here; the others go to ``result.orphans``."""
        missing: set[tuple[EntityKind, str]] = set()
        for parent in PARENTS[kind]:
            ids = {parents[parent] for _, _, parents in located if parent in parents}
            here = get_rows(self._connection, parent, sorted(ids))
            missing |= {(parent, one) for one in ids if one not in here}
        kept = []
        for entity, document, parents in located:
            lost = {one for one in parents.items() if one in missing}
            if any(parent is EntityKind.RECIPE for parent, _ in lost):  # a task outlives its recipe
                parents.pop(EntityKind.RECIPE)
                lost = {one for one in lost if one[0] is not EntityKind.RECIPE}
            if lost:
                result.orphans.append(entity)
            else:
                kept.append((entity, document, parents))
        return kept

    def _one(
        self,
        entity: RemoteEntity,
        document: Document,
        parents: dict[EntityKind, str],
        state: EntityState,
        inserts: list[Row],
        bases: list[Row],
        result: Observed,
    ) -> None:
        kind = state.kind
        base, mirror = state.base_document, state.mirror
        facts = self._facts(kind, entity)
        if kind is EntityKind.ITEM:
            document = with_known_digest(document, base)
            if must_compare(base, mirror, document):
                result.unverified.append(entity)
                return
        # One form of a document everywhere: what the columns would give back.
        document = to_document(kind, to_columns(kind, document, {}))
        outcome = reconcile(Observation(kind, base, mirror, document))
        if outcome.action is Action.KEEP_BOTH:  # ours was given another path: theirs is simply new
            state = EntityState(kind, entity.id, None, None)
            outcome = reconcile(Observation(kind, None, None, document))
        snapshot = states.snapshot(
            kind,
            state.id,
            entity.id,
            state.id if kind is EntityKind.DATASET else parents.get(EntityKind.DATASET),
            document,
            entity.updated_at,
        )
        if outcome.action is Action.TAKE:
            result.taken += 1
            bases.append(snapshot)
            if state.row is None:
                inserts.append(self._new_row(state, entity, document, parents, facts))
            else:  # deleted here while its creation was under way: now there is something to delete there
                bind(self._connection, kind, state.id, entity.id)
                self._relog(state, document, None)
            return
        if state.row is not None and state.row["remote_id"] is None:
            bind(self._connection, kind, state.id, entity.id)
        if outcome.action is Action.NOTHING:
            self._refresh_facts(state, facts)
            if state.base is None or state.base["remote_updated_at"] != entity.updated_at:
                bases.append(snapshot)
            return
        if outcome.action is Action.CONFLICT:
            bases.append(snapshot)
            result.conflicts += self._open(state, outcome, document)
            self._relog(state, document, None)
            return
        bases.append(snapshot)
        result.taken += 1
        self._merge(state, outcome, document, facts, result)

    def _merge(
        self, state: EntityState, outcome: Outcome, remote: Document, facts: Row, result: Observed
    ) -> None:
        assert outcome.mirror is not None
        assert state.row is not None
        derived = facts.pop("derived", derived_system(state.kind, state.row.get("metadata") or {}))
        edited = difference(state.kind, remote, outcome.mirror).effect is not Effect.NOTHING
        columns = {name: value for name, value in facts.items() if not (edited and name in _LAST_CHANGE)}
        columns |= to_columns(state.kind, outcome.mirror, derived)
        update_row(self._connection, state.kind, state.id, columns)
        result.conflicts += self._open(state, outcome, remote)
        self._settle_conflicts(state, outcome.mirror, remote)
        self._relog(state, remote, outcome.mirror)
        if outcome.aside is not None:
            self._keep_aside(state, outcome.aside, outcome.mirror)
            result.conflicts += 1

    def _open(self, state: EntityState, outcome: Outcome, remote: Document) -> int:
        """Write the outcome's conflicts; one that is open already only gets newer values."""
        present = {tuple(row["path"]): row for row in state.conflicts}
        wanted = list(outcome.conflicts)
        if outcome.sort is not None:
            wanted = [FieldConflict((), *self._whole(state, outcome, remote))]
        opened = 0
        for one in wanted:
            row = present.get(one.path)
            if row is not None:
                conflicts.refresh(self._connection, row["id"], {**one.values(), **_base_of(row)})
                continue
            opened += 1
            conflict_id = self._identity.object_id()
            sort = outcome.sort or Sort.FIELD
            conflicts.add(
                self._connection,
                conflict_id,
                state.kind,
                state.id,
                sort,
                at=self._stamp.at,
                path=one.path,
                values=one.values(),
            )
            state.conflicts.append({"id": conflict_id, "path": list(one.path), "values": one.values()})
        return opened

    def _whole(self, state: EntityState, outcome: Outcome, remote: Document) -> tuple[Any, Any, Any]:
        """Base, mine and theirs of a conflict about a whole entity; what is deleted is absent."""
        absent = FieldConflict(()).mine
        base = absent if state.base_document is None else state.base_document
        if outcome.sort is Sort.DELETED_HERE:
            return base, absent, remote
        return base, absent if outcome.mirror is None else outcome.mirror, absent

    def _settle_conflicts(self, state: EntityState, mirror: Document, remote: Document) -> None:
        """Close conflicts whose field has come to agree on both sides."""
        apart = {change.path for change in difference(state.kind, remote, mirror).changes}
        for row in list(state.conflicts):
            path = tuple(row["path"])
            if path and not any(one[: len(path)] == path or path[: len(one)] == one for one in apart):
                conflicts.close(self._connection, row["id"], "both sides came to agree", self._stamp.at)
                state.conflicts.remove(row)

    def _relog(self, state: EntityState, base: Document | None, mirror: Document | None) -> None:
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
        )

    def _facts(self, kind: EntityKind, entity: RemoteEntity) -> Row:
        """The facts that this kind has columns for, with task references in local ids."""
        columns = table(kind).c.keys()
        facts = {name: value for name, value in entity.facts.items() if name in columns or name == "derived"}
        refs = (facts.get("derived") or {}).get("refs")
        if kind is EntityKind.ITEM and isinstance(refs, list):
            facts["derived"] = {**facts["derived"], "refs": self._local_refs(refs)}
        return facts

    def _local_refs(self, refs: list[Any]) -> list[Any]:
        ids = [str(one.get("id")) for one in refs if isinstance(one, dict)]
        here: dict[str, str] = {}
        for kind in (EntityKind.TASK, EntityKind.ASSIGNMENT):
            here |= local_ids(self._connection, kind, ids)
        return [
            {**one, "id": here.get(str(one.get("id")), one.get("id"))} if isinstance(one, dict) else one
            for one in refs
        ]

    def _new_row(
        self,
        state: EntityState,
        entity: RemoteEntity,
        document: Document,
        parents: dict[EntityKind, str],
        facts: Row,
    ) -> Row:
        kind = state.kind
        derived = facts.pop("derived", {})
        return {
            "id": state.id,
            "remote_id": entity.id,
            "creator": "",
            "created_at": self._stamp.at,
            "updated_at": self._stamp.at,
            "updated_by": "",
            "deleted_at": None,
            **{f"{parent}_id": parents.get(parent) for parent in PARENTS[kind]},
            **{name: value for name, value in facts.items() if value is not None},
            **to_columns(kind, document, derived),
        }

    def _refresh_facts(self, state: EntityState, facts: Row) -> None:
        """Take over what the platform derived since, where it differs."""
        if state.row is None or state.row["deleted_at"] is not None:
            return
        row = state.row
        derived = facts.pop("derived", None)
        edited = bool(state.operations)
        columns = {
            name: value
            for name, value in facts.items()
            if row.get(name) != value and not (edited and name in _LAST_CHANGE) and value is not None
        }
        if derived is not None and derived != derived_system(state.kind, row.get("metadata") or {}):
            columns |= {"metadata": to_columns(state.kind, to_document(state.kind, row), derived)["metadata"]}
        update_row(self._connection, state.kind, state.id, columns)

    def _clear_paths(self, located: list[Any], matched: dict[str, str]) -> None:
        """Give another path to local items that want one where the platform has a different item.

        Only items with an unsent creation or move give way: any other is where the platform had it, and will be
        observed in its turn.
        """
        by_path = {
            (parents[EntityKind.DATASET], document["filename"]): (entity, document)
            for entity, document, parents in located
        }
        columns = table(EntityKind.ITEM).c
        paths = sorted({path for _, path in by_path})
        for start in range(0, len(paths), 500):
            query = select(table(EntityKind.ITEM)).where(
                columns.filename.in_(paths[start : start + 500]), columns.deleted_at.is_(None)
            )
            for found in list(self._connection.execute(query).mappings()):
                pair = by_path.get((found["dataset_id"], found["filename"]))
                if pair is None:
                    continue
                entity, document = pair
                owner = matched.get(entity.id)
                if found["remote_id"] == entity.id:
                    continue
                if owner == found["id"] and not self._other_bytes(dict(found), document):
                    continue
                if owner == found["id"]:
                    del matched[entity.id]
                self._give_way(dict(found))

    def _other_bytes(self, row: Row, document: Document) -> bool:
        """Whether an unsent local item surely holds other content than the platform's at the same path."""
        mine, theirs = to_document(EntityKind.ITEM, row).get("content"), document.get("content")
        if mine is None or theirs is None:
            return mine is not theirs
        if mine["size"] != theirs["size"]:
            return True
        return "digest" in theirs and theirs["digest"] != mine.get("digest")

    def _give_way(self, row: Row) -> None:
        state = states.load(self._connection, EntityKind.ITEM, [row["id"]])[row["id"]]
        mirror, base = state.mirror, state.base_document
        if mirror is None or (base is not None and base.get("filename") == mirror["filename"]):
            return
        moved = {**mirror, "filename": self._free_name(row["dataset_id"], row["filename"])}
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

    def _free_name(self, dataset_id: str, filename: str) -> str:
        def taken(path: str) -> bool:
            return bool(live_rows(self._connection, EntityKind.ITEM, dataset_id=dataset_id, filename=path))

        return conflict_name(filename, self._stamp.at[:10], self._stamp.device, taken)

    def _keep_aside(self, state: EntityState, content: Document, mirror: Document) -> None:
        """Make an item of its own from a local content that the platform's replaced."""
        assert state.row is not None
        filename = self._free_name(state.row["dataset_id"], mirror["filename"])
        document = {**mirror, "filename": filename, "content": content}
        entity_id = self._identity.object_id()
        row = {
            **state.row,
            "id": entity_id,
            "remote_id": None,
            "created_at": self._stamp.at,
            "updated_at": self._stamp.at,
            **to_columns(EntityKind.ITEM, document, {"mimetype": state.row.get("mimetype", "")}),
        }
        insert_rows(self._connection, EntityKind.ITEM, [row])
        delta = difference(EntityKind.ITEM, None, to_document(EntityKind.ITEM, row))
        record = oplog.record(
            self._identity, self._stamp, EntityKind.ITEM, entity_id, Delta(Effect.CREATE, delta.changes)
        )
        oplog.append(self._connection, [record])
        conflicts.add(
            self._connection,
            self._identity.object_id(),
            EntityKind.ITEM,
            state.id,
            Sort.CONTENT,
            at=self._stamp.at,
            path=("content",),
            values={
                "base": (state.base_document or {}).get("content"),
                "mine": content,
                "theirs": mirror.get("content"),
            },
            resolution=f"kept both: the local file is now {filename}",
        )


def _base_of(row: Row) -> dict[str, Any]:
    """The base that an open conflict began with: what both sides agreed on before it."""
    return {"base": row["values"]["base"]} if "base" in row["values"] else {}
