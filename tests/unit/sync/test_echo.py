"""What the platform has of a write whose reply was lost is no change of somebody else."""

from __future__ import annotations

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.change import Change
from localloop_sync.core.echo import ancestor, sent
from localloop_sync.core.merge import merge
from localloop_sync.core.operation import Operation, State, Verb


def item(**user):
    return {"filename": "/a", "metadata": {"user": user}}


def test_only_what_is_in_flight_was_sent():
    path = ("metadata", "user", "x")
    operations = [
        Operation(2, K.ITEM, "e", Verb.SET, (Change(path, 2, 3),), State.PENDING),
        Operation(1, K.ITEM, "e", Verb.SET, (Change(path, 1, 2),), State.IN_FLIGHT),
    ]
    assert sent(K.ITEM, item(x=1), operations) == item(x=2)
    assert sent(K.ITEM, item(x=1), operations[:1]) is None
    assert sent(K.ITEM, None, []) is None


def test_without_anything_on_its_way_the_base_is_the_base():
    assert ancestor(K.ITEM, item(x=1), None, item(x=2)) == item(x=1)
    assert ancestor(K.ITEM, None, None, item(x=2)) is None


def test_a_value_that_arrived_is_agreed_on():
    assert ancestor(K.ITEM, item(x=1, y=1), item(x=2, y=1), item(x=2, y="theirs")) == item(x=2, y=1)


def test_a_value_that_did_not_arrive_is_not():
    assert ancestor(K.ITEM, item(x=1), item(x=2), item(x=1)) == item(x=1)
    assert ancestor(K.ITEM, item(x=1), item(x=2), item(x="theirs")) == item(x=1)


def test_a_removal_that_arrived_is_agreed_on():
    assert ancestor(K.ITEM, item(x=1, y=1), item(y=1), item(y=2)) == item(y=1)


def test_a_creation_that_arrived_is_agreed_on_as_it_was_sent():
    arrived = {**item(x=1), "metadata": {"user": {"x": 1}, "system": {"derived": 1}}}
    assert ancestor(K.ITEM, None, item(x=1), arrived) == item(x=1)


def test_another_s_creation_at_the_same_place_is_not_ours():
    assert ancestor(K.ITEM, None, item(x=1), item(x=2)) is None
    assert ancestor(K.ITEM, None, item(x=1), item()) is None
    ours, theirs = ({**item(), "content": {"size": 1, "digest": digest}} for digest in "ab")
    assert ancestor(K.ITEM, None, ours, theirs) is None


def test_what_the_platform_derives_of_a_creation_proves_nothing():
    ours = {"title": "T", "labels": {"cat": {"color": "1"}}, "metadata": {}}
    theirs = {"title": "Other", "labels": {"cat": {"color": "1"}}, "metadata": {}}
    assert ancestor(K.ONTOLOGY, None, ours, theirs) == ours


def test_an_annotation_is_told_by_its_client_id_whatever_became_of_it():
    assert ancestor(K.ANNOTATION, None, {"label": "cat"}, {"label": "lynx"}) == {"label": "cat"}


def test_a_creation_of_which_only_the_first_part_arrived_is_not_all_that_was_sent():
    """A dataset takes two requests: one makes it, the other gives it its recipes."""
    dataset = {"name": "D", "recipes": ["r"], "readonly": True, "metadata": {}}
    assert ancestor(K.DATASET, None, dataset, {**dataset, "recipes": []}) is None
    assert ancestor(K.DATASET, None, dataset, {**dataset, "recipes": ["the platform's"]}) == dataset


def test_a_dataset_that_is_to_be_read_only_was_made_open():
    """That it is read-only is told when all that is in it has arrived."""
    dataset = {"name": "D", "recipes": ["r"], "readonly": True, "metadata": {}}
    there = {**dataset, "readonly": False}
    assert ancestor(K.DATASET, None, dataset, there) == there
    merged = merge(K.DATASET, ancestor(K.DATASET, None, dataset, there), dataset, there)
    assert (merged.document, merged.conflicts) == (dataset, ())
