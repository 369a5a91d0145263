"""Ids in documents: the platform's in what crosses the wire, local ones in mirror and base."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import chunks, table
from localloop_sync.core.references import ids_at, translate
from localloop_sync.core.rules import RULES
from localloop_sync.ports import RemoteEntity


def local_ids(connection: Connection, kind: EntityKind, remote_ids: Sequence[str]) -> dict[str, str]:
    """Platform id → local id, for those that are known here."""
    return _pairs(connection, kind, "remote_id", "id", remote_ids)


def remote_ids(connection: Connection, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
    """Local id → platform id, for those that have one."""
    return _pairs(connection, kind, "id", "remote_id", ids)


def _pairs(
    connection: Connection, kind: EntityKind, source: str, target: str, ids: Sequence[str]
) -> dict[str, str]:
    columns = table(kind).c
    found: dict[str, str] = {}
    for part in chunks(dict.fromkeys(ids)):
        query = select(columns[source], columns[target]).where(
            columns[source].in_(part), columns[target].is_not(None)
        )
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


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
        for path, target in RULES[kind].references:
            wanted.setdefault(target, set()).update(ids_at(entity.document, path))
    maps = {target: local_ids(connection, target, sorted(ids)) for target, ids in wanted.items()}
    return [
        (
            translate(kind, entity.document, maps),
            {parent: maps[parent].get(one, one) for parent, one in entity.parents.items()},
        )
        for entity in entities
    ]
