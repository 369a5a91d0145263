"""Bringing back what was deleted, from tombstones.

A tombstone keeps the last document of an entity and what else was known of it. What comes back has the local id that
it had, so that ids which scripts hold stay valid, and is an edit like any other: it is logged, and the next sync makes
it anew on the platform. A deletion that the platform has not been told of is only taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, func, select

from localloop.errors import Conflict
from localloop.store.paths import is_hidden
from localloop.store.transaction import Transaction
from localloop_schema.documents import measured, to_columns, to_document
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, chunks, get_rows, live_rows, table, update_row
from localloop_schema.tables import Blob
from localloop_sync.core.merge import merge
from localloop_sync.core.naming import beside
from localloop_sync.core.operation import Delta, Effect, State, Verb
from localloop_sync.core.rules import TASKS
from localloop_sync.drivers import conflicts, oplog, states
from localloop_sync.drivers.burying import title
from localloop_sync.drivers.matching import client_id
from localloop_sync.drivers.relog import relog

_BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

#: Under what the log gets operations that only say anew what others said: nobody's action, and not to be undone.
IN_LINE: Final = "sync"

#: What has to be one of its name within its parent, and gets another name where its own is taken.
_NAMED: Final[dict[EntityKind, tuple[str, EntityKind | None]]] = {
    EntityKind.PROJECT: ("name", None),
    EntityKind.DATASET: ("name", EntityKind.PROJECT),
    EntityKind.ITEM: ("filename", EntityKind.DATASET),
    EntityKind.TASK: ("name", EntityKind.DATASET),
}

#: What there is one of within its parent, whatever it is called: it does not come back beside another.
_SINGLE: Final = {
    EntityKind.MEMBER: ("email", EntityKind.PROJECT),
    EntityKind.ASSIGNMENT: ("annotator", EntityKind.TASK),
}


@dataclass(frozen=True, slots=True)
class Left:
    """What did not come back, and why."""

    kind: EntityKind
    id: str
    name: str
    reason: str


@dataclass(slots=True)
class Revived:
    """What came back.

    Attributes:
        ids: The local ids of what did, by kind.
        renamed: Old and new name of what got another one, since its own is taken.
        left: What did not come back.
        dropped: How many memberships in tasks that are gone were dropped from items.
    """

    ids: dict[EntityKind, list[str]] = field(default_factory=dict)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    dropped: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many came back, by kind."""
        return {kind.value: len(ids) for kind, ids in self.ids.items()}

    def add(self, other: Revived) -> None:
        """Count what another call brought back as well."""
        for kind, ids in other.ids.items():
            self.ids.setdefault(kind, []).extend(ids)
        self.renamed += other.renamed
        self.left += other.left
        self.dropped += other.dropped


def bring_back(tx: Transaction, graves: Iterable[Row], *, rename: bool = True) -> Revived:
    """Bring entities back.

    Args:
        tx: The user action.
        graves: Their tombstones, in any order; those of what is there already are passed over.
        rename: Whether what finds its name taken gets another one. Otherwise that is an error.

    Returns:
        What came back, and what did not: what is in something that is deleted still, items whose content is not here,
        and members and assignments that exist anew.

    Raises:
        Conflict: A deletion is just being sent to the platform, or is in conflict with an edit there; or a name is
            taken and ``rename`` is off.
    """
    return _Reviver(tx, rename=rename).run(graves)


