"""Downloads: items, folders, arrays; annotations as JSON, masks, instances, objects, pictures and captions."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from tests.integration.dtlpy.world import World, scenario


def named(name: str, content: bytes = b"content") -> io.BytesIO:
    buffer = io.BytesIO(content)
    buffer.name = name
    return buffer


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def box(world: World, label: str = "cat") -> Any:
    return world.dl.Box(left=1, top=2, right=11, bottom=22, label=label)


def put(item: Any, *definitions: Any, **options: Any) -> Any:
    builder = item.annotations.builder()
    for definition in definitions:
        builder.add(annotation_definition=definition, **options)
    return item.annotations.upload(builder)


def marked(world: World, name: str = "image.png", *, remote: str = "/", label: str = "cat") -> Any:
    """An item with a box that is object 3."""
    item = world.item(name, remote=remote)
    put(item, box(world, label), object_id=3)
    return world.dataset.items.get(item_id=item.id)


def picture(path: str | Path) -> Any:
    import numpy as np
    from PIL import Image

    with Image.open(path) as image:
        return np.array(image)


# Items


@scenario
def an_item_is_downloaded_into_a_folder(world: World) -> None:
    item = world.item(remote="/a")
    down = world.folder / "down"
    path = Path(item.download(local_path=str(down)))
    assert path.read_bytes() == (world.folder / "image.png").read_bytes()
    assert files(down) == ["items/a/image.png"] or files(down) == ["image.png"]


@scenario
def an_item_is_downloaded_to_a_file(world: World) -> None:
    item = world.item()
    path = item.download(local_path=str(world.folder / "mine.png"))
    assert Path(path).name == "mine.png"
    assert Path(path).stat().st_size == item.size


@scenario
def an_item_is_downloaded_by_its_id(world: World) -> None:
    item = world.item()
    path = world.dataset.items.download(items=[item.id], local_path=str(world.folder / "down"))
    assert Path(path).read_bytes() == (world.folder / "image.png").read_bytes()
    other = world.dataset.items.download(items=item, local_path=str(world.folder / "other"))
    assert Path(other).is_file()


@scenario
def an_item_is_downloaded_into_memory(world: World) -> None:
    item = world.item()
    buffer = item.download(save_locally=False)
    assert buffer.read() == (world.folder / "image.png").read_bytes()
    assert buffer.name == "image.png"


@scenario
def an_image_is_downloaded_as_an_array(world: World) -> None:
    item = world.item()
    assert item.download(save_locally=False, to_array=True).shape == (40, 60, 3)
    text = world.text()
    assert text.download(save_locally=False, to_array=True) is None


@scenario
def a_file_that_is_there_is_kept_unless_it_is_to_be_overwritten(world: World) -> None:
    item = world.dataset.items.upload(local_path=named("a.txt", b"from the server"))
    here = world.folder / "a.txt"
    here.write_bytes(b"mine")
    item.download(local_path=str(here))
    assert here.read_bytes() == b"mine"
    item.download(local_path=str(here), overwrite=True)
    assert here.read_bytes() == b"from the server"


@scenario
def items_are_downloaded_by_filter_into_their_folders(world: World) -> None:
    for name, remote in (("one.png", "/in/deep"), ("two.png", "/in"), ("three.png", "/out")):
        world.item(name, remote=remote)
    down = world.folder / "down"
    filters = world.dl.Filters(field="dir", values="/in*")
    world.dataset.items.download(filters=filters, local_path=str(down))
    assert files(down) == ["items/in/deep/one.png", "items/in/two.png"]


@scenario
def items_are_downloaded_without_their_folders(world: World) -> None:
    world.item("one.png", remote="/a")
    world.item("two.png", remote="/b")
    down = world.folder / "down"
    world.dataset.items.download(local_path=str(down), to_items_folder=False, without_relative_path=True)
    assert files(down) == ["one.png", "two.png"]


@scenario
def only_files_of_the_types_that_are_said_are_downloaded(world: World) -> None:
    for name in ("a.png", "b.png", "c.txt"):
        world.dataset.items.upload(local_path=named(name, name.encode()))
    down = world.folder / "down"
    world.dataset.items.download(local_path=str(down), file_types=["image/png"])
    assert files(down) == ["items/a.png", "items/b.png"]


@scenario
def an_empty_dataset_downloads_nothing(world: World) -> None:
    down = world.folder / "down"
    down.mkdir()
    assert world.dataset.items.download(local_path=str(down)) == []
    assert files(down) == []


@scenario
def a_large_file_is_downloaded_whole(world: World) -> None:
    data = bytes(range(256)) * 12_000
    item = world.dataset.items.upload(local_path=named("large.bin", data))
    assert item.size == len(data)
    assert item.download(save_locally=False).read() == data


@scenario
def an_empty_file_is_downloaded_empty(world: World) -> None:
    item = world.dataset.items.upload(local_path=named("empty.txt", b""))
    assert Path(item.download(local_path=str(world.folder / "down"))).read_bytes() == b""


@scenario
def an_unknown_format_of_annotations_is_refused(world: World) -> None:
    item = marked(world)
    world.refused(lambda: item.download(local_path=str(world.folder), annotation_options="sculpture"), "400")


# With annotations


@scenario
def json_of_annotations_lies_beside_the_items(world: World) -> None:
    item = marked(world, remote="/a")
    down = world.folder / "down"
    item.download(local_path=str(down), annotation_options=world.dl.ViewAnnotationOptions.JSON)
    (path,) = down.rglob("*.json")
    told = json.loads(path.read_text())
    assert [one["label"] for one in told["annotations"]] == ["cat"]


@scenario
def a_dataset_is_downloaded_with_annotations_in_every_format(world: World) -> None:
    world.labels("cat", "dog")
    marked(world, "one.png", remote="/a")
    marked(world, "two.png", label="dog")
    options = world.dl.ViewAnnotationOptions
    down = world.folder / "down"
    world.dataset.download(
        local_path=str(down),
        annotation_options=[options.JSON, options.MASK, options.INSTANCE, options.OBJECT_ID],
    )
    assert [path for path in files(down) if not path.startswith("items/")] == [
        "instance/a/one.png",
        "instance/two.png",
        "json/a/one.json",
        "json/two.json",
        "mask/a/one.png",
        "mask/two.png",
        "object_id/a/one.png",
        "object_id/two.png",
    ]
    assert picture(down / "object_id/two.png").max() == 3


@scenario
def annotations_of_a_dataset_are_downloaded_alone_and_uploaded_again(world: World) -> None:
    marked(world, "one.png", remote="/a")
    marked(world, "two.png", label="dog")
    world.item("three.png")
    down = world.folder / "down"
    world.dataset.download_annotations(
        local_path=str(down), annotation_options=[world.dl.ViewAnnotationOptions.JSON]
    )
    assert files(down) == ["json/a/one.json", "json/three.json", "json/two.json"]
    told = json.loads((down / "json/a/one.json").read_text())
    assert (told["filename"], [one["label"] for one in told["annotations"]]) == ("/a/one.png", ["cat"])
    other = world.project.datasets.create(dataset_name="other")
    item = other.items.upload(local_path=str(world.folder / "one.png"), remote_path="/a")
    item.annotations.upload(str(down / "json/a/one.json"))
    (found,) = item.annotations.list()
    assert (found.label, found.object_id, found.right) == ("cat", "3", 11)


@scenario
def annotations_are_downloaded_where_filters_find_items_and_annotations(world: World) -> None:
    item = marked(world, "one.png", remote="/a")
    put(item, box(world, "dog"))
    marked(world, "two.png", remote="/a")
    put(marked(world, "three.png", remote="/b"), box(world, "dog"))
    down = world.folder / "down"
    world.dataset.download_annotations(
        local_path=str(down),
        filters=world.dl.Filters(field="dir", values="/a"),
        annotation_options=[world.dl.ViewAnnotationOptions.JSON],
        annotation_filters=world.dl.Filters(
            resource=world.dl.FiltersResource.ANNOTATION, field="label", values="dog"
        ),
        filter_output_annotations=True,
    )
    assert files(down) == ["json/a/one.json"]
    told = json.loads((down / "json/a/one.json").read_text())
    assert [one["label"] for one in told["annotations"]] == ["dog"]


# Formats


@scenario
def captions_are_downloaded_as_vtt(world: World) -> None:
    item = world.dataset.items.upload(local_path=named("sound.wav", b"RIFF"))
    builder = item.annotations.builder()
    for number in range(3):
        builder.annotations.append(
            world.dl.Annotation.new(
                item=item,
                annotation_definition=world.dl.Subtitle(text=f"words {number}", label="Text"),
                start_time=float(number),
                end_time=number + 0.5,
            )
        )
    item.annotations.upload(builder)
    path = world.folder / "words.vtt"
    item.annotations.download(filepath=str(path), annotation_format=world.dl.ViewAnnotationOptions.VTT)
    lines = path.read_text().splitlines()
    assert lines[0] == "WEBVTT"
    assert [line for line in lines if line.startswith("words")] == ["words 0", "words 1", "words 2"]


@scenario
def annotations_of_a_text_are_always_json(world: World) -> None:
    item = world.text()
    put(item, world.dl.Text(text_type="block", start=0, end=4, label="span"))
    path = world.folder / "marks.json"
    item.annotations.download(filepath=str(path), annotation_format=world.dl.ViewAnnotationOptions.MASK)
    assert json.loads(path.read_text())["annotations"][0]["label"] == "span"


# Showing


@scenario
def annotations_of_an_item_are_downloaded_as_json(world: World) -> None:
    item = marked(world)
    path = world.folder / "marks.json"
    assert item.annotations.download(filepath=str(path)) == str(path)
    told = json.loads(path.read_text())
    assert (told["_id"], told["filename"]) == (item.id, "/image.png")
    assert [one["type"] for one in told["annotations"]] == ["box"]
    assert told["metadata"]["system"]["size"] == item.size


@scenario
def a_mask_shows_labels_in_their_colours(world: World) -> None:
    world.dataset.add_label(label_name="cat", color=(10, 200, 30))
    item = marked(world)
    path = world.folder / "mask.png"
    item.annotations.download(
        filepath=str(path), annotation_format=world.dl.ViewAnnotationOptions.MASK, thickness=-1
    )
    mask = picture(path)
    assert mask.shape == (40, 60, 4)
    assert tuple(mask[10, 5]) == (10, 200, 30, 255)
    assert tuple(mask[39, 59]) == (0, 0, 0, 0)


@scenario
def an_instance_mask_shows_numbers_of_labels(world: World) -> None:
    world.labels("cat", "dog")
    item = marked(world, label="dog")
    path = world.folder / "instance.png"
    item.annotations.download(
        filepath=str(path), annotation_format=world.dl.ViewAnnotationOptions.INSTANCE, thickness=-1
    )
    mask = picture(path)
    number = world.project.datasets.get(dataset_id=world.dataset.id).instance_map["dog"]
    assert mask.shape == (40, 60)
    assert (mask[10, 5], mask[39, 59]) == (number, 0)


@scenario
def an_object_mask_shows_numbers_of_objects(world: World) -> None:
    item = marked(world)
    path = world.folder / "objects.png"
    item.annotations.download(
        filepath=str(path), annotation_format=world.dl.ViewAnnotationOptions.OBJECT_ID, thickness=-1
    )
    assert picture(path)[10, 5] == 3


@scenario
def annotations_are_drawn_on_the_image(world: World) -> None:
    world.dataset.add_label(label_name="cat", color=(10, 200, 30))
    item = marked(world)
    path = world.folder / "drawn.png"
    item.annotations.download(
        filepath=str(path),
        img_filepath=str(world.folder / "image.png"),
        annotation_format=world.dl.ViewAnnotationOptions.ANNOTATION_ON_IMAGE,
        thickness=-1,
    )
    drawn = picture(path)
    assert tuple(drawn[10, 5][:3]) == (10, 200, 30)
    assert tuple(drawn[39, 59][:3]) == (200, 30, 30)


@scenario
def a_single_annotation_is_downloaded(world: World) -> None:
    item = marked(world)
    (mark,) = item.annotations.list()
    path = mark.download(filepath=str(world.folder / "marks"))
    assert Path(path).name == f"{mark.id}.json"
    assert json.loads(Path(path).read_text())["label"] == "cat"
    mask = mark.download(
        filepath=str(world.folder / "m.png"),
        annotation_format=world.dl.ViewAnnotationOptions.MASK,
        thickness=-1,
    )
    assert picture(mask).shape == (40, 60, 4)


@scenario
def annotations_are_shown_as_an_array(world: World) -> None:
    world.dataset.add_label(label_name="cat", color=(10, 200, 30))
    item = marked(world)
    mask = item.annotations.show(thickness=-1)
    assert (mask.shape, tuple(mask[10, 5])) == ((40, 60, 4), (10, 200, 30, 255))
    half = item.annotations.show(thickness=-1, alpha=0.5)
    assert tuple(half[10, 5]) != tuple(mask[10, 5])
    larger = item.annotations.show(height=80, width=120)
    assert larger.shape == (80, 120, 4)


@scenario
def every_kind_of_annotation_is_drawn(world: World) -> None:
    import numpy as np

    item, dl = world.item(), world.dl
    shape = [(1, 1), (25, 1), (25, 25)]
    mask = np.zeros((40, 60), dtype=bool)
    mask[30:35, 40:50] = True
    definitions = {
        "box": box(world),
        "point": dl.Point(x=3, y=4, label="p"),
        "segment": dl.Polygon(geo=shape, label="s"),
        "polyline": dl.Polyline(geo=shape, label="l"),
        "ellipse": dl.Ellipse(x=10, y=20, rx=3, ry=4, angle=0, label="e"),
        "binary": dl.Segmentation(geo=mask, label="b"),
    }
    put(item, *definitions.values())
    for one in item.annotations.list():
        assert one.show(thickness=1).any(), one.type


@scenario
def annotations_are_shown_on_an_image(world: World) -> None:
    item = marked(world)
    image = picture(world.folder / "image.png")
    shown = item.annotations.show(image=image, thickness=-1, with_text=True)
    assert tuple(shown[10, 5][:3]) == (255, 255, 255)
    assert tuple(shown[39, 59][:3]) == (200, 30, 30)


@scenario
def an_annotation_without_a_picture_needs_sizes(world: World) -> None:
    item = world.text()
    (mark,) = put(item, box(world))
    world.refused(mark.show, "400")
    assert mark.show(height=10, width=20).shape == (10, 20, 4)
