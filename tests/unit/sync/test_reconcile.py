"""The truth table of reconciling; its rows are in :mod:`tests.unit.sync.situations.table`."""

from __future__ import annotations

import json

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.reconcile import Action, Observation, reconcile
from tests.unit.sync.situations.documents import item
from tests.unit.sync.situations.row import pair
from tests.unit.sync.situations.table import SITUATIONS, TABLE


@pytest.mark.parametrize(
    ("kind", "row"), [pytest.param(*one, id=f"{one[0].value}: {one[1].said}") for one in TABLE]
)
def test_the_truth_table(kind, row):
    outcome = reconcile(Observation(kind, row.base, row.here, row.there, touched=row.touched))
    assert outcome.action is row.action
    assert outcome.mirror == row.mirror
    assert tuple(".".join(one.path) for one in outcome.conflicts) == row.conflicts
    assert outcome.sort is row.sort
    assert outcome.aside == row.aside
    if outcome.action in (Action.MERGE, Action.TAKE):
        assert outcome.base == row.there  # the platform's document is what both sides then agree on


#: What may happen to any entity on both sides: here, there.
EVERYWHERE = {
    ("nothing", "nothing"),
    ("nothing", "edit"),
    ("nothing", "delete"),
    ("edit", "nothing"),
    ("edit", "edit, elsewhere"),
    ("edit", "edit, alike"),
    ("edit", "edit, otherwise"),
    ("edit", "delete"),
    ("delete", "nothing"),
    ("delete", "edit"),
    ("delete", "delete"),
    ("never", "create"),
    ("create", "never"),
    ("create", "create, alike"),
    ("create", "create, otherwise"),
}

#: A project and a member have one field that anybody edits: there is no other beside it.
ONE_FIELD = {("edit", "edit, elsewhere")}

#: What may happen to an item besides: its parts are changed apart from one another.
PARTS = ("nothing", "edit", "move", "content", "work", "delete")


@pytest.mark.parametrize("kind", K)
def test_every_pair_of_concurrent_changes_of_a_kind_is_in_the_table(kind):
    told = {pair(kind, row) for row in SITUATIONS[kind]}
    wanted = EVERYWHERE - (ONE_FIELD if kind in (K.PROJECT, K.MEMBER) else set())
    assert wanted - told == set()


@pytest.mark.parametrize("mine", PARTS)
@pytest.mark.parametrize("theirs", PARTS)
def test_every_pair_of_changes_of_an_item_is_in_the_table(mine, theirs):
    told = {pair(K.ITEM, row) for row in SITUATIONS[K.ITEM]}
    if mine == theirs and mine in ("edit", "move", "content", "work"):
        assert {(mine, f"{theirs}, {how}") for how in ("alike", "otherwise")} <= told
    else:
        assert (mine, theirs) in told


def test_no_situation_is_told_twice():
    assert len(TABLE) >= 120
    assert len({(kind, row.said) for kind, row in TABLE}) == len(TABLE)
    assert len(
        {json.dumps([kind, row.base, row.here, row.there, row.touched]) for kind, row in TABLE}
    ) == len(TABLE)


def test_the_base_of_what_was_deleted_here_follows_the_platform():
    outcome = reconcile(Observation(K.ITEM, item(x=1), None, item(x=2)))
    assert outcome.base == item(x=2)
