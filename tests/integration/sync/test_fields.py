"""What two laptops do to the fields of one item."""

from __future__ import annotations

import pytest

from localloop.store.annotations import update_annotation
from localloop.store.conflicts import Choice
from localloop_schema.kinds import EntityKind as K
from tests.integration.sync.harness import agree

BOTH_WAYS = True


def test_edits_of_different_fields_both_survive(pair):
    pair.a.edit("/a.txt", x=2)
    pair.b.edit("/a.txt", y=2)
    agree(pair.a, pair.b)
    assert pair.a.user("/a.txt") == pair.b.user("/a.txt") == {"x": 2, "y": 2}
    assert pair.a.conflicts(None) == pair.b.conflicts(None) == []


def test_keys_at_any_depth_are_fields_of_their_own(pair):
    pair.a.edit("/a.txt", deep={"one": {"mine": 1}})
    pair.b.edit("/a.txt", deep={"one": {"theirs": 2}})
    agree(pair.a, pair.b)
    assert pair.b.user("/a.txt")["deep"] == {"one": {"mine": 1, "theirs": 2}}


def test_the_same_value_on_both_sides_is_agreement(pair):
    pair.a.edit("/a.txt", x=7)
    pair.b.edit("/a.txt", x=7)
    agree(pair.a, pair.b)
    assert pair.a.conflicts(None) == pair.b.conflicts(None) == []


@pytest.fixture
def disputed(pair):
    """Both set x; a is first, so b has the conflict."""
    pair.a.edit("/a.txt", x="a's")
    pair.b.edit("/a.txt", x="b's", y="b's other")
    pair.a.sync()
    report = pair.b.sync()
    assert report.conflicts_new == report.conflicts_open == 1
    return pair


def test_the_same_field_is_one_open_conflict_and_the_rest_goes_on(disputed):
    row = disputed.b.conflict()
    assert (row["path"], row["sort"]) == (["metadata", "user", "x"], "field")
    assert row["values"] == {"base": 1, "mine": "b's", "theirs": "a's"}
    assert disputed.b.user("/a.txt") == {"x": "b's", "y": "b's other"}
    assert disputed.platform.at("/a.txt").document["metadata"]["user"] == {"x": "a's", "y": "b's other"}
    assert [one["state"] for one in disputed.b.unsent()] == ["parked"]


def test_an_open_conflict_is_not_opened_again(disputed):
    for _ in range(3):
        assert disputed.b.sync().conflicts_new == 0
    disputed.a.edit("/a.txt", x="a's second")
    disputed.a.sync()
    assert disputed.b.sync().conflicts_new == 0
    assert disputed.b.conflict()["values"] == {"base": 1, "mine": "b's", "theirs": "a's second"}


@pytest.mark.parametrize(
    ("choice", "value", "stands", "loser"),
    [
        (Choice.MINE, (), "b's", ("theirs", "a's")),
        (Choice.THEIRS, (), "a's", ("mine", "b's")),
        (Choice.VALUE, ("both",), "both", ("mine", "b's")),
    ],
)
def test_a_resolution_reaches_everybody_and_the_loser_stays_in_the_row(
    disputed, choice, value, stands, loser
):
    disputed.b.resolve(choice, *value)
    agree(disputed.b, disputed.a)
    assert disputed.a.user("/a.txt")["x"] == disputed.b.user("/a.txt")["x"] == stands
    [row] = disputed.b.conflicts("resolved")
    side, lost = loser
    assert row["values"][side] == lost
    assert row["resolution"] == choice.value


def test_what_was_edited_since_the_conflict_began_is_the_loser_that_is_kept(disputed):
    disputed.b.edit("/a.txt", x="b's second")
    disputed.b.resolve(Choice.THEIRS)
    [row] = disputed.b.conflicts("resolved")
    assert row["values"]["mine"] == "b's second"


