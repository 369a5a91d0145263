"""``docs/concepts/merging.md``: what comes of two changes is as in the truth table, and what it says to type works."""

from __future__ import annotations

import shlex
from types import SimpleNamespace

import pytest

from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.syncing import subscribe
from localloop_schema.kinds import EntityKind
from localloop_sync.core.change import equal
from localloop_sync.core.policy import Policy
from localloop_sync.core.reconcile import Action, Observation, reconcile
from tests.docs import pages
from tests.docs.terminal import Terminal
from tests.integration.sync.harness import Laptop, Platform
from tests.sim.world import VirtualClock
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


@pytest.fixture
def terminal(tmp_path):
    """A terminal in a store with conflicts about fields of ``Fruit/Apples``."""
    platform = Platform(VirtualClock())
    ann, bob = (Laptop(tmp_path, name, platform) for name in ("ann", "bob"))
    ann.found("Fruit", "Pears")
    with ann.store.transaction("found") as tx:
        create_dataset(tx, tx.rows(EntityKind.PROJECT)[0], "Apples")
    content = ann.store.blobs.add_bytes(b"a")
    with ann.store.transaction("add") as tx:
        [dataset] = tx.rows(EntityKind.DATASET, name="Apples")
        add_item(tx, dataset, "/a.txt", content)
    ann.sync()
    subscribe(bob.store, bob.remote, "Fruit", content=True)
    bob.sync()
    for laptop in (bob, ann):
        laptop.edit("/a.txt", **dict.fromkeys("uvwxyz", laptop.name))
        laptop.sync()
    assert len(ann.conflicts()) == 6
    yield SimpleNamespace(laptop=ann, terminal=Terminal(tmp_path, "", LOCALLOOP_STORE=str(ann.store.path)))
    ann.store.close()
    bob.store.close()


def typed(block, laptop):
    """The words of each line, with the id of a conflict where the page says ID."""
    for line in block.splitlines():
        words = shlex.split(line)
        assert words[0] == "localloop"
        yield [laptop.conflicts()[0]["id"] if word == "ID" else word for word in words[1:]]


def test_what_the_page_says_to_type_works(terminal):
    deciding, policies = pages.blocks(pages.ROOT / PAGE, "sh")
    for words in typed(deciding, terminal.laptop):
        terminal.terminal.localloop(words)
    assert terminal.laptop.conflicts() == []
    assert sorted(set(terminal.laptop.user("/a.txt").values())) == ["a third value", "ann", "bob"]
    for words in typed(policies, terminal.laptop):
        terminal.terminal.localloop(words)
    for policy in ("theirs", "ours", "newest"):
        assert policy in terminal.terminal.said
