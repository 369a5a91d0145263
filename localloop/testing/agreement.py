"""Whether stores agree, entity by entity and byte by byte."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop.store import Store
from localloop.store.query.derived import ASSIGNMENT_STAGES, TASK_STAGES
from localloop_schema.documents import Document, to_document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import Change, diff
from localloop_sync.core.leaves import MISSING
from localloop_sync.core.references import translate
from localloop_sync.core.rules import TASKS

#: An entity's kind and its id on the platform → its document in the platform's ids.
Picture = dict[tuple[EntityKind, str], Document]

#: What a platform shows otherwise than it was sent: a task's query gets a sort, its workload becomes assignments.
_SHOWN_OTHERWISE = {EntityKind.TASK: {("query",), ("workload",)}}

_STAGES = {EntityKind.TASK: TASK_STAGES, EntityKind.ASSIGNMENT: ASSIGNMENT_STAGES}

#: What is compared; what tasks and assignments say of their own progress is told by their items.
COMPARED = tuple(EntityKind)


def picture(store: Store, *, hub: bool = False) -> Picture:
    """What a store holds, in the platform's ids, so that stores can be compared.

    Args:
        store: The store.
        hub: Whether the store *is* the platform, so that its own ids are the platform's.

    Returns:
        Every live entity but those that the platform keeps for itself.
    """
    rows = {kind: store.rows(kind) for kind in COMPARED}
    names: dict[EntityKind, dict[str, str]] = {
        kind: {row["id"]: row["id"] if hub else row["remote_id"] or row["id"] for row in rows[kind]}
        for kind in COMPARED
    }
    found: Picture = {}
    for kind in COMPARED:
        for row in rows[kind]:
            if row.get("system"):
                continue
            name = names[kind][row["id"]]
            if kind is EntityKind.MEMBER:  # the platform knows a member by project and e-mail
                name = f"{names[EntityKind.PROJECT][row['project_id']]}/{row['email']}"
            found[kind, name] = translate(kind, to_document(kind, row), names)
    return found


def differences(left: Mapping[tuple[EntityKind, str], Document], right: Picture) -> list[str]:
    """Where two pictures disagree, as lines for a person; empty when they agree.

    An empty object or array and none are the same: a platform fills in some (``metadata.user``) when it answers.
    """
    lines = [f"{kind.value} {name} is only on the first side" for kind, name in left.keys() - right.keys()]
    lines += [f"{kind.value} {name} is only on the second side" for kind, name in right.keys() - left.keys()]
    for key in left.keys() & right.keys():
        kind, name = key
        lines += [
            f"{kind.value} {name}: {'.'.join(change.path)} is {change.old!r} and {change.new!r}"
            for change in diff(kind, left[key], right[key])
            if change.path not in _SHOWN_OTHERWISE.get(kind, ())
            and not _told_by_items(kind, change)
            and not (change.path[:1] != TASKS and _empty(change.old) and _empty(change.new))
        ]
    return sorted(lines)


def _told_by_items(kind: EntityKind, change: Change) -> bool:
    """Whether both sides only say how far a task is, which whoever shows it tells from its items."""
    stages = _STAGES.get(kind, ())
    return change.path == ("status",) and change.old in stages and change.new in stages


def _empty(value: Any) -> bool:
    return value is MISSING or value in ({}, [])


def broken_content(store: Store) -> list[str]:
    """Items whose content is not here, or is not what its name says, by path; empty when all is whole.

    Every blob is read and hashed again.
    """
    damaged = {broken.digest for broken in store.blobs.verify()}
    problems = []
    for row in store.rows(EntityKind.ITEM):
        if row["type"] != "file":
            continue
        digest: Any = row["digest"]
        here = digest is not None and digest not in damaged and store.blobs.has(digest)
        if not here or store.blobs.size(digest) != row["size"]:
            problems.append(row["filename"])
    return problems
