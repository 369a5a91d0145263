"""Copies of datasets and items, offline and then synced: the bytes are shared, nothing is lost, nothing is twice."""

from __future__ import annotations

import pytest

import localloop as dl
from localloop.errors import BadRequest, BlobMissingError, Conflict
from localloop.testing.hub import running_hub
from localloop_schema.kinds import EntityKind as K

pytestmark = pytest.mark.usefixtures("machine")


@pytest.fixture
def fruit(machine):
    for path, content in {"a.txt": "a", "in/b.txt": "bb", "in/deep/c.txt": "ccc"}.items():
        file = machine / "photos" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    project = dl.projects.create("Fruit")
    dataset = project.datasets.create("Apples", labels={"Ripe": (1, 2, 3)})
    dataset.items.upload(local_path=str(machine / "photos") + "/*")
    item = dataset.items.get(filepath="/a.txt")
    builder = item.annotations.builder()
    builder.add(annotation_definition=dl.Box(top=1, left=2, bottom=3, right=4, label="Ripe"))
    builder.add(annotation_definition=dl.Point(x=1, y=2, label="Ripe"))
    item.annotations.upload(builder)
    item.metadata["user"] = {"farm": "north"}
    item.update()
    return dataset


def files(dataset):
    return sorted(item.filename for item in dataset.items.list().all())


def blobs(dataset):
    return set(dataset._store.blobs.digests())


@pytest.mark.usefixtures("offline")
def test_a_clone_has_the_files_the_annotations_and_the_metadata_and_no_byte_more(fruit):
    before = blobs(fruit)
    clone = fruit.clone("Pears")
    assert (clone.name, files(clone)) == ("Pears", files(fruit))
    assert blobs(clone) == before
    copy = clone.items.get(filepath="/a.txt")
    assert copy.id != fruit.items.get(filepath="/a.txt").id
    assert copy.metadata["user"] == {"farm": "north"}
    assert copy.spec == "ClonedItemSpec"
    assert sorted(one.type for one in copy.annotations.list()) == ["box", "point"]
    assert clone.labels_flat_dict.keys() == {"Ripe"}
    copy.annotations.list()[0].delete()
    assert len(fruit.items.get(filepath="/a.txt").annotations.list()) == 2


@pytest.mark.usefixtures("offline")
def test_a_clone_leaves_out_what_is_not_wished_for(fruit):
    filters = dl.Filters(field="filename", values="/a.txt")
    clone = fruit.project.datasets.clone(
        fruit.id, "Bare", filters, with_items_annotations=False, with_metadata=False, target_directory="old"
    )
    [item] = clone.items.list().all()
    assert item.filename == "/old/a.txt"
    assert list(item.annotations.list()) == []
    assert item.metadata.get("user") in (None, {})


@pytest.mark.usefixtures("offline")
def test_a_clone_into_a_dataset_adds_what_it_has_no_copy_of(fruit, machine):
    clone = fruit.clone("Pears")
    (machine / "d.txt").write_text("d")
    fruit.items.upload(local_path=str(machine / "d.txt"))
    fruit.clone(dst_dataset_id=clone.id)
    assert files(clone) == files(fruit)
    with pytest.raises(BadRequest, match="name"):
        fruit.clone()
    with pytest.raises(BadRequest, match="exists"):
        fruit.clone("Pears")


@pytest.mark.usefixtures("offline")
def test_a_merge_has_what_all_have_and_the_same_file_once(fruit, machine):
    other = fruit.project.datasets.create("Pears", labels={"Raw": (3, 2, 1)})
    (machine / "a.txt").write_text("a")
    (machine / "deep").mkdir()
    (machine / "deep" / "b.txt").write_text("another")
    other.items.upload(local_path=str(machine / "a.txt"))
    other.items.upload(local_path=str(machine / "deep" / "b.txt"), remote_path="/in")
    assert fruit.project.datasets.merge("All", [fruit.id, other.id], fruit.project.id)
    merged = fruit.project.datasets.get("All")
    assert files(merged) == ["/a.txt", "/in/b (2).txt", "/in/b.txt", "/in/deep/c.txt"]
    assert merged.labels_flat_dict.keys() == {"Ripe", "Raw"}
    assert len(merged.items.get(filepath="/a.txt").annotations.list()) == 2


@pytest.mark.usefixtures("offline")
def test_a_file_is_copied_beside_itself_or_elsewhere(fruit):
    item = fruit.items.get(filepath="/a.txt")
    copy = item.clone(remote_filepath="/copies/a.txt", metadata={"user": {"why": "test"}})
    assert (copy.filename, copy.metadata["user"]) == ("/copies/a.txt", {"farm": "north", "why": "test"})
    assert len(copy.annotations.list()) == 2
    other = fruit.project.datasets.create("Pears")
    assert other.items.list().items_count == 0
    assert fruit.items.clone(item.id, other.id).filename == "/a.txt"
    with pytest.raises(Conflict):
        item.clone(other.id)


@pytest.mark.usefixtures("offline")
def test_what_is_not_here_is_not_copied(fruit):
    store = fruit._store
    item = fruit.items.get(filepath="/a.txt")
    [row] = [row for row in store.rows(K.ITEM) if row["filename"] == "/a.txt"]
    store.blobs.remove(row["digest"])
    with pytest.raises(BlobMissingError, match="not in the cache"):
        item.clone(remote_filepath="/b.txt")
    assert "/b.txt" not in files(fruit)
    store.blobs.add_bytes(b"a")


@pytest.mark.usefixtures("offline")
def test_the_directories_are_a_tree(fruit):
    fruit.items.make_dir("/empty")
    tree = fruit.directory_tree
    assert tree.dir_names == ["/empty", "/in/deep", "/in", "/"]
    assert [child.name for child in tree.root.children] == ["empty", "in"]
    assert str(tree) == "/\n  empty/\n  in/\n    deep/"
    assert fruit.project.datasets.directory_tree(dataset_name="Apples").dir_names == tree.dir_names


def test_copies_made_offline_are_on_the_platform_after_a_sync(fruit, tmp_path):
    fruit.clone("Pears")
    fruit.items.get(filepath="/a.txt").clone(remote_filepath="/copy.txt")
    with running_hub(tmp_path / "hub", users={"ann@x": "pw"}) as hub:
        dl.login_m2m("ann@x", "pw", gate=hub.gate)
        assert dl.sync().rejected == []
        assert dl.sync().quiet
        names = {row["id"]: row["name"] for row in hub.store.rows(K.DATASET)}
        held = sorted(
            (names[row["dataset_id"]], row["filename"]) for row in hub.store.rows(K.ITEM, type="file")
        )
        assert held == [
            ("Apples", "/a.txt"),
            ("Apples", "/copy.txt"),
            ("Apples", "/in/b.txt"),
            ("Apples", "/in/deep/c.txt"),
            ("Pears", "/a.txt"),
            ("Pears", "/in/b.txt"),
            ("Pears", "/in/deep/c.txt"),
        ]
        assert len(hub.store.rows(K.ANNOTATION)) == 6
