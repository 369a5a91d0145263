"""dtlpy's converters: to COCO, YOLO and VOC and back, over what the server hands out."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.dtlpy.world import World, scenario


def marked(world: World) -> Any:
    """An image in a folder with a box; its label is in the ontology."""
    world.labels("cat", "dog")
    item = world.item("one.png", remote="/a")
    item.annotations.upload(
        world.dl.Annotation.new(
            annotation_definition=world.dl.Box(left=6, top=4, right=36, bottom=24, label="dog")
        )
    )
    return world.dataset.items.get(item_id=item.id)


def converter(world: World) -> Any:
    return world.dl.Converter()


def refreshed(world: World) -> Any:
    """The dataset as one gets it in a new program: with the labels that were added."""
    return world.project.datasets.get(dataset_id=world.dataset.id)


def edges(annotation: Any) -> tuple[int, int, int, int]:
    return tuple(
        round(edge) for edge in (annotation.left, annotation.top, annotation.right, annotation.bottom)
    )


@scenario
def a_dataset_becomes_coco(world: World) -> None:
    marked(world)
    out = world.folder / "coco"
    converter(world).convert_dataset(dataset=refreshed(world), to_format="coco", local_path=str(out))
    coco = json.loads((out / "coco.json").read_text())
    assert coco["images"][0]["file_name"].endswith("one.png")
    assert (coco["images"][0]["width"], coco["images"][0]["height"]) == (60, 40)
    assert coco["annotations"][0]["bbox"] == [6, 4, 30, 20]
    assert "dog" in [category["name"] for category in coco["categories"]]


@scenario
def coco_is_uploaded_as_annotations(world: World) -> None:
    world.item("one.png")
    coco = {
        "images": [{"id": 1, "file_name": "one.png", "width": 60, "height": 40}],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "bbox": [6, 4, 30, 20],
                "area": 600,
                "iscrowd": 0,
                "segmentation": [[6, 4, 36, 4, 36, 24, 6, 24]],
            }
        ],
    }
    path = world.folder / "coco.json"
    path.write_text(json.dumps(coco))
    converter(world).upload_local_dataset(
        from_format="coco", dataset=refreshed(world), local_annotations_path=str(path), only_bbox=True
    )
    (found,) = world.dataset.items.get(filepath="/one.png").annotations.list()
    assert (found.type, found.label, edges(found)) == ("box", "dog", (6, 4, 36, 24))


@scenario
def annotations_become_yolo_and_come_back(world: World) -> None:
    item = marked(world)
    there = converter(world)
    there.dataset = refreshed(world)
    there.labels = {"cat": 0, "dog": 1}
    (line,) = there.convert(
        annotations=item.annotations.list(), from_format="dataloop", to_format="yolo", item=item
    )
    assert [round(number, 3) for number in line] == [1, 0.35, 0.35, 0.5, 0.5]
    names = world.folder / "d.names"
    names.write_text("cat\ndog\n")
    images, marks = world.folder / "images", world.folder / "marks"
    images.mkdir()
    marks.mkdir()
    world.image("images/one.png")
    (marks / "one.txt").write_text(" ".join(str(number) for number in line))
    other = world.project.datasets.create(dataset_name="other")
    converter(world).upload_local_dataset(
        from_format="yolo",
        dataset=other,
        local_items_path=str(images),
        local_annotations_path=str(marks),
        local_labels_path=str(names),
    )
    (copy,) = other.items.list().all()
    (found,) = copy.annotations.list()
    assert (found.type, found.label, edges(found)) == ("box", "dog", (6, 4, 36, 24))


@scenario
def annotations_become_voc_and_come_back(world: World) -> None:
    item = marked(world)
    there = converter(world)
    converted = there.convert(
        annotations=item.annotations.list(), from_format="dataloop", to_format="voc", item=item
    )
    images, marks = world.folder / "images", world.folder / "marks"
    images.mkdir()
    marks.mkdir()
    world.image("images/one.png")
    there.save_to_file(save_to=str(marks / "one"), to_format="voc", annotations=converted, item=item)
    assert "<name>dog</name>" in (marks / "one.xml").read_text()
    other = world.project.datasets.create(dataset_name="other")
    converter(world).upload_local_dataset(
        from_format="voc", dataset=other, local_items_path=str(images), local_annotations_path=str(marks)
    )
    (copy,) = other.items.list().all()
    (found,) = copy.annotations.list()
    assert (found.label, edges(found)) == ("dog", (6, 4, 36, 24))
