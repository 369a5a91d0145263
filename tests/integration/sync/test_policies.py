"""Policies decide conflicts in the transaction that finds them, and keep what loses."""

from __future__ import annotations

import pytest

from localloop.store.annotations import update_annotation
from localloop.store.conflicts import Choice
from localloop.store.datasets import create_dataset
from localloop.store.policies import Policy, Rule, set_policy, unset_policy
from localloop_schema.kinds import EntityKind as K
from tests.integration.sync.harness import agree

USER = ("metadata", "user", "**")


def clash(pair, mine="here", theirs="there"):
    """b and the platform disagree on x of /a.txt; what b's sync said of it."""
    pair.b.edit("/a.txt", x=mine)
    pair.a.edit("/a.txt", x=theirs)
    pair.a.sync()
    return pair.b.sync()


def record(laptop):
    """The one conflict there ever was."""
    [row] = laptop.conflicts(None)
    return row


def test_without_a_policy_a_conflict_waits(pair):
    report = clash(pair)
    assert (report.conflicts_new, report.conflicts_open, report.conflicts_decided) == (1, 1, 0)


@pytest.mark.parametrize(
    ("policy", "stands"), [(Policy.OURS, "here"), (Policy.THEIRS, "there")], ids=["ours", "theirs"]
)
def test_a_policy_decides_a_field_and_the_record_keeps_all_three_values(pair, policy, stands):
    set_policy(pair.b.store, Rule(policy))
    report = clash(pair)
    assert (report.conflicts_new, report.conflicts_open, report.conflicts_decided) == (0, 0, 1)
    assert pair.b.user("/a.txt") == {"x": stands, "y": 1}
    row = record(pair.b)
    assert (row["state"], row["resolution"], row["path"]) == (
        "resolved",
        f"policy: {policy.value}",
        ["metadata", "user", "x"],
    )
    assert row["values"] == {"base": 1, "mine": "here", "theirs": "there"}
    assert row["resolved_at"] == row["created_at"]
    agree(pair.b, pair.a)
    assert pair.a.user("/a.txt") == {"x": stands, "y": 1}
    assert pair.a.conflicts(None) == []


def test_a_policy_leaves_what_only_one_side_changed(pair):
    set_policy(pair.b.store, Rule(Policy.THEIRS))
    pair.b.edit("/a.txt", x="here", mine="mine")
    pair.a.edit("/a.txt", x="there", y="theirs")
    pair.a.sync()
    pair.b.sync()
    assert pair.b.user("/a.txt") == {"x": "there", "y": "theirs", "mine": "mine"}
    agree(pair.b, pair.a)


@pytest.mark.parametrize("later", [True, False])
def test_the_newest_value_wins_whichever_side_it_is_on(pair, later):
    set_policy(pair.b.store, Rule(Policy.NEWEST))
    if later:
        pair.a.edit("/a.txt", x="there")
        pair.a.sync()
        pair.b.edit("/a.txt", x="here")
    else:
        pair.b.edit("/a.txt", x="here")
        pair.a.edit("/a.txt", x="there")
        pair.a.sync()
    pair.b.sync()
    side, stands = ("mine", "here") if later else ("theirs", "there")
    assert record(pair.b)["resolution"] == f"policy: newest ({side})"
    assert record(pair.b)["values"] == {"base": 1, "mine": "here", "theirs": "there"}
    agree(pair.b, pair.a)
    assert pair.a.user("/a.txt")["x"] == stands


def test_an_edit_is_as_old_as_it_was_entered_also_when_a_sync_logged_it_anew(pair):
    set_policy(pair.b.store, Rule(Policy.NEWEST))
    pair.b.edit("/a.txt", x="here")
    pair.a.edit("/a.txt", y="elsewhere")
    pair.a.sync()
    pair.b.sync(push=False)  # the base moves under the edit
    pair.a.edit("/a.txt", x="there")
    pair.a.sync()
    pair.b.sync(push=False)
    pair.b.sync()
    assert record(pair.b)["resolution"] == "policy: newest (theirs)"
    assert pair.b.user("/a.txt")["x"] == "there"


