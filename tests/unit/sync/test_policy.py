"""Which policy is for a conflict, and who wins by it."""

from __future__ import annotations

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.policy import (
    UNDECIDED,
    WINNERS,
    Dispute,
    Policy,
    Rule,
    Side,
    decide,
    field_text,
    fits,
    parse_field,
    policy_for,
    with_rule,
)
from localloop_sync.core.reconcile import Sort

MANUAL, OURS, THEIRS, NEWEST = Policy.MANUAL, Policy.OURS, Policy.THEIRS, Policy.NEWEST
X = ("metadata", "user", "x")
EARLY, LATE = 100.0, 100.001


def rule(policy, field=None, **scope):
    return Rule(policy, field=None if field is None else parse_field(field), **scope)


#: Rules in the order in which they were set, and the policy of a conflict about an item's field in dataset d.
CHOICES = {
    "no rule": ([], MANUAL),
    "the store's": ([rule(THEIRS)], THEIRS),
    "the dataset's before the store's": ([rule(OURS, dataset="d"), rule(THEIRS)], OURS),
    "not another dataset's": ([rule(OURS, dataset="e"), rule(THEIRS)], THEIRS),
    "the field's before the store's": ([rule(OURS, "metadata.user.x"), rule(THEIRS)], OURS),
    "the dataset's before the field's": ([rule(OURS, dataset="d"), rule(THEIRS, "metadata.**")], OURS),
    "the field's in the dataset before the dataset's": (
        [rule(NEWEST, "metadata.**", dataset="d"), rule(OURS, dataset="d"), rule(THEIRS)],
        NEWEST,
    ),
    "not another field's": ([rule(OURS, "metadata.user.y"), rule(THEIRS)], THEIRS),
    "a kind's before all kinds'": ([rule(OURS, kind=K.ITEM), rule(THEIRS)], OURS),
    "not another kind's": ([rule(OURS, kind=K.ANNOTATION), rule(THEIRS)], THEIRS),
    "all kinds' of the field before a kind's of the store": (
        [rule(OURS, "metadata.user.*"), rule(THEIRS, kind=K.ITEM)],
        OURS,
    ),
    "the later one of two equals": ([rule(OURS, "metadata.**"), rule(THEIRS, "metadata.user.*")], THEIRS),
    "manual where another was general": ([rule(THEIRS), rule(MANUAL, "metadata.user.x")], MANUAL),
}


@pytest.mark.parametrize("case", CHOICES)
def test_the_most_specific_rule_is_for_a_conflict(case):
    rules, policy = CHOICES[case]
    assert policy_for(rules, K.ITEM, X, "d") is policy


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("metadata.user.x", "metadata.user.x", True),
        ("metadata.user.x", "metadata.user", False),
        ("metadata.user.x", "metadata.user.x.y", False),
        ("metadata.*.x", "metadata.user.x", True),
        ("metadata.*", "metadata.user.x", False),
        ("metadata.user.*", "metadata.user", False),
        ("metadata.**", "metadata.user.x", True),
        ("metadata.user.**", "metadata.user", True),
        ("metadata.user.**", "metadata.system.x", False),
        ("**", "filename", True),
        ("**.x", "metadata.user.a.b.x", True),
        ("**.x", "x", True),
        ("**.x", "metadata.x.y", False),
        ("metadata.**.x.*", "metadata.user.x.y", True),
        ("labels.*.color", "labels.person\\.hand.color", True),
        ("labels.person\\.hand.**", "labels.person\\.hand.color", True),
        ("labels.person.hand.**", "labels.person\\.hand.color", False),
    ],
)
def test_a_pattern_means_paths(pattern, path, meant):
    assert fits(parse_field(pattern), parse_field(path)) is meant
    assert field_text(parse_field(pattern)) == pattern


def test_only_a_rule_without_a_field_or_for_any_depth_means_a_whole_entity():
    assert policy_for([rule(OURS)], K.ITEM, (), "d") is OURS
    assert policy_for([rule(OURS, "**")], K.ITEM, (), "d") is OURS
    assert policy_for([rule(OURS, "*"), rule(THEIRS, "metadata.**")], K.ITEM, (), "d") is MANUAL


@pytest.mark.parametrize("text", ["", ".", "a..b", "a.", ".a"])
def test_a_pattern_without_a_key_between_dots_is_none(text):
    with pytest.raises(ValueError, match="a key in it is empty"):
        parse_field(text)


def winner(policy, sort=Sort.FIELD, kind=K.ITEM, mine_at=EARLY, theirs_at=EARLY):
    path = X if sort in (Sort.FIELD, Sort.CONTENT) else ()
    found, side = decide([rule(policy)], Dispute(kind, "d", path, sort, mine_at, theirs_at))
    assert found is policy
    return side


def test_a_field_goes_to_the_side_that_the_policy_says():
    assert winner(MANUAL) is None
    assert winner(OURS) is Side.MINE
    assert winner(THEIRS) is Side.THEIRS


@pytest.mark.parametrize(
    ("mine_at", "theirs_at", "side"),
    [
        (LATE, EARLY, Side.MINE),
        (EARLY, LATE, Side.THEIRS),
        (EARLY, EARLY, Side.THEIRS),
        (None, EARLY, Side.THEIRS),
        (LATE, None, Side.THEIRS),
        (None, None, Side.THEIRS),
    ],
)
def test_the_newest_value_is_the_later_one_and_in_doubt_the_platforms(mine_at, theirs_at, side):
    assert winner(NEWEST, mine_at=mine_at, theirs_at=theirs_at) is side


@pytest.mark.parametrize("sort", [Sort.DELETED_HERE, Sort.DELETED_THERE])
def test_an_edit_against_a_deletion_goes_to_the_side_that_the_policy_says(sort):
    assert winner(OURS, sort) is Side.MINE
    assert winner(THEIRS, sort) is Side.THEIRS
    assert winner(MANUAL, sort) is None
    assert winner(NEWEST, sort, mine_at=LATE) is None


@pytest.mark.parametrize("sort", [Sort.DELETED_HERE, Sort.DELETED_THERE])
@pytest.mark.parametrize("kind", sorted(UNDECIDED))
def test_whether_a_whole_project_or_dataset_is_to_be_there_is_a_persons_to_decide(kind, sort):
    assert [winner(policy, sort, kind) for policy in Policy] == [None] * 4
    assert winner(OURS, kind=kind) is Side.MINE  # its fields are like others


def test_no_policy_decides_between_two_files():
    assert [winner(policy, Sort.CONTENT) for policy in Policy] == [None] * 4


def test_a_rule_replaces_the_one_for_the_same_and_counts_as_the_last():
    first, second = rule(OURS, "metadata.**"), rule(THEIRS, "metadata.user.**")
    assert with_rule([first, second], rule(NEWEST, "metadata.**")) == [second, rule(NEWEST, "metadata.**")]
    assert with_rule([first], rule(OURS, "metadata.**", dataset="d"))[0] == first


@pytest.mark.parametrize(
    "one",
    [rule(OURS), rule(NEWEST, "labels.a\\.b.**", dataset="d", kind=K.ONTOLOGY), rule(MANUAL, kind=K.ITEM)],
)
def test_a_rule_survives_the_settings(one):
    assert Rule.from_json(one.to_json()) == one
    assert None not in one.to_json().values()


def test_every_policy_says_in_words_who_wins():
    assert list(WINNERS) == list(Policy)
