"""What led to where an entity is, in sentences: the log, conflicts, deletions, and what the platform has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localloop_sync.core.change import Change, diff
from localloop_sync.core.known import Known
from localloop_sync.core.leaves import MISSING
from localloop_sync.core.operation import Operation, Verb
from localloop_sync.core.reconcile import Sort

#: How many fields a sentence names.
_NAMED = 5

#: As part of what the log has operations that a sync wrote, to say anew what others had said.
BY_SYNC = "sync"

_STANDINGS = {
    "unsent": "not sent yet",
    "refused": "refused by the platform",
    "conflict": "in conflict",
    "deleted": "deleted",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known, and since when.

    Attributes:
        text: A sentence.
        at: When, as ISO-8601 text; empty where that is not known.
    """

    text: str
    at: str = ""


def facts(known: Known) -> Iterator[Fact]:
    """What led there, in order.

    Args:
        known: All that is known of the entity.
    """
    told = [*_of_log(known), *_of_conflicts(known), *_of_grave(known)]
    yield from sorted(told, key=lambda fact: fact.at)
    yield from _of_platform(known)
    for parent in known.parents:
        yield Fact(f"It is in {parent.kind.value} {parent.name}, which is {_STANDINGS[parent.stands]}.")
    if known.content:
        yield Fact(f"Its content is {known.content}.")


def _of_log(known: Known) -> Iterator[Fact]:
    for one in known.log:
        operation = one.operation
        reason = (operation.reason or "").rstrip(".")
        state = operation.state.value + (f": {reason}" if reason else "")
        if one.action == BY_SYNC:
            yield Fact(f"A sync noted anew what waits: {_did(operation).lower()}; {state}.", one.at)
            continue
        who = f" by {one.author}" if one.author else ""
        action = f" ({one.action})" if one.action else ""
        yield Fact(f"{_did(operation)}{who}{action}; {state}.", one.at)


def _did(operation: Operation) -> str:
    if operation.verb is Verb.CREATE:
        return "Made" if operation.changes else "Brought back"
    if operation.verb is Verb.DELETE:
        return "Deleted"
    return (
        "Given new content" if operation.verb is Verb.PUT_CONTENT else f"Edited: {fields(operation.changes)}"
    )


def _of_grave(known: Known) -> Iterator[Fact]:
    """The deletion, where the log does not tell it."""
    grave = known.grave
    if grave is None or known.mirror is not None:
        return
    if any(one.operation.verb is Verb.DELETE and one.at == grave.at for one in known.log):
        return
    who = f" by {grave.by}" if grave.by else ""
    yield Fact(
        f"A sync found that the platform had it no more{who}, and deleted it here."
        if grave.origin == "platform"
        else f"Deleted here{who}.",
        grave.at,
    )


def _of_conflicts(known: Known) -> Iterator[Fact]:
    for one in known.conflicts:
        about = ".".join(one.path) or one.sort.value
        yield Fact(f"Conflict {one.id} about {about} came up.", one.at)
        if one.resolution is not None:
            yield Fact(f"Conflict {one.id} was decided: {one.resolution}.", one.resolved_at or one.at)


def _of_platform(known: Known) -> Iterator[Fact]:
    """What the platform had when it was last looked at, and has now where it was asked."""
    if not known.synced:
        yield Fact("This store was never synced.")
    elif any(one.sort is Sort.DELETED_THERE for one in known.open):
        yield Fact("The platform was last seen without it.", known.synced)
    elif known.base is not None:
        changed_at = f", last changed there {to_second(known.seen)}" if known.seen else ""
        yield Fact(f"When it was last looked at, the platform had it{changed_at}.", known.synced)
    elif known.here:
        yield Fact("The platform was never seen to have it.", known.synced)
    if known.base is not None and known.mirror is not None:
        differs = diff(known.kind, known.base, known.mirror)
        if differs:
            yield Fact(f"Here it differs from what both sides agreed on last: {fields(differs)}.")
    if known.asked is None:
        return
    if known.asked.document is None:
        yield Fact("The platform was asked now, and has it not.", known.asked.at)
        return
    changed = diff(known.kind, known.base or {}, known.asked.document)
    news = f"has changed {fields(changed)}" if changed else "has changed nothing"
    since = " since" if known.base is not None else ""
    yield Fact(f"The platform was asked now, and {news}{since}.", known.asked.at)


def to_second(moment: str) -> str:
    """A moment to the second, from ISO-8601 text in UTC."""
    return moment[:19].replace("T", " ")


def fields(changes: Sequence[Change]) -> str:
    """The fields that changes are about; what only says that an object is there is told by what is in it."""
    told = [one for one in changes if {} not in (one.old, one.new)] or list(changes)
    names = [".".join(one.path) + (" (removed)" if one.new is MISSING else "") for one in told]
    return listed(names) if names else "nothing"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence; of many, the first and how many more there are."""
    shown = list(names[:_NAMED])
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
