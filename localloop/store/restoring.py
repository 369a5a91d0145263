"""Bringing deleted datasets back, with everything that went with them.

A tombstone keeps the last document of each entity and what else was known of it. A dataset comes back with the items,
annotations, tasks and assignments that its own deletion took, under their ids; what was deleted before that stays
deleted. Coming back is an edit like any other: it is logged, and the next sync sends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from localloop.errors import BadRequest
from localloop.store.reviving import bring_back
from localloop.store.transaction import Transaction
from localloop_schema.graves import TOMBSTONES, graves
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, get_row, table
from localloop_schema.tables import Operation
from localloop_sync.core.operation import Verb

_OPERATIONS: Any = Operation.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

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
    live = select(datasets.id).where(datasets.id == TOMBSTONES.c.entity_id, datasets.deleted_at.is_(None))
    query = (
        select(TOMBSTONES)
        .where(
            TOMBSTONES.c.kind == EntityKind.DATASET.value,
            TOMBSTONES.c.parents["project"].as_string().in_(list(project_ids)),
            TOMBSTONES.c.origin == "local",
            TOMBSTONES.c.emptied_at.is_(None),
            ~live.exists(),
        )
        .order_by(TOMBSTONES.c.deleted_at.desc(), TOMBSTONES.c.entity_id)
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
        BadRequest: No deletion of it is known, or nothing is kept of it any more.
        Conflict: Its name is taken by now, or its deletion is just being sent to the platform.
    """
    batch = _batch(tx.connection, dataset_id)
    if batch is None:
        raise BadRequest("400", f"No deletion of this dataset is known. Id: {dataset_id!r}")
    taken: list[Row] = []
    for kind in _KINDS:
        for ids in chunks(_taken(tx.connection, batch, kind)):
            found = graves(tx.connection, kind, ids)
            taken += _of_dataset(kind, [found[one] for one in ids if one in found], dataset_id)
    if not any(grave["entity_id"] == dataset_id for grave in taken):
        raise BadRequest("400", f"Nothing is kept of this dataset any more. Id: {dataset_id!r}")
    bring_back(tx, taken, rename=False)
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


def _of_dataset(kind: EntityKind, graves: Sequence[Row], dataset_id: str) -> Iterator[Row]:
    """Those of a dataset: one action may have deleted several."""
    for grave in graves:
        own = grave["entity_id"] if kind is EntityKind.DATASET else grave["parents"].get("dataset")
        if own == dataset_id:
            yield grave
