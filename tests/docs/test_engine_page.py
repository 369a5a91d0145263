"""``sync/README.md`` says what the engine does."""

from __future__ import annotations

from typing import Any

import pytest

from localloop_schema.kinds import EntityKind
from localloop_sync.core.operation import SENTENCES, TRANSITIONS, State
from localloop_sync.core.plan import ORDER
from localloop_sync.core.policy import WINNERS
from localloop_sync.core.reconcile import Action, Observation, Outcome, Sort, reconcile
from localloop_sync.core.rules import RULES
from localloop_sync.core.safety import Limits
from localloop_sync.moments import OVERLAP
from localloop_sync.parcels import WINDOW
from localloop_sync.pulling import SWEEP_EVERY
from localloop_sync.report import PHASES, Phase
from tests.docs import pages

PAGE = "sync/README.md"


def test_the_table_of_states_is_the_codes():
    rows = {
        quoted(row[0]): (row[1], set(pages.quoted(row[2])))
        for row in pages.table(PAGE, "The states of an operation")
    }
    assert rows == {
        state.value: (SENTENCES[state], {after.value for after in TRANSITIONS[state]}) for state in State
    }


def test_the_concept_page_knows_the_same_states():
    rows = pages.table("docs/concepts/operation-log.md", "Where an operation is")
    assert [row[0] for row in rows] == [state.value for state in State]


def test_the_table_of_phases_is_the_codes():
    rows = [(quoted(row[0]), row[1]) for row in pages.table(PAGE, "One sync")]
    assert rows == [(phase.value, PHASES[phase]) for phase in Phase]


def test_the_design_names_the_phases_in_order():
    assert " → ".join(phase.value for phase in Phase) in pages.text("docs/design.md")


def test_the_table_of_policies_is_the_codes():
    rows = pages.table(PAGE, "Reconciling", 2)
    assert [(quoted(row[0]), *row[1:]) for row in rows] == [
        (policy.value, *winners) for policy, winners in WINNERS.items()
    ]


def test_the_table_of_kinds_is_the_codes():
    rows = [[pages.quoted(cell) for cell in row] for row in pages.table(PAGE, "Reconciling", 1)]
    assert rows == [
        [
            [kind.value],
            [".".join(rules.key)],
            sorted(".".join(path) for path in rules.atoms),
            [f"{'.'.join(path)}.*" for path in rules.units],
            [".".join(path) for path in rules.platform_first],
        ]
        for kind, rules in RULES.items()
    ]
    assert list(RULES) == list(EntityKind)


def test_the_numbers_are_the_codes():
    text = " ".join(pages.text(PAGE).split())
    assert OVERLAP.total_seconds() == 60
    assert "from a minute before the last change seen" in text
    assert SWEEP_EVERY == 50
    assert "at every fiftieth pull" in text
    assert f"Up to {WINDOW} requests" in text
    assert (Limits().share, Limits().count) == (0.10, 20)
    assert "more than a tenth *and* more than twenty" in text
    assert ", ".join(kind.value for kind in ORDER) in text


def item(user: dict[str, Any], content: str = "1") -> dict[str, Any]:
    return {
        "type": "file",
        "filename": "/a.jpg",
        "metadata": {"user": user},
        "content": {"size": 1, "digest": content * 64},
    }


A = item({"k": 1, "l": 1})
B = item({"k": 2, "l": 1})
IN_A_TASK = {**A, "tasks": {"t": {"assignment": "a"}}}

#: What base, mirror and remote are in each case of the table.
CASES: dict[str, tuple[Any, Any, Any]] = {
    "nothing new": (A, A, A),
    "edited here": (A, B, A),
    "edited there": (A, A, B),
    "edited on both sides, different fields": (A, B, item({"k": 1, "l": 2})),
    "edited on both sides, same field, same value": (A, B, B),
    "edited on both sides, same field, different values": (A, B, item({"k": 3, "l": 1})),
    "content replaced on both sides": (A, item({"k": 1, "l": 1}, "2"), item({"k": 1, "l": 1}, "3")),
    "created here": (None, A, None),
    "created there": (None, None, A),
    "created on both sides, same content": (None, A, item({"m": 1})),
    "created on both sides, different content": (None, A, item({"k": 1, "l": 1}, "2")),
    "deleted here, untouched there": (A, None, A),
    "deleted here, only put into or taken out of tasks there": (A, None, IN_A_TASK),
    "deleted here, edited there": (A, None, B),
    "deleted there, untouched here": (A, A, None),
    "deleted there, only put into or taken out of tasks here": (A, IN_A_TASK, None),
    "deleted there, edited here": (A, B, None),
    "deleted there, something below it edited here": (A, A, None),
    "deleted on both sides": (A, None, None),
}

ROWS = pages.table(PAGE, "Reconciling")


def test_the_table_of_reconciling_has_every_case_that_is_tried():
    assert [row[0] for row in ROWS] == list(CASES)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_case_of_the_table_comes_out_as_it_says(row):
    case, *letters, outcome = row
    base, mirror, remote = CASES[case]
    assert [letter.isalpha() for letter in letters] == [one is not None for one in (base, mirror, remote)]
    touched = case == "deleted there, something below it edited here"
    found = reconcile(Observation(EntityKind.ITEM, base, mirror, remote, touched=touched))
    assert found.action.value == quoted(outcome)
    assert {one for one in pages.quoted(outcome)[1:] if one in set(Sort)} == sorts(found)
    if "kept aside" in outcome:
        assert found.aside == mirror["content"]
    if "both edits" in outcome:
        assert found.mirror == item({"k": 2, "l": 2})
    if found.action is Action.MERGE:
        assert found.base == remote


def sorts(outcome: Outcome) -> set[str]:
    """What the conflicts of an outcome are about."""
    return {Sort.FIELD.value for _ in outcome.conflicts} | ({outcome.sort.value} if outcome.sort else set())


def quoted(cell: str) -> str:
    """The first word in backticks."""
    return pages.quoted(cell)[0]
