"""Which local entity a platform entity is: by its id there, else by the natural key of a create not yet confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import as_list, chunks, get_rows, listed, parents_of, table, update_row
from localloop_schema.tables import Tombstone
from localloop_sync.core.echo import sent
from localloop_sync.core.operation import State
from localloop_sync.drivers import oplog
from localloop_sync.drivers.translate import local_ids
from localloop_sync.ports import RemoteEntity

#: Columns that are the natural key of a kind within its parents.
_KEYS: dict[EntityKind, tuple[tuple[EntityKind, ...], str, str]] = {
    EntityKind.PROJECT: ((), "name", "name"),
    EntityKind.MEMBER: ((EntityKind.PROJECT,), "email", "email"),
    EntityKind.ONTOLOGY: ((EntityKind.PROJECT,), "title", "title"),
    EntityKind.RECIPE: ((EntityKind.PROJECT,), "title", "title"),
    EntityKind.DATASET: ((EntityKind.PROJECT,), "name", "name"),
    EntityKind.ITEM: ((EntityKind.DATASET,), "filename", "filename"),
    EntityKind.TASK: ((EntityKind.DATASET,), "name", "name"),
    EntityKind.ASSIGNMENT: ((EntityKind.TASK,), "annotator", "annotator"),
}

_TOMBSTONES: Any = Tombstone.__table__.c  # type: ignore[attr-defined]  # SQLModel sets it on table models
_BURIED = select(_TOMBSTONES.remote_id, _TOMBSTONES.deleted_at).where(
    _TOMBSTONES.kind == bindparam("of"),
    _TOMBSTONES.remote_id.in_(listed("ids")),
    _TOMBSTONES.origin == "local",
)
_DRAWN = table(EntityKind.ANNOTATION).c
_UNBOUND_ANNOTATIONS = select(_DRAWN.id, _DRAWN.item_id, _DRAWN.metadata).where(
    _DRAWN.item_id.in_(listed("items")), _DRAWN.remote_id.is_(None)
)

Located = Sequence[tuple[RemoteEntity, Document, dict[EntityKind, str]]]


def match(connection: Connection, kind: EntityKind, located: Located) -> dict[str, str]:
    """Platform id → local id for the entities that the store already has in some form.

    Args:
        connection: A transaction.
        kind: Their kind.
        located: Each entity with its document and its parents in local ids.

    Returns:
        Only those that match; an unbound local entity is matched by at most one.
    """
    found = local_ids(connection, kind, [entity.id for entity, _, _ in located])
    unmatched = [one for one in located if one[0].id not in found]
    if not unmatched:
        return found
    if kind is EntityKind.ANNOTATION:
        return found | _by_client_id(connection, unmatched)
    sent_keys = _sent_keys(connection, kind)
    for entity, document, parents in unmatched:
        local_id = sent_keys.get(_place(kind, document.get(_KEYS[kind][2]), parents))
        if local_id is not None:
            found[entity.id] = local_id
    unmatched = [one for one in unmatched if one[0].id not in found]
    return found | _by_key(connection, kind, unmatched, frozenset(sent_keys.values()))


def _place(kind: EntityKind, key: Any, parents: Mapping[EntityKind, str]) -> tuple[Any, ...]:
    return (*(parents.get(parent) for parent in _KEYS[kind][0]), key)


def _sent_keys(connection: Connection, kind: EntityKind) -> dict[tuple[Any, ...], str]:
    """Parents and key of each creation that is under way, as it was sent → local id.

    It may have been renamed since; then the platform knows it by its earlier name.
    """
    waiting = oplog.entities_in(connection, [State.IN_FLIGHT])
    ids = [entity_id for of, entity_id in waiting if of is kind]
    operations = oplog.outstanding_of(connection, kind, ids)
    return {
        _place(
            kind, (sent(kind, None, operations[one]) or {}).get(_KEYS[kind][2]), parents_of(kind, row)
        ): one
        for one, row in get_rows(connection, kind, ids).items()
        if row["remote_id"] is None
    }


def _by_key(
    connection: Connection, kind: EntityKind, located: Located, taken: frozenset[str]
) -> dict[str, str]:
    """By the name that an unbound local entity has now; ``taken`` are known to the platform by another."""
    parents_of_key, _, key = _KEYS[kind]
    by_key = {_place(kind, document.get(key), parents): entity.id for entity, document, parents in located}
    pairs = {}
    within = {
        parent.value: as_list(list(dict.fromkeys(one[number] for one in by_key)))
        for number, parent in enumerate(parents_of_key)
    }
    for part in chunks(dict.fromkeys(str(one[-1]) for one in by_key)):
        for row in connection.execute(_unbound(kind), {"keys": as_list(part), **within}):
            remote_id = by_key.get((*row[2:], row[1]))
            if remote_id is not None and row[0] not in taken:
                pairs[remote_id] = row[0]
    return pairs


@cache
def _unbound(kind: EntityKind) -> Select[Any]:
    """Entities without a platform id that have one of some keys within some parents."""
    columns = table(kind).c
    parents, column, _ = _KEYS[kind]
    links = [columns[f"{parent}_id"] for parent in parents]
    here = [link.in_(listed(parent.value)) for link, parent in zip(links, parents, strict=True)]
    query = select(columns.id, columns[column], *links).where(
        columns[column].in_(listed("keys")), *here, columns.remote_id.is_(None)
    )
    # The last one stands: a live entity before a deleted one, an older before a younger.
    return query.order_by(columns.deleted_at.is_(None), columns.id.desc())


def _by_client_id(connection: Connection, located: Located) -> dict[str, str]:
    """Annotations by item and ``metadata.system.clientId``; a cloned item's annotations copy the key too."""
    wanted = {
        (parents.get(EntityKind.ITEM, ""), client_id(document)): entity.id
        for entity, document, parents in located
        if client_id(document)
    }
    pairs: dict[str, str] = {}
    for part in chunks(dict.fromkeys(item for item, _ in wanted)):
        for row in connection.execute(_UNBOUND_ANNOTATIONS, {"items": as_list(part)}):
            remote_id = wanted.get((row.item_id, client_id({"metadata": row.metadata})))
            if remote_id is not None:
                pairs[remote_id] = row.id
    return pairs


def client_id(document: Document) -> str:
    """The ``metadata.system.clientId`` of an annotation's document, or empty text."""
    system = (document.get("metadata") or {}).get("system") or {}
    value = system.get("clientId")
    return value if isinstance(value, str) else ""


def bind(connection: Connection, kind: EntityKind, entity_id: str, remote_id: str) -> None:
    """Write down what the platform calls a local entity."""
    update_row(connection, kind, entity_id, {"remote_id": remote_id})


def buried(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
    """Platform ids that this store itself deleted there, with the time of the deletion.

    One that still has a row is not among them: its deletion waits, or was taken back.
    """
    found: dict[str, str] = {}
    for part in chunks(ids):
        rows = connection.execute(_BURIED, {"of": kind.value, "ids": as_list(part)})
        found.update((row[0], row[1]) for row in rows)
    for one in local_ids(connection, kind, list(found)):
        del found[one]
    return found
