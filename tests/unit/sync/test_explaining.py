"""Every situation of an entity has its verdict, and the facts that led there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.change import diff
from localloop_sync.core.explaining import Fate, explain
from localloop_sync.core.known import Asked, Dispute, Grave, Known, Logged, Parent
from localloop_sync.core.operation import Operation, State, Verb
from localloop_sync.core.policy import Policy, Rule
from localloop_sync.core.reconcile import Action, Observation, Sort, reconcile

A: dict[str, Any] = {
    "type": "file",
    "filename": "/a",
    "metadata": {"user": {"k": 1, "l": 1}},
    "content": {"size": 1},
}
B = {**A, "metadata": {"user": {"k": 2, "l": 1}}}
C = {**A, "metadata": {"user": {"k": 3, "l": 1}}}
D = {**A, "metadata": {"user": {"k": 1, "l": 2}}}


def op(
    verb: Verb, state: State, new: Any = B, old: Any = A, reason: str | None = None, due: str | None = None
) -> Logged:
    changes = tuple(diff(K.ITEM, old or {}, new)) if verb in (Verb.SET, Verb.CREATE) else ()
    return Logged(
        Operation(1, K.ITEM, "i", verb, changes, state, reason, not_before=due), "2026-01-02", "ann", "act"
    )


SYNCED = Known(K.ITEM, "i", "/a", base=A, seen="2026-01-01T00:00:00.000Z", mirror=A, synced="2026-01-03")
EDITED = replace(SYNCED, mirror=B, log=(op(Verb.SET, State.PENDING),))
CREATED = replace(SYNCED, base=None, log=(op(Verb.CREATE, State.PENDING, A, None),))
DELETED = replace(SYNCED, mirror=None, log=(op(Verb.DELETE, State.PENDING),))
GONE = replace(SYNCED, base=None, mirror=None, here=False)
PARENT = Parent(K.DATASET, "D", "unsent", "d")
FIELD = Dispute("c1", Sort.FIELD, ("metadata", "user", "k"), "2026-01-03")

CASES: list[tuple[Known, Fate, str]] = [
    (SYNCED, Fate.IN_SYNC, "as the platform has it: there is nothing to send"),
    (replace(SYNCED, log=(op(Verb.SET, State.ACKNOWLEDGED),)), Fate.IN_SYNC, "nothing to send"),
    (replace(SYNCED, subscribed=False), Fate.IN_SYNC, "syncs do not look at it any more"),
    (replace(SYNCED, content="remote-only"), Fate.IN_SYNC, "`localloop get` fetches it"),
    (replace(SYNCED, content="missing"), Fate.IN_SYNC, "neither here nor there"),
    (replace(SYNCED, base=None), Fate.ONLY_HERE, "only here"),
    (EDITED, Fate.UNSENT_EDIT, "the next sync sends metadata.user.k, and nothing else"),
    (replace(EDITED, mirror=A), Fate.IN_SYNC, "took one another back"),
    (CREATED, Fate.UNSENT_CREATE, "makes it there, unless it finds it there already"),
    (DELETED, Fate.UNSENT_DELETE, "deletes it on the platform, unless it was edited there"),
    (
        replace(EDITED, log=(op(Verb.SET, State.IN_FLIGHT),)),
        Fate.IN_FLIGHT,
        "looks at it on the platform before",
    ),
    (
        replace(CREATED, log=(op(Verb.CREATE, State.IN_FLIGHT, A, None),)),
        Fate.IN_FLIGHT,
        "looks for an item at its path on the platform before it sends",
    ),
    (
        replace(EDITED, log=(op(Verb.SET, State.REJECTED, reason="No such key."),)),
        Fate.REFUSED,
        "refused to change it: No such key. It is not sent again",
    ),
    (
        replace(DELETED, log=(op(Verb.DELETE, State.REJECTED, reason="No."),)),
        Fate.REFUSED,
        "refused to delete it",
    ),
    (
        replace(EDITED, log=(op(Verb.SET, State.REJECTED, due="2026-01-03T01:02:03.000Z"),)),
        Fate.REFUSED,
        "A sync at 2026-01-03 01:02:03 or later tries again by itself.",
    ),
    (replace(CREATED, log=(op(Verb.CREATE, State.REJECTED, A, None),)), Fate.REFUSED, "refused to make it"),
    (replace(CREATED, parents=(PARENT,)), Fate.WAITS_FOR_PARENT, "the dataset D that it is in goes first"),
    (
        replace(CREATED, parents=(replace(PARENT, stands="refused"),)),
        Fate.WAITS_FOR_PARENT,
        "platform refused the",
    ),
    (
        replace(CREATED, parents=(replace(PARENT, stands="conflict"),)),
        Fate.WAITS_FOR_PARENT,
        "a conflict about the",
    ),
    (
        replace(DELETED, parents=(replace(PARENT, stands="deleted"),)),
        Fate.WAITS_FOR_PARENT,
        "It goes with that",
    ),
    (replace(EDITED, conflicts=(FIELD,)), Fate.CONFLICT, "metadata.user.k was changed on both sides"),
    (
        replace(EDITED, conflicts=(replace(FIELD, sort=Sort.DELETED_THERE, path=()),)),
        Fate.CONFLICT,
        "edited here and deleted on the platform",
    ),
    (
        replace(DELETED, conflicts=(replace(FIELD, sort=Sort.DELETED_HERE, path=()),)),
        Fate.CONFLICT,
        "its deletion waits until that is decided",
    ),
    (GONE, Fate.UNKNOWN, "never was in this store"),
    (replace(GONE, log=(op(Verb.SET, State.SUPERSEDED),)), Fate.DELETED_HERE, "only the log knows"),
    (
        replace(GONE, grave=Grave("platform", "2026-01-04")),
        Fate.DELETED_THERE,
        "the platform had it no more, and nothing was edited here.",
    ),
    (replace(GONE, grave=Grave("platform", "2026-01-04", kept=False)), Fate.DELETED_THERE, "Nothing is kept"),
    (
        replace(GONE, grave=Grave("local", "2026-01-04"), log=(op(Verb.DELETE, State.ACKNOWLEDGED),)),
        Fate.DELETED_HERE,
        "deleted here, and then on the platform",
    ),
    (
        replace(GONE, grave=Grave("local", "2026-01-04"), log=(op(Verb.DELETE, State.SUPERSEDED),)),
        Fate.DELETED_HERE,
        "before the platform ever had it",
    ),
]

#: What it says once the platform was asked: what is known, the platform's document, and what follows.
ASKED: list[tuple[Known, Any, Fate, str]] = [
    (SYNCED, A, Fate.IN_SYNC, "there is nothing to send"),
    (SYNCED, B, Fate.IN_SYNC, "takes metadata.user.k from the platform"),
    (SYNCED, None, Fate.DELETED_THERE, "the next sync deletes it here"),
    (replace(SYNCED, touched=True), None, Fate.CONFLICT, "edited here and deleted on the platform"),
    (EDITED, A, Fate.UNSENT_EDIT, "sends metadata.user.k, and nothing else"),
    (EDITED, B, Fate.IN_SYNC, "Both sides say the same"),
    (EDITED, D, Fate.UNSENT_EDIT, "takes metadata.user.l from the platform and sends metadata.user.k."),
    (EDITED, C, Fate.CONFLICT, "opens a conflict about metadata.user.k, which both sides changed"),
    (EDITED, None, Fate.CONFLICT, "opens a conflict"),
    (DELETED, A, Fate.UNSENT_DELETE, "deletes it on the platform"),
    (DELETED, B, Fate.CONFLICT, "deleted here and edited on the platform"),
    (DELETED, None, Fate.DELETED_HERE, "deleted on both sides"),
    (CREATED, None, Fate.UNSENT_CREATE, "makes it there"),
    (CREATED, {**A, "content": {"size": 2}}, Fate.CONFLICT, "keeps both"),
    (replace(EDITED, conflicts=(FIELD,)), C, Fate.CONFLICT, "until that is decided"),
]


@pytest.mark.parametrize(("known", "fate", "said"), CASES, ids=[case[2][:40] for case in CASES])
def test_each_situation_has_its_verdict(known, fate, said):
    told = explain(known)
    assert told.fate is fate
    assert said in told.verdict
    assert told.verdict.endswith(".")


def test_every_fate_is_somebodys():
    assert {fate for _, fate, _ in CASES} == set(Fate)


@pytest.mark.parametrize(("known", "there", "fate", "said"), ASKED)
def test_the_platforms_answer_says_what_the_next_sync_will_do(known, there, fate, said):
    told = explain(replace(known, asked=Asked("2026-01-05", there)))
    assert told.fate is fate
    assert said in told.verdict
    assert any("was asked now" in fact.text for fact in told.facts)


@pytest.mark.parametrize(
    ("rule", "known", "there", "fate", "said"),
    [
        (Rule(Policy.THEIRS), EDITED, C, Fate.IN_SYNC, "by the policy `theirs`"),
        (Rule(Policy.THEIRS, dataset="another"), EDITED, C, Fate.CONFLICT, "opens a conflict about"),
        (Rule(Policy.OURS, field=("description",)), EDITED, C, Fate.CONFLICT, "opens a conflict about"),
        (Rule(Policy.OURS), DELETED, B, Fate.CONFLICT, "which the policy `ours` decides"),
        (Rule(Policy.NEWEST), EDITED, None, Fate.CONFLICT, "opens a conflict about it."),
    ],
)
def test_a_policy_that_decides_is_named(rule, known, there, fate, said):
    told = explain(replace(known, rules=(rule,), dataset="d", asked=Asked("2026-01-05", there)))
    assert (told.fate, said in told.verdict) == (fate, True)


def test_what_needs_somebody_says_what_to_type():
    for known, fate, _ in CASES:
        if fate in (Fate.CONFLICT, Fate.REFUSED, Fate.WAITS_FOR_PARENT, Fate.UNSENT_DELETE, Fate.IN_FLIGHT):
            assert "`localloop " in explain(known).advice


def test_facts_are_told_in_order_and_each_once():
    grave = Grave("local", "2026-01-02", "ann")
    known = replace(
        DELETED,
        grave=grave,
        conflicts=(replace(FIELD, resolution="mine", resolved_at="2026-01-05"),),
        content="here",
    )
    texts = [fact.text for fact in explain(known).facts]
    assert [text.split()[0] for text in texts] == ["Deleted", "Conflict", "Conflict", "When", "Its"]
    assert "decided: mine" in texts[2]


def test_what_a_sync_noted_anew_is_not_told_as_somebodys_action():
    known = replace(EDITED, log=(replace(op(Verb.SET, State.PARKED), action="sync"),))
    assert explain(known).facts[0].text == "A sync noted anew what waits: edited: metadata.user.k; parked."


def test_the_next_sync_is_as_it_was_told():
    """What is said to be sent, taken or disputed is what reconciling says: no sentence of its own."""
    for known, there, fate, _ in ASKED:
        if known.conflicts:
            continue
        outcome = reconcile(Observation(K.ITEM, known.base, known.mirror, there, touched=known.touched))
        disputed = outcome.action in (Action.CONFLICT, Action.KEEP_BOTH) or bool(outcome.conflicts)
        assert disputed == (fate is Fate.CONFLICT)
        assert (outcome.action is Action.DELETE_HERE) == (fate is Fate.DELETED_THERE)
