"""Why something was, or will be, sent, kept, merged or deleted. Pure: what is known of one entity in, sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import Change, diff
from localloop_sync.core.leaves import MISSING, Path
from localloop_sync.core.operation import OUTSTANDING, Operation, State, Verb
from localloop_sync.core.policy import Dispute as Contested
from localloop_sync.core.policy import Rule, decide
from localloop_sync.core.reconcile import Action, Observation, Sort, reconcile

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


class Fate(StrEnum):
    """What has become of an entity, or will: the verdict in a word, for machines."""

    UNKNOWN = "unknown"
    IN_SYNC = "in sync"
    ONLY_HERE = "only here"
    UNSENT_CREATE = "unsent create"
    UNSENT_EDIT = "unsent edit"
    UNSENT_DELETE = "unsent delete"
    IN_FLIGHT = "in flight"
    CONFLICT = "conflict"
    REFUSED = "refused"
    WAITS_FOR_PARENT = "waits for parent"
    DELETED_THERE = "deleted on the platform"
    DELETED_HERE = "deleted here"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known, and since when.

    Attributes:
        text: A sentence.
        at: When, as ISO-8601 text; empty where that is not known.
    """

    text: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Logged:
    """An operation with who did it, and as part of what."""

    operation: Operation
    at: str = ""
    author: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A conflict: its id, sort, path, when it was opened, and how it was decided (None: it is open)."""

    id: str
    sort: Sort
    path: Path = ()
    at: str = ""
    resolution: str | None = None
    resolved_at: str | None = None


@dataclass(frozen=True, slots=True)
class Grave:
    """A deletion: whose it was, when, and whether enough is kept to take it back."""

    origin: str
    at: str
    by: str = ""
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Parent:
    """Something that an entity is in, and how it stands: ``unsent``, ``refused``, ``conflict`` or ``deleted``."""

    kind: EntityKind
    name: str
    stands: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The platform's answer to a look: its document, or None when it has no such entity."""

    at: str
    document: Document | None


