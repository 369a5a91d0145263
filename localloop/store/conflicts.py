"""Conflicts, as people list and resolve them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final

from sqlalchemy import Connection, select

from localloop.errors import BadRequest, NotFound, StoreError
from localloop.store.paths import normal_path
from localloop.store.store import Store
from localloop.store.transaction import Transaction
from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, chunks, get_row, table
from localloop_sync.core.leaves import MISSING
from localloop_sync.core.operation import State, Verb
from localloop_sync.core.reconcile import Sort
from localloop_sync.drivers import conflicts as records
from localloop_sync.drivers import oplog
from localloop_sync.drivers.resolving import Choice, ContentMissing, PathTaken, Resolver

__all__ = [
    "Choice",
    "Decision",
    "Wish",
    "datasets_of",
    "get_conflict",
    "list_conflicts",
    "resolve_conflict",
    "resolve_conflicts",
]


#: Conflicts about whether an entity is to be there, and which side wants it to be.
_WANTED_BY: Final = {Sort.DELETED_THERE.value: Choice.MINE, Sort.DELETED_HERE.value: Choice.THEIRS}


class Wish(StrEnum):
    """What a person wants of a conflict. The last two are about deletions, whichever side deleted."""

    MINE = "mine"
    THEIRS = "theirs"
    VALUE = "value"
    RESTORE = "restore"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Decision:
    """A conflict that was decided, and what follows.

    Attributes:
        conflict: The conflict as it was.
        choice: Which side stands.
        then: What the next sync will do about the entity, as one sentence.
    """

    conflict: Row
    choice: Choice
    then: str


def list_conflicts(
    store: Store,
    *,
    state: str | None = "open",
    dataset_id: str | None = None,
    kind: EntityKind | None = None,
    field: str | None = None,
) -> list[Row]:
    """The conflicts of a store, oldest first.

    Args:
        store: The store.
        state: ``open`` or ``resolved``; None for all.
        dataset_id: Only those about a dataset (its local id) and what is in it.
        kind: Only those about entities of this kind.
        field: Only those about a field whose path, joined by dots, is like this pattern (``metadata.user.*``).

    Returns:
        Rows of the ``conflicts`` table: ``id, kind, entity_id, sort, path, values, state, resolution, ...``.
    """
    with store.reading() as connection:
        found = records.listing(connection, state=state)
        if kind is not None:
            found = [row for row in found if row["kind"] == kind.value]
        if field is not None:
            found = [row for row in found if row["path"] and fnmatchcase(".".join(row["path"]), field)]
        if dataset_id is not None:
            homes = datasets_of(connection, found)
            found = [row for row in found if homes.get((row["kind"], row["entity_id"])) == dataset_id]
    return found


def datasets_of(connection: Connection, rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """The datasets (local ids) that conflicts are in, by their entities' kind and id; absent where there is none."""
    wanted: dict[EntityKind, dict[str, None]] = {}
    for row in rows:
        wanted.setdefault(EntityKind(row["kind"]), {})[row["entity_id"]] = None
    found: dict[tuple[str, str], str] = {}
    for kind, ids in wanted.items():
        if kind is EntityKind.DATASET:
            found.update(((kind.value, one), one) for one in ids)
        if EntityKind.DATASET not in PARENTS[kind]:
            continue
        columns = table(kind).c
        for part in chunks(ids):
            gone = select(TOMBSTONES.c.entity_id, TOMBSTONES.c.parents["dataset"].as_string()).where(
                TOMBSTONES.c.kind == kind.value, TOMBSTONES.c.entity_id.in_(part)
            )
            here = select(columns.id, columns.dataset_id).where(columns.id.in_(part))
            for query in (gone, here):
                found.update(((kind.value, row[0]), row[1]) for row in connection.execute(query))
    return found


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
        BadRequest: ``value`` is none that this conflict can be decided with.
        StoreError: An item is to be restored on the platform, but its content is not here; or something else is at
            the path that is chosen.
    """
    row = get_conflict(store, conflict_id)
    [decision] = resolve_conflicts(store, [row], Wish(choice.value), value)[0]
    return decision.conflict


def resolve_conflicts(
    store: Store,
    rows: Sequence[Row],
    wish: Wish,
    value: Any = MISSING,
    *,
    lenient: bool = False,
    dry_run: bool = False,
) -> tuple[list[Decision], list[tuple[Row, str]]]:
    """Decide open conflicts, as one user action.

    Args:
        store: The store.
        rows: The conflicts.
        wish: What is to stand, for all of them.
        value: The third value, for :attr:`Wish.VALUE`.
        lenient: Whether one that cannot be decided like this is left as it is, and stops no other. Otherwise it stops
            all of them, and nothing is decided.
        dry_run: Whether nothing is written.

    Returns:
        What was decided, and the conflicts that were not, each with the reason.

    Raises:
        NotFound: One is resolved already.
        BadRequest: The wish makes no sense for one of them.
        StoreError: See :func:`resolve_conflict`.
    """
    decided: list[Decision] = []
    failures: list[tuple[Row, str]] = []
    with store.transaction(f"resolve a conflict: {wish.value}", dry_run=dry_run) as tx:
        tx.guard = None  # a dataset that became read-only meanwhile must not leave it undecided
        for row in rows:
            try:
                with tx.connection.begin_nested():
                    decision = _decide(tx, row, wish, value)
            except StoreError as error:
                if not lenient:
                    raise
                failures.append((row, error.message))
                continue
            if decision is not None:
                decided.append(decision)
            elif not lenient and all(one.conflict["entity_id"] != row["entity_id"] for one in decided):
                raise NotFound("404", f"The conflict {row['id']} is resolved already.")
    return decided, failures


def side(row: Row, wish: Wish) -> Choice:
    """Which side of a conflict a wish means.

    Raises:
        BadRequest: None.
    """
    wanted_by = _WANTED_BY.get(row["sort"])
    if wish in (Wish.RESTORE, Wish.ACCEPT):
        if wanted_by is None:
            raise BadRequest(
                "400",
                f"The conflict {row['id']} is about a field and not about a deletion: "
                "choose --mine, --theirs or --value.",
            )
        other = Choice.THEIRS if wanted_by is Choice.MINE else Choice.MINE
        return wanted_by if wish is Wish.RESTORE else other
    if wish is Wish.VALUE and (wanted_by is not None or row["sort"] == Sort.CONTENT.value):
        raise BadRequest(
            "400",
            f"The conflict {row['id']} is about a deletion, which has no third value: "
            "choose --restore or --accept.",
        )
    return Choice(wish.value)


def _decide(tx: Transaction, row: Row, wish: Wish, value: Any) -> Decision | None:
    """Decide one conflict; None when it is resolved already."""
    choice = side(row, wish)
    if choice is Choice.VALUE:
        value = _checked(row, value)
    try:
        resolved = Resolver(tx.connection, tx.identity, tx.stamp).resolve(row["id"], choice, value)
    except ContentMissing as error:
        raise StoreError(
            "The item cannot be restored on the platform, because its content is not here.",
            advice="Accept the deletion with `localloop resolve ID --accept`.",
        ) from error
    except PathTaken as error:
        if not error.path.startswith("/"):
            raise StoreError(
                f"Another one is called {error.path!r} here by now.",
                advice="Rename that first, or accept the deletion with `localloop resolve ID --accept`.",
            ) from error
        raise StoreError(
            f"Something else is at {error.path!r} here by now.",
            advice="Move that away first, or choose --mine.",
        ) from error
    return None if resolved is None else Decision(resolved, choice, _then(tx.connection, resolved))


def _checked(row: Row, value: Any) -> Any:
    """A third value in the form in which documents hold it.

    Raises:
        BadRequest: It is no value for this field.
    """
    path = row["path"]
    if path[0] == "metadata":
        return value
    sides = [row["values"][name] for name in ("base", "mine", "theirs") if name in row["values"]]
    if not any(_sort(value) == _sort(one) for one in sides):
        kinds = " or ".join(sorted({_sort(one) for one in sides}))
        shown = json.dumps(value)
        raise BadRequest("400", f"{'.'.join(path)} has to be {kinds}, not {shown[:60]}.")
    return normal_path(value) if path == ["filename"] else value


def _sort(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    names = {str: "a text", list: "an array", dict: "an object", type(None): "null"}
    return names[type(value)]


def _then(connection: Connection, row: Row) -> str:
    """What the next sync will do about the entity of a conflict that was just decided."""
    kind, entity_id = EntityKind(row["kind"]), row["entity_id"]
    if get_row(connection, kind, entity_id) is None:
        return "It is deleted here too."
    operations = oplog.outstanding_of(connection, kind, [entity_id]).get(entity_id, [])
    verbs = {one.verb for one in operations if one.state is State.PENDING}
    if Verb.DELETE in verbs:
        return "The next sync deletes it on the platform."
    if Verb.CREATE in verbs:
        return "The next sync makes it anew on the platform."
    if verbs:
        return "The next sync sends it."
    return "There is nothing to send: it is here as the platform has it."
