"""Projects, members, datasets, labels and tasks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localloop.store.conflicts import Choice
from localloop.store.datasets import create_dataset, update_dataset
from localloop.store.items import add_item
from localloop.store.labels import delete_labels, upsert_labels
from localloop.store.projects import add_member, create_project, remove_member, update_member
from localloop.store.recipes import create_ontology, ontology_of
from localloop.store.tasks import create_task
from localloop.syncing import subscribe
from localloop_schema.kinds import EntityKind as K
from localloop_sync.errors import MassDeletionHalt, OfflineError
from tests.integration.sync.harness import Laptop, agree, platform_picture

BOTH_WAYS = True


def label(laptop, tag, **fields):
    with laptop.store.transaction("label") as tx:
        ontology = ontology_of(tx.connection, tx.row(K.DATASET, laptop.dataset()["id"]))
        upsert_labels(tx, ontology, [{"tag": tag, **fields}])


def tags(laptop):
    with laptop.store.reading() as connection:
        return ontology_of(connection, laptop.dataset())["labels"]


def test_labels_added_on_both_sides_both_survive(pair):
    label(pair.a, "a's")
    label(pair.b, "b's.child")
    agree(pair.a, pair.b)
    assert sorted(tags(pair.a)) == sorted(tags(pair.b)) == ["a's", "b's", "b's.child"]
    assert pair.a.conflicts(None) == pair.b.conflicts(None) == []


def test_the_same_label_added_on_both_sides_is_one(pair):
    label(pair.a, "cat")
    label(pair.b, "cat")
    agree(pair.a, pair.b)
    assert sorted(tags(pair.a)) == ["cat"]
    assert pair.b.conflicts(None) == []


def test_a_label_coloured_on_both_sides_is_a_conflict_on_its_colour(pair):
    label(pair.a, "cat")
    agree(pair.a, pair.b)
    label(pair.a, "cat", color="#000001")
    label(pair.b, "cat", color="#000002", displayLabel="Cat")
    pair.a.sync()
    pair.b.sync()
    row = pair.b.conflict()
    assert (row["kind"], row["path"]) == ("ontology", ["labels", "cat", "color"])
    pair.b.resolve(Choice.MINE)
    agree(pair.b, pair.a)
    assert tags(pair.a)["cat"]["color"] == "#000002"
    assert tags(pair.a)["cat"]["displayLabel"] == "Cat"


def test_a_label_deleted_on_one_side_and_left_alone_on_the_other_is_gone(pair):
    label(pair.a, "cat")
    label(pair.a, "dog")
    agree(pair.a, pair.b)
    with pair.b.store.transaction("unlabel") as tx:
        delete_labels(tx, ontology_of(tx.connection, tx.rows(K.DATASET, name="D")[0]), ["cat"])
    agree(pair.b, pair.a)
    assert sorted(tags(pair.a)) == ["dog"]


def test_two_datasets_founded_offline_keep_their_own_labels(alone, platform, tmp_path):
    with alone.store.transaction("found") as tx:
        second = create_dataset(tx, tx.rows(K.PROJECT)[0], "E", labels=[{"tag": "e"}])
        upsert_labels(tx, ontology_of(tx.connection, tx.rows(K.DATASET, name="D")[0]), [{"tag": "d"}])
    agree(alone)
    other = Laptop(tmp_path, "b", platform)
    other.clone()
    for name, tag in (("D", "d"), ("E", "e")):
        with other.store.reading() as connection:
            [row] = [one for one in other.store.rows(K.DATASET) if one["name"] == name]
            assert sorted(ontology_of(connection, row)["labels"]) == [tag]
    assert second["name"] == "E"
    other.store.close()


def test_stores_founded_apart_meet_on_one_project_and_dataset(alone, platform, tmp_path):
    other = Laptop(tmp_path, "b", platform)
    other.found()
    alone.add("/a.txt", b"a")
    other.add("/b.txt", b"b")
    label(alone, "a's")
    label(other, "b's")
    agree(alone, other)
    assert platform.paths() == ["/a.txt", "/b.txt"]
    assert len(platform.entities[K.PROJECT]) == len(platform.entities[K.DATASET]) == 1
    assert sorted(tags(other)) == ["a's", "b's"]
    other.store.close()


def member(laptop, act, *args):
    with laptop.store.transaction("member") as tx:
        act(tx, tx.rows(K.PROJECT)[0], *args)


def roles(laptop):
    return {row["email"]: row["role"] for row in laptop.store.rows(K.MEMBER)}


def test_members_added_on_both_sides_both_survive(pair):
    member(pair.a, add_member, "a@x", "engineer")
    member(pair.b, add_member, "b@x", "annotator")
    agree(pair.a, pair.b)
    assert roles(pair.a) == {"alice@example.test": "owner", "a@x": "engineer", "b@x": "annotator"}


def test_a_member_given_two_roles_is_a_conflict_on_the_role(pair):
    member(pair.a, add_member, "c@x", "engineer")
    agree(pair.a, pair.b)
    member(pair.a, update_member, "c@x", "annotator")
    member(pair.b, update_member, "c@x", "owner")
    pair.a.sync()
    pair.b.sync()
    assert pair.b.conflict()["path"] == ["role"]
    pair.b.resolve(Choice.THEIRS)
    agree(pair.b, pair.a)
    assert roles(pair.b)["c@x"] == "annotator"


def test_a_member_added_again_after_the_removal_is_a_member(pair):
    member(pair.a, add_member, "c@x", "engineer")
    agree(pair.a, pair.b)
    member(pair.a, remove_member, "c@x")
    member(pair.a, add_member, "c@x", "annotator")
    agree(pair.a, pair.b)
    assert roles(pair.b)["c@x"] == "annotator"
    member(pair.a, remove_member, "c@x")
    agree(pair.a, pair.b)
    assert "c@x" not in roles(pair.b)
    member(pair.b, add_member, "c@x", "engineer")
    agree(pair.b, pair.a)
    assert roles(pair.a)["c@x"] == "engineer"


def test_a_dataset_renamed_on_both_sides_is_a_conflict_on_its_name(pair):
    for laptop, name in ((pair.a, "A"), (pair.b, "B")):
        with laptop.store.transaction("rename") as tx:
            update_dataset(tx, tx.rows(K.DATASET, name="D")[0], {"name": name})
    pair.a.sync()
    pair.b.sync()
    assert pair.b.conflict()["values"] == {"base": "D", "mine": "B", "theirs": "A"}


def test_a_task_made_offline_arrives_once_with_its_assignments(pair):
    with pair.a.store.transaction("task") as tx:
        create_task(tx, tx.rows(K.DATASET, name="D")[0], "t", {}, assignee_ids=["c@x", "d@x"])
    agree(pair.a, pair.b)
    assert [row["name"] for row in pair.b.store.rows(K.TASK)] == ["t"]
    assert sorted(row["annotator"] for row in pair.b.store.rows(K.ASSIGNMENT)) == ["c@x", "d@x"]


def test_a_task_deleted_on_the_platform_is_gone_here(pair):
    with pair.a.store.transaction("task") as tx:
        create_task(tx, tx.rows(K.DATASET, name="D")[0], "t", {}, assignee_ids=["c@x"])
    agree(pair.a, pair.b)
    [task] = pair.platform.entities[K.TASK]
    pair.platform.remove(K.TASK, task)
    agree(pair.b, pair.a)
    assert pair.b.store.rows(K.TASK) == pair.b.store.rows(K.ASSIGNMENT) == []


def binaries(platform):
    [project] = platform.entities[K.PROJECT]
    dataset = platform.add(
        K.DATASET, {"name": "Binaries"}, {K.PROJECT: project}, by="platform", facts={"system": True}
    )
    document = {"type": "file", "filename": "/code.zip", "content": {"size": 3}}
    item = platform.add(K.ITEM, document, {K.DATASET: dataset.id}, by="platform")
    platform.contents[item.id] = b"zip"
    return dataset.id


def own_binaries(laptop):
    """The hidden dataset of a project that was made here, with an icon in it."""
    ref = laptop.store.blobs.add_bytes(b"icon")
    with laptop.store.transaction("binaries") as tx:
        row = create_dataset(tx, tx.rows(K.PROJECT)[0], "Binaries", default_recipe=False, system=True)
        add_item(tx, row, "/icon.png", ref)
    return row


def test_a_dataset_that_the_platform_keeps_for_itself_is_mirrored_as_such(pair):
    dataset = binaries(pair.platform)
    pair.b.sync()
    assert [(row["name"], row["system"]) for row in pair.b.store.rows(K.DATASET)] == [
        ("D", False),
        ("Binaries", True),
    ]
    assert pair.b.paths() == ["/a.txt", "/code.zip"]
    assert dataset in pair.platform.entities[K.DATASET]


def test_a_dataset_of_our_own_for_binaries_becomes_the_platforms(pair):
    own = own_binaries(pair.a)
    dataset = binaries(pair.platform)
    pair.a.sync()
    [row] = pair.a.store.rows(K.DATASET, system=True)
    assert (row["id"], row["remote_id"]) == (own["id"], dataset)
    assert len(pair.platform.entities[K.DATASET]) == 2
    assert pair.platform.paths() == ["/a.txt", "/code.zip", "/icon.png"]
    agree(pair.a, pair.b)


def test_a_dataset_for_binaries_is_never_made_on_a_platform_that_has_none(pair):
    own_binaries(pair.a)
    pair.a.sync()
    assert len(pair.platform.entities[K.DATASET]) == 1
    binaries(pair.platform)
    pair.a.sync()
    pair.a.sync()
    assert pair.platform.paths() == ["/a.txt", "/code.zip", "/icon.png"]
    assert len(pair.platform.entities[K.DATASET]) == 2


def dataset_of(platform, name="D"):
    [found] = [one for one in platform.entities[K.DATASET].values() if one.document["name"] == name]
    return found


@pytest.mark.parametrize("kind", [K.DATASET, K.PROJECT])
def test_what_vanished_with_edits_of_ours_inside_is_a_conflict_and_nothing_goes(pair, kind):
    pair.b.edit("/a.txt", x="kept")
    pair.b.add("/new.txt", b"new")
    [found] = pair.platform.entities[kind]
    pair.platform.remove(kind, found)
    report = pair.b.sync()
    assert report.rejected == []
    assert pair.b.conflict()["kind"] == kind.value
    pair.b.sync()
    assert pair.b.paths() == ["/a.txt", "/new.txt"]
    assert pair.b.labels() == ["cat", "dog"]


def test_a_dataset_restored_is_there_again_with_everything_in_it(pair):
    pair.b.edit("/a.txt", x="kept")
    pair.platform.remove(K.DATASET, dataset_of(pair.platform).id)
    pair.b.sync()
    pair.b.resolve(Choice.MINE)
    agree(pair.b)
    assert pair.platform.paths() == ["/a.txt"]
    assert pair.platform.labels() == ["cat", "dog"]


def test_a_dataset_given_up_is_buried_with_everything_in_it(pair):
    pair.b.edit("/a.txt", x="kept")
    pair.platform.remove(K.DATASET, dataset_of(pair.platform).id)
    pair.b.sync()
    pair.b.resolve(Choice.THEIRS)
    agree(pair.b)
    [stone] = pair.b.tombstones(K.ITEM)
    assert stone["document"]["metadata"]["user"]["x"] == "kept"


def test_what_vanished_without_edits_of_ours_goes_here_too(pair):
    pair.platform.remove(K.DATASET, dataset_of(pair.platform).id)
    with pytest.raises(MassDeletionHalt):  # nobody said so yet
        pair.b.sync()
    pair.b.sync(limits=None)
    assert pair.b.store.rows(K.DATASET) == pair.b.store.rows(K.ITEM) == []
    assert len(pair.b.tombstones(K.ANNOTATION)) == 2


def test_a_dataset_deleted_here_is_deleted_there(pair):
    with pair.a.store.transaction("delete") as tx:
        tx.delete(K.DATASET, tx.rows(K.DATASET, name="D")[0])
    pair.a.sync()
    pair.b.sync(limits=None)
    agree(pair.a, pair.b)
    assert not pair.platform.entities[K.DATASET]
    assert pair.b.store.rows(K.DATASET) == []


@pytest.mark.parametrize("kind", [K.DATASET, K.PROJECT])
@pytest.mark.parametrize("choice", [Choice.MINE, Choice.THEIRS])
def test_the_deletion_of_a_whole_waits_for_what_is_new_in_it(pair, kind, choice):
    pair.a.add("/new.txt", b"new")
    pair.a.sync()
    with pair.b.store.transaction("delete") as tx:
        tx.delete(kind, tx.rows(kind)[0])
    pair.b.sync()
    assert pair.platform.paths() == ["/a.txt", "/new.txt"]
    row = pair.b.conflict()
    assert (row["kind"], row["sort"]) == (kind.value, "deleted here")
    pair.b.sync()
    assert pair.platform.paths() == ["/a.txt", "/new.txt"]
    pair.b.resolve(choice)
    pair.b.sync()
    pair.a.sync(limits=None)
    agree(pair.b, pair.a)
    left = [] if choice is Choice.MINE else ["/a.txt", "/new.txt"]
    assert pair.platform.paths() == pair.a.paths() == pair.b.paths() == left


def test_a_project_of_which_only_a_part_is_mirrored_is_not_deleted_whole(alone, platform, tmp_path):
    with alone.store.transaction("found") as tx:
        create_dataset(tx, tx.rows(K.PROJECT)[0], "E")
    alone.sync()
    other = Laptop(tmp_path, "b", platform)
    subscribe(other.store, other.remote, "P", "E")
    other.sync()
    with other.store.transaction("delete") as tx:
        tx.delete(K.PROJECT, tx.rows(K.PROJECT)[0])
    with pytest.raises(MassDeletionHalt) as halt:
        other.sync()
    assert halt.value.side == "platform"
    assert len(platform.entities[K.DATASET]) == 2
    other.store.close()


def test_projects_of_one_name_are_not_mixed_up(pair):
    with pair.a.store.transaction("found") as tx:
        create_dataset(tx, create_project(tx, "Q"), "D")
    pair.a.journal.subscribe(pair.a.store.rows(K.PROJECT, name="Q")[0]["id"], None, content=True)
    pair.a.sync()
    assert len(pair.platform.entities[K.PROJECT]) == 2
    assert len(pair.platform.entities[K.DATASET]) == 2


def test_a_dataset_deleted_and_made_anew_is_a_new_one(pair):
    with pair.a.store.transaction("anew") as tx:
        tx.delete(K.DATASET, tx.rows(K.DATASET, name="D")[0])
        create_dataset(tx, tx.rows(K.PROJECT)[0], "D", labels=[{"tag": "new"}])
    pair.a.add("/new.txt", b"new")
    pair.a.sync()
    pair.b.sync(limits=None)
    agree(pair.a, pair.b)
    assert pair.platform.paths() == ["/new.txt"]
    assert sorted(tags(pair.b)) == ["new"]


@pytest.mark.parametrize("workers", [1, 4])
def test_entities_that_share_a_title_all_arrive(pair, workers):
    with pair.a.store.transaction("twins") as tx:
        project = tx.rows(K.PROJECT)[0]
        for tag in ("one", "two", "three"):
            create_ontology(tx, project["id"], "Animals", roots=[{"value": {"tag": tag}}])
        dataset = tx.rows(K.DATASET, name="D")[0]
        for _ in range(2):
            create_task(tx, dataset, "t", {}, assignee_ids=["c@x"])
    pair.a.sync(workers=workers)
    agree(pair.a)
    found = [one for one in pair.platform.entities[K.ONTOLOGY].values() if one.document["title"] == "Animals"]
    assert sorted(tag for one in found for tag in one.document["labels"]) == ["one", "three", "two"]
    assert len(pair.platform.entities[K.TASK]) == 2


def test_what_a_listing_holds_twice_is_one_entity(tmp_path, alone, platform):
    """Offset paging does that while others write."""
    alone.add("/a.txt", b"a")
    alone.annotate("/a.txt", "cat")
    with alone.store.transaction("work") as tx:
        create_task(
            tx, tx.row(K.DATASET, alone.dataset()["id"]), "t", {}, assignee_ids=["carol@example.test"]
        )
    alone.sync()
    other = Laptop(tmp_path, "b", platform)
    page, listed = other.remote.page, other.remote.list

    def twice(*args):
        found = page(*args)
        return replace(found, entities=[*found.entities, *found.entities])

    other.remote.page = twice
    other.remote.list = lambda *args: [*listed(*args), *listed(*args)]
    other.clone()
    assert other.picture() == platform_picture(platform)
    other.store.close()


def test_labels_of_a_dataset_that_is_not_on_the_platform_yet_are_not_sent_over_those_of_others(
    alone, tmp_path, platform
):
    """Two stores begin with the same names, and neither gets further than the ontology in its first sync."""
    other = Laptop(tmp_path, "b", platform)
    other.found()

    def stop_before_recipes(method, *args):
        if method in ("find", "create") and args[0] is K.RECIPE:
            raise OfflineError("There is no connection.")

    for laptop in (alone, other):
        laptop.listen(stop_before_recipes, gone=True)
        with pytest.raises(OfflineError):
            laptop.sync()
    label(alone, "cat", displayLabel="A")
    alone.listen(stop_before_recipes, gone=True)
    with pytest.raises(OfflineError):
        alone.sync()
    label(other, "cat", displayLabel="B")
    other.listen()
    other.sync()
    [conflict] = other.conflicts()
    assert conflict["path"] == ["labels", "cat", "displayLabel"]
    assert (conflict["values"]["mine"], conflict["values"]["theirs"]) == ("B", "A")
    other.store.close()