class _Reviver:
    def __init__(self, tx: Transaction, *, rename: bool) -> None:
        self._tx = tx
        self._rename = rename
        self._found = Revived()
        self._tasks: dict[EntityKind, set[str]] = {}

    def run(self, graves: Iterable[Row]) -> Revived:
        by_kind: dict[EntityKind, dict[str, Row]] = {}
        for grave in graves:
            by_kind.setdefault(EntityKind(grave["kind"]), {})[grave["entity_id"]] = grave
        self._tasks = {
            kind: set(by_kind.get(kind, {}))
            for kind in (EntityKind.TASK, EntityKind.ASSIGNMENT, EntityKind.RECIPE)
        }
        ask, datasets = self._tx.guard, by_kind.get(EntityKind.DATASET, {})
        if ask is not None and datasets:  # what is in a read-only dataset comes back with it
            self._tx.guard = lambda dataset_id: None if dataset_id in datasets else ask(dataset_id)
        for kind in EntityKind:  # parents before children
            for ids in chunks(by_kind.get(kind, {})):
                self._some(kind, {one: by_kind[kind][one] for one in ids})
        self._tx.guard = ask
        return self._found

    def _some(self, kind: EntityKind, graves: Mapping[str, Row]) -> None:
        there = get_rows(self._tx.connection, kind, list(graves))
        parents = self._parents_there(kind, graves.values())
        without = self._without_content(kind, [grave for one, grave in graves.items() if one not in there])
        again = self._brought_back_elsewhere(kind, graves.values())
        fresh: dict[tuple[tuple[str, str], ...], list[tuple[dict[str, Any], Row]]] = {}
        for one, grave in graves.items():
            row = there.get(one)
            if row is not None and row["deleted_at"] is None:
                continue
            reason = self._reason(kind, grave, parents, one in without)
            if one in again:
                reason = "it was brought back elsewhere, and is there by now"
            if reason:
                self._found.left.append(Left(kind, one, _called(kind, grave), reason))
            elif row is not None:
                self._take_back(kind, row)
                self._count(kind, one)
            else:
                named = tuple(
                    (parent.value, value)
                    for parent in PARENTS[kind]
                    if (value := grave["parents"].get(parent.value)) and (parent, value) in parents
                )
                fresh.setdefault(named, []).append((self._document(kind, grave), grave))
        for named, group in fresh.items():
            if kind in _NAMED:
                self._free_all(kind, [document for document, _ in group], dict(named))
            self._create(kind, named, group)

    def _create(
        self,
        kind: EntityKind,
        named: tuple[tuple[str, str], ...],
        group: Sequence[tuple[dict[str, Any], Row]],
    ) -> None:
        entries = [(document, {"id": grave["entity_id"], **grave["facts"]}) for document, grave in group]
        if kind is EntityKind.ITEM:
            entries = [
                (document, {**facts, "hidden": is_hidden(document["filename"])})
                for document, facts in entries
            ]
        self._tx.create_many(kind, entries, {EntityKind(parent): value for parent, value in named})
        for _, grave in group:
            self._count(kind, grave["entity_id"])

    def _count(self, kind: EntityKind, entity_id: str) -> None:
        self._found.ids.setdefault(kind, []).append(entity_id)

    def _parents_there(self, kind: EntityKind, graves: Iterable[Row]) -> set[tuple[EntityKind, str]]:
        """The parents of entities that are there, and are not deleted."""
        found: set[tuple[EntityKind, str]] = set()
        listed = list(graves)
        for parent in PARENTS[kind]:
            ids = sorted({one for grave in listed if (one := grave["parents"].get(parent.value))})
            rows = get_rows(self._tx.connection, parent, ids)
            found.update((parent, one) for one, row in rows.items() if row["deleted_at"] is None)
        return found

    def _without_content(self, kind: EntityKind, graves: Sequence[Row]) -> set[str]:
        """Items whose bytes are not here: nobody has them any more."""
        if kind is not EntityKind.ITEM:
            return set()
        digests = {
            grave["entity_id"]: (grave["document"].get("content") or {}).get("digest")
            for grave in graves
            if grave["document"].get("type", "file") == "file"
        }
        known: set[str] = set()
        for part in chunks(sorted({one for one in digests.values() if one})):
            known.update(
                self._tx.connection.execute(
                    select(_BLOBS.c.digest).where(_BLOBS.c.digest.in_(part))
                ).scalars()
            )
        has = self._tx.has_blob
        if has is not None:
            known = {digest for digest in known if has(digest)}
        return {one for one, digest in digests.items() if digest not in known}

    def _brought_back_elsewhere(self, kind: EntityKind, graves: Iterable[Row]) -> set[str]:
        """Annotations whose key another one of their item has: a store that brought them back before made that."""
        if kind is not EntityKind.ANNOTATION:
            return set()
        keys = {
            (grave["parents"].get(EntityKind.ITEM.value), key): grave["entity_id"]
            for grave in graves
            if (key := client_id(grave["document"]))
        }
        columns = table(kind).c
        key_of = func.json_extract(columns.metadata, "$.system.clientId")
        found: set[str] = set()
        for part in chunks(dict.fromkeys(item for item, _ in keys if item)):
            query = select(columns.id, columns.item_id, key_of).where(
                columns.item_id.in_(part), columns.deleted_at.is_(None)
            )
            for one, item, key in self._tx.connection.execute(query):
                grave = keys.get((item, key))
                if grave is not None and grave != one:
                    found.add(grave)
        return found

    def _reason(
        self, kind: EntityKind, grave: Row, parents: set[tuple[EntityKind, str]], without: bool
    ) -> str:
        """Why an entity cannot come back; empty when it can."""
        for parent in PARENTS[kind]:
            named = grave["parents"].get(parent.value)
            if named and parent is not EntityKind.RECIPE and (parent, named) not in parents:
                return f"the {parent.value} it was in is deleted"
        if without:
            return "its content is neither here nor on the platform any more"
        if kind in _SINGLE:
            key, parent = _SINGLE[kind]
            value = grave["document"].get(key)
            if live_rows(
                self._tx.connection, kind, **{key: value, f"{parent}_id": grave["parents"][parent.value]}
            ):
                return f"there is another one of {value} by now"
        return ""

    def _document(self, kind: EntityKind, grave: Row) -> dict[str, Any]:
        """The document without what it refers to and is gone: a dataset's recipes, an item's tasks."""
        document: dict[str, Any] = dict(grave["document"])
        if kind is EntityKind.DATASET:
            document["recipes"] = [
                one for one in document.get("recipes") or [] if self._there(EntityKind.RECIPE, one)
            ]
        if kind is EntityKind.ITEM and document.get(TASKS[0]):
            kept = {}
            for task, entry in document[TASKS[0]].items():
                if not self._there(EntityKind.TASK, task):
                    self._found.dropped += 1
                    continue
                given = entry.get("assignment")
                gone = given is not None and not self._there(EntityKind.ASSIGNMENT, given)
                kept[task] = {key: value for key, value in entry.items() if key != "assignment" or not gone}
            document = {key: value for key, value in document.items() if key != TASKS[0]}
            document |= {TASKS[0]: kept} if kept else {}
        return document

    def _there(self, kind: EntityKind, entity_id: str) -> bool:
        """Whether an entity is here, or comes back as well."""
        if entity_id not in self._tasks[kind]:
            row = get_rows(self._tx.connection, kind, [entity_id]).get(entity_id)
            if row is None or row["deleted_at"] is not None:
                return False
            self._tasks[kind].add(entity_id)
        return True

    def _free_all(
        self, kind: EntityKind, documents: Sequence[dict[str, Any]], named: Mapping[str, str]
    ) -> None:
        """Give those of new documents another name whose own is taken, by what is there or by one another."""
        key, parent = _NAMED[kind]
        columns = table(kind).c
        taken: set[Any] = set()
        for part in chunks(dict.fromkeys(document[key] for document in documents)):
            query = select(columns[key]).where(columns[key].in_(part), columns.deleted_at.is_(None))
            if parent is not None:
                query = query.where(columns[f"{parent}_id"] == named[parent.value])
            taken.update(self._tx.connection.execute(query).scalars())
        for document in documents:
            if document[key] in taken:
                self._free(kind, document, named, "", taken)
            taken.add(document[key])

    def _free(
        self,
        kind: EntityKind,
        document: dict[str, Any],
        named: Mapping[str, str],
        entity_id: str,
        given: AbstractSet[Any] = frozenset(),
    ) -> None:
        """Give a document another name where its own is taken."""
        if kind not in _NAMED:
            return
        key, parent = _NAMED[kind]
        within = {} if parent is None else {f"{parent}_id": named[parent.value]}

        def taken(name: str) -> bool:
            rows = live_rows(self._tx.connection, kind, **{key: name}, **within)
            return name in given or any(row["id"] != entity_id for row in rows)

        name = document.get(key)
        if not isinstance(name, str) or not taken(name):
            return
        if not self._rename:
            raise Conflict("409", f"Another {kind.value} has the name {name!r} by now; rename it first.")
        document[key] = free_name(kind, name, taken)
        self._found.renamed.append((name, document[key]))

    def _take_back(self, kind: EntityKind, row: Row) -> None:
        """Take back a deletion that the platform has not been told of."""
        tx = self._tx
        state = states.load(tx.connection, kind, [row["id"]])[row["id"]]
        if any(one.state is State.IN_FLIGHT for one in state.operations):
            raise Conflict("409", "The deletion is just being sent to the platform; sync, and try again.")
        whole = next((one for one in state.conflicts if not one["path"]), None)
        if whole is not None:
            raise Conflict(
                "409",
                f"The deletion of {title(kind, row)} is in conflict with an edit on the platform.",
                advice=f"Decide that: `localloop resolve {whole['id']} --restore`.",
            )
        deletions = [one.seq for one in state.operations if one.verb is Verb.DELETE]
        oplog.move(tx.connection, deletions, State.SUPERSEDED)
        document = _with_what_others_wrote(tx.connection, state)
        columns = {
            **to_columns(kind, document, measured(kind, row, document)),
            "deleted_at": None,
            "updated_at": tx.stamp.at,
            "updated_by": tx.stamp.author,
        }
        update_row(tx.connection, kind, row["id"], columns)
        # For the log alone: what is to be sent follows from the base and the mirror.
        record = oplog.record(
            tx.identity, tx.stamp, kind, row["id"], Delta(Effect.CREATE), state=State.SUPERSEDED
        )
        oplog.append(tx.connection, [record])
        bring_in_line(tx, kind, row["id"])
        before = dict(document)
        self._free(
            kind, document, {parent.value: row[f"{parent}_id"] or "" for parent in PARENTS[kind]}, row["id"]
        )
        if document != before:
            tx.update(kind, {**row, **columns}, document)


