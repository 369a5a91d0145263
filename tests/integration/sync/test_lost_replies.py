"""A request that was applied although its reply was lost: nothing is made twice, nothing is taken for another's."""

from __future__ import annotations

from collections import Counter

import pytest

from localloop.store.annotations import update_annotation
from localloop.store.datasets import create_dataset
from localloop.store.labels import upsert_labels
from localloop.store.projects import add_member
from localloop.store.recipes import ontology_of
from localloop.store.tasks import create_task
from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.operation import State
from localloop_sync.errors import PermanentError, TransientError
from tests.integration.sync.harness import WRITES, agree


def losing(laptop, method, number):
    """The reply to the ``number``-th request of a method is lost, and all that follows but for a deletion's."""
    seen = Counter()

    def after(name, *_args):
        seen[name] += 1
        if name == method and seen[name] == number:
            raise TransientError("The reply was lost.")

    laptop.listen(after=after, gone=method != "delete")


def one_of_everything(laptop):
    laptop.add("/b.txt", b"b", x=1)
    laptop.annotate("/b.txt", "one", "two")
    with laptop.store.transaction("work") as tx:
        dataset = tx.row(K.DATASET, laptop.dataset()["id"])
        project = tx.row(K.PROJECT, dataset["project_id"])
        add_member(tx, project, "carol@example.test", "annotator")
        other = create_dataset(tx, project, "E")
        upsert_labels(tx, ontology_of(tx.connection, other), [{"tag": "cat"}])
        create_task(tx, dataset, "t", {}, assignee_ids=["carol@example.test"])


def twins(platform):
    """Natural keys that the platform has more than once."""
    keys = {
        K.PROJECT: "name",
        K.DATASET: "name",
        K.ITEM: "filename",
        K.MEMBER: "email",
        K.TASK: "name",
        K.ASSIGNMENT: "annotator",
        K.ONTOLOGY: "title",
        K.RECIPE: "title",
    }
    found = []
    for kind, key in keys.items():
        names = Counter(one.document[key] for one in platform.entities[kind].values())
        found += [(kind, name) for name, times in names.items() if times > 1]
    clients = Counter(
        one.document["metadata"]["system"]["clientId"] for one in platform.entities[K.ANNOTATION].values()
    )
    return found + [one for one, times in clients.items() if times > 1]


def scripted_writes(alone):
    """How many requests of each writing method the script below makes."""
    one_of_everything(alone)
    alone.sync()
    return {name: alone.calls[name] for name in WRITES}


@pytest.mark.parametrize(
    ("method", "number"), [("create", number) for number in range(1, 11)] + [("upload", 1), ("upload", 2)]
)
def test_a_lost_reply_to_a_creation_makes_no_twin(alone, platform, method, number):
    alone.add("/a.txt", b"a")
    one_of_everything(alone)
    losing(alone, method, number)
    with pytest.raises(TransientError):
        alone.sync()
    alone.listen()
    agree(alone)
    assert twins(platform) == []
    assert alone.conflicts(None) == []
    assert platform.labels() == ["one", "two"]


def test_there_are_no_more_creations_than_that(alone):
    alone.add("/a.txt", b"a")
    assert scripted_writes(alone)["create"] == 10
    assert alone.calls["upload"] == 2


def test_an_item_renamed_after_its_reply_was_lost_is_still_one(alone, platform):
    alone.sync()
    alone.add("/a.txt", b"a", x=1)
    losing(alone, "upload", 1)
    with pytest.raises(TransientError):
        alone.sync()
    alone.move("/a.txt", "/renamed.txt")
    alone.edit("/renamed.txt", x=2)
    alone.listen()
    agree(alone)
    assert platform.paths() == ["/renamed.txt"]
    assert alone.conflicts(None) == []


def test_an_item_given_other_bytes_after_its_reply_was_lost_is_still_one(alone, platform):
    alone.sync()
    alone.add("/a.txt", b"a")
    losing(alone, "upload", 1)
    with pytest.raises(TransientError):
        alone.sync()
    alone.put("/a.txt", b"other")
    alone.listen()
    agree(alone)
    assert platform.paths() == ["/a.txt"]
    assert alone.conflicts(None) == []


