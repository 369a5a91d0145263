"""``docs/concepts/merging.md`` says what comes of two changes, as the truth table of reconciling does."""

from __future__ import annotations

import pytest

from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import equal
from localloop_sync.core.policy import Policy
from localloop_sync.core.reconcile import Action, Observation, reconcile
from tests.docs import pages
from tests.unit.sync.situations.row import Row, pair
from tests.unit.sync.situations.table import SITUATIONS

PAGE = "docs/concepts/merging.md"

#: What the page calls a change of an item → what the truth table calls it.
CHANGES = {
    "nothing": "nothing",
    "edited": "edit",
    "moved": "move",
    "new content": "content",
    "work": "work",
    "deleted": "delete",
}

TABLE = pages.table(PAGE, "What comes of two changes")
ROWS = {row[0]: dict(zip(CHANGES, row[1:], strict=True)) for row in TABLE}


def word(row: Row) -> str:
    """What the page says of a situation."""
    seen = Observation(EntityKind.ITEM, row.base, row.here, row.there, touched=row.touched)
    outcome = reconcile(seen)
    if outcome.action is Action.CONFLICT or outcome.conflicts:
        return "conflict"
    if outcome.aside is not None:
        return "both files"
    if outcome.mirror is None:
        return "deleted"
    here, there = (equal(EntityKind.ITEM, row.base, side) for side in (row.here, row.there))
    if here or there:
        return "\u2013" if here and there else "theirs" if here else "yours"
    return "agreed" if equal(EntityKind.ITEM, row.here, row.there) else "both"


def test_the_table_has_every_change_of_an_item_on_both_sides():
    assert list(ROWS) == list(CHANGES)


@pytest.mark.parametrize("there", CHANGES)
@pytest.mark.parametrize("here", CHANGES)
def test_a_cell_says_what_the_truth_table_says(here, there):
    told = [(pair(EntityKind.ITEM, row), row) for row in SITUATIONS[EntityKind.ITEM]]
    wanted = (CHANGES[here], CHANGES[there])
    found = {word(row) for (mine, theirs), row in told if (mine, theirs.partition(",")[0]) == wanted}
    assert set(ROWS[here][there].split(", ")) == found


def test_the_page_knows_every_policy():
    assert [pages.quoted(row[0])[0] for row in pages.table(PAGE, "Policies")] == list(Policy)
