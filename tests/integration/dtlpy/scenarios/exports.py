"""Exports, and commands as dtlpy waits for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.integration.dtlpy.world import World, scenario


def filled(world: World) -> tuple[Any, Any]:
    """Two items, the first of them annotated."""
    first, second = world.item("a.png"), world.item("b.png")
    builder = first.annotations.builder()
    builder.add(annotation_definition=world.dl.Box(left=1, top=2, right=3, bottom=4, label="cat"))
    first.annotations.upload(builder)
    return first, second


def by_name(items: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {one["filename"]: [mark["label"] for mark in one["annotations"]] for one in items}


WHOLE = {"/a.png": ["cat"], "/b.png": []}


@scenario
def an_export_is_one_file_of_all_items_with_their_annotations(world: World) -> None:
    filled(world)
    found = world.dataset.export(local_path=str(world.folder / "out"), include_annotations=True)
    assert by_name(json.loads(Path(found).read_text())) == WHOLE


@scenario
def an_export_leaves_nothing_in_the_dataset_and_unlocks_it(world: World) -> None:
    filled(world)
    world.dataset.export(local_path=str(world.folder / "out"), dataset_lock=True, lock_timeout_sec=60)
    everything = world.dl.Filters(use_defaults=False)
    everything.add(field="type", values="file")
    assert world.dataset.items.list(filters=everything).items_count == 2
    world.item("c.png")
    assert world.dataset.unlock().id == world.dataset.id


@scenario
def an_archive_is_unpacked_into_a_file_for_each_item(world: World) -> None:
    filled(world)
    out = world.folder / "out"
    world.dataset.export(
        local_path=str(out),
        include_annotations=True,
        export_type=world.dl.ExportType.ZIP,
        output_export_type=world.dl.OutputExportType.FOLDERS if not world.old else None,
        export_summary=True,
    )
    found = [json.loads(path.read_text()) for path in out.rglob("*.json") if path.name != "summary.json"]
    assert by_name(found) == WHOLE


@scenario
def downloaded_annotations_lie_where_their_items_do(world: World) -> None:
    filled(world)
    out = world.folder / "out"
    world.dataset.download_annotations(local_path=str(out))
    found = {path.name: json.loads(path.read_text()) for path in (out / "json").rglob("*.json")}
    assert sorted(found) == ["a.json", "b.json"]
    assert [mark["label"] for mark in found["a.json"]["annotations"]] == ["cat"]


@scenario
def an_export_by_version_is_whole_and_then_only_what_changed(world: World) -> None:
    if world.old:
        return  # this release does not know of it
    dl, (first, second) = world.dl, filled(world)

    def export(**options: Any) -> Any:
        return world.dataset.export(
            local_path=str(world.folder / "v3"), export_version=dl.DatasetExportVersion.V3, **options
        )

    whole = export(partition_count=2)
    assert by_name(list(whole.iter_records())) == WHOLE
    assert (whole.mode, whole.partition_count, whole.total_records) == ("full", 2, 2)
    first.metadata["user"] = {"k": 1}
    first.update()
    second.delete()
    changed = export(export_mode=dl.ExportMode.DIFF, from_version=whole.to_version)
    records = {record["id"]: record for record in changed.iter_records()}
    if world.role == "gateway":
        assert (changed.mode, set(records)) == ("full", {first.id})
        return
    assert (changed.mode, changed.from_version) == ("diff", whole.to_version)
    assert set(records) == {first.id, second.id}
    assert records[first.id]["metadata"]["user"] == {"k": 1}
    assert records[second.id]["deleted"] is True
    assert export(export_mode=dl.ExportMode.DIFF, from_version=changed.to_version) is None
    world.dataset = world.dl.datasets.get(dataset_id=world.dataset.id)
    assert world.dataset.metadata["export_v3"]["last_to_version"] == changed.to_version


@scenario
def a_clone_that_fails_raises_with_the_reason(world: World) -> None:
    filled(world)
    world.refused(lambda: world.dataset.clone(clone_name="d"), "424")


@scenario
def a_clone_and_a_merge_have_every_item(world: World) -> None:
    filled(world)
    copy = world.dataset.clone(clone_name="copy")
    assert copy.items.list().items_count == 2
    merged = world.project.datasets.merge(
        merge_name="both", dataset_ids=[world.dataset.id, copy.id], project_ids=[world.project.id]
    )
    assert merged is True
    both = world.project.datasets.get(dataset_name="both")
    assert sorted(item.filename for item in both.items.list().all()) == ["/a.png", "/b.png"]


@scenario
def a_command_that_ended_is_listed_and_cannot_be_aborted(world: World) -> None:
    filled(world)
    assert world.project.datasets.sync(dataset_id=world.dataset.id) is True
    commands = world.dl.client_api.commands if hasattr(world.dl.client_api, "commands") else None
    listed = (commands or world.dl.repositories.Commands(client_api=world.dl.client_api)).list()
    assert listed[0].type == "SyncDatasetStorage"
    assert (listed[0].abort().status, listed[0].in_progress()) == ("success", False)


@scenario
def items_are_split_into_subsets_and_collected(world: World) -> None:
    if not hasattr(world.dataset, "split_ml_subsets"):
        return  # this release does not know of it
    first, _ = filled(world)
    assert world.dataset.split_ml_subsets(percentages={"train": 50, "validation": 50, "test": 0})
    tags = [item.metadata["system"]["tags"] for item in world.dataset.items.list().all()]
    assert sorted(next(iter(own)) for own in tags) == ["train", "validation"]
    assert (
        world.dataset.remove_subset_from_items()
        if hasattr(world.dataset, "remove_subset_from_items")
        else True
    )
    made = world.dataset.collections.create(name="A")
    assert (made.key, made.name) == ("c0", "A")
    assert first.assign_collection(collections=["A", "B"])
    first = world.dataset.items.get(item_id=first.id)
    assert [one["name"] for one in first.list_collections()] == ["A", "B"]
    world.dataset.collections.delete(collection_name="A")
    assert [one["name"] for one in world.dataset.collections.list_all_collections()] == ["B"]