def test_an_item_deleted_after_its_reply_was_lost_stays_deleted(alone, platform):
    alone.sync()
    alone.add("/a.txt", b"a")
    losing(alone, "upload", 1)
    with pytest.raises(TransientError):
        alone.sync()
    alone.delete("/a.txt")
    alone.listen()
    agree(alone)
    assert platform.paths() == alone.paths() == []


def test_what_another_edited_meanwhile_is_not_deleted_with_it(alone, platform):
    alone.sync()
    alone.add("/a.txt", b"a", x=1)
    losing(alone, "upload", 1)
    with pytest.raises(TransientError):
        alone.sync()
    alone.delete("/a.txt")
    platform.edit(K.ITEM, platform.at("/a.txt").id, metadata={"user": {"x": 2}})
    alone.listen()
    agree(alone)
    assert platform.paths() == alone.paths() == ["/a.txt"]
    assert alone.user("/a.txt") == {"x": 2}


def test_an_annotation_deleted_after_its_reply_was_lost_stays_deleted(alone, platform):
    alone.add("/a.txt", b"a")
    alone.sync()
    alone.annotate("/a.txt", "cat")
    losing(alone, "create", 1)
    with pytest.raises(TransientError):
        alone.sync()
    with alone.store.transaction("delete") as tx:
        tx.delete(K.ANNOTATION, tx.rows(K.ANNOTATION)[0])
    alone.listen()
    agree(alone)
    assert platform.labels() == []


def test_an_annotation_edited_after_its_reply_was_lost_is_no_conflict(alone, platform):
    alone.add("/a.txt", b"a")
    alone.sync()
    alone.annotate("/a.txt", "cat")
    losing(alone, "create", 1)
    with pytest.raises(TransientError):
        alone.sync()
    with alone.store.transaction("edit") as tx:
        update_annotation(tx, tx.rows(K.ANNOTATION)[0], {"label": "lynx"})
    alone.listen()
    agree(alone)
    assert platform.labels() == ["lynx"]
    assert alone.conflicts(None) == []


def test_an_edit_made_after_the_reply_to_another_was_lost_is_no_conflict(pair):
    pair.a.edit("/a.txt", x=2)
    seen = []

    def after(name, *_args):
        if name == "update":
            seen.append(name)
            raise TransientError("The reply was lost.")

    pair.a.listen(after=after, gone=True)
    with pytest.raises(TransientError):
        pair.a.sync()
    assert seen
    pair.a.listen()
    pair.a.edit("/a.txt", x=3)
    agree(pair.a, pair.b)
    assert pair.b.user("/a.txt")["x"] == 3
    assert pair.a.conflicts(None) == []


def test_a_deletion_after_the_reply_to_an_edit_was_lost_is_no_conflict(pair):
    pair.a.edit("/a.txt", x=2)

    def after(name, *_args):
        if name == "update":
            raise TransientError("The reply was lost.")

    pair.a.listen(after=after, gone=True)
    with pytest.raises(TransientError):
        pair.a.sync()
    pair.a.listen()
    pair.a.delete("/a.txt")
    agree(pair.a, pair.b)
    assert pair.a.conflicts(None) == []
    assert pair.platform.paths() == []


def test_a_lost_reply_and_anothers_edit_of_the_same_field_is_a_conflict(pair):
    pair.a.edit("/a.txt", x=2)

    def after(name, *_args):
        if name == "update":
            raise TransientError("The reply was lost.")

    pair.a.listen(after=after, gone=True)
    with pytest.raises(TransientError):
        pair.a.sync()
    pair.a.listen()
    pair.b.sync()
    pair.b.edit("/a.txt", x="b's")
    pair.b.sync()
    pair.a.edit("/a.txt", x=3)
    pair.a.sync()
    assert pair.a.conflict()["values"]["theirs"] == "b's"


def test_the_lost_reply_to_a_deletion_is_found_done(pair):
    pair.a.delete("/a.txt")
    losing(pair.a, "delete", 1)
    pair.a.sync()  # a deletion may be repeated, so the retrying driver does
    agree(pair.a, pair.b)
    assert pair.platform.paths() == []