def test_the_most_specific_rule_decides(pair):
    dataset = pair.b.dataset()["id"]
    set_policy(pair.b.store, Rule(Policy.OURS, field=USER, dataset=dataset))
    set_policy(pair.b.store, Rule(Policy.THEIRS))
    pair.b.edit("/a.txt", x="here")
    pair.b.move("/a.txt", "/b.txt")
    pair.a.edit("/a.txt", x="there")
    pair.a.move("/a.txt", "/c.txt")
    pair.a.sync()
    report = pair.b.sync()
    assert report.conflicts_decided == 2
    assert pair.b.paths() == ["/c.txt"]
    assert pair.b.user("/c.txt")["x"] == "here"
    agree(pair.b, pair.a)


def test_a_rule_of_another_dataset_or_kind_or_a_removed_one_decides_nothing(pair):
    store = pair.b.store
    with store.transaction("another") as tx:
        other = create_dataset(tx, tx.row(K.PROJECT, pair.b.dataset()["project_id"]), "Other")
    set_policy(store, Rule(Policy.THEIRS, dataset=other["id"]))
    set_policy(store, Rule(Policy.THEIRS, kind=K.ANNOTATION))
    set_policy(store, Rule(Policy.THEIRS, field=USER))
    unset_policy(store, field=USER)
    assert clash(pair).conflicts_open == 1


def test_a_policy_that_is_set_later_leaves_what_is_open_open(pair):
    clash(pair)
    set_policy(pair.b.store, Rule(Policy.THEIRS))
    report = pair.b.sync()
    assert (report.conflicts_open, report.conflicts_decided) == (1, 0)
    pair.a.edit("/a.txt", x="there again")
    pair.a.sync()
    pair.b.sync()
    assert pair.b.conflict()["values"] == {"base": 1, "mine": "here", "theirs": "there again"}
    pair.b.resolve(Choice.THEIRS)
    agree(pair.b, pair.a)


def test_a_move_that_a_policy_would_take_to_a_path_in_use_here_waits(pair):
    set_policy(pair.b.store, Rule(Policy.THEIRS))
    pair.b.add("/c.txt", b"mine")
    pair.b.move("/a.txt", "/b.txt")
    pair.a.move("/a.txt", "/c.txt")
    pair.a.sync()
    pair.b.sync()
    assert {path: pair.b.bytes(path) for path in pair.b.paths()} == {"/b.txt": b"first", "/c.txt": b"mine"}
    assert pair.b.conflict()["path"] == ["filename"]
    pair.b.resolve(Choice.MINE)
    agree(pair.b, pair.a)


@pytest.mark.parametrize("policy", [Policy.OURS, Policy.THEIRS])
def test_of_two_contents_both_are_kept_whatever_the_policy(pair, policy):
    set_policy(pair.b.store, Rule(policy))
    pair.b.put("/a.txt", b"here")
    pair.a.put("/a.txt", b"there")
    pair.a.sync()
    pair.b.sync()
    agree(pair.b, pair.a)
    assert sorted(pair.a.bytes(path) for path in pair.a.paths()) == [b"here", b"there"]
    assert record(pair.b)["resolution"].startswith("kept both")


@pytest.mark.parametrize("policy", [Policy.MANUAL, Policy.NEWEST])
def test_these_leave_an_edit_against_a_deletion_to_a_person(pair, policy):
    set_policy(pair.b.store, Rule(policy))
    pair.b.edit("/a.txt", x="kept")
    pair.a.delete("/a.txt")
    pair.a.sync()
    report = pair.b.sync()
    assert (report.conflicts_new, report.conflicts_decided) == (1, 0)
    assert pair.b.user("/a.txt")["x"] == "kept"


def test_ours_makes_anew_what_was_deleted_there_and_edited_here(pair):
    set_policy(pair.b.store, Rule(Policy.OURS))
    pair.b.edit("/a.txt", x="kept")
    pair.a.delete("/a.txt")
    pair.a.sync()
    report = pair.b.sync()
    assert (report.conflicts_open, report.conflicts_decided) == (0, 1)
    agree(pair.b, pair.a)
    assert pair.a.user("/a.txt") == {"x": "kept", "y": 1}
    assert pair.a.labels() == ["cat", "dog"]
    assert record(pair.b)["sort"] == "deleted on the platform"


