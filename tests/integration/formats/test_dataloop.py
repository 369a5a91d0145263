from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localloop.errors import NotFound
from localloop.formats import import_dataset, importing
from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.fsck import check
from localloop.store.projects import create_project
from localloop.store.recipes import ontology_of
from localloop_schema.kinds import EntityKind


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A store with a dataset, and an empty export."""
    (tmp_path / "export" / "items").mkdir(parents=True)
    (tmp_path / "export" / "json").mkdir()
    with Store.create(tmp_path / "store", author="ann@example.test") as store:
        with store.transaction("set up") as tx:
            dataset = create_dataset(tx, create_project(tx, "Fruit"), "Apples")
        yield SimpleNamespace(store=store, dataset=dataset, export=tmp_path / "export")


def put(
    world: SimpleNamespace, path: str, content: bytes, told: dict[str, Any] | None, name: str = ""
) -> None:
    """Write one file of an export, and what describes it."""
    file = world.export / "items" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    if told is not None:
        described = world.export / "json" / (name or str(Path(path).with_suffix(".json")))
        described.parent.mkdir(parents=True, exist_ok=True)
        described.write_text(json.dumps({"filename": f"/{path}", **told}), encoding="utf-8")


def box(identity: str, label: str, **system: Any) -> dict[str, Any]:
    """An annotation as exports have it."""
    return {
        "id": identity,
        "url": f"https://gate.example.test/api/v1/annotations/{identity}",
        "creator": "somebody@example.test",
        "itemId": "6110d1859a1c5445b7b7ac3b",
        "datasetId": "6110d173f2428d3b2ae2dafc",
        "hash": "f9a7fdecc219fc710b94da92d30eeb96ab3c3ca1",
        "type": "box",
        "label": label,
        "attributes": ["big"],
        "coordinates": [{"x": 8.0, "y": 15.5, "z": 0}, {"x": 331.0, "y": 349.0, "z": 0}],
        "metadata": {
            "system": {"automated": True, "clientId": f"client-{identity}", **system},
            "user": {"k": 1},
        },
    }


def items(world: SimpleNamespace) -> dict[str, dict[str, Any]]:
    return {row["filename"]: row for row in world.store.rows(EntityKind.ITEM)}


def test_an_item_comes_in_with_its_metadata_and_what_describes_its_bytes(world):
    system = {"originalname": "a.jpg", "mimetype": "image/png", "width": 349, "height": 200, "size": 999}
    system |= {"refs": [{"id": "task"}], "thumbnailId": "6110d1856e80766db559b938"}
    put(world, "train/ä.jpg", b"abc", {"itemMetadata": {"user": {"ripe": True}, "system": system}})
    done = import_dataset(world.store, world.dataset, world.export)
    assert (done.items, done.bytes, done.failures) == (1, 3, [])
    row = items(world)["/train/ä.jpg"]
    assert row["metadata"]["user"] == {"ripe": True}
    told = row["metadata"]["system"]
    assert (told["width"], told["height"], told["size"], told["mimetype"]) == (349, 200, 3, "image/png")
    assert told["refs"] == []
    assert "thumbnailId" not in told
    assert (row["mimetype"], row["size"]) == ("image/png", 3)


def test_annotations_come_in_whole_under_ids_of_their_own(world):
    put(world, "a.jpg", b"abc", {"annotations": [box("6110d1e9cdfa5c25de3cedbb", "apple")]})
    assert import_dataset(world.store, world.dataset, world.export).annotations == 1
    [row] = world.store.rows(EntityKind.ANNOTATION)
    assert row["id"] != "6110d1e9cdfa5c25de3cedbb"
    assert (row["type"], row["label"], row["attributes"]) == ("box", "apple", ["big"])
    assert row["coordinates"][0] == {"x": 8.0, "y": 15.5, "z": 0}
    assert row["metadata"]["user"] == {"k": 1}
    assert row["metadata"]["system"] == {"automated": True, "clientId": row["id"]}
    assert row["creator"] == "ann@example.test"


def test_a_child_follows_its_parent_to_the_new_id(world):
    annotations = [
        box("child", "hand", parentId="parent"),
        box("parent", "person"),
        box("x", "y", parentId="gone"),
    ]
    put(world, "a.jpg", b"abc", {"annotations": annotations})
    import_dataset(world.store, world.dataset, world.export)
    rows = {row["label"]: row for row in world.store.rows(EntityKind.ANNOTATION)}
    assert rows["hand"]["metadata"]["system"]["parentId"] == rows["person"]["id"]
    assert "parentId" not in rows["y"]["metadata"]["system"]


def test_labels_are_added_to_the_recipe_once_and_those_that_are_there_stay(world):
    put(world, "a.jpg", b"a", {"annotations": [box("1", "fruit.apple"), box("2", "pear")]})
    put(world, "b.jpg", b"b", {"annotations": [box("3", "pear")]})
    assert import_dataset(world.store, world.dataset, world.export).labels == 3
    with world.store.reading() as connection:
        before = ontology_of(connection, world.dataset)["labels"]
    assert set(before) == {"fruit", "fruit.apple", "pear"}
    put(world, "c.jpg", b"c", {"annotations": [box("4", "pear")]})
    assert import_dataset(world.store, world.dataset, world.export).labels == 0


def test_importing_again_imports_nothing_twice(world):
    put(world, "a.jpg", b"a", {"annotations": [box("1", "apple")]})
    import_dataset(world.store, world.dataset, world.export)
    done = import_dataset(world.store, world.dataset, world.export)
    assert (done.items, done.annotations, done.existing) == (0, 0, 1)
    assert len(world.store.rows(EntityKind.ANNOTATION)) == 1


def test_other_content_at_a_path_is_left_alone_and_told(world):
    put(world, "a.jpg", b"a", {"annotations": [box("1", "apple")]})
    import_dataset(world.store, world.dataset, world.export)
    (world.export / "items" / "a.jpg").write_bytes(b"other")
    done = import_dataset(world.store, world.dataset, world.export)
    assert [path for path, _ in done.failures] == ["items/a.jpg"]
    assert items(world)["/a.jpg"]["size"] == 1


def test_files_without_a_description_come_in_bare_and_descriptions_without_a_file_are_told(world):
    put(world, "bare.jpg", b"a", None)
    (world.export / "json" / "lost.json").write_text("{}")
    done = import_dataset(world.store, world.dataset, world.export)
    assert (done.items, [path for path, _ in done.failures]) == (1, ["json/lost.json"])


def test_newer_exports_keep_the_extension_in_the_name_of_the_description(world):
    put(world, "a.jpg", b"a", {"annotations": [box("1", "apple")]}, "a.jpg.json")
    put(world, "a.png", b"b", {"annotations": [box("2", "pear")]}, "a.png.json")
    import_dataset(world.store, world.dataset, world.export)
    labels = {row["item_id"]: row["label"] for row in world.store.rows(EntityKind.ANNOTATION)}
    found = items(world)
    assert labels == {found["/a.jpg"]["id"]: "apple", found["/a.png"]["id"]: "pear"}


@pytest.mark.parametrize(
    "told",
    [
        "{",
        "[]",
        '{"annotations": {}}',
        '{"annotations": ["x"]}',
        '{"annotations": [{"type": "box"}]}',
        '{"annotations": [{"type": "box", "label": "a", "metadata": []}]}',
        '{"itemMetadata": []}',
        '{"itemMetadata": {"system": []}}',
        '{"description": 5}',
    ],
)
def test_a_description_that_makes_no_sense_costs_that_item_alone(world, told):
    put(world, "bad.jpg", b"bad", None)
    (world.export / "json" / "bad.json").write_text(told)
    put(world, "good.jpg", b"good", {"annotations": [box("1", "apple")]})
    done = import_dataset(world.store, world.dataset, world.export)
    assert (done.items, [path for path, _ in done.failures]) == (1, ["items/bad.jpg"])
    assert list(items(world)) == ["/good.jpg"]


def test_everything_can_go_below_a_folder(world):
    put(world, "a.jpg", b"a", {})
    import_dataset(world.store, world.dataset, world.export, below="/in/here")
    assert list(items(world)) == ["/in/here/a.jpg"]


def test_an_import_is_made_of_batches_and_the_store_stays_sound(world, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    for number in range(5):
        put(world, f"{number}.jpg", bytes([number]), {"annotations": [box(str(number), "apple")]})
    seen: list[int] = []
    import_dataset(world.store, world.dataset, world.export, progress=lambda done, _: seen.append(done))
    assert seen == [2, 4, 5]
    assert check(world.store) == []


def test_a_folder_that_is_no_export_is_refused(world, tmp_path):
    with pytest.raises(NotFound):
        import_dataset(world.store, world.dataset, tmp_path / "nowhere")
