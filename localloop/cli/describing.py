"""Everything about one entity, as ``localloop show`` tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select

from localloop.cli import places
from localloop.cli.standing import BASES, CONFLICTS, standings
from localloop.store.datasets import counts_of
from localloop.store.projects import members_of
from localloop_schema.documents import derived_system, to_document
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.rows import Row, live_rows
from localloop_sync.core.operation import OUTSTANDING
from localloop_sync.drivers import oplog

_HAVE_DERIVED = frozenset(EntityKind) - {EntityKind.PROJECT, EntityKind.MEMBER}


def describe(connection: Connection, has: Callable[[str], bool], what: str) -> dict[str, Any]:
    """Everything about what a place or an id names.

    Args:
        connection: A transaction.
        has: Whether the bytes of a digest are in the cache.
        what: A place, or an id.

    Raises:
        BadRequest: It is neither.
        NotFound: There is no such thing.
    """
    kind, row, place = places.find_any(connection, what)
    if place is not None and place.path and place.item is None:
        return _folder(connection, place)
    told: dict[str, Any] = {
        "kind": kind.value,
        "id": row["id"],
        "remote_id": row["remote_id"],
        "place": place.text if place else None,
        **{f"{parent.value}_id": row[f"{parent.value}_id"] for parent in PARENTS[kind]},
        "created_at": row["created_at"],
        "creator": row["creator"],
        "updated_at": row["updated_at"],
        "updated_by": row["updated_by"],
        **_sync(connection, kind, row),
        **_particulars(connection, has, kind, row),
        **_document(kind, row),
    }
    if kind is EntityKind.ITEM:
        told["annotations"] = [
            _annotation(one) for one in live_rows(connection, EntityKind.ANNOTATION, item_id=row["id"])
        ]
    return told


def _folder(connection: Connection, place: places.Place) -> dict[str, Any]:
    number = size = 0
    for row in places.items_in(connection, place, files=True):
        number += 1
        size += row["size"]
    return {"kind": "folder", "place": place.text, "files": number, "size": size}


def _sync(connection: Connection, kind: EntityKind, row: Row) -> dict[str, Any]:
    """How an entity stands, what of it is not sent, and what the platform has."""
    operations = oplog.outstanding_of(connection, kind, [row["id"]]).get(row["id"], [])
    base = connection.execute(
        select(BASES.c.remote_updated_at).where(BASES.c.kind == kind.value, BASES.c.entity_id == row["id"])
    ).scalar()
    open_ones = select(CONFLICTS.c.id).where(
        CONFLICTS.c.kind == kind.value, CONFLICTS.c.entity_id == row["id"], CONFLICTS.c.state == "open"
    )
    return {
        "state": standings(connection, kind, [row["id"]])[row["id"]],
        "on_platform": base is not None,
        "platform_updated_at": base,
        "outstanding": [
            f"{one.state.value}: {one.verb.value} {', '.join(sorted('.'.join(c.path) for c in one.changes))}"
            if one.verb.value == "set"
            else f"{one.state.value}: {one.verb.value}"
            for one in operations
            if one.state in OUTSTANDING
        ],
        "conflicts": list(connection.execute(open_ones).scalars()),
    }


def _particulars(
    connection: Connection, has: Callable[[str], bool], kind: EntityKind, row: Row
) -> dict[str, Any]:
    if kind is EntityKind.ITEM and row["type"] == "file":
        here = has(row["digest"] or "")
        return {
            "size": row["size"],
            "mimetype": row["mimetype"],
            "digest": row["digest"],
            "content_is": "here" if here else "remote-only" if row["remote_id"] else "missing",
        }
    if kind is EntityKind.DATASET:
        counts = counts_of(connection, [row["id"]])[row["id"]]
        return {
            "items_count": counts.items,
            "annotated_count": counts.annotated,
            "annotations_count": counts.annotations,
        }
    if kind is EntityKind.PROJECT:
        datasets = live_rows(connection, EntityKind.DATASET, project_id=row["id"])
        return {
            "datasets": sorted(one["name"] for one in datasets if not one["system"]),
            "members": [f"{one['email']} ({one['role']})" for one in members_of(connection, row["id"])],
        }
    return {}


def _document(kind: EntityKind, row: Row) -> dict[str, Any]:
    """What people edit, and beside it what the platform derived."""
    document = to_document(kind, row)
    document.pop("content", None)
    derived = derived_system(kind, row["metadata"] or {}) if kind in _HAVE_DERIVED else {}
    return {**document, "derived": derived}


def _annotation(row: Row) -> dict[str, Any]:
    keys = ("id", "type", "label", "coordinates", "attributes", "description")
    told = {key: row[key] for key in keys if row[key] not in (None, [])}
    user = {key: value for key, value in (row["metadata"] or {}).items() if key != "system"}
    attributes = ((row["metadata"] or {}).get("system") or {}).get("attributes")
    return {
        **told,
        **({"attributes": attributes} if attributes else {}),
        **({"metadata": user} if user else {}),
        "creator": row["creator"],
        "updated_at": row["updated_at"],
    }
