"""What else a dataset has: collections, a schema, subsets, merging."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.dtlpy.world import World, scenario


def _names(collections: list[Any]) -> list[str]:
    return sorted(one.name if hasattr(one, "name") else one["name"] for one in collections)


def _collections(item: Any) -> list[str]:
    return sorted((item.metadata["system"].get("collections") or {}).keys())


@scenario
def collections_are_made_renamed_listed_and_deleted(world: World) -> None:
    collections = world.dataset.collections
    assert collections.list_all_collections() == []
    assert (collections.create(name="A").name, collections.create(name="B").key) == ("A", "c1")
    assert collections.update(collection_name="A", new_name="Z").name == "Z"
    assert _names(collections.list_all_collections()) == ["B", "Z"]
    assert collections.delete(collection_name="Z") is True
    assert _names(collections.list_all_collections()) == ["B"]
    with pytest.raises(ValueError, match="already exists"):
        collections.create(name="B")


@scenario
def items_are_put_into_collections_and_taken_out(world: World) -> None:
    inside, outside = world.text("in.txt"), world.text("out.txt")
    collections = world.dataset.collections
    collections.create(name="A")
    assert collections.assign(dataset_id=world.dataset.id, collections=["A"], item_id=inside.id)
    found = world.dataset.items.get(item_id=inside.id)
    assert _collections(found) == ["c0"]
    assert collections.list_unassigned_items() == [outside.id]
    assert collections.unassign(dataset_id=world.dataset.id, collections=["A"], item_id=inside.id)
    assert sorted(collections.list_unassigned_items()) == sorted([inside.id, outside.id])


@scenario
def the_schema_of_a_dataset_names_its_metadata(world: World) -> None:
    item = world.text()
    item.metadata["user"] = {"colour": "red", "n": 1}
    item.update()
    schema = world.dataset.schema.get()
    found = str(schema)
    assert "colour" in found


@scenario
def items_are_split_into_subsets(world: World) -> None:
    for number in range(5):
        world.text(f"{number}.txt")
    assert world.dataset.split_ml_subsets(percentages={"train": 60, "validation": 20, "test": 20}) is True
    found = [
        next(key for key, value in one.metadata["system"]["tags"].items() if value)
        for one in world.dataset.items.list().all()
    ]
    assert sorted(found) == ["test", "train", "train", "train", "validation"]
    assert world.dataset.get_items_missing_ml_subset() == []
    only = world.dl.Filters(field="filename", values="/0.txt")
    assert world.dataset.remove_subset_from_items(items_query=only) is True
    assert len(world.dataset.get_items_missing_ml_subset()) == 1
    only = world.dl.Filters(field="filename", values="/0.txt")
    assert world.dataset.assign_subset_to_items(subset="test", items_query=only) is True
    assert world.dataset.get_items_missing_ml_subset() == []


@scenario
def datasets_are_merged(world: World) -> None:
    world.text("a.txt")
    other = world.project.datasets.create(dataset_name="other")
    path = world.folder / "b.txt"
    path.write_text("b")
    other.items.upload(local_path=str(path))
    done = world.project.datasets.merge(
        merge_name="merged", dataset_ids=[world.dataset.id, other.id], project_ids=[world.project.id]
    )
    assert done is True
    merged = world.project.datasets.get(dataset_name="merged")
    assert sorted(one.name for one in merged.items.list().all()) == ["a.txt", "b.txt"]