def _with_what_others_wrote(connection: Connection, state: states.EntityState) -> dict[str, Any]:
    """A document that is marked as deleted, and what others changed on the platform since.

    That it was deleted all the same was decided, and not told to the platform: taking the deletion back must not take
    back what they wrote.
    """
    assert state.row is not None
    document = to_document(state.kind, state.row)
    values = conflicts.deleted_since(connection, state.kind, state.id, state.row["deleted_at"])
    if values is None or state.base_document is None or "base" not in values:
        return document
    before, now = values["base"], state.base_document
    merged = merge(state.kind, before, document, now).document
    if document.get("content") == (before or {}).get("content") and "content" in now:
        merged["content"] = now["content"]
    return merged


def free_name(kind: EntityKind, name: str, taken: Callable[[str], bool]) -> str:
    """A name like ``name (restored)`` that is not taken.

    Args:
        kind: What is to be called so; an item's name is its path, and keeps its extension.
        name: The name that is taken.
        taken: Whether a name is.
    """
    if kind is EntityKind.ITEM:
        return beside(name, "restored", taken)
    number = 1
    while True:
        candidate = f"{name} (restored)" if number == 1 else f"{name} (restored {number})"
        if not taken(candidate):
            return candidate
        number += 1


def bring_in_line(tx: Transaction, kind: EntityKind, entity_id: str, *, again: bool = False) -> None:
    """Let the outstanding operations of an entity say what separates its base from its mirror.

    Whatever is logged by this is nobody's action: the action itself has its own operations in the log.

    Args:
        tx: The user action.
        kind: What the entity is.
        entity_id: Its local id.
        again: Whether what the platform refused is to be tried again.
    """
    state = states.load(tx.connection, kind, [entity_id])[entity_id]
    relog(
        tx.connection,
        tx.identity,
        replace(tx.stamp, batch=tx.identity.operation_id(), action=IN_LINE),
        kind,
        entity_id,
        base=state.base_document,
        mirror=state.mirror,
        operations=state.operations,
        contested=state.contested,
        again=again,
    )


def _called(kind: EntityKind, grave: Row) -> str:
    return title(kind, {**grave["document"], "id": grave["entity_id"]})
