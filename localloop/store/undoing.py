"""Undoing what was done here, as a new user action.

What an action did is in the log: each operation says which fields went from what to what. Undoing goes through them
from the last to the first and does the opposite to the entities as they are now: all of it, or nothing. So an undo is
an action like any other, in the log and for the next sync, and can be undone itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, func, select

from localloop.blobs import BlobRef
from localloop.errors import Conflict, NotFound, StoreError
from localloop.store.items import put_content
from localloop.store.paths import is_hidden, mimetype_of
from localloop.store.reviving import IN_LINE, Revived, bring_back, bring_in_line
from localloop.store.store import Store
from localloop.store.tasks import delete_task
from localloop.store.transaction import Transaction
from localloop.store.trash import heap
from localloop_schema.documents import Document, derived_system, measured, to_columns, to_document
from localloop_schema.graves import graves
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, get_row, get_rows, live_rows, parents_of
from localloop_schema.tables import Blob, Operation
from localloop_sync.core.change import Change, apply, diff
from localloop_sync.core.leaves import below
from localloop_sync.core.operation import Effect, State, Verb, fold
from localloop_sync.core.rules import RULES, TASKS
from localloop_sync.core.undoing import take_back
from localloop_sync.drivers import oplog, states
from localloop_sync.drivers.burying import title

__all__ = ["Action", "UndoRefused", "Undone", "actions", "find_action", "undo", "undo_unsent"]

_OPERATIONS: Any = Operation.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]  # the same

#: How the actions begin that decided conflicts. They say what was to stand, not what was edited.
_DECISION: Final = "resolve "

#: The fewest characters by which an operation or an action is found.
_SHORTEST: Final = 6

#: Kinds whose entities count as work that an undo of what they are in would delete.
_WORK: Final = (EntityKind.DATASET, EntityKind.ITEM, EntityKind.ANNOTATION, EntityKind.TASK)

#: Tells what is measured in a content: its digest and media type → ``metadata.system`` values by key.
Probe = Callable[[str, str], dict[str, Any]]


class UndoRefused(StoreError):
    """An action cannot be undone as things are now; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Action:
    """One user action, as the log has it.

    Attributes:
        batch: Its id.
        action: What the user did.
        author: Who.
        at: When.
        operations: How many operations it has.
        states: How many of them are in which state.
    """

    batch: str
    action: str
    author: str
    at: str
    operations: int
    states: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Undone:
    """What an undo did.

    Attributes:
        action: What it undid, in the words of the log.
        batch: The id of the undo itself, as an action.
        edited: How many entities got earlier values back, by kind.
        deleted: How many entities were deleted, by kind.
        there: How many of these the platform has, so that the next sync deletes them there.
        revived: What came back.
        passed_over: What was left as it is, as sentences.
        waits: How many entities have something for the next sync to send by now.
    """

    action: str
    batch: str
    edited: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    there: dict[str, int] = field(default_factory=dict)
    revived: Revived = field(default_factory=Revived)
    passed_over: list[str] = field(default_factory=list)
    waits: int = 0

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to undo any more."""
        return not (self.edited or self.deleted or self.revived.ids)


def actions(connection: Connection, limit: int = 20) -> list[Action]:
    """The newest user actions, newest first; what syncs logged is nobody's action.

    Args:
        connection: A transaction.
        limit: How many at most.
    """
    columns = _OPERATIONS.c
    newest = func.max(columns.seq)
    query = (
        select(columns.batch, columns.action, columns.author, func.min(columns.created_at), func.count())
        .where(columns.action != IN_LINE)
        .group_by(columns.batch)
        .order_by(newest.desc())
        .limit(limit)
    )
    found = [Action(*row) for row in connection.execute(query)]
    counted = (
        select(columns.batch, columns.state, func.count())
        .where(columns.batch.in_([one.batch for one in found]))
        .group_by(columns.batch, columns.state)
    )
    by_batch = {one.batch: one.states for one in found}
    for batch, state, number in connection.execute(counted):
        by_batch[batch][state] = number
    return found


def find_action(connection: Connection, what: str) -> tuple[Action, list[Row]]:
    """The action, or the one operation, that somebody names, with its operations in the order of the log.

    Args:
        connection: A transaction.
        what: The number of an operation, the id of one or of an action, or the end of such an id; empty for the last
            user action.

    Raises:
        NotFound: There is none, or there are several.
    """
    columns = _OPERATIONS.c
    if not what:
        last = actions(connection, 1)
        if not last:
            raise NotFound("404", "Nothing was done in this store yet.")
        condition = columns.batch == last[0].batch
    elif what.isdigit() and len(what) < _SHORTEST * 2:
        condition = columns.seq == int(what)
    elif len(what) >= _SHORTEST:
        condition = columns.id.endswith(what, autoescape=True)
        whole = columns.batch.endswith(what, autoescape=True)
        batches = list(connection.execute(select(columns.batch).where(whole).distinct()).scalars())
        if len(batches) > 1:
            raise NotFound("404", f"{len(batches)} actions have an id that ends with {what!r}.")
        condition = columns.batch == batches[0] if batches else condition
    else:
        raise NotFound("404", f"Nothing in the log is called {what!r}.")
    query = select(_OPERATIONS).where(condition).order_by(columns.seq)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    if not rows:
        raise NotFound("404", f"Nothing in the log is called {what!r}.")
    first = rows[0]
    found = Action(first["batch"], first["action"], first["author"], first["created_at"], len(rows))
    for row in rows:
        found.states[row["state"]] = found.states.get(row["state"], 0) + 1
    return found, rows


def undo(
    store: Store, what: str = "", *, force: bool = False, dry_run: bool = False, probe: Probe | None = None
) -> Undone:
    """Undo a user action, or one operation.

    Args:
        store: The store.
        what: See :func:`find_action`.
        force: Whether to go on where something was edited since, and so is lost.
        dry_run: Whether nothing is written.
        probe: Measures a content that comes back; nothing is measured when left out.

    Returns:
        What was done.

    Raises:
        NotFound: There is no such action.
        UndoRefused: Something was edited since, is in conflict, or is not kept any more; nothing was changed.
    """
    with store.reading() as connection:
        found, _ = find_action(connection, what)
    with store.transaction(f"undo: {found.action}", dry_run=dry_run) as tx:
        _, rows = find_action(tx.connection, what or found.batch)
        if found.action.startswith(_DECISION):
            raise UndoRefused(
                "A decision about a conflict is not undone.",
                advice="Its three values are kept: `localloop conflicts show ID`; edit the field to choose again.",
            )
        return _Undo(tx, Undone(found.action, tx.stamp.batch), force=force, probe=probe).run(rows)


def undo_unsent(
    store: Store, kind: EntityKind, entity_id: str, *, dry_run: bool = False, probe: Probe | None = None
) -> Undone:
    """Take back all that was done to one entity and that the platform does not have.

    Args:
        store: The store.
        kind: What it is.
        entity_id: Its local id.
        dry_run: Whether nothing is written.
        probe: See :func:`undo`.

    Returns:
        What was done. A deletion is taken back and nothing else; what the platform never had is deleted.

    Raises:
        NotFound: There is nothing unsent.
        UndoRefused: It is in conflict, or being sent.
    """
    with store.transaction(f"undo: unsent edits of one {kind.value}", dry_run=dry_run) as tx:
        state = states.load(tx.connection, kind, [entity_id])[entity_id]
        done = Undone(f"unsent edits of one {kind.value}", tx.stamp.batch)
        if not state.operations or state.row is None:
            raise NotFound("404", "Nothing of this waits to be sent.")
        if any(one.state is State.IN_FLIGHT for one in state.operations):
            raise UndoRefused(f"{title(kind, state.row)} is just being sent; sync, and try again.")
        work = _Undo(tx, done, force=False, probe=probe)
        work.check_conflicts(kind, entity_id, title(kind, state.row), None)
        if state.mirror is None:
            # The tombstones of what went with it are of the same moment.
            work.revive(heap(tx.connection, kind, entity_id))
        elif state.base_document is None:
            work.delete(kind, state.row)
        else:
            work.write(kind, state.row, state.base_document)
        return work.finish()


class _Undo:
    """One undo, within one transaction."""

    def __init__(self, tx: Transaction, done: Undone, *, force: bool, probe: Probe | None) -> None:
        self._tx = tx
        self._done = done
        self._force = force
        self._probe = probe
        self._created: set[tuple[str, str]] = set()
        self._touched: dict[tuple[EntityKind, str], None] = {}

    def run(self, rows: Sequence[Row]) -> Undone:
        """Undo operations, from the last to the first."""
        self._created = {(row["kind"], row["entity_id"]) for row in rows if row["verb"] == Verb.CREATE.value}
        gone: list[Row] = []
        for row in reversed(rows):
            if row["verb"] == Verb.DELETE.value:
                gone.append(row)
                continue
            self._restore(gone)
            gone = []
            if row["verb"] == Verb.CREATE.value:
                self._uncreate(row)
            else:
                self._set_back(row)
        self._restore(gone)
        return self.finish()

    def finish(self) -> Undone:
        """Close operations that took one another back, so that nothing of them waits."""
        for kind, entity_id in self._touched:
            operations = oplog.outstanding_of(self._tx.connection, kind, [entity_id]).get(entity_id, [])
            if any(one.state is State.IN_FLIGHT for one in operations):
                continue  # whether it arrived is found out first
            pending = [one for one in operations if one.state is State.PENDING]
            if pending and fold(pending).effect is Effect.NOTHING:
                oplog.move(self._tx.connection, [one.seq for one in pending], State.SUPERSEDED)
            if get_row(self._tx.connection, kind, entity_id) is not None:
                bring_in_line(self._tx, kind, entity_id)
        changed: dict[EntityKind, list[str]] = {
            kind: list(ids) for kind, ids in self._done.revived.ids.items()
        }
        for kind, entity_id in self._touched:
            changed.setdefault(kind, []).append(entity_id)
        self._done.waits = sum(self._done.there.values()) + sum(
            len(oplog.outstanding_of(self._tx.connection, kind, ids)) for kind, ids in changed.items()
        )
        return self._done

    def check_conflicts(
        self, kind: EntityKind, entity_id: str, name: str, changes: Sequence[Change] | None
    ) -> None:
        """Refuse what is under an open conflict; ``changes`` None stands for the whole entity."""
        state = states.load(self._tx.connection, kind, [entity_id])[entity_id]
        for row in state.conflicts:
            path = tuple(row["path"])
            if changes is None or any(below(path, one.path) or below(one.path, path) for one in changes):
                raise UndoRefused(
                    f"{kind.value.capitalize()} {name} is in conflict with an edit on the platform.",
                    advice=f"Decide that first: `localloop resolve {row['id']} --mine|--theirs`.",
                )

    # deletions

    def _restore(self, rows: Sequence[Row]) -> None:
        by_kind: dict[EntityKind, dict[str, Row]] = {}
        for row in rows:
            by_kind.setdefault(EntityKind(row["kind"]), {}).setdefault(row["entity_id"], row)
        found: list[Row] = []
        for kind, wanted in by_kind.items():
            there = get_rows(self._tx.connection, kind, list(wanted))
            kept = graves(self._tx.connection, kind, list(wanted))
            for entity_id, row in wanted.items():
                if entity_id in there and there[entity_id]["deleted_at"] is None:
                    continue
                grave = kept.get(entity_id)
                if grave is None:
                    raise UndoRefused(
                        f"Nothing is kept any more of {kind.value} {entity_id}, which it deleted."
                    )
                if grave["deleted_at"] != row["created_at"] and not self._force:
                    name = title(kind, {**grave["document"], "id": entity_id})
                    raise UndoRefused(
                        f"{kind.value.capitalize()} {name} was deleted again since, by another action.",
                        advice="Undo that one, or use --force.",
                    )
                found.append(grave)
        self.revive(found)

    def revive(self, found: Sequence[Row]) -> None:
        """Bring back what tombstones hold."""
        if not found:
            return
        try:
            revived = bring_back(self._tx, found)
        except Conflict as error:
            raise UndoRefused(error.message, advice=error.advice) from error
        refused = [one for one in revived.left if not self._force]
        if refused:
            one = refused[0]
            raise UndoRefused(f"{one.kind.value.capitalize()} {one.name} cannot come back: {one.reason}.")
        self._done.revived.add(revived)

    # creations

    def _uncreate(self, record: Row) -> None:
        kind = EntityKind(record["kind"])
        row = get_row(self._tx.connection, kind, record["entity_id"])
        if row is None or row["deleted_at"] is not None:
            return
        self.check_conflicts(kind, row["id"], title(kind, row), None)
        if not self._force:
            self._check_untouched(kind, row, record)
        self.delete(kind, row)

    def delete(self, kind: EntityKind, row: Row) -> None:
        """Delete an entity, and count what goes with it."""
        for one, number, there in self._counted(kind, row):
            self._done.deleted[one.value] = self._done.deleted.get(one.value, 0) + number
            if there:
                self._done.there[one.value] = self._done.there.get(one.value, 0) + there
        if kind is EntityKind.TASK:
            delete_task(self._tx, row)
        else:
            self._tx.delete(kind, row)

    def _counted(self, kind: EntityKind, row: Row) -> list[tuple[EntityKind, int, int]]:
        found: dict[EntityKind, dict[str, bool]] = {kind: {row["id"]: row["remote_id"] is not None}}
        above = {kind: [row["id"]]}
        for child in EntityKind:
            for parent in PARENTS[child]:
                for one in above.get(parent, []) if parent is not EntityKind.RECIPE else []:
                    rows = live_rows(self._tx.connection, child, **{f"{parent}_id": one})
                    found.setdefault(child, {}).update(
                        (below_it["id"], below_it["remote_id"] is not None) for below_it in rows
                    )
            above.setdefault(child, list(found.get(child, {})))
        return [(one, len(ids), sum(ids.values())) for one, ids in found.items() if ids]

    def _check_untouched(self, kind: EntityKind, row: Row, record: Row) -> None:
        """Refuse to delete what was edited since it was made, or holds what came later."""
        changes = [Change.from_json(one) for one in record["changes"]]
        if changes:  # an operation without says only that something came back
            # An item has lost its place in a task that the same action made, and that is undone by now.
            places = [(*TASKS, one) for what, one in self._created if what == EntityKind.TASK.value]
            for change in diff(kind, apply(kind, {}, changes), to_document(kind, row)):
                if not any(below(prefix, change.path) for prefix in (*RULES[kind].platform_first, *places)):
                    raise UndoRefused(
                        f"{kind.value.capitalize()} {title(kind, row)} was edited since: "
                        f"{'.'.join(change.path)}.",
                        advice="Undo the later edit first, or use --force to delete it all the same.",
                    )
        for child in _WORK:
            if kind not in PARENTS[child]:
                continue
            for one in live_rows(self._tx.connection, child, **{f"{kind}_id": row["id"]}):
                if (child.value, one["id"]) not in self._created and not one.get("system"):
                    raise UndoRefused(
                        f"There is something in {kind.value} {title(kind, row)} that came later: "
                        f"{child.value} {title(child, one)}.",
                        advice="Undo that first, or use --force to delete it all the same.",
                    )

    # edits

    def _set_back(self, record: Row) -> None:
        kind = EntityKind(record["kind"])
        row = get_row(self._tx.connection, kind, record["entity_id"])
        changes = [Change.from_json(one) for one in record["changes"]]
        if row is None or row["deleted_at"] is not None:
            if not self._force:
                raise UndoRefused(f"The {kind.value} {record['entity_id']} that it edited was deleted since.")
            self._done.passed_over.append(f"{kind.value} {record['entity_id']} is deleted")
            return
        self.check_conflicts(kind, row["id"], title(kind, row), changes)
        taken = take_back(kind, to_document(kind, row), changes, force=self._force)
        if taken.clashes:
            paths = ", ".join(".".join(path) for path in taken.clashes)
            raise UndoRefused(
                f"{kind.value.capitalize()} {title(kind, row)} was edited since: {paths}.",
                advice="Undo the later edit first, or use --force to replace it.",
            )
        if taken.noticed:
            self.write(kind, row, taken.document)

    def write(self, kind: EntityKind, row: Row, document: Document) -> None:
        """Give an entity an earlier document."""
        current = to_document(kind, row)
        if not diff(kind, current, document):
            self._touched[kind, row["id"]] = None
            return
        self._check_name(kind, row, document)
        content = document.get("content")
        if kind is EntityKind.ITEM and content and content != current.get("content"):
            row = self._put(row, content)
            if row["digest"] != content.get("digest"):
                return
        row = self._tx.update(kind, row, document)
        if kind is EntityKind.ITEM and row["hidden"] != is_hidden(row["filename"]):
            self._tx.set_facts(kind, row, {"hidden": is_hidden(row["filename"])})
        self._touched[kind, row["id"]] = None
        self._done.edited[kind.value] = self._done.edited.get(kind.value, 0) + 1

    def _check_name(self, kind: EntityKind, row: Row, document: Document) -> None:
        key = RULES[kind].key
        if len(key) != 1 or document.get(key[0]) == to_document(kind, row).get(key[0]):
            return
        name = document[key[0]]
        within = {f"{parent}_id": one for parent, one in parents_of(kind, row).items()}
        within.pop("recipe_id", None)
        if any(
            one["id"] != row["id"] for one in live_rows(self._tx.connection, kind, **{key[0]: name}, **within)
        ):
            raise UndoRefused(
                f"Another {kind.value} is called {name!r} by now.", advice="Move or rename that one first."
            )

    def _put(self, item: Row, content: Document) -> Row:
        """Give an item an earlier content, when its bytes are here or the platform still has them for it."""
        digest = content.get("digest")
        here = (
            digest is not None
            and self._tx.connection.execute(select(_BLOBS.c.digest).where(_BLOBS.c.digest == digest)).first()
        )
        if here:
            derived = self._probe(str(digest), mimetype_of(item["filename"])) if self._probe else {}
            blob = BlobRef(str(digest), content["size"])
            return put_content(self._tx, item, blob, derived=derived, keep_annotations=True)
        state = states.load(self._tx.connection, EntityKind.ITEM, [item["id"]])[item["id"]]
        if (state.base_document or {}).get("content") == content:
            document = {**to_document(EntityKind.ITEM, item), "content": content}
            row = self._tx.update(EntityKind.ITEM, item, document)
            derived = derived_system(EntityKind.ITEM, row["metadata"])
            unknown = measured(EntityKind.ITEM, item, to_document(EntityKind.ITEM, item)).keys()
            kept = {key: value for key, value in derived.items() if key not in unknown}
            columns = to_columns(EntityKind.ITEM, to_document(EntityKind.ITEM, row), kept)
            return self._tx.set_facts(EntityKind.ITEM, row, {"metadata": columns["metadata"]})
        name = title(EntityKind.ITEM, item)
        if not self._force:
            raise UndoRefused(f"The content that {name} had before is not here any more.")
        self._done.passed_over.append(f"the content that {name} had before is not here any more")
        return item
