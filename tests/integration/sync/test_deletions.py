"""Deletions on one side or both, alone and against edits."""

from __future__ import annotations

import pytest

from localloop.store.annotations import update_annotation
from localloop.store.conflicts import Choice, resolve_conflict
from localloop_schema.kinds import EntityKind as K
from tests.integration.sync.harness import agree

BOTH_WAYS = True


def test_a_deletion_reaches_the_other_side_and_leaves_a_tombstone(pair):
    pair.a.delete("/a.txt")
    agree(pair.a, pair.b)
    assert pair.b.paths() == pair.platform.paths() == []
    [stone] = pair.b.tombstones(K.ITEM)
    assert (stone["origin"], stone["document"]["metadata"]["user"]) == ("platform", {"x": 1, "y": 1})
    assert len(pair.b.tombstones(K.ANNOTATION)) == 2


def test_a_deletion_on_both_sides_is_agreement(pair):
    pair.a.delete("/a.txt")
    pair.b.delete("/a.txt")
    agree(pair.a, pair.b)
    assert pair.a.conflicts(None) == pair.b.conflicts(None) == []
    assert pair.platform.paths() == []


@pytest.fixture
def edited_here(pair):
    """b edited an item, and drew a new annotation on it, while a deleted it."""
    pair.a.delete("/a.txt")
    pair.b.edit("/a.txt", x="kept")
    pair.b.annotate("/a.txt", "new")
    pair.a.sync()
    report = pair.b.sync()
    assert report.conflicts_new == 1
    assert report.rejected == []
    return pair


def test_edited_here_and_deleted_there_waits_for_a_decision(edited_here):
    row = edited_here.b.conflict()
    assert (row["sort"], row["path"]) == ("deleted on the platform", [])
    assert row["values"]["mine"]["metadata"]["user"] == {"x": "kept", "y": 1}
    assert "theirs" not in row["values"]
    for _ in range(2):
        assert edited_here.b.sync().rejected == []
        assert edited_here.b.user("/a.txt") == {"x": "kept", "y": 1}
        assert edited_here.b.labels() == ["cat", "dog", "new"]
        assert edited_here.b.conflict()["id"] == row["id"]


def test_an_item_restored_is_there_again_with_its_annotations(edited_here):
    edited_here.b.resolve(Choice.MINE)
    agree(edited_here.b, edited_here.a)
    assert edited_here.a.user("/a.txt") == {"x": "kept", "y": 1}
    assert edited_here.a.labels() == edited_here.platform.labels() == ["cat", "dog", "new"]
    assert edited_here.a.bytes("/a.txt") == b"first"


def test_an_accepted_deletion_buries_the_edit_in_a_tombstone(edited_here):
    edited_here.b.resolve(Choice.THEIRS)
    agree(edited_here.b, edited_here.a)
    assert edited_here.b.paths() == []
    [stone] = edited_here.b.tombstones(K.ITEM)
    assert stone["document"]["metadata"]["user"] == {"x": "kept", "y": 1}
    labels = [one["document"]["label"] for one in edited_here.b.tombstones(K.ANNOTATION)]
    assert sorted(labels) == ["cat", "dog", "new"]


def test_only_an_annotation_edited_below_what_was_deleted_is_a_conflict_too(pair):
    pair.a.delete("/a.txt")
    with pair.b.store.transaction("edit") as tx:
        [row] = tx.rows(K.ANNOTATION, label="cat")
        update_annotation(tx, row, {"label": "lynx"})
    pair.a.sync()
    pair.b.sync()
    pair.b.sync()
    assert pair.b.conflict()["kind"] == "item"
    pair.b.resolve(Choice.MINE)
    agree(pair.b, pair.a)
    assert pair.a.labels() == ["dog", "lynx"]


def test_an_edit_made_while_the_conflict_is_open_is_kept_by_both_decisions(edited_here):
    edited_here.b.edit("/a.txt", x="later")
    edited_here.b.annotate("/a.txt", "later")
    assert edited_here.b.sync().rejected == []
    edited_here.b.resolve(Choice.MINE)
    agree(edited_here.b, edited_here.a)
    assert edited_here.a.user("/a.txt")["x"] == "later"
    assert edited_here.a.labels() == ["cat", "dog", "later", "new"]


@pytest.fixture
def changed_there(pair):
    """a changed an item and synced; b, not knowing of it, deleted the item."""
    pair.a.edit("/a.txt", x="changed")
    pair.a.sync()
    pair.b.delete("/a.txt")
    assert pair.b.sync().conflicts_new == 1
    return pair


