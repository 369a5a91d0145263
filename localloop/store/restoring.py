"""Bringing deleted datasets back, with everything that went with them.

A tombstone keeps the last document of each entity and what else was known of it. A dataset comes back with the items,
annotations, tasks and assignments that its own deletion took, under their ids; what was deleted before that stays
deleted. Coming back is an edit like any other: it is logged, and the next sync sends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, select

from localloop.errors import BadRequest, Conflict
from localloop.store.datasets import find_dataset
from localloop.store.transaction import Transaction
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, chunks, get_row, get_rows, table, update_row
from localloop_schema.tables import Operation, Tombstone
from localloop_sync.core.operation import Delta, Effect, State, Verb
from localloop_sync.drivers import oplog

_OPERATIONS: Any = Operation.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_TOMBSTONES: Any = Tombstone.__table__  # type: ignore[attr-defined]  # the same

#: What comes back, parents first.
_KINDS: Final = (
    EntityKind.DATASET,
    EntityKind.ITEM,
    EntityKind.ANNOTATION,
    EntityKind.TASK,
    EntityKind.ASSIGNMENT,
)


def deleted_datasets(connection: Connection, project_ids: Sequence[str]) -> list[Row]:
    """The tombstones of the datasets that were deleted in some projects here, newest first."""
    datasets = table(EntityKind.DATASET).c
    live = select(datasets.id).where(datasets.id == _TOMBSTONES.c.entity_id, datasets.deleted_at.is_(None))
    query = (
        select(_TOMBSTONES)
        .where(
            _TOMBSTONES.c.kind == EntityKind.DATASET.value,
            _TOMBSTONES.c.parents["project"].as_string().in_(list(project_ids)),
            _TOMBSTONES.c.origin == "local",
            ~live.exists(),
        )
        .order_by(_TOMBSTONES.c.deleted_at.desc(), _TOMBSTONES.c.entity_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def restore_dataset(tx: Transaction, dataset_id: str) -> Row:
    """Bring a deleted dataset back.

    Args:
        tx: The user action.
        dataset_id: Its local id.

    Returns:
        Its row.

    Raises:
        BadRequest: No deletion of it is known.
        Conflict: Its name is taken by now, or its deletion is just being sent to the platform.
    """
    batch = _batch(tx.connection, dataset_id)
    if batch is None:
        raise BadRequest("400", f"No deletion of this dataset is known. Id: {dataset_id!r}")
    for kind in _KINDS:
        for ids in chunks(_taken(tx.connection, batch, kind)):
            _restore(tx, kind, _of_dataset(kind, _graves(tx.connection, kind, ids), dataset_id))
    row = get_row(tx.connection, EntityKind.DATASET, dataset_id)
    assert row is not None
    return row


def _batch(connection: Connection, dataset_id: str) -> str | None:
    """The user action that deleted a dataset last."""
    query = (
        select(_OPERATIONS.c.batch)
        .where(
            _OPERATIONS.c.kind == EntityKind.DATASET.value,
            _OPERATIONS.c.entity_id == dataset_id,
            _OPERATIONS.c.verb == Verb.DELETE.value,
        )
        .order_by(_OPERATIONS.c.seq.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def _taken(connection: Connection, batch: str, kind: EntityKind) -> list[str]:
    """What a user action deleted of a kind."""
    query = (
        select(_OPERATIONS.c.entity_id)
        .where(
            _OPERATIONS.c.batch == batch,
            _OPERATIONS.c.kind == kind.value,
            _OPERATIONS.c.verb == Verb.DELETE.value,
        )
        .order_by(_OPERATIONS.c.entity_id)
    )
    return [str(one) for one in connection.execute(query).scalars()]


def _graves(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> list[Row]:
    query = select(_TOMBSTONES).where(_TOMBSTONES.c.kind == kind.value, _TOMBSTONES.c.entity_id.in_(ids))
    return [dict(row) for row in connection.execute(query.order_by(_TOMBSTONES.c.entity_id)).mappings()]


def _of_dataset(kind: EntityKind, graves: Sequence[Row], dataset_id: str) -> Iterator[Row]:
    """Those of a dataset: one action may have deleted several."""
    for grave in graves:
        own = grave["entity_id"] if kind is EntityKind.DATASET else grave["parents"].get("dataset")
        if own == dataset_id:
            yield grave


def _restore(tx: Transaction, kind: EntityKind, graves: Iterator[Row]) -> None:
    found = {grave["entity_id"]: grave for grave in graves}
    there = get_rows(tx.connection, kind, list(found))
    fresh: dict[tuple[tuple[str, str | None], ...], list[Row]] = {}
    for entity_id, grave in found.items():
        if kind is EntityKind.DATASET:
            _check_name(tx, grave)
        if entity_id in there:
            _revive(tx, kind, there[entity_id])
        else:
            fresh.setdefault(tuple(sorted(grave["parents"].items())), []).append(grave)
    for named, group in fresh.items():
        parents = _parents(tx, kind, dict(named))
        entries = [
            (_document(tx, kind, grave), {"id": grave["entity_id"], **grave["facts"]}) for grave in group
        ]
        tx.create_many(kind, entries, parents)
    for ids in chunks(found):
        gone = delete(_TOMBSTONES).where(_TOMBSTONES.c.kind == kind.value, _TOMBSTONES.c.entity_id.in_(ids))
        tx.connection.execute(gone)


def _check_name(tx: Transaction, grave: Row) -> None:
    name = grave["document"].get("name")
    if find_dataset(tx.connection, grave["parents"]["project"], name) is not None:
        raise Conflict("409", f"Another dataset has the name {name!r} by now; rename it first.")


def _document(tx: Transaction, kind: EntityKind, grave: Row) -> dict[str, Any]:
    """The document; a dataset names only those of its recipes that are still there."""
    document: dict[str, Any] = dict(grave["document"])
    if kind is EntityKind.DATASET:
        known = get_rows(tx.connection, EntityKind.RECIPE, document.get("recipes") or [])
        document["recipes"] = [
            one for one in document.get("recipes") or [] if one in known and known[one]["deleted_at"] is None
        ]
    return document


def _parents(tx: Transaction, kind: EntityKind, named: Mapping[str, str | None]) -> dict[EntityKind, str]:
    """The parents that are named; a task whose recipe is gone by now comes back without one."""
    parents = {parent: value for parent in PARENTS[kind] if (value := named.get(parent.value))}
    recipe = get_row(tx.connection, EntityKind.RECIPE, parents.get(EntityKind.RECIPE, ""))
    if recipe is None or recipe["deleted_at"] is not None:
        parents.pop(EntityKind.RECIPE, None)
    return parents


def _revive(tx: Transaction, kind: EntityKind, row: Row) -> None:
    """Take back a deletion that the platform has not been told of."""
    if row["deleted_at"] is None:
        return
    outstanding = oplog.outstanding_of(tx.connection, kind, [row["id"]]).get(row["id"], [])
    if any(one.state is State.IN_FLIGHT for one in outstanding):
        raise Conflict("409", "The deletion is just being sent to the platform; sync, and try again.")
    deletions = [one.seq for one in outstanding if one.verb is Verb.DELETE]
    oplog.move(tx.connection, deletions, State.SUPERSEDED)
    columns = {"deleted_at": None, "updated_at": tx.stamp.at, "updated_by": tx.stamp.author}
    update_row(tx.connection, kind, row["id"], columns)
    # For the log alone: what is to be sent follows from the base and the mirror, and they did not change.
    record = oplog.record(
        tx.identity, tx.stamp, kind, row["id"], Delta(Effect.CREATE), state=State.SUPERSEDED
    )
    oplog.append(tx.connection, [record])
