"""Why something was, or will be, sent, kept, merged or deleted. Pure: what is known of one entity in, sentences out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import diff
from localloop_sync.core.facts import Fact, facts, fields, listed, to_second
from localloop_sync.core.known import Asked, Known, Logged
from localloop_sync.core.leaves import Path
from localloop_sync.core.operation import State, Verb
from localloop_sync.core.policy import Dispute as Contested
from localloop_sync.core.policy import decide
from localloop_sync.core.reconcile import Action, Observation, Sort, reconcile


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
    return replace(verdict, facts=tuple(facts(known)))


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
        else f"A sync at {to_second(due)} or later tries again by itself."
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
        names = listed([".".join(dispute.path) for dispute in disputes])
        rest = " Everything else of it is sent." if _in(known, State.PENDING) else ""
        text = (
            f"{names} was changed on both sides: the value here stands, unsent, until that is decided.{rest}"
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
        f"It was edited here: the next sync sends {fields(changes)}, and nothing else of it.",
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
        parts.append(f"takes {fields(taken)} from the platform")
    if sent:
        parts.append(f"sends {fields(sent)}")
    by_policy = {path: policy for path in disputed if (policy := _decided_by(known, path, Sort.FIELD))}
    for policy in dict.fromkeys(by_policy.values()):
        names = listed([".".join(path) for path, one in by_policy.items() if one == policy])
        parts.append(f"decides about {names}, which both sides changed, by the policy `{policy}`")
    disputed = [path for path in disputed if path not in by_policy]
    if disputed:
        names = listed([".".join(path) for path in disputed])
        parts.append(f"opens a conflict about {names}, which both sides changed")
    if not parts:
        return Explanation(Fate.IN_SYNC, "Both sides say the same: the next sync only notes that.")
    fate = Fate.CONFLICT if disputed else Fate.UNSENT_EDIT if sent else Fate.IN_SYNC
    return Explanation(fate, f"The next sync {listed(parts)}.", "`localloop sync`")


def _decided_by(known: Known, path: Path, sort: Sort) -> str:
    """The policy that decides a conflict about a field, or about the whole entity; empty where a person does."""
    about = Contested(known.kind, known.dataset, path, sort)
    policy, side = decide(known.rules, about)
    return policy.value if side is not None else ""


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
