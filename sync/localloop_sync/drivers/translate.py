"""Ids in documents: the platform's in what crosses the wire, local ones in mirror and base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, select

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_schema.refs import ASSIGNMENT, TASK_ID
from localloop_schema.rows import as_list, chunks, listed, table
from localloop_sync.core.references import references, translate
from localloop_sync.core.rules import TASKS
from localloop_sync.ports import RemoteEntity

_ASSIGNMENTS = table(EntityKind.ASSIGNMENT).c
_GIVEN = select(_ASSIGNMENTS.remote_id, _ASSIGNMENTS.id, _ASSIGNMENTS.task_id).where(
    _ASSIGNMENTS.remote_id.in_(listed("ids"))
)


def local_ids(connection: Connection, kind: EntityKind, remote_ids: Sequence[str]) -> dict[str, str]:
    """Platform id → local id, for those that are known here."""
    return _pairs(connection, kind, "remote_id", "id", remote_ids)


def remote_ids(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
    """Local id → platform id, for those that have one."""
    return _pairs(connection, kind, "id", "remote_id", ids)


def _pairs(
    connection: Connection, kind: EntityKind, source: str, target: str, ids: Sequence[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(dict.fromkeys(ids)):
        rows = connection.execute(_paired(kind, source, target), {"ids": as_list(part)})
        found.update((row[0], row[1]) for row in rows)
    return found


@cache
def _paired(kind: EntityKind, source: str, target: str) -> Select[Any]:
    columns = table(kind).c
    return select(columns[source], columns[target]).where(
        columns[source].in_(listed("ids")), columns[target].is_not(None)
    )


def localise(
    connection: Connection, kind: EntityKind, entities: Sequence[RemoteEntity]
) -> list[tuple[Document, dict[EntityKind, str]]]:
    """Documents and parents of entities in local ids.

    An id that is not known here stays as it is: should its entity come later, it will have that id here too.
    """
    wanted: dict[EntityKind, set[str]] = {}
    for entity in entities:
        for parent, remote_id in entity.parents.items():
            wanted.setdefault(parent, set()).add(remote_id)
        for target, ids in references(kind, entity.document).items():
            wanted.setdefault(target, set()).update(ids)
    maps = {target: local_ids(connection, target, sorted(ids)) for target, ids in wanted.items()}
    owners = _owners(connection, entities) if kind is EntityKind.ITEM else {}
    return [
        (
            _dealt(translate(kind, entity.document, maps), entity, owners),
            {parent: maps[parent].get(one, one) for parent, one in entity.parents.items()},
        )
        for entity in entities
    ]


def local_refs(connection: Connection, refs: Any) -> list[Any]:
    """An item's references in local ids; those to assignments say whose they are, where that is known here."""
    known = [one for one in refs if isinstance(one, dict)] if isinstance(refs, list) else []
    ids = [str(one.get("id")) for one in known]
    tasks = local_ids(connection, EntityKind.TASK, [*ids, *_said_tasks(known)])
    assignments = _assignments(connection, ids)
    return [_local_ref(one, tasks, assignments) if isinstance(one, dict) else one for one in refs or ()]


def _local_ref(
    ref: dict[str, Any], tasks: dict[str, str], assignments: dict[str, tuple[str, str]]
) -> dict[str, Any]:
    name = str(ref.get("id"))
    if ref.get("type") != ASSIGNMENT:
        return {**ref, "id": tasks.get(name, ref.get("id"))}
    metadata = ref.get("metadata") if isinstance(ref.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    said = metadata.get(TASK_ID)
    local, owner = assignments.get(name, (name, tasks.get(str(said), said)))
    return {**ref, "id": local, "metadata": {**metadata, **({TASK_ID: owner} if owner else {})}}


def _said_tasks(refs: Sequence[Mapping[str, Any]]) -> list[str]:
    metadata = [one.get("metadata") for one in refs]
    said = [one.get(TASK_ID) for one in metadata if isinstance(one, Mapping)]
    return [one for one in said if isinstance(one, str)]


def _assignments(connection: Connection, remote_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Platform id of an assignment → its local id, and that of its task."""
    found: dict[str, tuple[str, str]] = {}
    for part in chunks(dict.fromkeys(remote_ids)):
        rows = connection.execute(_GIVEN, {"ids": as_list(part)})
        found.update((row[0], (row[1], row[2])) for row in rows)
    return found


def _owners(connection: Connection, items: Sequence[RemoteEntity]) -> dict[str, tuple[str, str]]:
    ids = [
        str(ref.get("id"))
        for item in items
        for ref in _raw_refs(item)
        if isinstance(ref, Mapping) and ref.get("type") == ASSIGNMENT
    ]
    return _assignments(connection, ids) if ids else {}


def _raw_refs(item: RemoteEntity) -> list[Any]:
    refs = (item.facts.get("derived") or {}).get("refs")
    return refs if isinstance(refs, list) else []


def _dealt(document: Document, item: RemoteEntity, owners: Mapping[str, tuple[str, str]]) -> Document:
    """An item's document with the assignments that the platform names without saying whose they are."""
    tasks = document.get(TASKS[0])
    if not owners or not tasks:
        return document
    named = {
        task: {"assignment": assignment}
        for ref in _raw_refs(item)
        for assignment, task in [owners.get(str(ref.get("id")), ("", ""))]
        if task in tasks
    }
    return {**document, TASKS[0]: {task: {**named.get(task, {}), **entry} for task, entry in tasks.items()}}
