"""Checks that a store keeps its invariants. Nothing is repaired here: findings are data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from localloop.store.keeping import on_platform
from localloop.store.store import Store
from localloop.store.trash import kept_digests
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, get_rows, table
from localloop_schema.tables import BaseSnapshot, Blob
from localloop_sync.core.operation import OUTSTANDING, Delta, difference, fold
from localloop_sync.drivers import oplog, states
from localloop_sync.drivers.knowing import unproven

_BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]  # the same
_BASED = select(_BASES.c.entity_id).where(_BASES.c.kind == bindparam("of"))
_DIGESTS = select(_BLOBS.c.digest)


def _contents() -> Select[Any]:
    """Every live item with its content, and whether the platform has that."""
    items = table(EntityKind.ITEM).c
    there = on_platform(items)
    return select(items.id, items.digest, items.type, there.label("there")).where(items.deleted_at.is_(None))


_CONTENTS = _contents()


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        level: Whether an invariant is broken, or something is merely worth knowing.
        check: Which check found it: ``base``, ``log``, ``blob``, ``orphan``, ``integrity`` or ``reference``.
        subject: What it is about: ``item 65f0...``, a digest, a table.
        message: What is wrong, as one sentence.
    """

    level: Level
    check: str
    subject: str
    message: str


def check(store: Store) -> list[Finding]:
    """Check everything that can be checked without reading the content of blobs.

    Args:
        store: An open store; it is only read, in one unchanging view.

    Returns:
        The findings; none at all when the store is sound.
    """
    with store.reading() as connection:
        found = list(_integrity(connection))
        logged = oplog.entities_in(connection, sorted(OUTSTANDING))
        for kind in EntityKind:
            ids = _entity_ids(connection, kind, {entity for of, entity in logged if of is kind})
            found.extend(_log(connection, kind, ids))
            found.extend(_lost(connection, kind))
        found.extend(_blobs(connection, store.blobs.has, store.blobs.digests))
    return found


def _integrity(connection: Connection) -> Iterator[Finding]:
    for (message,) in connection.exec_driver_sql("PRAGMA quick_check"):
        if message != "ok":
            yield Finding(Level.ERROR, "integrity", "store.db", f"SQLite says: {message}")
    for name, rowid, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Finding(
            Level.ERROR,
            "reference",
            f"{name} row {rowid}",
            f"It names a row of {parent} that is not there.",
        )


def _log(connection: Connection, kind: EntityKind, entities: list[str]) -> Iterator[Finding]:
    """What the outstanding operations amount to has to be what separates base and mirror."""
    for ids in chunks(entities):
        rows = get_rows(connection, kind, ids)
        bases = _bases(connection, kind, ids)
        logged = oplog.outstanding_of(connection, kind, ids)
        for entity_id in ids:
            row = rows.get(entity_id)
            if row is not None and row["remote_id"] is not None and entity_id not in bases:
                continue  # its base is lost, and with it what the log should say
            mirror = to_document(kind, row) if row is not None and row["deleted_at"] is None else None
            actual = difference(kind, bases.get(entity_id), mirror)
            folded = fold(logged.get(entity_id, []))
            if folded != actual:
                yield Finding(Level.ERROR, "log", f"{kind} {entity_id}", _disagreement(folded, actual))


def _lost(connection: Connection, kind: EntityKind) -> Iterator[Finding]:
    """Whatever the platform has, something was agreed on about it."""
    number = sum(map(len, unproven(connection, kind).values()))
    if number:
        yield Finding(
            Level.ERROR,
            "base",
            table(kind).name,
            f"What was last agreed on with the platform is lost for {number} of them. The next sync compares each "
            "anew: where both sides differ, both values are kept, and nothing is deleted.",
        )


def _entity_ids(connection: Connection, kind: EntityKind, logged: set[str]) -> list[str]:
    """Every id that the mirror, the bases or the outstanding log know."""
    known = set(logged)
    known.update(connection.execute(_ids(kind)).scalars())
    known.update(connection.execute(_BASED, {"of": kind.value}).scalars())
    return sorted(known)


@cache
def _ids(kind: EntityKind) -> Select[Any]:
    return select(table(kind).c.id)


def _bases(connection: Connection, kind: EntityKind, ids: list[str]) -> dict[str, Row]:
    bases = states.bases_of(connection, kind, ids)
    return {entity_id: row["document"] for entity_id, row in bases.items()}


def _disagreement(folded: Delta, actual: Delta) -> str:
    if folded.effect is not actual.effect:
        return f"The log amounts to {folded.effect}, but base and mirror differ by {actual.effect}."
    paths = {".".join(one.path) for one in _one_sided(folded, actual)}
    return f"The log and the mirror disagree on {', '.join(sorted(paths))}."


def _one_sided(folded: Delta, actual: Delta) -> list[Any]:
    """The changes that only one of two deltas has."""
    return [one for one in folded.changes if one not in actual.changes] + [
        one for one in actual.changes if one not in folded.changes
    ]


def _blobs(
    connection: Connection, has: Callable[[str], bool], digests: Callable[[], Iterator[str]]
) -> Iterator[Finding]:
    """Content is in the cache, or base says that the platform has it; what nobody names is worth knowing."""
    known = set(connection.execute(_DIGESTS).scalars())
    named: set[str | None] = set(kept_digests(connection))
    lost = {one for those in unproven(connection, EntityKind.ITEM).values() for one in those.values()}
    for row in connection.execute(_CONTENTS):
        if row.type != "file":
            continue
        named.add(row.digest)
        if row.digest is not None and row.digest in known and has(row.digest):
            continue
        if not row.there and row.id not in lost:
            what = row.digest or "of unknown digest"
            yield Finding(
                Level.ERROR, "blob", f"item {row.id}", f"Its content ({what}) is neither here nor there."
            )
    for digest in digests():
        if digest not in named:
            yield Finding(Level.INFO, "orphan", digest, "No item has this content, in the trash neither.")
