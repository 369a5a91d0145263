"""Gathering all that a store knows of one entity, and asking the platform about it, for ``localloop why``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from localloop.cli import places
from localloop.cli.standing import CONFLICTS, OPERATIONS, names
from localloop.cli.tracing import Trace
from localloop.store.policies import list_policies
from localloop_schema.documents import Document, to_columns, to_document
from localloop_schema.graves import TOMBSTONES
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, get_row, table
from localloop_schema.tables import Unfollowed
from localloop_sync.core.change import Change
from localloop_sync.core.content import with_known_digest
from localloop_sync.core.known import Asked, Dispute, Grave, Known, Logged, Parent
from localloop_sync.core.operation import OUTSTANDING, Operation, State, Verb
from localloop_sync.core.reconcile import Sort
from localloop_sync.core.references import natural_key
from localloop_sync.drivers import states, subscribing
from localloop_sync.drivers.burying import title
from localloop_sync.drivers.translate import localise, remote_ids
from localloop_sync.ports import Scope

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop_sync.ports import Remote, RemoteEntity

_UNFOLLOWED: Any = Unfollowed.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

#: How many operations of one entity are told, the newest.
_MOST = 100


def gather(store: Store, connection: Connection, found: Trace) -> Known:
    """All that is known of an entity.

    Args:
        store: The store.
        connection: A transaction of it.
        found: Which entity.
    """
    kind, entity_id = found.kind, found.id
    state = states.load(connection, kind, [entity_id])[entity_id]
    row = state.row
    settings = store.settings()
    return Known(
        kind=kind,
        id=entity_id,
        name=_called(connection, kind, entity_id, row),
        base=state.base_document,
        seen="" if state.base is None else str(state.base["remote_updated_at"] or ""),
        mirror=state.mirror,
        here=row is not None,
        log=_log(connection, kind, entity_id),
        conflicts=_conflicts(connection, kind, entity_id),
        grave=_grave(connection, kind, entity_id),
        parents=_parents(connection, kind, row) if row is not None else (),
        synced=str((settings.get("last_sync") or {}).get("at") or ""),
        subscribed=row is None or _looked_at(connection, kind, row),
        content=_content(store.blobs.has, kind, row),
        touched=row is not None and _touched(connection, kind, entity_id),
        dataset=None if row is None else entity_id if kind is EntityKind.DATASET else row.get("dataset_id"),
        rules=tuple(list_policies(store)),
    )


def _called(connection: Connection, kind: EntityKind, entity_id: str, row: Row | None) -> str:
    place = None if row is None else places.place_of(connection, kind, row)
    return place.text if place is not None else names(connection, {kind: [entity_id]})[kind.value, entity_id]


def _log(connection: Connection, kind: EntityKind, entity_id: str) -> tuple[Logged, ...]:
    columns = OPERATIONS.c
    query = (
        select(OPERATIONS)
        .where(columns.kind == kind.value, columns.entity_id == entity_id)
        .order_by(columns.seq.desc())
        .limit(_MOST)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return tuple(
        Logged(
            Operation(
                row["seq"],
                kind,
                entity_id,
                Verb(row["verb"]),
                tuple(Change.from_json(one) for one in row["changes"]),
                State(row["state"]),
                row["reason"],
                not_before=row["not_before"],
            ),
            at=row["created_at"],
            author=row["author"],
            action=row["action"],
        )
        for row in reversed(rows)
    )


def _conflicts(connection: Connection, kind: EntityKind, entity_id: str) -> tuple[Dispute, ...]:
    columns = CONFLICTS.c
    query = select(CONFLICTS).where(columns.kind == kind.value, columns.entity_id == entity_id)
    return tuple(
        Dispute(
            row["id"],
            Sort(row["sort"]),
            tuple(row["path"]),
            row["created_at"],
            None if row["state"] == "open" else row["resolution"] or "decided",
            row["resolved_at"],
        )
        for row in connection.execute(query.order_by(columns.created_at, columns.id)).mappings()
    )


def _grave(connection: Connection, kind: EntityKind, entity_id: str) -> Grave | None:
    columns = TOMBSTONES.c
    query = select(columns.origin, columns.deleted_at, columns.deleted_by, columns.emptied_at).where(
        columns.kind == kind.value, columns.entity_id == entity_id
    )
    row = connection.execute(query).first()
    return None if row is None else Grave(row.origin, row.deleted_at, row.deleted_by, row.emptied_at is None)


def _parents(connection: Connection, kind: EntityKind, row: Row) -> tuple[Parent, ...]:
    """What an entity is in and is not in sync, the outermost first."""
    found: list[Parent] = []
    for parent in PARENTS[kind]:
        parent_id = row.get(f"{parent}_id")
        above = get_row(connection, parent, parent_id) if parent_id else None
        if above is None or parent is EntityKind.RECIPE:
            continue
        outer = [one for one in _parents(connection, parent, above) if one not in found]
        stands = _stands(connection, parent, above)
        own = Parent(parent, title(parent, above), stands, above["id"]) if stands else None
        found += [*outer, *([own] if own is not None and own not in found else [])]
    return tuple(found)


def _stands(connection: Connection, kind: EntityKind, row: Row) -> str:
    state = states.load(connection, kind, [row["id"]])[row["id"]]
    if state.row is None or state.row["deleted_at"] is not None:
        return "deleted"
    if () in state.contested:
        return "conflict"
    if state.base is not None:
        return ""
    return "refused" if any(one.state is State.REJECTED for one in state.operations) else "unsent"


def _looked_at(connection: Connection, kind: EntityKind, row: Row) -> bool:
    """Whether a sync pulls an entity; one that the platform does not have is looked for by its name."""
    if row["remote_id"] is None:
        return True
    item = row["id"] if kind is EntityKind.ITEM else row.get("item_id")
    left = select(_UNFOLLOWED.c.item_id).where(_UNFOLLOWED.c.item_id == item)
    if item is not None and connection.execute(left).first() is not None:
        return False
    targets = subscribing.targets(connection)
    if kind is EntityKind.PROJECT:
        return any(one.project_id == row["id"] for one in targets)
    dataset = row["id"] if kind is EntityKind.DATASET else row.get("dataset_id")
    if dataset is not None:
        return any(dataset in one.datasets for one in targets)
    return any(one.project_id == row["project_id"] for one in targets)


def _content(has: Callable[[str], bool], kind: EntityKind, row: Row | None) -> str:
    if row is None or kind is not EntityKind.ITEM or row["type"] != "file" or row["deleted_at"] is not None:
        return ""
    if has(row["digest"] or ""):
        return "here"
    return "remote-only" if row["remote_id"] else "missing"


def _touched(connection: Connection, kind: EntityKind, entity_id: str) -> bool:
    """Whether something directly in an entity has edits that were not sent."""
    for child in EntityKind:
        if kind not in PARENTS[child]:
            continue
        columns = table(child).c
        inside = select(columns.id).where(columns[f"{kind}_id"] == entity_id)
        query = select(OPERATIONS.c.seq).where(
            OPERATIONS.c.kind == child.value,
            OPERATIONS.c.state.in_(sorted(OUTSTANDING)),
            OPERATIONS.c.entity_id.in_(inside),
        )
        if connection.execute(query.limit(1)).first() is not None:
            return True
    return False


def ask(store: Store, remote: Remote, found: Trace) -> Asked:
    """What the platform has of an entity now. Nothing is written, here or there.

    Args:
        store: The store.
        remote: The platform.
        found: Which entity.

    Raises:
        RemoteError: The platform does not answer, or does not show it.
    """
    entity = _fetched(store, remote, found)
    with store.reading() as connection:
        if entity is None:
            return Asked(store.clock.now(), None)
        base = states.bases_of(connection, found.kind, [found.id]).get(found.id)
        [(document, _)] = localise(connection, found.kind, [entity])
    if found.kind is EntityKind.ITEM:
        document = with_known_digest(document, None if base is None else base["document"])
    return Asked(store.clock.now(), _normal(found.kind, document))


def _normal(kind: EntityKind, document: Document) -> Document:
    """One form of a document everywhere: what the columns would give back."""
    return to_document(kind, to_columns(kind, document, {}))


def _fetched(store: Store, remote: Remote, found: Trace) -> RemoteEntity | None:
    """An entity as the platform has it: by its id there, or, while it has none, by what it is called."""
    row = found.row
    with store.reading() as connection:
        known = row["remote_id"] if row is not None else _last_remote_id(connection, found)
        if known is not None:
            scope, key = None, ""
        elif row is None:
            return None
        else:
            scope, key = (
                _scope(connection, found.kind, row),
                natural_key(found.kind, to_document(found.kind, row)),
            )
    if known is not None:
        return remote.get(found.kind, known)
    if scope is None or not key:
        return None
    return next(iter(remote.find(found.kind, scope, [key])), None)


def _last_remote_id(connection: Connection, found: Trace) -> Any:
    query = select(TOMBSTONES.c.remote_id).where(
        TOMBSTONES.c.kind == found.kind.value, TOMBSTONES.c.entity_id == found.id
    )
    return connection.execute(query).scalar()


def _scope(connection: Connection, kind: EntityKind, row: Row) -> Scope | None:
    """What an entity is in, on the platform; None while that is not there."""
    ids: dict[str, str] = {}
    for parent in PARENTS[kind]:
        local = row.get(f"{parent}_id")
        if not local or parent is EntityKind.RECIPE:
            continue
        there = remote_ids(connection, parent, [local]).get(local)
        if there is None:
            return None
        ids[parent.value] = there
    return Scope(**ids)