def test_deleted_here_and_changed_there_lets_the_deletion_wait(changed_there):
    row = changed_there.b.conflict()
    assert row["sort"] == "deleted here"
    assert row["values"]["theirs"]["metadata"]["user"] == {"x": "changed", "y": 1}
    changed_there.b.sync()
    assert changed_there.platform.paths() == ["/a.txt"]
    assert changed_there.platform.labels() == ["cat", "dog"]


def test_the_same_when_the_deletion_came_first(pair):
    pair.b.delete("/a.txt")
    pair.a.edit("/a.txt", x="changed")
    pair.a.sync()
    assert pair.b.sync().conflicts_new == 1
    assert pair.platform.labels() == ["cat", "dog"]


def test_a_deletion_insisted_on_reaches_everybody(changed_there):
    changed_there.b.resolve(Choice.MINE)
    agree(changed_there.b, changed_there.a)
    assert changed_there.platform.paths() == changed_there.a.paths() == []
    [row] = changed_there.b.conflicts("resolved")
    assert row["values"]["theirs"]["metadata"]["user"]["x"] == "changed"


def test_a_deletion_given_up_brings_back_what_is_there(changed_there):
    changed_there.b.resolve(Choice.THEIRS)
    agree(changed_there.b, changed_there.a)
    assert changed_there.b.user("/a.txt") == {"x": "changed", "y": 1}
    assert changed_there.b.labels() == changed_there.platform.labels() == ["cat", "dog"]


@pytest.mark.parametrize("choice", [Choice.MINE, Choice.THEIRS])
def test_an_annotation_drawn_there_on_an_item_deleted_here_lets_the_deletion_wait(pair, choice):
    pair.a.annotate("/a.txt", "new")
    pair.a.sync()
    pair.b.delete("/a.txt")
    assert pair.b.sync().conflicts_new == 1
    row = pair.b.conflict()
    assert (row["kind"], row["sort"]) == ("item", "deleted here")
    assert pair.platform.labels() == ["cat", "dog", "new"]
    pair.b.sync()
    assert pair.platform.labels() == ["cat", "dog", "new"]
    pair.b.resolve(choice)
    agree(pair.b, pair.a)
    gone = choice is Choice.MINE
    assert pair.a.labels() == pair.b.labels() == ([] if gone else ["cat", "dog", "new"])
    assert pair.a.paths() == ([] if gone else ["/a.txt"])
    if gone:
        buried = [one["document"]["label"] for one in pair.b.tombstones(K.ANNOTATION)]
        assert sorted(buried) == ["cat", "dog", "new"]


def test_an_annotation_changed_there_on_an_item_deleted_here_lets_the_deletion_wait(pair):
    with pair.a.store.transaction("edit") as tx:
        [row] = tx.rows(K.ANNOTATION, label="cat")
        update_annotation(tx, row, {"label": "lynx"})
    pair.a.sync()
    pair.b.delete("/a.txt")
    pair.b.sync()
    pair.b.sync()
    assert pair.platform.labels() == ["dog", "lynx"]
    assert pair.platform.paths() == ["/a.txt"]
    for row in pair.b.conflicts():
        assert row["sort"] == "deleted here"
    while pair.b.conflicts():
        resolve_conflict(pair.b.store, pair.b.conflicts()[0]["id"], Choice.THEIRS)
    agree(pair.b, pair.a)
    assert pair.b.labels() == ["dog", "lynx"]


def test_an_item_deleted_revived_edited_and_deleted_there_is_buried_as_it_last_was(changed_there):
    changed_there.b.resolve(Choice.THEIRS)
    agree(changed_there.b, changed_there.a)
    changed_there.b.edit("/a.txt", x="last")
    agree(changed_there.b, changed_there.a)
    changed_there.a.delete("/a.txt")
    agree(changed_there.a, changed_there.b)
    [stone] = changed_there.b.tombstones(K.ITEM)
    assert stone["document"]["metadata"]["user"]["x"] == "last"


def test_an_annotation_edited_here_and_deleted_there_is_a_conflict_of_its_own(pair):
    [cat] = pair.a.store.rows(K.ANNOTATION, label="cat")
    with pair.a.store.transaction("delete") as tx:
        tx.delete(K.ANNOTATION, tx.row(K.ANNOTATION, cat["id"]))
    with pair.b.store.transaction("edit") as tx:
        [row] = tx.rows(K.ANNOTATION, label="cat")
        update_annotation(tx, row, {"label": "lynx"})
    pair.a.sync()
    pair.b.sync()
    assert pair.b.conflict()["sort"] == "deleted on the platform"
    pair.b.resolve(Choice.MINE)
    agree(pair.b, pair.a)
    assert pair.a.labels() == ["dog", "lynx"]