@dataclass(frozen=True, slots=True)
class Known:
    """All that a store knows of one entity.

    Attributes:
        kind: What it is.
        id: Its local id.
        name: What it is called.
        base: What both sides last agreed on.
        seen: The platform's time of the last change that is in the base.
        mirror: As it is here; None when it is deleted here, or is not here at all.
        here: Whether there is a row of it, deleted or not.
        log: Its operations, oldest first.
        conflicts: Its conflicts, oldest first.
        grave: Its tombstone.
        parents: What it is in, as far as that matters: what is not in sync.
        synced: When the last complete sync was; empty when there was none.
        subscribed: Whether syncs look at it at all.
        content: ``here``, ``remote-only``, ``missing``, or empty for what has none.
        asked: The platform's answer, where it was asked.
        touched: Whether something below it has edits that are not sent.
        dataset: The local id of the dataset that it is in, or is.
        rules: The policies that decide conflicts.
    """

    kind: EntityKind
    id: str
    name: str
    base: Document | None = None
    seen: str = ""
    mirror: Document | None = None
    here: bool = True
    log: tuple[Logged, ...] = ()
    conflicts: tuple[Dispute, ...] = ()
    grave: Grave | None = None
    parents: tuple[Parent, ...] = ()
    synced: str = ""
    subscribed: bool = True
    content: str = ""
    asked: Asked | None = None
    touched: bool = False
    dataset: str | None = None
    rules: tuple[Rule, ...] = ()

    @property
    def outstanding(self) -> list[Logged]:
        """The operations whose effect the platform does not have."""
        return [one for one in self.log if one.operation.state in OUTSTANDING]

    @property
    def open(self) -> list[Dispute]:
        """The conflicts that are not decided."""
        return [one for one in self.conflicts if one.resolution is None]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say of an entity.

    Attributes:
        fate: The verdict in a word.
        verdict: The verdict as a sentence: what happened, or what the next sync will do.
        advice: What one can do about it; empty when there is nothing to do.
        facts: What led there, in order.
    """

    fate: Fate
    verdict: str
    advice: str = ""
    facts: tuple[Fact, ...] = field(default=())


def explain(known: Known) -> Explanation:
    """Say why an entity is as it is, and what the next sync will do about it.

    Args:
        known: All that is known of it.
    """
    verdict = _gone(known) if not known.here else _there(known)
    if known.asked is not None and known.here:
        verdict = _with_answer(known, known.asked, verdict)
    return replace(verdict, facts=tuple(_facts(known)))


def _gone(known: Known) -> Explanation:
    """The verdict on what has no row any more."""
    grave = known.grave
    if grave is None:
        if known.log:
            return Explanation(Fate.DELETED_HERE, "It is gone, and only the log knows that it was here.")
        return Explanation(
            Fate.UNKNOWN,
            "Nothing is known of it: it never was in this store.",
            "`localloop clone` or a sync brings what is subscribed to.",
        )
    back = f"`localloop trash restore {known.id}` brings it back." if grave.kept else ""
    left = "" if grave.kept else " Nothing is kept of it any more."
    if grave.origin == "platform":
        return Explanation(
            Fate.DELETED_THERE,
            f"It was deleted here because the platform had it no more, and nothing was edited here.{left}",
            back,
        )
    if any(one.operation.state is State.ACKNOWLEDGED for one in known.log):
        return Explanation(Fate.DELETED_HERE, f"It was deleted here, and then on the platform.{left}", back)
    return Explanation(Fate.DELETED_HERE, f"It was deleted here before the platform ever had it.{left}", back)


def _there(known: Known) -> Explanation:
    """The verdict on what has a row."""
    for look in (_disputed, _flying, _refused, _held_up, _waiting):
        told = look(known)
        if told is not None:
            return told
    return _settled(known)


def _flying(known: Known) -> Explanation | None:
    if not _in(known, State.IN_FLIGHT):
        return None
    return Explanation(
        Fate.IN_FLIGHT,
        "A request for it was on its way when the last sync ended, and its outcome is unknown: "
        f"the next sync looks {_looked_for(known)} before it sends anything.",
        "`localloop sync`",
    )


def _refused(known: Known) -> Explanation | None:
    refused = _in(known, State.REJECTED)
    if not refused:
        return None
    reason = (refused[-1].operation.reason or "no reason was given").rstrip(".")
    timers = [one.operation.not_before for one in refused]
    due = None if None in timers else max(one for one in timers if one)
    again = (
        "It is not sent again as it is."
        if due is None
        else f"A sync at {_time(due)} or later tries again by itself."
    )
    return Explanation(
        Fate.REFUSED,
        f"The platform refused to {_verb(refused)} it: {reason}. {again}",
        f"Edit it, or `localloop retry`, to have it sent again; `localloop undo {known.id}` gives that up.",
    )


def _settled(known: Known) -> Explanation:
    """The verdict on what has nothing that waits."""
    if known.base is None:
        text = "It is only here, and nothing of it waits to be sent."
        return Explanation(Fate.ONLY_HERE, text, "`localloop fsck`")
    if known.mirror is None:
        return Explanation(Fate.DELETED_HERE, "It is deleted here; the platform has it.", "`localloop fsck`")
    content = {
        "remote-only": " Its content is on the platform only: `localloop get` fetches it.",
        "missing": " Its content is neither here nor there.",
    }.get(known.content, "")
    if not known.subscribed:
        text = "It is as the platform had it when it was last looked at: syncs do not look at it any more."
        advice = "It was left, or does not match the filter of what is mirrored: `localloop subscriptions`."
        return Explanation(Fate.IN_SYNC, text + content, advice)
    text = "It is here as the platform has it: there is nothing to send."
    return Explanation(Fate.IN_SYNC, text + content)


def _disputed(known: Known) -> Explanation | None:
    disputes = known.open
    if not disputes:
        return None
    one = disputes[0]
    advice = f"`localloop conflicts show {one.id}`, then `localloop resolve {one.id}`."
    if one.sort is Sort.DELETED_THERE:
        text = "It was edited here and deleted on the platform; it stays, and is not sent, until that is decided."
    elif one.sort is Sort.DELETED_HERE:
        text = "It was deleted here and edited on the platform; its deletion waits until that is decided."
    else:
        fields = _listed([".".join(dispute.path) for dispute in disputes])
        rest = " Everything else of it is sent." if _in(known, State.PENDING) else ""
        text = (
            f"{fields} was changed on both sides: the value here stands, unsent, until that is decided.{rest}"
        )
    return Explanation(Fate.CONFLICT, text, advice)


def _held_up(known: Known) -> Explanation | None:
    if not known.parents or not _in(known, State.PENDING, State.PARKED):
        return None
    parent = known.parents[0]
    what = f"{parent.kind.value} {parent.name}"
    why = f"`localloop why {parent.id}`"
    because, then, advice = {
        "unsent": (f"the {what} that it is in goes first", "The next sync sends both.", "`localloop sync`"),
        "refused": (f"the platform refused the {what} that it is in", "It is not sent until then.", why),
        "conflict": (
            f"there is a conflict about the {what} that it is in",
            "It is not sent until then.",
            why,
        ),
        "deleted": (f"the {what} that it is in is deleted", "It goes with that.", why),
    }[parent.stands]
    return Explanation(Fate.WAITS_FOR_PARENT, f"It waits: {because}. {then}", advice)


def _waiting(known: Known) -> Explanation | None:
    if not _in(known, State.PENDING, State.PARKED):
        return None
    if known.mirror is None:
        return Explanation(
            Fate.UNSENT_DELETE,
            "It was deleted here, and the next sync deletes it on the platform, unless it was edited there.",
            f"`localloop undo {known.id}` takes that back.",
        )
    if known.base is None:
        return Explanation(
            Fate.UNSENT_CREATE,
            "It was made here and the platform does not have it: "
            "the next sync makes it there, unless it finds it there already.",
            "`localloop sync`",
        )
    changes = diff(known.kind, known.base, known.mirror)
    if not changes:
        return Explanation(Fate.IN_SYNC, "Its edits took one another back: there is nothing to send.")
    return Explanation(
        Fate.UNSENT_EDIT,
        f"It was edited here: the next sync sends {_fields(changes)}, and nothing else of it.",
        "`localloop sync`",
    )


#: What the next sync does about an entity, where its outcome says all of it.
_OUTCOMES = {
    Action.DELETE_HERE: Explanation(
        Fate.DELETED_THERE,
        "The platform has it no more, and nothing of it was edited here: the next sync deletes it here.",
        "It goes to the trash: `localloop trash ls`. Edit it before, and it becomes a conflict.",
    ),
    Action.FORGET: Explanation(
        Fate.DELETED_HERE, "It is deleted on both sides: the next sync has nothing to do."
    ),
    Action.KEEP_BOTH: Explanation(
        Fate.CONFLICT,
        "The platform has another file at its path: the next sync keeps both, and renames the one from here.",
    ),
}


def _with_answer(known: Known, asked: Asked, verdict: Explanation) -> Explanation:
    """The verdict of what the next sync would do, now that the platform was asked."""
    if known.open or _in(known, State.IN_FLIGHT, State.REJECTED):
        return verdict
    seen = Observation(known.kind, known.base, known.mirror, asked.document, touched=known.touched)
    outcome = reconcile(seen)
    if outcome.action is Action.CONFLICT:
        there = outcome.sort is Sort.DELETED_THERE
        sides = "edited here and deleted" if there else "deleted here and edited"
        sort = Sort.DELETED_THERE if there else Sort.DELETED_HERE
        policy = _decided_by(known, (), sort)
        then = f", which the policy `{policy}` decides" if policy else ""
        return Explanation(
            Fate.CONFLICT, f"It was {sides} on the platform: the next sync opens a conflict about it{then}."
        )
    if outcome.action is Action.MERGE and outcome.mirror is not None and asked.document is not None:
        disputed = [one.path for one in outcome.conflicts]
        return _merging(known, asked.document, outcome.mirror, disputed)
    return _OUTCOMES.get(outcome.action, verdict)


def _merging(known: Known, remote: Document, merged: Document, disputed: Sequence[Path]) -> Explanation:
    assert known.mirror is not None
    taken = diff(known.kind, known.mirror, merged)
    sent = [one for one in diff(known.kind, remote, merged) if one.path not in set(disputed)]
    parts = []
    if taken:
        parts.append(f"takes {_fields(taken)} from the platform")
    if sent:
        parts.append(f"sends {_fields(sent)}")
    by_policy = {path: policy for path in disputed if (policy := _decided_by(known, path, Sort.FIELD))}
    for policy in dict.fromkeys(by_policy.values()):
        fields = _listed([".".join(path) for path, one in by_policy.items() if one == policy])
        parts.append(f"decides about {fields}, which both sides changed, by the policy `{policy}`")
    disputed = [path for path in disputed if path not in by_policy]
    if disputed:
        fields = _listed([".".join(path) for path in disputed])
        parts.append(f"opens a conflict about {fields}, which both sides changed")
    if not parts:
        return Explanation(Fate.IN_SYNC, "Both sides say the same: the next sync only notes that.")
    fate = Fate.CONFLICT if disputed else Fate.UNSENT_EDIT if sent else Fate.IN_SYNC
    return Explanation(fate, f"The next sync {_listed(parts)}.", "`localloop sync`")


def _decided_by(known: Known, path: Path, sort: Sort) -> str:
    """The policy that decides a conflict about a field, or about the whole entity; empty where a person does."""
    about = Contested(known.kind, known.dataset, path, sort)
    policy, side = decide(known.rules, about)
    return policy.value if side is not None else ""


# facts


def _facts(known: Known) -> Iterator[Fact]:
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
        "Given new content" if operation.verb is Verb.PUT_CONTENT else f"Edited: {_fields(operation.changes)}"
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
        changed_at = f", last changed there {_time(known.seen)}" if known.seen else ""
        yield Fact(f"When it was last looked at, the platform had it{changed_at}.", known.synced)
    elif known.here:
        yield Fact("The platform was never seen to have it.", known.synced)
    if known.base is not None and known.mirror is not None:
        differs = diff(known.kind, known.base, known.mirror)
        if differs:
            yield Fact(f"Here it differs from what both sides agreed on last: {_fields(differs)}.")
    if known.asked is None:
        return
    if known.asked.document is None:
        yield Fact("The platform was asked now, and has it not.", known.asked.at)
        return
    changed = diff(known.kind, known.base or {}, known.asked.document)
    news = f"has changed {_fields(changed)}" if changed else "has changed nothing"
    since = " since" if known.base is not None else ""
    yield Fact(f"The platform was asked now, and {news}{since}.", known.asked.at)


def _in(known: Known, *states: State) -> list[Logged]:
    return [one for one in known.log if one.operation.state in states]


def _looked_for(known: Known) -> str:
    if known.base is not None:
        return "at it on the platform"
    if known.kind is EntityKind.ANNOTATION:
        return "for an annotation with its client id"
    return (
        f"for {'an item at its path' if known.kind is EntityKind.ITEM else 'one of its name'} on the platform"
    )


def _verb(refused: Sequence[Logged]) -> str:
    verbs = {one.operation.verb for one in refused}
    if Verb.DELETE in verbs:
        return "delete"
    return "make" if Verb.CREATE in verbs else "change"


def _time(moment: str) -> str:
    """A moment to the second, from ISO-8601 text in UTC."""
    return moment[:19].replace("T", " ")


def _fields(changes: Sequence[Change]) -> str:
    """The fields that changes are about; what only says that an object is there is told by what is in it."""
    told = [one for one in changes if {} not in (one.old, one.new)] or list(changes)
    names = [".".join(one.path) + (" (removed)" if one.new is MISSING else "") for one in told]
    return _listed(names) if names else "nothing"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
