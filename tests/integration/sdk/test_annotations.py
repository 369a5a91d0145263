"""Annotations of every type, in images, videos and sounds, and what is drawn of them."""

from __future__ import annotations

import json
import subprocess
import sys

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import localloop as dl
from localloop.errors import BadRequest
from tests.media import image, video

MASK = np.zeros((30, 40))
MASK[5:15, 10:30] = 1
CORNERS = [(1, 1), (9, 1), (9, 9), (1, 9), (3, 3), (11, 3), (11, 11), (3, 11)]
ONE_OF_EACH = [
    dl.Box(left=1, top=2, right=11, bottom=12, label="A", angle=30),
    dl.Classification(label="A"),
    dl.Comparison({"answers": [1, 2]}, label="A"),
    dl.Cube("A", *CORNERS),
    dl.Cube3d("A", position=(1, 2, 3), scale=(1, 1, 1), rotation=(0, 0, 0.5)),
    dl.Description("what is seen"),
    dl.Ellipse(x=20, y=15, rx=8, ry=4, angle=45, label="A"),
    dl.FreeText("an answer"),
    dl.Gis(dl.GisType.POINT, [34.7, 32.1], label="A"),
    dl.Note(1, 2, 3, 4, label="A", messages=["look here", dl.Message(body="and here")]),
    dl.Point(x=5, y=6, label="A"),
    dl.Polygon([(1, 1), (20, 1), (20, 20)], label="A"),
    dl.Polyline([(1, 1), (20, 1), (20, 20)], label="A"),
    dl.Pose("A", template_id="t", points=[]),
    dl.RefImage("https://example.com/a.jpg", mimetype="image/jpeg"),
    dl.Segmentation(MASK, label="A"),
    dl.Subtitle("hello", label="A"),
    dl.Text("block", 1, 5, label="A"),
]


@pytest.fixture
def picture(dataset):
    dataset.add_label("Apple", color=(255, 0, 0))
    dataset.add_label("Pear", color=(0, 255, 0))
    return dataset.items.upload(image((40, 30)), remote_name="a.png")


@pytest.fixture
def clip(dataset, tmp_path):
    return dataset.items.upload(str(video(tmp_path / "clip.mp4", frames=20, rate=10)))


def every(item):
    return item.annotations.list(filters=dl.Filters(resource="annotations", use_defaults=False))


def add(item, *definitions, **said):
    builder = item.annotations.builder()
    builder.add(list(definitions), **said)
    builder.upload()
    return every(item)[0]


@pytest.mark.parametrize("definition", ONE_OF_EACH, ids=lambda one: one.type)
def test_every_type_comes_back_as_it_was_said(picture, definition):
    found = add(picture, definition)
    assert type(found.annotation_definition) is type(definition)
    assert found.annotation_definition.to_coordinates() == definition.to_coordinates()
    found.annotation_definition.description = "seen twice"
    found.update()
    again = every(picture)[0]
    assert (again.description, again.coordinates) == ("seen twice", definition.to_coordinates())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: dl.Box(left="a", top=1, right=2, bottom=3, label="A"),
        lambda: dl.Box(left=float("nan"), top=1, right=2, bottom=3, label="A"),
        lambda: dl.Point(1, None, "A"),
        lambda: dl.Polygon([], "A"),
        lambda: dl.Polygon([(1,)], "A"),
        lambda: dl.Ellipse(1, 1, float("inf"), 1, 0, "A"),
        lambda: dl.Cube3d("A", (1, 2), (1, 1, 1), (0, 0, 0)),
        lambda: dl.Gis("circle", [1, 2], "A"),
        lambda: dl.Segmentation(np.zeros((2, 2, 2)), "A"),
    ],
)
def test_a_shape_that_makes_no_sense_is_refused_at_once(wrong):
    with pytest.raises(BadRequest):
        wrong()


