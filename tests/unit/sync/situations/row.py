"""What one situation is, and which pair of concurrent changes it tells of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import apply, diff
from localloop_sync.core.leaves import below, same
from localloop_sync.core.reconcile import Action, Sort


@dataclass(frozen=True)
class Row:
    """One situation and what is to come of it; ``mirror`` and ``conflicts`` are None and empty where nothing is."""

    said: str
    base: Any
    here: Any
    there: Any
    action: Action
    mirror: Any = None
    conflicts: tuple[str, ...] = ()
    sort: Sort | None = None
    aside: Any = None
    touched: bool = False


N, T, M, D, F, B, C = (
    Action.NOTHING,
    Action.TAKE,
    Action.MERGE,
    Action.DELETE_HERE,
    Action.FORGET,
    Action.KEEP_BOTH,
    Action.CONFLICT,
)
THERE, HERE = Sort.DELETED_THERE, Sort.DELETED_HERE


def change(kind: EntityKind, before: Any, after: Any) -> str:
    """What one side did: ``nothing``, ``create``, ``delete``, or which parts of the entity it changed.

    Of an item those are ``content``, ``move`` and ``work`` (its tasks), and of every kind ``edit`` is all else.
    """
    if before is None:
        return "never" if after is None else "create"
    if after is None:
        return "delete"
    return "+".join(sorted({_part(kind, one.path) for one in diff(kind, before, after)})) or "nothing"


def _part(kind: EntityKind, path: tuple[str, ...]) -> str:
    if kind is not EntityKind.ITEM:
        return "edit"
    return {"content": "content", "filename": "move", "tasks": "work"}.get(path[0], "edit")


def pair(kind: EntityKind, row: Row) -> tuple[str, str]:
    """What both sides did in a situation: here, there.

    Where both changed the same part, the second word says how these changes meet: ``edit, elsewhere``,
    ``edit, alike`` or ``edit, otherwise``; where both created, whether they made the same.
    """
    mine, theirs = change(kind, row.base, row.here), change(kind, row.base, row.there)
    if mine != theirs or mine in ("never", "delete", "nothing"):
        return mine, theirs
    return mine, f"{theirs}, {_meeting(kind, row)}"


def _meeting(kind: EntityKind, row: Row) -> str:
    ours, others = diff(kind, row.base or {}, row.here), diff(kind, row.base or {}, row.there)
    if same(row.here, row.there):
        return "alike"
    if row.base is None:
        return "otherwise"
    # Each side's changes on top of the other's: who collides does not come to the same from both ends.
    one, other = apply(kind, row.here, others), apply(kind, row.there, ours)
    collide = any(below(a.path, b.path) or below(b.path, a.path) for a in ours for b in others)
    return "otherwise" if collide or not same(one, other) else "elsewhere"