def test_theirs_deletes_here_what_was_deleted_there_and_buries_the_edit(pair):
    set_policy(pair.b.store, Rule(Policy.THEIRS))
    pair.b.edit("/a.txt", x="buried")
    pair.b.annotate("/a.txt", "new")
    pair.a.delete("/a.txt")
    pair.a.sync()
    report = pair.b.sync()
    assert report.deleted_here == {"annotation": 3, "item": 1}
    row = record(pair.b)
    assert (row["state"], row["resolution"]) == ("resolved", "policy: theirs")
    assert row["values"]["mine"]["metadata"]["user"]["x"] == "buried"
    [stone] = pair.b.tombstones(K.ITEM)
    assert stone["document"]["metadata"]["user"]["x"] == "buried"
    assert sorted(one["document"]["label"] for one in pair.b.tombstones(K.ANNOTATION)) == [
        "cat",
        "dog",
        "new",
    ]
    agree(pair.b, pair.a)
    assert pair.b.paths() == []


def test_ours_goes_on_with_a_deletion_of_what_was_edited_there(pair):
    set_policy(pair.b.store, Rule(Policy.OURS))
    pair.b.delete("/a.txt")
    pair.a.edit("/a.txt", x="there")
    pair.a.sync()
    pair.b.sync()
    row = record(pair.b)
    assert (row["state"], row["resolution"]) == ("resolved", "policy: ours")
    assert row["values"]["theirs"]["metadata"]["user"]["x"] == "there"
    agree(pair.b, pair.a)
    assert pair.platform.paths() == []


def test_theirs_brings_back_what_was_deleted_here_and_edited_there(pair):
    set_policy(pair.b.store, Rule(Policy.THEIRS))
    pair.b.delete("/a.txt")
    pair.a.edit("/a.txt", x="there")
    pair.a.sync()
    pair.b.sync()
    assert pair.b.user("/a.txt") == {"x": "there", "y": 1}
    assert [row["state"] for row in pair.b.conflicts(None)] == ["resolved", "resolved"]
    assert "policy: theirs" in [row["resolution"] for row in pair.b.conflicts(None)]
    agree(pair.b, pair.a)
    assert pair.b.labels() == ["cat", "dog"]


def test_what_comes_back_by_policy_gets_its_path_and_another_file_there_is_renamed(pair):
    set_policy(pair.b.store, Rule(Policy.THEIRS))
    pair.b.delete("/a.txt")
    pair.b.add("/a.txt", b"another")
    pair.a.edit("/a.txt", x="there")
    pair.a.sync()
    pair.b.sync()
    beside = "/a (conflict 2026-01-01 b).txt"
    assert {path: pair.b.bytes(path) for path in pair.b.paths()} == {"/a.txt": b"first", beside: b"another"}
    assert pair.b.user("/a.txt")["x"] == "there"
    agree(pair.b, pair.a)


def test_an_item_whose_content_is_not_here_is_not_made_anew_by_policy(pair):
    set_policy(pair.b.store, Rule(Policy.OURS))
    pair.a.add("/far.txt", b"far away")
    pair.a.sync()
    pair.b.sync(content=False)
    pair.b.edit("/far.txt", x="kept")
    pair.a.delete("/far.txt")
    pair.a.sync()
    report = pair.b.sync(content=False)
    assert (report.conflicts_open, report.conflicts_decided) == (1, 0)
    assert pair.b.conflict()["resolution"] is None


def test_an_annotation_is_decided_like_an_item(pair):
    set_policy(pair.b.store, Rule(Policy.THEIRS, kind=K.ANNOTATION))
    for laptop, label in ((pair.b, "lynx"), (pair.a, "lion")):
        with laptop.store.transaction("edit") as tx:
            [row] = tx.rows(K.ANNOTATION, label="cat")
            update_annotation(tx, row, {"label": label})
    pair.a.sync()
    pair.b.sync()
    assert pair.b.labels() == ["dog", "lion"]
    agree(pair.b, pair.a)


def test_no_policy_decides_whether_a_whole_dataset_is_to_be_there(pair):
    set_policy(pair.b.store, Rule(Policy.THEIRS))
    pair.b.edit("/a.txt", x="kept")
    [dataset] = pair.platform.entities[K.DATASET]
    pair.platform.remove(K.DATASET, dataset)
    report = pair.b.sync()
    assert (report.conflicts_open, report.conflicts_decided) == (1, 0)
    assert pair.b.user("/a.txt")["x"] == "kept"
