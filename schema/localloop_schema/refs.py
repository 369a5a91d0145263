"""Which tasks an item is in: ``metadata.system.refs`` as the platform keeps it, and what a person edits of it.

The wire has a reference for each task and one for each assignment (docs/platform/wire.md, 7.2). A document has one
entry for each task, ``{task id: {"assignment": id, "status": text}}``, so that two people who set the status of one
item in two tasks do not collide, and nobody can be in two assignments of one task. Who set a status, and when, are
facts: they stay in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Ref = dict[str, Any]
Tasks = dict[str, dict[str, str]]

TASK: Final = "task"
ASSIGNMENT: Final = "assignment"

#: In the metadata of a reference to an assignment: whose assignment it is.
TASK_ID: Final = "taskId"

#: What is said of a status beside the status.
_STAMPS = ("creator", "timestamp")


def tasks_of(refs: Any) -> Tasks:
    """What a person may edit of an item's references.

    Args:
        refs: ``metadata.system.refs``; anything that is not a list of references says nothing.

    Returns:
        Each task's entry. An assignment that does not say whose it is belongs to none.
    """
    known = list(_refs(refs))
    found: Tasks = {}
    for ref in known:
        if ref.get("type") == TASK:
            status = _metadata(ref).get("status")
            found[ref["id"]] = {"status": status} if isinstance(status, str) and status else {}
    for ref in known:
        task = _metadata(ref).get(TASK_ID)
        if ref.get("type") == ASSIGNMENT and task in found:
            found[task]["assignment"] = ref["id"]
    return found


def statuses_of(refs: Any) -> list[str]:
    """What ``metadata.system.annotationStatus`` says: the distinct statuses in all tasks, sorted.

    Args:
        refs: ``metadata.system.refs``; anything that is not a list of references says nothing.

    Returns:
        A new list.
    """
    listed = refs if isinstance(refs, list) else ()
    told = (_metadata(ref).get("status") for ref in listed if isinstance(ref, Mapping))
    return sorted({status for status in told if isinstance(status, str) and status})


def refs_of(tasks: Mapping[str, Mapping[str, Any]], known: Any) -> list[Any]:
    """The references of an item whose document has these tasks.

    Args:
        tasks: The document's entries.
        known: The references as they were: the facts in them are kept, and so is what is no task's.

    Returns:
        A new list.
    """
    listed = known if isinstance(known, list) else []
    before = {ref["id"]: ref for ref in _refs(listed)}
    named = {entry["assignment"] for entry in tasks.values() if entry.get("assignment")}
    made: list[Any] = []
    for task, entry in tasks.items():
        made.append(_with(before.get(task), TASK, task, entry, {}))
        if entry.get("assignment"):
            one = entry["assignment"]
            made.append(_with(before.get(one), ASSIGNMENT, one, entry, {TASK_ID: task}))
    return made + [ref for ref in listed if not _is_of_a_task(ref, named)]


def _is_of_a_task(ref: Any, named: set[str]) -> bool:
    """Whether a reference is one that the document's entries make, or made once."""
    if not isinstance(ref, Mapping) or not isinstance(ref.get("id"), str):
        return False
    if ref.get("type") == TASK or ref["id"] in named:
        return True
    return ref.get("type") == ASSIGNMENT and TASK_ID in _metadata(ref)


def _with(
    before: Ref | None, kind: str, name: str, entry: Mapping[str, Any], extra: Mapping[str, str]
) -> Ref:
    metadata = {**_metadata(before or {}), **extra}
    status = entry.get("status")
    if metadata.get("status") != status:  # who set the last one did not set this one
        metadata = {key: value for key, value in metadata.items() if key not in (*_STAMPS, "status")}
    if status:
        metadata["status"] = status
    return {**(before or {}), "type": kind, "id": name, "metadata": metadata}


def _refs(refs: Any) -> Iterable[Ref]:
    for ref in refs if isinstance(refs, list) else ():
        if isinstance(ref, Mapping) and isinstance(ref.get("id"), str):
            yield dict(ref)


def _metadata(ref: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = ref.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}