class TestChanging:
    def test_an_edge_that_is_moved_is_stored_and_nothing_else_is(self, picture):
        found = add(picture, dl.Box(left=1, top=2, right=11, bottom=12, label="Apple", attributes={"a": 1}))
        found.right = 20
        found.update()
        again = every(picture)[0]
        assert (again.left, again.right, again.attributes) == (1, 20, {"a": 1})

    def test_what_is_only_looked_at_is_not_changed(self, picture):
        before = every(picture).to_json(), [add(picture, one).updated_at for one in ONE_OF_EACH]
        assert len(before[1]) == len(ONE_OF_EACH)
        for annotation in every(picture):
            shown = annotation.to_json()
            _ = annotation.annotation_definition, annotation.left, annotation.frames.key_frames()
            assert annotation.to_json() == shown
            assert annotation.update().updated_at == annotation.updated_at

    def test_the_holes_of_a_polygon_survive_a_change_of_its_outline(self, picture):
        ring, hole = [{"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 9, "y": 9}], [{"x": 5, "y": 2, "z": 7}]
        picture.annotations.upload([{"type": "segment", "label": "A", "coordinates": [ring, hole]}])
        found = every(picture)[0]
        found.geo = [(1, 1), (8, 1), (8, 8)]
        found.update()
        assert every(picture)[0].coordinates[1] == hole

    def test_a_label_and_attributes_are_the_definitions_too(self, picture):
        found = add(picture, dl.Point(1, 2, "Apple"))
        found.label, found.attributes = "Pear", {"ripe": True}
        assert (found.annotation_definition.label, found.annotation_definition.attributes) == (
            "Pear",
            {"ripe": True},
        )
        found.annotation_definition.label = "Apple"
        assert (found.label, found.update().attributes) == ("Apple", {"ripe": True})

    def test_an_edge_that_follows_from_others_cannot_be_set(self, picture):
        with pytest.raises(BadRequest, match="geo"):
            add(picture, dl.Polygon([(1, 1), (9, 9)], "A")).left = 3

    def test_older_attributes_stay_beside_the_newer_ones(self, picture):
        both = {"type": "class", "label": "A", "attributes": ["old"]}
        picture.annotations.upload([{**both, "metadata": {"system": {"attributes": {"new": 1}}}}])
        found = every(picture)[0]
        found.annotation_definition.attributes = {"new": 2}
        found.update()
        shown = every(picture)[0].to_json()
        assert (shown["attributes"], shown["metadata"]["system"]["attributes"]) == (["old"], {"new": 2})

    def test_a_note_says_who_wrote_it(self, picture, machine):
        note = add(picture, dl.Note(1, 2, 3, 4, "A", messages=["first"]))
        note.add_message("second")
        note.update()
        again = every(picture)[0]
        assert [one.body for one in again.messages] == ["first", "second"]
        assert {one.creator for one in again.messages} == {again.creator}
        assert again.status == "issue"
        with pytest.raises(BadRequest, match="note"):
            dl.Annotation.new(picture, dl.Point(1, 2, "A")).add_message("no")

    def test_parents_and_object_ids_are_kept(self, picture):
        parent = add(picture, dl.Pose("A", template_id="t"))
        child = add(picture, dl.Point(1, 2, "A"), parent_id=parent.id, object_id=7)
        found = next(one for one in every(picture) if one.type == "point")
        assert (found.parent_id, found.object_id) == (parent.id, "7")
        assert child.item.id == picture.id


class TestMergingMasks:
    OTHER = np.zeros((30, 40))
    OTHER[20:25, 0:5] = 1

    def upload(self, picture, *masks, **said):
        builder = picture.annotations.builder()
        builder.add([dl.Segmentation(mask, "Apple") for mask in masks], **said)
        return picture.annotations.upload(builder, merge=True)

    def test_masks_of_one_thing_become_one(self, picture):
        self.upload(picture, MASK, self.OTHER)
        [found] = every(picture)
        assert (found.geo == ((MASK + self.OTHER) > 0)).all()

    def test_a_mask_grows_by_another(self, picture):
        [before] = self.upload(picture, MASK)
        [after] = self.upload(picture, self.OTHER)
        assert after.id == before.id
        [found] = every(picture)
        assert (found.geo.sum(), found.id) == (MASK.sum() + self.OTHER.sum(), before.id)

    def test_other_things_stay_apart(self, picture):
        self.upload(picture, MASK, object_id=1)
        self.upload(picture, MASK, object_id=2)
        add(picture, dl.Box(1, 1, 2, 2, "Apple"))
        assert len(every(picture)) == 3

    def test_of_two_masks_none_is_chosen(self, picture):
        add(picture, dl.Segmentation(MASK, "Apple"), dl.Segmentation(self.OTHER, "Apple"))
        with pytest.raises(BadRequest, match="several masks"):
            self.upload(picture, MASK)
        assert len(every(picture)) == 2


class TestVideos:
    def test_what_moves_has_key_frames(self, clip):
        builder = clip.annotations.builder()
        for frame in (2, 5, 9):
            box = dl.Box(left=frame, top=1, right=frame + 9, bottom=9, label="Car")
            builder.add(box, object_id=1, frame_num=frame)
        builder.upload()
        found = every(clip)[0]
        assert (found.start_frame, found.end_frame, found.end_time) == (2, 9, 0.9)
        assert sorted(found.frames.actual_keys()) == [2, 5, 9]
        assert [found.frames[frame].left for frame in found.frames] == [2, 2, 2, 5, 5, 5, 5, 9]
        system = found.to_json()["metadata"]["system"]
        assert [one["frame"] for one in system["snapshots_"]] == [5, 9]
        assert system["snapshots_"][0]["data"][0] == {"x": 5.0, "y": 1.0, "z": 0.0}

    def test_a_frame_is_changed_alone(self, clip):
        found = add(clip, dl.Box(1, 1, 9, 9, "Car"), object_id=1, frame_num=0, end_frame_num=3)
        assert found.set_frame(2)
        found.left, found.object_visible = 4, False
        found.update()
        again = every(clip)[0]
        assert [(one.left, one.object_visible) for one in again.frames.values()] == [
            (1, True),
            (1, True),
            (4, False),
            (1, True),
        ]

    def test_no_frame_is_outside_of_it(self, clip):
        found = add(clip, dl.Point(1, 1, "Car"), object_id=1, frame_num=3, end_frame_num=5)
        assert (found.set_frame(2), found.set_frame(6), found.current_frame) == (False, False, 3)
        with pytest.raises(KeyError):
            found.frames[6]

    def test_a_frame_between_key_frames_becomes_one_when_it_is_fixed(self, clip):
        found = add(clip, dl.Point(1, 1, "Car"), object_id=1, frame_num=0)
        found.add_frame(dl.Point(9, 9, "Car"), 10)
        found.frames[4].fixed = True
        found.frames[4].annotation_definition.x = 5
        found.update()
        assert [one.x for one in every(clip)[0].frames.values()] == [1] * 4 + [5] * 6 + [9]

    def test_what_nobody_set_and_nothing_changes_is_no_key_frame(self, clip):
        found = add(clip, dl.Point(1, 1, "Car"), object_id=1, frame_num=0, end_frame_num=4)
        found.add_frame(dl.Point(1, 1, "Car"), 3, fixed=False)
        assert found.frames[3].fixed
        found.add_frame(dl.Point(2, 1, "Car"), 3, fixed=False)
        assert found.frames[3].x == 2

    def test_times_are_frames_where_the_rate_is_known(self, clip):
        found = add(clip, dl.Point(1, 1, "Car"), object_id=1, start_time=0.5, end_time=1.0)
        assert (found.start_frame, found.end_frame) == (5, 10)
        found.end_time = 1.5
        assert (found.end_frame, found.update().end_time) == (15, 1.5)

    def test_it_begins_later_with_what_counts_then(self, clip):
        found = add(clip, dl.Point(1, 1, "Car"), object_id=1, frame_num=0)
        found.add_frame(dl.Point(9, 9, "Car"), 10)
        found.start_frame = 4
        found.update()
        again = every(clip)[0]
        assert (again.start_frame, again.x, again.frames[10].x) == (4, 1, 9)

    def test_snapshots_of_others_stay_as_they_are(self, clip):
        system = {
            "frame": 0,
            "endFrame": 30,
            "snapshots_": [
                {"frame": 20, "data": {"x": 1, "y": 2}, "kept": {"by": "others"}},
                {"frame": 10, "coordinates": {"x": 3, "y": 4, "z": 5}, "fixed": True},
            ],
        }
        said = {
            "type": "point",
            "label": "A",
            "coordinates": {"x": 0, "y": 0},
            "metadata": {"system": system},
        }
        clip.annotations.upload([said])
        found = every(clip)[0]
        assert [found.frames[frame].x for frame in (0, 10, 20)] == [0, 3, 1]
        assert found.to_json()["metadata"]["system"]["snapshots_"] == system["snapshots_"]
        found.frames[20].annotation_definition.x = 8
        found.update()
        ten, twenty = every(clip)[0].to_json()["metadata"]["system"]["snapshots_"]
        assert ten == system["snapshots_"][1]
        assert (twenty["kept"], twenty["data"]["x"]) == ({"by": "others"}, 8)

    @pytest.mark.parametrize(
        ("said", "error"),
        [
            ({"frame_num": 1}, ValueError),
            ({"frame_num": 1, "object_id": "x"}, ValueError),
            ({"frame_num": 5, "end_frame_num": 4, "object_id": 1}, BadRequest),
            ({"frame_num": -1, "object_id": 1}, BadRequest),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, clip, said, error):
        with pytest.raises(error):
            clip.annotations.builder().add(dl.Point(1, 1, "A"), **said)

    def test_frames_have_one_type(self, clip):
        found = add(clip, dl.Point(1, 1, "Car"), object_id=1, frame_num=0)
        with pytest.raises(BadRequest, match="type"):
            found.add_frame(dl.Classification("Car"), 3)

    def test_times_need_a_frame_rate(self, picture):
        with pytest.raises(BadRequest, match="frame rate"):
            add(picture, dl.Point(1, 1, "Car"), object_id=1, start_time=1.0)

    def test_only_what_is_there_in_a_frame_is_drawn(self, clip):
        add(clip, dl.Point(10, 10, "Car"), object_id=1, frame_num=2, end_frame_num=3)
        drawn = [every(clip).show(frame_num=frame).any() for frame in range(5)]
        assert drawn == [False, False, True, True, False]

    @pytest.mark.parametrize(("form", "ground"), [("img_mask", 255), ("mask", 0)])
    def test_a_video_is_drawn_on_frame_by_frame(self, clip, dataset, tmp_path, form, ground):
        dataset.add_label("Car", color=(255, 0, 0))
        add(clip, dl.Box(10, 10, 50, 40, "Car"), object_id=1, frame_num=5, end_frame_num=9)
        path = clip.annotations.download(tmp_path / "a b", annotation_format=form, thickness=-1)
        assert path == str(tmp_path / "a b" / "clip.mp4")
        with av.open(path) as made:
            middle = [frame.to_image().getpixel((30, 25)) for frame in made.decode(video=0)]
        assert len(middle) == 20
        red = [place for place, (r, _, b) in enumerate(middle) if r > 200 and b < 60]
        assert red == [5, 6, 7, 8, 9]
        assert abs(middle[0][2] - ground) < 40

    @pytest.mark.parametrize(("name", "form"), [("a.png", "mask"), ("a.mp4", "instance")])
    def test_what_no_video_holds_is_refused(self, clip, tmp_path, name, form):
        (tmp_path / name).write_text("mine")
        with pytest.raises(BadRequest):
            clip.annotations.download(tmp_path / name, annotation_format=form)
        assert (tmp_path / name).read_text() == "mine"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(said=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), min_size=1, max_size=8))
def test_a_frame_says_what_the_last_key_frame_before_it_says(item, said):
    (first, x), *more = said
    moving = dl.Annotation.new(item, dl.Point(x, 0, "A"), object_id=1, frame_num=first)
    model = {first: x}
    for frame, x in more:
        moving.add_frame(dl.Point(x, 0, "A"), frame)
        model[frame] = x
    expected = {
        frame: model[max(key for key in model if key <= frame)] for frame in range(min(model), max(model) + 1)
    }
    for one in (moving, dl.Annotation.from_json(moving.to_json(), item)):
        assert {number: frame.x for number, frame in one.frames.items()} == expected
        assert (one.start_frame, one.end_frame) == (min(model), max(model))
        assert sorted(one.frames.actual_keys()) == sorted(model)


class TestSubtitles:
    VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nGrüße\n\n01:00:00.000 --> 01:00:00.001\nbye\n"

    @pytest.fixture
    def sound(self, dataset):
        return dataset.items.upload(b"RIFF", remote_name="talk.wav")

    def test_captions_come_and_go(self, sound, tmp_path):
        source = tmp_path / "a b.vtt"
        source.write_text(self.VTT, encoding="utf-8")
        builder = sound.annotations.builder()
        builder.from_vtt_file(source)
        builder.upload()
        said = [(one.start_time, one.end_time, one.coordinates["text"]) for one in every(sound)]
        assert sorted(said) == [(1.0, 2.5, "Grüße"), (3600.0, 3600.001, "bye")]
        written = sound.annotations.download(tmp_path, annotation_format=dl.ViewAnnotationOptions.VTT)
        assert written == str(tmp_path / "talk.vtt")
        assert (tmp_path / "talk.vtt").read_text(encoding="utf-8") == self.VTT

    def test_what_is_no_captions_is_refused(self, sound, tmp_path):
        (tmp_path / "no.vtt").write_text("nothing")
        with pytest.raises(BadRequest, match="not a WebVTT"):
            sound.annotations.builder().from_vtt_file(tmp_path / "no.vtt")


class TestDrawing:
    def test_shapes_have_the_colours_of_their_labels(self, picture):
        add(picture, dl.Box(5, 5, 15, 15, "Apple"), dl.Segmentation(MASK, "Pear"))
        drawn = picture.annotations.show(thickness=-1)
        assert (drawn.shape, drawn.dtype) == ((30, 40, 4), np.uint8)
        assert drawn[10, 10].tolist() == [255, 0, 0, 255]  # a mask never hides what is around it
        assert drawn[10, 25].tolist() == [0, 255, 0, 255]
        assert drawn[25, 35].tolist() == [0, 0, 0, 0]

    def test_an_outline_is_not_filled(self, picture):
        add(picture, dl.Box(5, 5, 25, 25, "Apple"))
        drawn = picture.annotations.show(thickness=1)[:, :, 3] > 0
        assert (drawn[5, 5:26].all(), drawn[15, 15]) == (True, False)

    def test_what_is_half_opaque_is_half_of_both(self, picture):
        add(picture, dl.Segmentation(MASK, "Apple"))
        ground = np.zeros((30, 40, 3), dtype=np.uint8)
        drawn = picture.annotations.show(ground, annotation_format="img_mask", alpha=0.5)
        assert drawn[10, 15].tolist() == [128, 0, 0, 255]
        assert not ground.any()

    def test_pixels_that_a_picture_cannot_hold_are_refused(self, picture):
        add(picture, dl.Segmentation(MASK, "Apple"))
        fine = np.full((30, 40, 3), 200, dtype=np.uint16)
        assert picture.annotations.show(fine)[0, 0].tolist() == [200, 200, 200, 255]
        for ground in (fine * 20, fine / 255, fine.astype("float64") + 0.5):
            with pytest.raises(BadRequest, match="from 0 to 255"):
                picture.annotations.show(ground)
        with pytest.raises(BadRequest, match="from 0 to 255"):
            picture.annotations.show(Image.fromarray(fine[:, :, 0] * 20))
        with pytest.raises(BadRequest, match="whole numbers"):
            picture.annotations.show(fine[:, :, 0] + 0.5, annotation_format="instance")

    def test_labels_are_numbers_in_their_order(self, picture):
        add(picture, dl.Box(1, 1, 5, 5, "Pear"), dl.Segmentation(MASK, "Apple"))
        drawn = picture.annotations.show(annotation_format="instance", thickness=-1)
        assert (drawn[3, 3], drawn[10, 15], drawn[29, 39]) == (2, 1, 0)
        builder = picture.annotations.builder()
        builder.from_instance_mask(drawn)
        assert {one.label: int(one.geo.sum()) for one in builder} == {"Apple": 200, "Pear": 25}

    def test_object_ids_are_drawn_however_large(self, picture):
        found = add(picture, dl.Box(1, 1, 5, 5, "Pear"), object_id=70_000)
        assert found.show(annotation_format="object_id", thickness=-1).max() == 70_000
        with pytest.raises(ValueError, match="object id"):
            dl.Annotation.new(picture, dl.Point(1, 1, "A")).show(annotation_format="object_id")

    def test_text_is_written_inside_the_picture(self, picture):
        found = add(picture, dl.Box(38, 0, 39, 1, "Äpple"))
        plain, written = found.show(), found.show(with_text=True)
        assert (written != plain).any()

    def test_what_makes_no_sense_is_left_out(self, picture):
        picture.annotations.upload(
            [{"type": "box", "label": "A", "coordinates": "?"}, {"type": "ufo", "label": "A"}]
        )
        assert not picture.annotations.show().any()

    @pytest.mark.parametrize("alpha", [-0.1, 1.1])
    def test_opacity_has_its_limits(self, picture, alpha):
        with pytest.raises(ValueError, match="alpha"):
            picture.annotations.show(alpha=alpha)

    def test_an_item_without_a_size_needs_one(self, item):
        with pytest.raises(BadRequest, match="height and width"):
            item.annotations.show()
        assert item.annotations.show(height=3, width=4).shape == (3, 4, 4)


class TestFiles:
    def test_json_can_be_read_again(self, picture, tmp_path):
        add(picture, dl.Box(1, 1, 5, 5, "Äpfel"))
        path = picture.annotations.download(tmp_path / "a ü")
        assert path == str(tmp_path / "a ü" / "a.json")
        document = json.loads((tmp_path / "a ü" / "a.json").read_text(encoding="utf-8"))
        assert (document["filename"], document["metadata"]["system"]["width"]) == ("/a.png", 40)
        again = dl.AnnotationCollection.from_json_file(path, item=picture)
        assert [one.label for one in again] == ["Äpfel"]

    @pytest.mark.parametrize("name", ["a.png", "a.jpg"])
    def test_a_picture_is_drawn_on_the_right_way_up(self, dataset, tmp_path, name):
        exif = Image.Exif()
        exif[274] = 6
        item = dataset.items.upload(image((40, 30), "JPEG", exif=exif), remote_name="turned.jpg")
        add(item, dl.Box(1, 1, 20, 38, "A"))
        item.annotations.download(tmp_path / name, annotation_format="img_mask", thickness=-1)
        with Image.open(tmp_path / name) as drawn:
            assert drawn.size == (30, 40)
        assert item.annotations.show().shape == (40, 30, 4)

    def test_numbers_are_the_pixels_of_their_file(self, picture, tmp_path):
        add(picture, dl.Segmentation(MASK, "Pear"))
        path = picture.annotations.download(tmp_path / "x.png", annotation_format="instance")
        with Image.open(path) as drawn:
            assert np.unique(np.asarray(drawn)).tolist() == [0, 2]

    @pytest.mark.parametrize(("name", "form"), [("x.png", "drawing"), ("x.docx", "mask"), ("x", "mask")])
    def test_what_cannot_be_written_leaves_the_file_that_is_there(self, picture, tmp_path, name, form):
        (tmp_path / name).write_text("mine")
        with pytest.raises((BadRequest, OSError)):
            picture.annotations.download(tmp_path / name, annotation_format=form)
        assert [one.name for one in tmp_path.iterdir() if one.is_file()] == [name]
        assert (tmp_path / name).read_text() == "mine"

    def test_what_is_no_json_is_refused(self, picture, tmp_path):
        (tmp_path / "a.json").write_text("{")
        with pytest.raises(BadRequest, match="JSON"):
            dl.AnnotationCollection.from_json_file(tmp_path / "a.json", item=picture)
        with pytest.raises(BadRequest, match="JSON"):
            picture.annotations.upload(tmp_path / "a.json")
        (tmp_path / "b.json").write_text('{"annotations": 3}')
        with pytest.raises(BadRequest, match="annotations"):
            dl.AnnotationCollection.from_json_file(tmp_path / "b.json", item=picture)


def test_a_plain_user_needs_no_arrays(machine):
    script = (
        "import sys; sys.modules['numpy'] = sys.modules['cv2'] = None\n"
        "import localloop as dl\n"
        "dataset = dl.projects.create(project_name='P').datasets.create(dataset_name='D')\n"
        "item = dataset.items.upload(b'abc', remote_name='a.txt')\n"
        "builder = item.annotations.builder()\n"
        "builder.add([dl.Box(1, 2, 3, 4, 'A'), dl.Polygon([(1, 1), (2, 2)], 'A')])\n"
        "builder.upload()\n"
        "found = item.annotations.list()\n"
        "found[0].left = 0; found[0].update()\n"
        "print(len(found), item.annotations.download('.'))\n"
        "item.annotations.show(height=3, width=3)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["2", "a.json"]
    assert "pip install 'localloop[annotations]'" in done.stderr