def test_an_entity_that_is_on_the_platform_again_is_no_conflict_any_more(pair):
    there = pair.platform.at("/a.txt")
    data = pair.platform.contents[there.id]
    below = list(pair.platform.entities[K.ANNOTATION].values())
    pair.b.edit("/a.txt", x="kept")
    pair.platform.remove(K.ITEM, there.id)
    pair.b.sync()
    assert pair.b.conflict()["sort"] == "deleted on the platform"
    pair.platform.entities[K.ITEM][there.id] = there
    pair.platform.contents[there.id] = data
    pair.platform.entities[K.ANNOTATION].update((one.id, one) for one in below)
    for one in [there, *below] if pair.platform.feed is not None else []:
        pair.platform.feed.append(one)
    agree(pair.b, pair.a)
    assert pair.b.conflicts() == []
    assert pair.a.user("/a.txt")["x"] == "kept"


def test_a_conflict_about_a_deletion_costs_no_sweep_at_each_sync(edited_here):
    edited_here.b.sync()
    edited_here.b.sync()
    asked = [one[:2] for one in edited_here.b.requests]
    assert not {("get", K.ITEM), ("get", K.ANNOTATION), ("several", K.ITEM), ("several", K.ANNOTATION)} & set(
        asked
    )


def test_an_item_that_only_a_listing_lacks_is_not_deleted(pair):
    [item] = pair.platform.entities[K.ITEM].values()
    whole = pair.b.remote._contents_of

    def blind(kind, scope):
        return [one for one in whole(kind, scope) if one.id != item.id]

    pair.b.remote._contents_of = blind
    pair.b.sync()
    assert pair.b.paths() == ["/a.txt"]


@pytest.mark.parametrize("errand", ["update", "create"])
def test_a_deletion_that_a_push_runs_into_is_a_conflict_and_no_refusal(pair, errand):
    if errand == "update":
        pair.b.edit("/a.txt", x="kept")
    else:
        pair.b.annotate("/a.txt", "kept", "too")
    gone = pair.platform.at("/a.txt").id

    def before(method, *_args):
        if method == errand:
            pair.platform.remove(K.ITEM, gone)

    pair.b.listen(before)
    report = pair.b.sync()
    assert (report.rejected, report.conflicts_open) == ([], 1)
    row = pair.b.conflict()
    assert (row["kind"], row["sort"]) == ("item", "deleted on the platform")
    pair.b.listen()
    assert pair.b.sync().quiet
    pair.b.resolve(Choice.MINE)
    agree(pair.b, pair.a)
    assert "kept" in [pair.a.user("/a.txt")["x"], *pair.a.labels()]


@pytest.mark.parametrize("what", [K.ITEM, K.ANNOTATION])
def test_what_was_changed_between_the_pull_and_its_deletion_is_not_deleted(pair, what):
    """The platform has no precondition for deletions, so each is looked at right before."""
    item = pair.platform.at("/a.txt")
    [drawn] = [one for one in pair.platform.entities[K.ANNOTATION].values() if one.document["label"] == "cat"]
    with pair.a.store.transaction("erase") as tx:
        row = tx.rows(what, remote_id=(item if what is K.ITEM else drawn).id)[0]
        tx.delete(what, row)
    waiting = [True]

    def meanwhile(method, *_args):
        if method in ("several", "delete") and waiting:
            waiting.clear()
            pair.platform.edit(K.ITEM, item.id, description="theirs")
            pair.platform.edit(K.ANNOTATION, drawn.id, label="lion")

    pair.a.listen(meanwhile)
    pair.a.sync()
    assert not waiting
    assert (pair.platform.paths(), pair.platform.labels()) == (["/a.txt"], ["dog", "lion"])
    assert [(row["kind"], row["sort"]) for row in pair.a.conflicts()] == [(what.value, "deleted here")]


def test_many_deletions_are_looked_at_in_few_requests(alone):
    for number in range(150):
        alone.add(f"/{number}.txt")
    alone.sync()
    alone.delete(*alone.paths()[:100])
    alone.sync(limits=None)
    assert alone.calls["delete"] == 100
    assert alone.calls["several"] <= 4
