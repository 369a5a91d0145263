"""A dataset's annotations in files, and back; read-only datasets; shapes drawn one by one."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import dtlpy
import numpy as np
import pytest
from PIL import Image

import localloop as dl

pytestmark = pytest.mark.usefixtures("machine", "offline")


def png(size=(40, 30)):
    out = BytesIO()
    Image.new("RGB", size, "white").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def fruit(machine):
    dataset = dl.projects.create("Fruit").datasets.create("Apples", labels=["Ripe", "Ear"])
    for path in ("/a.png", "/deep/ä b.png", "/deep/er/c.png"):
        folder, _, name = path.rpartition("/")
        item = dataset.items.upload(png(), remote_path=folder or "/", remote_name=name)
        item.annotations.upload(dl.Annotation.new(item, dl.Box(1, 2, 30, 20, label="Ripe")))
    ear = dl.Annotation.new(item, dl.Point(5, 6, label="Ear"))
    item.annotations.upload(ear)
    return dataset


def test_an_export_is_one_file_of_items_with_their_annotations(fruit, tmp_path):
    path = fruit.export(str(tmp_path / "out"), include_annotations=True)
    assert Path(path).name == f"{fruit.id}.json"
    items = json.loads(Path(path).read_text())
    assert sorted(one["filename"] for one in items) == ["/a.png", "/deep/er/c.png", "/deep/ä b.png"]
    assert sorted(len(one["annotations"]) for one in items) == [1, 1, 2]
    bare = json.loads(Path(fruit.export(str(tmp_path / "bare"))).read_text())
    assert not any(isinstance(one["annotations"], list) for one in bare)
    assert [one.name for one in (tmp_path / "out").iterdir()] == [f"{fruit.id}.json"]


def test_an_export_asks_for_some_items_and_some_annotations(fruit, tmp_path):
    ears = dl.Filters(field="label", values="Ear", resource=dl.FiltersResource.ANNOTATION)
    path = dl.datasets.export(
        dataset_id=fruit.id, local_path=tmp_path, annotation_filters=ears, include_annotations=True
    )
    [item] = json.loads(Path(path).read_text())
    assert [one["label"] for one in item["annotations"]] == ["Ear"]
    assert fruit.export(tmp_path, filters=dl.Filters(field="name", values="none")) is None
    query = {"filter": {"$and": [{"filename": "/a.png"}]}}
    assert len(json.loads(Path(fruit.export(tmp_path, filters=query)).read_text())) == 1


def test_an_export_is_an_archive_or_a_folder_if_that_is_asked_for(fruit, tmp_path):
    path = fruit.export(tmp_path / "zip", export_type=dl.ExportType.ZIP)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["a.png.json", "deep/er/c.png.json", "deep/ä b.png.json"]
    path = fruit.export(tmp_path / "one", output_export_type="zip")
    with zipfile.ZipFile(path) as archive:
        assert len(json.loads(archive.read(f"{fruit.id}.json"))) == 3
    folder = Path(fruit.export(tmp_path / "many", output_export_type=dl.OutputExportType.FOLDERS))
    assert json.loads((folder / "deep" / "ä b.png.json").read_text())["filename"] == "/deep/ä b.png"


def test_what_only_the_platform_exports_is_said(fruit, tmp_path):
    with pytest.raises(dl.exceptions.LocalLoopError, match="only on the platform"):
        fruit.export(tmp_path, export_version=dl.DatasetExportVersion.V3)
    with pytest.raises(dl.exceptions.LocalLoopError, match="only on the platform"):
        fruit.export(tmp_path, include_feature_vectors=True)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="must be a directory"):
        fruit.export(file)


def test_annotations_are_downloaded_and_uploaded_again(fruit, tmp_path):
    folder = fruit.download_annotations(
        tmp_path / "out", annotation_options=["mask", dl.ViewAnnotationOptions.INSTANCE]
    )
    assert sorted(one.relative_to(folder).as_posix() for one in Path(folder).rglob("*.*")) == [
        "instance/a.png",
        "instance/deep/er/c.png",
        "instance/deep/ä b.png",
        "json/a.json",
        "json/deep/er/c.json",
        "json/deep/ä b.json",
        "mask/a.png",
        "mask/deep/er/c.png",
        "mask/deep/ä b.png",
    ]
    with Image.open(tmp_path / "out" / "mask" / "a.png") as mask:
        assert mask.size == (40, 30)
    for item in fruit.items.list().all():
        item.annotations.delete(filters=dl.Filters(resource=dl.FiltersResource.ANNOTATION))
    assert dl.datasets.upload_annotations(fruit, tmp_path / "out" / "json") == 3
    assert fruit.annotations.list().items_count == 4
    assert fruit.upload_annotations(tmp_path / "out" / "json", clean=True) == 3
    assert fruit.annotations.list().items_count == 4
    assert (
        fruit.upload_annotations(tmp_path / "out" / "json" / "deep", clean=True, remote_root_path="/deep")
        == 2
    )


def test_an_option_that_is_none_is_said(fruit, tmp_path):
    with pytest.raises(dl.exceptions.BadRequest, match="choose from: json, mask"):
        dl.datasets.download_annotations(fruit, tmp_path, annotation_options="drawing")


def test_a_folder_is_downloaded_with_all_below_it(fruit, tmp_path):
    paths = fruit.download_folder("deep", local_path=tmp_path, annotation_options="json")
    assert sorted(Path(one).relative_to(tmp_path).as_posix() for one in paths) == [
        "items/deep/er/c.png",
        "items/deep/ä b.png",
    ]
    assert (tmp_path / "json" / "deep" / "er" / "c.json").is_file()
    [path] = fruit.download_folder("/deep/er/", local_path=tmp_path / "flat", without_relative_path=True)
    assert Path(path) == tmp_path / "flat" / "items" / "c.png"


def test_nothing_in_a_read_only_dataset_is_changed_until_that_is_taken_back(fruit):
    fruit.set_readonly(True)
    item = fruit.items.get(filepath="/a.png")
    tries = [
        lambda: fruit.items.upload(b"x", remote_name="x.txt"),
        item.delete,
        lambda: item.move("/elsewhere"),
        lambda: item.annotations.upload(dl.Annotation.new(item, dl.Point(1, 1, label="Ripe"))),
        item.annotations.list()[0].delete,
        lambda: fruit.items.delete(filters=dl.Filters()),
    ]
    for one in tries:
        with pytest.raises(dl.exceptions.Forbidden, match="'Apples' is read-only"):
            one()
    assert fruit.items.list().items_count == 3
    fruit.set_readonly(False)
    item.delete()
    assert fruit.unlock().items.list().items_count == 2


def test_subsets_are_given_by_the_repository(fruit):
    ones = dl.Filters(field="filename", values="/a.png")
    assert dl.datasets.bulk_update_ml_subset(fruit.id, ones, "train")
    assert fruit.items.get(filepath="/a.png").get_current_subset() == "train"
    assert dl.datasets.bulk_update_ml_subset(fruit.id, ones, deleteTag=True)
    assert fruit.items.get(filepath="/a.png").get_current_subset() is None
    with pytest.raises(ValueError, match="subset must be one of"):
        dl.datasets.bulk_update_ml_subset(fruit.id, ones, "exam")


def test_entities_become_data_frames(fruit):
    frame = fruit.items.list().items.to_df()
    assert list(frame["filename"]) == [item.filename for item in fruit.items.list().items]
    assert "metadata" not in frame.columns
    assert list(fruit.to_df(columns=["name"]).columns) == ["name"]
    assert "metadata" in fruit.items.get(filepath="/a.png").to_df(show_all=True).columns
    assert list(fruit.items.get(filepath="/a.png").annotations.list().to_df()["label"]) == ["Ripe"]
    with pytest.raises(dl.exceptions.LocalLoopError, match="only on the platform"):
        dl.Item.from_json({})


SHAPES = [
    dl.Box(3, 4, 30, 20, label="L"),
    dl.Polygon([(3, 4), (30, 4), (30, 20)], label="L"),
    dl.Polyline([(3, 4), (30, 4), (30, 20)], label="L"),
    dl.Ellipse(15, 12, 8, 5, 0, label="L"),
    dl.Point(12, 9, label="L"),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.type)
def test_a_shape_is_drawn_where_dtlpy_draws_it(shape):
    theirs = getattr(dtlpy.entities, type(shape).__name__).from_json({**shape.to_json(), "id": "1"})
    blank = np.zeros((30, 40, 3), "uint8")
    mine = shape.show(blank, 1, False, 30, 40, None, (255, 0, 0))
    other = theirs.show(blank.copy(), 1, False, 30, 40, dtlpy.ViewAnnotationOptions.MASK, (255, 0, 0))
    assert blank.max() == 0
    assert (mine.shape, mine.dtype) == (blank.shape, blank.dtype)
    ys, xs = np.nonzero(mine[..., 0])
    yt, xt = np.nonzero(other[..., 0])
    for one, two in ((xs.min(), xt.min()), (xs.max(), xt.max()), (ys.min(), yt.min()), (ys.max(), yt.max())):
        assert abs(int(one) - int(two)) <= 4


def test_a_shape_is_drawn_as_numbers_and_on_a_new_picture():
    box = dl.Box(3, 4, 30, 20, label="L")
    numbers = box.show(np.zeros((30, 40), "uint8"), -1, False, 30, 40, "instance", 7)
    assert (numbers[10, 10], numbers[0, 0]) == (7, 0)
    new = box.show(None, -1, False, 30, 40, "mask", (1, 2, 3))
    assert tuple(new[10, 10]) == (1, 2, 3, 255)
    half = box.show(np.full((30, 40, 3), 255, "uint8"), -1, False, 30, 40, "mask", (0, 0, 0), 0.5)
    assert 120 < half[10, 10, 0] < 135
    with pytest.raises(dl.exceptions.BadRequest, match="height and width"):
        box.show(None, 1, False, None, None, None, (0, 0, 0))
    with pytest.raises(dl.exceptions.BadRequest, match="shape is"):
        box.show(np.zeros((2, 2, 2)), 1, False, 2, 2, None, (0, 0, 0))


def test_a_label_is_written_beside_a_shape():
    blank = np.zeros((60, 120, 3), "uint8")
    written = dl.Box.add_text_to_image(blank, dl.Box(10, 30, 60, 50, label="Ripe"))
    assert blank.max() == 0
    assert written[..., 0].max() == 255
    assert dl.Box(10, 30, 60, 50, label="Ripe").show(blank, 1, True, 60, 120, None, (0, 255, 0)).any()


def test_numbers_of_coordinates_are_those_of_dtlpy():
    box, cube = SHAPES[0], dl.Cube("L", *[(x, x + 1) for x in range(8)])
    assert np.array_equal(
        dl.Box.from_coordinates(box.coordinates()), dtlpy.Box.from_coordinates(box.coordinates())
    )
    corners = [cube.coordinates()[name] for name in list(cube.coordinates())[:8]]
    assert np.array_equal(dl.Cube.from_coordinates(cube.coordinates()), dtlpy.Cube.from_coordinates(corners))
    assert dl.Subtitle.from_coordinates({"text": "hello"}) == "hello"
    for b, c in (((0, 0), (1, 1)), ((3, 3), (0, 3)), ((1, 1), (1, 1))):
        assert dl.Cube.calculate_angle(b, c) == pytest.approx(dtlpy.Cube.calculate_angle(b, c))
    assert dl.Cube.rotate((1, 2), (3, 4), 30) == pytest.approx(dtlpy.Cube.rotate((1, 2), (3, 4), 30))
    assert dl.Dataset.serialize_labels({"a": (1, 2, 255)}) == {"a": "#0102ff"}