def test_anothers_file_at_the_path_of_a_lost_creation_is_not_taken_for_our_own(pair):
    pair.a.add("/n.txt", b"a's", made="a")

    def before(name, *_args):
        if name == "upload":
            raise TransientError("Nobody knows.")

    pair.a.listen(before, gone=True)
    with pytest.raises(TransientError):
        pair.a.sync()
    pair.a.listen()
    pair.b.add("/n.txt", b"b's other", made="b")
    pair.b.sync()
    agree(pair.a, pair.b)
    assert pair.b.user("/n.txt") == {"made": "b"}
    assert pair.b.user("/n (conflict 2026-01-01 a).txt") == {"made": "a"}


def test_the_same_file_of_another_at_the_path_of_a_lost_creation_hides_no_value(pair):
    pair.a.add("/n.txt", b"same", made="a")

    def before(name, *_args):
        if name == "upload":
            raise TransientError("Nobody knows.")

    pair.a.listen(before, gone=True)
    with pytest.raises(TransientError):
        pair.a.sync()
    pair.a.listen()
    pair.b.add("/n.txt", b"same", made="b")
    pair.b.sync()
    pair.a.sync()
    assert pair.a.conflict()["values"] == {"mine": "a", "theirs": "b"}


def test_a_request_in_flight_whose_dataset_is_gone_does_not_wedge_the_sync(pair):
    with pair.a.store.transaction("found") as tx:
        create_dataset(tx, tx.rows(K.PROJECT)[0], "E")
    pair.a.sync()
    pair.a.add("/n.txt", b"n")
    losing(pair.a, "upload", 1)
    with pytest.raises(TransientError):
        pair.a.sync()
    pair.a.listen()
    [dataset] = [one for one in pair.platform.entities[K.DATASET].values() if one.document["name"] == "D"]
    pair.platform.remove(K.DATASET, dataset.id)
    assert pair.a.sync().conflicts_open == 1
    assert pair.a.paths() == ["/a.txt", "/n.txt"]


def test_what_may_not_be_looked_at_is_not_sent_again_and_stops_nothing_else(pair):
    pair.a.add("/n.txt", b"n")
    losing(pair.a, "upload", 1)
    with pytest.raises(TransientError):
        pair.a.sync()

    def before(name, *args):
        if name == "find" and args[2] == ["/n.txt"]:
            raise PermanentError("No.", status=403)

    pair.a.listen(before)
    pair.a.edit("/a.txt", x=2)
    pair.a.sync()
    assert pair.platform.at("/a.txt").document["metadata"]["user"]["x"] == 2
    pair.a.listen()
    agree(pair.a, pair.b)
    assert pair.platform.paths() == ["/a.txt", "/n.txt"]


def test_a_batch_that_was_refused_half_way_makes_no_twin(alone, platform):
    alone.add("/a.txt", b"a")
    alone.sync()
    alone.annotate("/a.txt", "one", "bad", "two")
    create = alone.remote._create_annotation

    def refusing(scope, document):
        if document["label"] == "bad":
            raise PermanentError("A bad label.", status=400)
        return create(scope, document)

    alone.remote._create_annotation = refusing
    report = alone.sync()
    assert [one.reason for one in report.rejected] == ["A bad label."]
    assert platform.labels() == ["one", "two"]


def test_a_deletion_that_never_arrived_is_not_found_done_by_one_mistaken_answer(pair):
    """A 404 for something that is there would bring the file back to everybody."""
    pair.a.delete("/a.txt")
    pair.a.journal.begin(pair.a.journal.jobs(State.PENDING))  # and then the process dies
    get, mistaken = pair.a.remote.get, []

    def once(kind, remote_id):
        if kind is K.ITEM and not mistaken:
            mistaken.append(remote_id)
            return None
        return get(kind, remote_id)

    pair.a.remote.get = once
    pair.a.sync()
    assert mistaken
    agree(pair.a, pair.b)
    assert pair.platform.paths() == []


def test_a_deletion_that_did_arrive_is_found_done(pair):
    pair.a.delete("/a.txt")
    pair.a.journal.begin(pair.a.journal.jobs(State.PENDING))
    pair.platform.remove(K.ITEM, pair.platform.at("/a.txt").id)
    pair.a.sync()
    assert pair.a.unsent() == []
    agree(pair.a, pair.b)
    assert pair.a.conflicts(None) == []