def test_a_conflict_closes_when_the_other_side_comes_to_agree(disputed):
    disputed.a.edit("/a.txt", x="b's")
    agree(disputed.a, disputed.b)
    [row] = disputed.b.conflicts(None)
    assert row["resolution"] == "both sides came to agree"


def test_a_value_set_here_and_removed_there_is_a_conflict(pair):
    pair.a.edit("/a.txt", x=None)
    pair.b.edit("/a.txt", x=2)
    pair.a.sync()
    pair.b.sync()
    assert pair.b.conflict()["values"] == {"base": 1, "mine": 2}
    pair.b.resolve(Choice.THEIRS)
    agree(pair.b, pair.a)
    assert "x" not in pair.a.user("/a.txt")


@pytest.mark.parametrize("choice", [Choice.MINE, Choice.THEIRS])
def test_a_value_here_and_an_object_there_are_one_conflict_that_either_side_can_win(pair, choice):
    pair.a.edit("/a.txt", x={"deep": {"er": 1}})
    pair.b.edit("/a.txt", x=5)
    pair.a.sync()
    pair.b.sync()
    assert pair.b.conflict()["values"] == {"base": 1, "mine": 5, "theirs": {"deep": {"er": 1}}}
    pair.b.resolve(choice)
    agree(pair.b, pair.a)
    assert pair.a.user("/a.txt")["x"] == (5 if choice is Choice.MINE else {"deep": {"er": 1}})


@pytest.mark.parametrize("choice", [Choice.MINE, Choice.THEIRS])
def test_an_object_here_and_a_value_there_are_one_conflict_that_either_side_can_win(pair, choice):
    pair.a.edit("/a.txt", x=5)
    pair.b.edit("/a.txt", x={"deep": {"er": 1}})
    pair.a.sync()
    pair.b.sync()
    assert pair.b.conflict()["values"] == {"base": 1, "mine": {"deep": {"er": 1}}, "theirs": 5}
    pair.b.resolve(choice)
    agree(pair.b, pair.a)
    assert pair.a.user("/a.txt")["x"] == (5 if choice is Choice.THEIRS else {"deep": {"er": 1}})


def test_a_third_value_may_be_an_object(disputed):
    disputed.b.resolve(Choice.VALUE, {"one": {"two": 3}})
    agree(disputed.b, disputed.a)
    assert disputed.a.user("/a.txt")["x"] == {"one": {"two": 3}}


def test_annotations_merge_one_by_one(pair):
    [cat] = pair.a.store.rows(K.ANNOTATION, label="cat")
    with pair.a.store.transaction("edit") as tx:
        update_annotation(tx, tx.row(K.ANNOTATION, cat["id"]), {"label": "lynx"})
    [dog] = pair.b.store.rows(K.ANNOTATION, label="dog")
    with pair.b.store.transaction("edit") as tx:
        update_annotation(tx, tx.row(K.ANNOTATION, dog["id"]), {"label": "wolf"})
    pair.b.annotate("/a.txt", "bird")
    agree(pair.a, pair.b)
    assert pair.a.labels() == pair.b.labels() == ["bird", "lynx", "wolf"]


def test_coordinates_are_one_value(pair):
    pair.a.annotate("/a.txt", "box")
    agree(pair.a, pair.b)
    for laptop, x in ((pair.a, 1), (pair.b, 2)):
        with laptop.store.transaction("edit") as tx:
            [row] = tx.rows(K.ANNOTATION, label="box")
            update_annotation(tx, row, {"coordinates": {"x": x, "y": 5}})
    pair.a.sync()
    pair.b.sync()
    row = pair.b.conflict()
    assert row["path"] == ["coordinates"]
    assert row["values"] == {"mine": {"x": 2, "y": 5}, "theirs": {"x": 1, "y": 5}}


def test_an_edit_that_was_taken_back_waits_for_nothing(pair):
    pair.a.edit("/a.txt", x=2)
    pair.a.edit("/a.txt", x=1)
    assert len(pair.a.unsent()) == 2
    pair.a.sync()
    assert pair.a.unsent() == []
    assert pair.a.calls["update"] == 0
