"""Taking in what the platform says: one page of entities, reconciled and written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from localloop_schema.documents import Document, derived_system, measured, to_columns, to_document
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, get_rows, insert_rows, table, update_row
from localloop_sync.core.content import must_compare, with_known_digest
from localloop_sync.core.echo import ancestor, sent
from localloop_sync.core.merge import FieldConflict
from localloop_sync.core.operation import Delta, Effect, difference
from localloop_sync.core.reconcile import Action, Observation, Outcome, Sort, reconcile
from localloop_sync.core.rules import TASKS
from localloop_sync.drivers import conflicts, oplog, states
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.matching import bind, buried, match
from localloop_sync.drivers.oplog import Stamp
from localloop_sync.drivers.paths import Paths
from localloop_sync.drivers.scribe import Scribe
from localloop_sync.drivers.states import EntityState, has_blob
from localloop_sync.drivers.translate import local_refs, localise
from localloop_sync.ports import Observed, RemoteEntity

#: Facts that say who last changed an entity: while a local edit waits, the local answer stands.
_LAST_CHANGE = frozenset({"updated_at", "updated_by"})


class Observer(Scribe):
    """Writes observations within one transaction."""

    def __init__(self, connection: Connection, identity: Identity, stamp: Stamp) -> None:
        super().__init__(connection, identity, stamp)
        self._parents: dict[tuple[EntityKind, str], Row] = {}
        self._worked: set[str] = set()
        #: The conflicts that were opened.
        self.opened: list[str] = []

    def observe(self, kind: EntityKind, entities: Sequence[RemoteEntity]) -> Observed:
        """Reconcile entities of one kind with what is here.

        Args:
            kind: Their kind.
            entities: As the platform has them now. A page may hold one twice, when something was written while the
                platform put it together.
        """
        entities = list({entity.id: entity for entity in entities}.values())
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
        if kind is EntityKind.ITEM:
            Paths(self._connection, self._identity, self._stamp).clear(located, matched)
        known = states.load(self._connection, kind, list(matched.values()))
        inserts: list[Row] = []
        bases: list[Row] = []
        for entity, document, parents in located:
            local_id = matched.get(entity.id)
            state = known[local_id] if local_id else EntityState(kind, entity.id, None, None)
            self._one(entity, document, parents, state, inserts, bases, result)
        insert_rows(self._connection, kind, inserts)
        result.fresh = [row["id"] for row in inserts]
        states.write_bases(self._connection, bases)
        for row in inserts:
            if row["deleted_at"] is not None:  # it came into what was deleted here: that deletion waits now
                state = EntityState(kind, row["id"], None, None)
                self._relog(state, to_document(kind, row), None)
        result.conflicts += self._hold_tasks()
        return result

    def _without_orphans(self, kind: EntityKind, located: list[Any], result: Observed) -> list[Any]:
        """Those whose parents are here; the others go to ``result.orphans``."""
        missing: set[tuple[EntityKind, str]] = set()
        for parent in PARENTS[kind]:
            ids = {parents[parent] for _, _, parents in located if parent in parents}
            here = get_rows(self._connection, parent, sorted(ids))
            self._parents.update(((parent, one), row) for one, row in here.items())
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
        on_its_way = sent(kind, base, state.operations)
        facts = self._facts(kind, entity)
        if kind is EntityKind.ITEM:
            document = with_known_digest(document, base)
            if any(must_compare(base, mine, document) for mine in (mirror, on_its_way)):
                result.unverified.append(entity)
                return
        # One form of a document everywhere: what the columns would give back.
        document = to_document(kind, to_columns(kind, document, {}))
        self._found_again(state)
        agreed = ancestor(kind, base, on_its_way, document)
        outcome = reconcile(Observation(kind, agreed, mirror, document))
        if outcome.action is Action.KEEP_BOTH or (outcome.action is Action.TAKE and state.row is not None):
            # Ours was given another path, or it was deleted here and is not what was sent: theirs is simply new.
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
            self._note_work(kind, None, document, outcome)
            row = self._new_row(state, entity, document, parents, facts)
            inserts.append(row)
            row["deleted_at"], opened = self._swept_along(parents)
            result.conflicts += opened
            return
        if state.row is not None and state.row["remote_id"] is None:
            bind(self._connection, kind, state.id, entity.id)
        if outcome.action is Action.NOTHING:
            self._refresh_facts(state, facts)
            if state.base is None or state.base["remote_updated_at"] != entity.updated_at:
                bases.append(snapshot)
                self._relog(state, document, mirror)
            return
        bases.append(snapshot)
        if outcome.action is Action.CONFLICT:
            above = self._deleted_above(parents)
            if above is None:
                result.conflicts += self._open(state, outcome, document)
            else:  # it went with its parent, so there is one thing to decide: whether the parent goes
                self._record(state, document, f"decided with the {above[0].value} it belongs to")
                result.conflicts += self._hold_deletion(*above)
            self._relog(state, document, None)
            return
        result.taken += 1
        self._note_work(kind, base, document, outcome)
        self._merge(state, outcome, document, facts, result)

    def _found_again(self, state: EntityState) -> None:
        """Close a conflict about a deletion on the platform: the entity is there."""
        for row in list(state.conflicts):
            if not row["path"] and row["sort"] == Sort.DELETED_THERE.value:
                conflicts.close(self._connection, row["id"], "it is on the platform again", self._stamp.at)
                state.conflicts.remove(row)
                self._relog(state, state.base_document, state.mirror)
                fresh = states.load(self._connection, state.kind, [state.id])[state.id]
                state.operations = fresh.operations

    def _swept_along(self, parents: dict[EntityKind, str]) -> tuple[str | None, int]:
        """When something new was deleted here with what it is in (None: it was not), and conflicts opened by that."""
        above = self._deleted_above(parents)
        return (None, 0) if above is None else (above[1]["deleted_at"], self._hold_deletion(*above))

    def _deleted_above(self, parents: dict[EntityKind, str]) -> tuple[EntityKind, Row] | None:
        """The highest entity above that was deleted here, and so took everything below it along."""
        ids = {parent: one for parent, one in parents.items() if parent is not EntityKind.RECIPE}
        rows = {
            parent: self._parents[parent, one]
            for parent, one in ids.items()
            if (parent, one) in self._parents
        }
        gone = [(parent, row) for parent, row in rows.items() if row["deleted_at"] is not None]
        if not gone:
            return None
        dataset = rows.get(EntityKind.DATASET)
        if dataset is not None and EntityKind.PROJECT not in rows:
            project = get_rows(self._connection, EntityKind.PROJECT, [dataset["project_id"]])
            gone += [(EntityKind.PROJECT, one) for one in project.values() if one["deleted_at"] is not None]
        order = list(EntityKind)
        return min(gone, key=lambda one: order.index(one[0]))

    def _hold_deletion(self, kind: EntityKind, row: Row) -> int:
        """Open a conflict about a deletion below which the platform has something new; 0 when one is open."""
        state = states.load(self._connection, kind, [row["id"]])[row["id"]]
        base = state.base_document
        if base is None or state.lost or () in state.contested:
            return 0
        outcome = Outcome(Action.CONFLICT, base=base, sort=Sort.DELETED_HERE)
        opened = self._open(state, outcome, base)
        self._relog(state, base, None)
        return opened

    def _note_work(self, kind: EntityKind, base: Document | None, remote: Document, outcome: Outcome) -> None:
        """Remember in which tasks somebody worked on an item since the base, if no conflict says so already."""
        if kind is EntityKind.ITEM:
            was = _statuses(base)
            new = {task for task, status in _statuses(remote).items() if was.get(task) != status}
            self._worked |= new - {one.path[1] for one in outcome.conflicts if one.path[:1] == TASKS}

    def _hold_tasks(self) -> int:
        """Conflicts opened about tasks that were deleted here while somebody worked in them there."""
        rows = get_rows(self._connection, EntityKind.TASK, sorted(self._worked))
        self._worked.clear()
        deleted = [row for row in rows.values() if row["deleted_at"] is not None]
        return sum(self._hold_deletion(EntityKind.TASK, row) for row in deleted)

    def _keep_work(self, state: EntityState, mirror: Document) -> None:
        """Record what an item's status was in the tasks it is in no more, as a conflict that is no longer open.

        Whoever deleted the task may not have seen that somebody worked in it, and it leaves with the item's document.
        """
        assert state.mirror is not None
        there = mirror.get(TASKS[0]) or {}
        for task in sorted(_statuses(state.mirror).keys() - there.keys()):
            conflicts.add(
                self._connection,
                self._identity.object_id(),
                state.kind,
                state.id,
                Sort.FIELD,
                at=self._stamp.at,
                path=(*TASKS, task),
                values={
                    "base": (state.base_document or {}).get(TASKS[0], {}).get(task, {}),
                    "mine": state.mirror[TASKS[0]][task],
                },
                resolution="the platform has the item in this task no more",
            )

    def _record(self, state: EntityState, remote: Document, resolution: str) -> None:
        """Keep what the platform has of an entity that was deleted here, as a conflict that is no longer open."""
        conflicts.add(
            self._connection,
            self._identity.object_id(),
            state.kind,
            state.id,
            Sort.DELETED_HERE,
            at=self._stamp.at,
            values={"base": state.base_document, "theirs": remote},
            resolution=resolution,
        )

    def _merge(
        self, state: EntityState, outcome: Outcome, remote: Document, facts: Row, result: Observed
    ) -> None:
        assert outcome.mirror is not None
        assert state.row is not None
        derived = facts.pop("derived", derived_system(state.kind, state.row.get("metadata") or {}))
        edited = difference(state.kind, remote, outcome.mirror).effect is not Effect.NOTHING
        columns = {name: value for name, value in facts.items() if not (edited and name in _LAST_CHANGE)}
        derived = {**measured(state.kind, state.row, outcome.mirror), **derived}
        columns |= to_columns(state.kind, outcome.mirror, derived)
        update_row(self._connection, state.kind, state.id, columns)
        self._keep_work(state, outcome.mirror)
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
            self.opened.append(conflict_id)
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
            state.conflicts.append(
                {"id": conflict_id, "sort": sort.value, "path": list(one.path), "values": one.values()}
            )
        return opened

    def _whole(self, state: EntityState, outcome: Outcome, remote: Document) -> tuple[Any, Any, Any]:
        """Base, mine and theirs of a conflict about a whole entity; what is deleted is absent."""
        absent = FieldConflict(()).mine
        base = absent if state.base_document is None or state.lost else state.base_document
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

    def _facts(self, kind: EntityKind, entity: RemoteEntity) -> Row:
        """The facts that this kind has columns for, with task references in local ids."""
        columns = table(kind).c.keys()
        facts = {name: value for name, value in entity.facts.items() if name in columns or name == "derived"}
        refs = (facts.get("derived") or {}).get("refs")
        if kind is EntityKind.ITEM and isinstance(refs, list):
            facts["derived"] = {**facts["derived"], "refs": local_refs(self._connection, refs)}
        return facts

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
        document = to_document(state.kind, row)
        if derived is not None:
            derived = {**measured(state.kind, row, document), **derived}
        if derived is not None and derived != derived_system(state.kind, row.get("metadata") or {}):
            columns |= {"metadata": to_columns(state.kind, document, derived)["metadata"]}
        update_row(self._connection, state.kind, state.id, columns)

    def _keep_aside(self, state: EntityState, content: Document, mirror: Document) -> None:
        """Make an item of its own from a local content that the platform's replaced."""
        assert state.row is not None
        if not has_blob(self._connection, content.get("digest")):  # it was never given here, only known
            self._replaced(
                state, content, mirror, "the platform's content was taken, the other one was not here"
            )
            return
        paths = Paths(self._connection, self._identity, self._stamp)
        filename = paths.free_name(state.row["dataset_id"], mirror["filename"])
        document = {**mirror, "filename": filename, "content": content}
        document.pop(TASKS[0], None)  # the work that was given out is on the one that keeps the path
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
        self._replaced(state, content, mirror, f"kept both: the local file is now {filename}")

    def _replaced(self, state: EntityState, content: Document, mirror: Document, resolution: str) -> None:
        """Record that a local content lost its place."""
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
            resolution=resolution,
        )


def _statuses(document: Document | None) -> dict[str, str]:
    """An item's status by task, where it has one."""
    tasks = (document or {}).get(TASKS[0]) or {}
    return {task: entry["status"] for task, entry in tasks.items() if entry.get("status")}


def _base_of(row: Row) -> dict[str, Any]:
    """The base that an open conflict began with: what both sides agreed on before it."""
    return {"base": row["values"]["base"]} if "base" in row["values"] else {}
