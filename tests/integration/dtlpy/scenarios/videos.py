"""Videos: what is measured of them, and annotations over frames: adding, listing, changing, drawing, captions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.dtlpy.world import World, scenario

FPS, FRAMES, WIDTH, HEIGHT = 25, 30, 64, 48


def film(world: World) -> Path:
    """A real video in the folder."""
    import cv2
    import numpy as np

    path = world.folder / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
    for number in range(FRAMES):
        writer.write(np.full((HEIGHT, WIDTH, 3), number * 8, dtype=np.uint8))
    writer.release()
    return path


def video(world: World) -> Any:
    return world.dataset.items.upload(local_path=str(film(world)))


def box(world: World, left: int = 1, label: str = "cat", **more: Any) -> Any:
    return world.dl.Box(left=left, top=2, right=left + 10, bottom=22, label=label, **more)


def only(item: Any) -> Any:
    (found,) = item.annotations.list()
    return found


@scenario
def a_video_is_measured_when_it_is_uploaded(world: World) -> None:
    item = world.dataset.items.get(item_id=video(world).id)
    assert (item.fps, item.width, item.height) == (FPS, WIDTH, HEIGHT)
    assert item.mimetype == "video/mp4"
    assert int(item.system["nb_frames"]) == FRAMES
    assert int(item.system["ffmpeg"]["nb_read_frames"]) == FRAMES


@scenario
def an_annotation_lasts_from_frame_to_frame(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world), object_id=2, frame_num=5, end_frame_num=15)
    item.annotations.upload(builder)
    found = only(item)
    assert (found.start_frame, found.end_frame, found.object_id) == (5, 15, "2")
    assert (found.start_time, found.end_time) == (5 / FPS, 15 / FPS)
    assert found.is_video


@scenario
def an_annotation_lasts_from_second_to_second(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world), object_id=2, start_time=0.2, end_time=0.6)
    item.annotations.upload(builder)
    found = only(item)
    assert (found.start_time, found.end_frame) == (0.2, 15)


@scenario
def an_object_moves_from_frame_to_frame(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    for frame in range(6):
        builder.add(annotation_definition=box(world, left=frame), object_id=7, frame_num=frame)
    item.annotations.upload(builder)
    found = only(item)
    assert (found.start_frame, found.end_frame) == (0, 5)
    for frame in range(6):
        assert found.set_frame(frame)
        assert found.left == frame
    assert len(found.metadata["system"]["snapshots_"]) == 5


@scenario
def two_objects_are_two_annotations(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    for thing in (1, 2):
        for frame in (0, 10, 20):
            builder.add(
                annotation_definition=box(world, left=frame * thing, label=f"{thing}"),
                object_id=thing,
                frame_num=frame,
            )
    item.annotations.upload(builder)
    found = item.annotations.list()
    assert sorted((one.object_id, one.label, one.end_frame) for one in found) == [
        ("1", "1", 20),
        ("2", "2", 20),
    ]
    in_frame = found.get_frame(frame_num=10)
    assert sorted(one.left for one in in_frame.annotations) == [10, 20]


@scenario
def a_frame_needs_an_object(world: World) -> None:
    item = video(world)
    try:
        item.annotations.builder().add(annotation_definition=box(world), frame_num=3)
    except ValueError:
        return
    raise AssertionError("a frame was taken without an object")


@scenario
def annotations_of_every_kind_have_frames(world: World) -> None:
    item, dl = video(world), world.dl
    shape = [(1, 1), (5, 1), (5, 5)]
    definitions = (
        box(world),
        dl.Point(x=3, y=4, label="point"),
        dl.Polygon(geo=shape, label="polygon"),
        dl.Polyline(geo=shape, label="line"),
        dl.Classification(label="class"),
        dl.Ellipse(x=10, y=20, rx=3, ry=4, angle=0, label="round"),
    )
    builder = item.annotations.builder()
    for number, definition in enumerate(definitions):
        builder.add(annotation_definition=definition, object_id=number, frame_num=2, end_frame_num=8)
    item.annotations.upload(builder)
    found = item.annotations.list()
    assert sorted(one.type for one in found) == sorted(one.type for one in definitions)
    assert {(one.start_frame, one.end_frame) for one in found} == {(2, 8)}


@scenario
def an_annotation_is_built_from_nothing(world: World) -> None:
    item, dl = video(world), world.dl
    for label in ("set", "added"):
        blank = dl.Annotation.new(item=item)
        for frame in range(3, 9):
            blank.add_frame(annotation_definition=box(world, left=frame, label=label), frame_num=frame)
        blank.upload()
    found = item.annotations.list()
    assert sorted(one.label for one in found) == ["added", "set"]
    assert {(one.end_frame, one.type) for one in found} == {(8, "box")}
    for one in found:
        assert one.set_frame(5)
        assert one.left == 5


@scenario
def a_blank_annotation_takes_spans_of_frames(world: World) -> None:
    item = video(world)
    blank = world.dl.Annotation.new(item=item, object_id=4)
    blank.add_frames(annotation_definition=box(world), frame_num=2, end_frame_num=6)
    blank.add_frames(annotation_definition=box(world, left=20), frame_num=10, end_frame_num=12)
    blank.upload()
    found = only(item)
    assert found.end_frame == 12
    found.set_frame(11)
    assert found.left == 20


@scenario
def an_annotation_of_a_video_is_changed_in_place(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    for frame in range(4):
        builder.add(annotation_definition=box(world, left=frame), object_id=7, frame_num=frame)
    item.annotations.upload(builder)
    found = only(item)
    found.frames[2].annotation_definition.left, found.frames[2].annotation_definition.right = 30, 40
    found.label = "dog"
    found.update(system_metadata=True)
    again = only(item)
    assert again.id == found.id
    again.set_frame(2)
    assert again.left == 30
    again.set_frame(0)
    assert again.label == "dog"


@scenario
def an_annotation_of_a_video_gets_more_frames(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world), object_id=7, frame_num=0, end_frame_num=3)
    item.annotations.upload(builder)
    found = only(item)
    found.add_frames(annotation_definition=box(world, left=9), frame_num=4, end_frame_num=8)
    found.update(system_metadata=True)
    again = only(item)
    assert (again.start_frame, again.end_frame) == (0, 8)
    again.set_frame(6)
    assert again.left == 9


@scenario
def the_end_of_an_annotation_is_moved(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    builder.add(
        annotation_definition=world.dl.Classification(label="c"), object_id=1, frame_num=2, end_frame_num=8
    )
    item.annotations.upload(builder)
    found = only(item)
    found.end_frame = 12
    found.update(system_metadata=True)
    assert only(item).end_frame == 12
    assert only(item).metadata["system"]["endTime"] == 12 / FPS


@scenario
def an_object_is_hidden_in_some_frames(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world), object_id=1, frame_num=0)
    builder.add(annotation_definition=box(world, left=5), object_id=1, frame_num=5, object_visible=False)
    item.annotations.upload(builder)
    found = only(item)
    found.set_frame(5)
    assert found.object_visible is False


@scenario
def an_annotation_of_a_video_has_a_status_and_a_description(world: World) -> None:
    item, dl = video(world), world.dl
    builder = item.annotations.builder()
    definition = box(world, description="a cat that runs")
    builder.add(annotation_definition=definition, object_id=1, frame_num=0, end_frame_num=5)
    item.annotations.upload(builder)
    found = only(item)
    assert found.description == "a cat that runs"
    found.update_status(status=dl.AnnotationStatus.ISSUE)
    again = only(item)
    assert (again.status, again.end_frame) == ("issue", 5)
    assert again.delete()
    assert len(item.annotations.list()) == 0


@scenario
def a_note_lies_on_frames(world: World) -> None:
    item, dl = video(world), world.dl
    note = dl.Note(left=10, top=10, right=20, bottom=20, label="note")
    note.add_message("look here")
    builder = item.annotations.builder()
    builder.add(annotation_definition=note, object_id=1, frame_num=3, end_frame_num=3)
    item.annotations.upload(builder)
    every = dl.Filters(resource=dl.FiltersResource.ANNOTATION, use_defaults=False)
    (found,) = item.annotations.list(filters=every)
    assert (found.type, found.start_frame) == ("note", 3)
    assert [message.body for message in found.annotation_definition.messages] == ["look here"]


@scenario
def captions_are_read_and_written(world: World) -> None:
    item = video(world)
    source = world.folder / "in.vtt"
    source.write_text(
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.400\nfirst\n\n00:00:00.400 --> 00:00:00.800\nsecond\n"
    )
    builder = item.annotations.builder()
    builder.from_vtt_file(filepath=str(source))
    item.annotations.upload(builder)
    found = item.annotations.list()
    assert [(one.type, one.coordinates["text"]) for one in found] == [
        ("subtitle", "first"),
        ("subtitle", "second"),
    ]
    target = world.folder / "out.vtt"
    item.annotations.download(filepath=str(target), annotation_format=world.dl.ViewAnnotationOptions.VTT)
    lines = target.read_text().splitlines()
    assert [line for line in lines if line in ("first", "second")] == ["first", "second"]
    assert any(line.startswith("00:00:00.400") for line in lines)


@scenario
def frames_are_drawn_into_a_new_video(world: World) -> None:
    import cv2

    item, dl = video(world), world.dl
    world.dataset.add_label(label_name="cat", color=(255, 0, 0))
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world), object_id=1, frame_num=0, end_frame_num=FRAMES - 1)
    item.annotations.upload(builder)
    for option in (dl.ViewAnnotationOptions.MASK, dl.ViewAnnotationOptions.ANNOTATION_ON_IMAGE):
        path = world.folder / f"{option.value}.mp4"
        item.annotations.download(
            filepath=str(path),
            annotation_format=option,
            img_filepath=str(world.folder / "film.mp4"),
            thickness=-1,
        )
        reader = cv2.VideoCapture(str(path))
        assert int(reader.get(cv2.CAP_PROP_FRAME_COUNT)) == FRAMES
        _, picture = reader.read()
        reader.release()
        assert picture[10, 5].argmax() == 2


@scenario
def a_video_and_its_annotations_are_cloned(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world), object_id=1, frame_num=2, end_frame_num=9)
    item.annotations.upload(builder)
    other = world.project.datasets.create(dataset_name="other")
    clone = item.clone(dst_dataset_id=other.id)
    assert (clone.fps, clone.height) == (FPS, HEIGHT)
    found = only(clone)
    assert (found.start_frame, found.end_frame) == (2, 9)


@scenario
def annotations_of_a_video_are_downloaded_with_it(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world), object_id=1, frame_num=2, end_frame_num=9)
    item.annotations.upload(builder)
    item = world.dataset.items.get(item_id=item.id)
    down = world.folder / "down"
    item.download(local_path=str(down), annotation_options=world.dl.ViewAnnotationOptions.JSON)
    (path,) = down.rglob("*.json")
    other = world.project.datasets.create(dataset_name="other")
    copy = other.items.upload(local_path=str(world.folder / "film.mp4"))
    copy.annotations.upload(str(path))
    found = only(copy)
    assert (found.start_frame, found.end_frame, found.object_id) == (2, 9, "1")


@scenario
def an_update_of_a_video_annotation_without_a_change_changes_nothing(world: World) -> None:
    item = video(world)
    builder = item.annotations.builder()
    builder.add(annotation_definition=box(world), object_id=1, frame_num=2, end_frame_num=9)
    item.annotations.upload(builder)
    before = only(item).to_json()
    only(item).update(system_metadata=True)
    after = only(item).to_json()
    for changing in ("updatedAt", "updatedBy"):
        before.pop(changing)
        after.pop(changing)
    assert after == before
