"""What a format holds comes back from it as it was, and what it does not hold is listed."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from localloop.errors import BadRequest, ExtraMissingError
from localloop.formats import Format, detect, export_dataset, import_dataset, shapes
from localloop.store import Store
from localloop.store.annotations import add_annotations
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.store.projects import create_project
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind as K

WIDTH, HEIGHT = 40, 30
IMAGE_FORMATS = [Format.COCO, Format.YOLO, Format.VOC]
TABLES = [Format.DATALOOP, Format.CSV, Format.PARQUET]

numbers = st.floats(0, 30, allow_nan=False).map(lambda x: abs(x) if abs(x) > 1e-6 else 0.0) | st.integers(
    0, 30
)
edges = st.tuples(numbers, numbers, numbers, numbers).map(
    lambda e: (float(min(e[0], e[2])), float(min(e[1], e[3])), float(max(e[0], e[2])), float(max(e[1], e[3])))
)
boxes = edges.map(lambda e: {"type": "box", "coordinates": shapes.box(*e)})
points = st.tuples(numbers.map(float), numbers.map(float))
polygons = st.lists(st.lists(points, min_size=3, max_size=6), min_size=1, max_size=1).map(
    lambda rings: {"type": "segment", "coordinates": shapes.segment(rings)}
)
masks = st.lists(st.booleans(), min_size=WIDTH * 2, max_size=WIDTH * 2).map(
    lambda bits: {"type": "binary", "coordinates": shapes.mask(*runs_of(np.resize(bits, (HEIGHT, WIDTH))))}
)
labels = st.sampled_from(["cat", "dog.small", "Ähre & <Korn>", 'a "b": c'])


def runs_of(pixels):
    """Runs column by column, by other means than the program's."""
    flat = np.asarray(pixels, bool).flatten(order="F")
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flat])))
    counts = np.diff(np.concatenate([[0], changes, [flat.size]]))
    return [int(count) for count in counts], pixels.shape[1], pixels.shape[0]


def png(width=WIDTH, height=HEIGHT, shade=0):
    out = io.BytesIO()
    Image.new("RGB", (width, height), (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


class World:
    """A store with a dataset ``A`` of images, and an empty one ``B``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store.create(folder / "store", author="ann@example.test")
        with self.store.transaction("found") as tx:
            project = create_project(tx, "P")
            self.a, self.b = create_dataset(tx, project, "A"), create_dataset(tx, project, "B")

    def add(self, path, annotations=(), *, data=None, subset="", **metadata):
        blob = self.store.blobs.add_bytes(png(shade=len(path)) if data is None else data)
        system = {"tags": {subset: True}} if subset else {}
        derived = {"width": WIDTH, "height": HEIGHT} if data is None else {}
        with self.store.transaction("add") as tx:
            row, _ = add_item(
                tx, self.a, path, blob, metadata={"user": metadata, "system": system}, derived=derived
            )
            add_annotations(tx, row, list(annotations))

    def out(self, kind, **options):
        return export_dataset(self.store, self.a, self.folder / "out", kind, **options)

    def back(self, kind=None):
        return import_dataset(self.store, self.b, self.folder / "out", kind)

    def said(self, dataset, *names):
        """By path: each annotation's type, label and coordinates, and more of them."""
        found = {}
        for item in self.store.rows(K.ITEM, dataset_id=dataset["id"], type="file"):
            own = self.store.rows(K.ANNOTATION, item_id=item["id"])
            own.sort(key=lambda row: (row["created_at"], row["id"]))
            found[item["filename"]] = [
                {name: row[name] for name in ("type", "label", "coordinates", *names)} for row in own
            ]
        return found

    def contents(self, dataset):
        return {row["filename"]: row["digest"] for row in self.store.rows(K.ITEM, dataset_id=dataset["id"])}


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.store.close()


SOME = [
    {"type": "box", "label": "cat", "coordinates": shapes.box(1, 2, 11.5, 12)},
    {"type": "segment", "label": "dog", "coordinates": shapes.segment([[(1, 1), (9, 1), (9, 7.25)]])},
    {"type": "point", "label": "nose", "coordinates": {"x": 3, "y": 4, "z": 0}},
    {"type": "class", "label": "outdoors"},
]
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def near(found, wanted):
    """The same but for the rounding of fractions."""
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(near(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(near, found, wanted))
    return found == wanted if isinstance(wanted, str) else abs(found - wanted) < 1e-5


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(
    drawn=st.lists(st.tuples(boxes | polygons | masks, labels), max_size=4),
    kind=st.sampled_from(list(Format)),
)
def test_what_a_format_holds_comes_back_as_it_was(drawn, kind):
    held = {Format.COCO: {"box", "segment", "binary"}, Format.YOLO: {"box", "segment"}, Format.VOC: {"box"}}
    wanted = [{**one, "label": label} for one, label in drawn if one["type"] in held.get(kind, {one["type"]})]
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            world.add("/some folder/ä.png", [{**one, "label": label} for one, label in drawn], subset="test")
            done = world.out(kind)
            assert (done.items, done.annotations, done.failures) == (1, len(wanted), [])
            assert sum(done.left_out.values()) == len(drawn) - len(wanted)
            assert world.back().failures == []
            [back] = world.said(world.b).values()
            same = near if kind is Format.YOLO else lambda a, b: a == b
            for found, one in zip(back, wanted, strict=True):
                if one["type"] == "binary":
                    assert shapes.runs(found) == shapes.runs(one)
                else:
                    assert same(found["coordinates"], one["coordinates"])
                assert (found["type"], found["label"]) == (one["type"], one["label"])
            assert world.contents(world.b) == world.contents(world.a)
            [item] = world.store.rows(K.ITEM, dataset_id=world.b["id"], type="file")
            assert item["metadata"]["system"]["tags"] == {"test": True}
        finally:
            world.store.close()


@pytest.mark.parametrize("kind", Format)
def test_the_format_of_a_folder_is_found_out(world, kind):
    world.add("/a.png", SOME)
    world.out(kind)
    assert detect(world.folder / "out") is kind


@pytest.mark.parametrize("kind", TABLES)
def test_these_hold_everything(world, kind):
    more = {"attributes": {"1": "ripe"}, "description": 'Größe,\n"hm"'}
    world.add("/a.png", [{**one, **more} for one in SOME], rating=5, nothing=None)
    world.add("/b/empty.bin", data=b"", note="x")
    done = world.out(kind)
    assert (done.items, done.annotations, dict(done.left_out)) == (2, len(SOME), {})
    world.back()
    assert world.said(world.b, "attributes", "description") == world.said(
        world.a, "attributes", "description"
    )
    assert world.contents(world.b) == world.contents(world.a)
    users = [
        {
            row["filename"]: row["metadata"]["user"]
            for row in world.store.rows(K.ITEM, dataset_id=one["id"], type="file")
        }
        for one in (world.a, world.b)
    ]
    assert users[0] == users[1]


@pytest.mark.parametrize("kind", IMAGE_FORMATS)
def test_what_a_format_cannot_hold_is_counted_and_listed(world, kind):
    world.add("/a.png", SOME)
    done = world.out(kind)
    left = {what for what, _ in done.left_out}
    assert {"point", "class"} <= left
    with (world.folder / "out" / "left-out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(done.left_out.values()) == len(SOME) - done.annotations
    assert {row["label"] for row in rows} >= {"nose", "outdoors"}


def test_nothing_is_listed_when_nothing_is_left_out(world):
    world.add("/a.png", SOME[:1])
    world.out(Format.VOC)
    assert not (world.folder / "out" / "left-out.csv").exists()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # COCO's own tools
def test_cocos_own_tools_read_it(world):
    pixels = np.zeros((HEIGHT, WIDTH), bool)
    pixels[3:9, 5:20] = True
    drawn = {"type": "binary", "label": "dog", "coordinates": shapes.mask(*runs_of(pixels))}
    world.add("/a.png", [*SOME, drawn])
    world.out(Format.COCO)
    coco = COCO(world.folder / "out" / "annotations.json")
    assert [one["name"] for one in coco.loadCats(coco.getCatIds())] == ["cat", "dog", "nose", "outdoors"]
    [image] = coco.loadImgs(coco.getImgIds())
    assert (image["file_name"], image["width"], image["height"]) == ("a.png", WIDTH, HEIGHT)
    box, polygon, mask = coco.loadAnns(coco.getAnnIds())
    assert box["bbox"] == [1, 2, 10.5, 10]
    assert polygon["area"] == pytest.approx(25)
    assert int(coco.annToMask(box).sum()) == pytest.approx(105, abs=15)
    assert (coco.annToMask(mask).astype(bool) == pixels).all()
    assert mask["area"] == pixels.sum()
    assert mask["bbox"] == list(coco_mask.toBbox(coco.annToRLE(mask)))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@settings(max_examples=25, deadline=None)
@given(bits=st.lists(st.booleans(), min_size=1, max_size=60), height=st.integers(1, 6))
def test_packed_runs_are_those_of_cocos_own_tools(bits, height):
    pixels = np.resize(bits, (height, -(-len(bits) // height)))
    packed = coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
    counts, width, _ = runs_of(pixels)
    assert shapes.unpacked(packed["counts"].decode()) == counts
    assert shapes.runs({"coordinates": shapes.mask(counts, width, height)}) == (counts, width, height)
    left, top, right, bottom = shapes.edges(counts, height)
    if pixels.any():
        assert [left, top, right - left, bottom - top] == list(coco_mask.toBbox(packed))


def test_coco_of_others_is_read_too(world, tmp_path):
    """Packed runs, no segmentation, an image folder of another name, and one JSON file in ``annotations/``."""
    folder = world.folder / "out"
    (folder / "annotations").mkdir(parents=True)
    (folder / "a.png").write_bytes(png())
    packed = coco_mask.encode(np.asfortranarray(np.ones((HEIGHT, WIDTH), np.uint8)))
    told = {
        "images": [{"id": 7, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 9, 9], "iscrowd": 1,
             "segmentation": {"size": [HEIGHT, WIDTH], "counts": packed["counts"].decode()}},
        ],
    }  # fmt: skip
    (folder / "annotations" / "instances_val.json").write_text(json.dumps(told))
    assert world.back(Format.COCO).annotations == 2
    box, mask = world.said(world.b)["/a.png"]
    assert box["coordinates"] == shapes.box(1, 2, 4, 6)
    assert shapes.runs(mask) == ([0, WIDTH * HEIGHT], WIDTH, HEIGHT)


@pytest.mark.parametrize("kind", Format)
def test_a_dataset_without_annotations_comes_back(world, kind):
    world.add("/a.png")
    world.out(kind)
    world.back()
    assert world.contents(world.b) == world.contents(world.a)


def test_yolo_has_the_subsets_and_the_names(world):
    import yaml

    for subset in ("train", "validation", "test", ""):
        world.add(f"/{subset or 'none'}.png", SOME[:1], subset=subset)
    world.out(Format.YOLO)
    told = yaml.safe_load((world.folder / "out" / "data.yaml").read_text(encoding="utf-8"))
    assert told["names"] == {0: "cat"}
    assert told["train"] == ["images/train", "images/unassigned"]
    assert (told["val"], told["test"]) == ("images/validation", "images/test")
    world.back()
    tags = {
        row["filename"]: row["metadata"].get("system", {}).get("tags")
        for row in world.store.rows(K.ITEM, dataset_id=world.b["id"], type="file")
    }
    assert tags["/validation.png"] == {"validation": True}
    assert tags["/none.png"] is None


def test_a_folder_that_has_something_in_it_is_left_alone(world):
    world.add("/a.png")
    (world.folder / "out").mkdir()
    (world.folder / "out" / "mine.txt").write_text("x")
    with pytest.raises(BadRequest, match="has something in it already"):
        world.out(Format.COCO)
    assert [one.name for one in (world.folder / "out").iterdir()] == ["mine.txt"]


def test_an_export_that_fails_leaves_nothing(world, monkeypatch):
    world.add("/a.png")
    world.add("/b.png", SOME)
    monkeypatch.setattr(shapes, "area", None)
    before = sorted(world.folder.iterdir())
    with pytest.raises(TypeError):
        world.out(Format.COCO)
    assert sorted(world.folder.iterdir()) == before


def test_a_path_that_leaves_the_folder_is_not_followed(world):
    world.add("/a.png")
    with world.store.transaction("as a platform may") as tx:
        [row] = tx.rows(K.ITEM, filename="/a.png")
        tx.update(K.ITEM, row, {**to_document(K.ITEM, row), "filename": "/../../evil.png"})
    done = world.out(Format.DATALOOP)
    assert done.failures == [("/../../evil.png", "Its path is no path for a file.")]
    assert not (world.folder.parent / "evil.png").exists()


def test_what_is_no_image_and_what_is_not_here_is_said(world):
    world.add("/a.txt", data=b"text")
    world.add("/a.png", SOME)
    world.store.blobs.remove(world.contents(world.a)["/a.png"])
    done = world.out(Format.COCO)
    assert done.failures == [
        ("/a.png", "Its content is not here; `localloop get` fetches it."),
        ("/a.txt", "It is no image, and coco has nothing else."),
    ]
    assert done.annotations == 2


def test_two_names_that_differ_in_their_ending_only_are_not_mixed_up(world):
    world.add("/a.png", SOME)
    world.add("/a.webp", SOME, data=png(shade=9))
    for kind in (Format.YOLO, Format.VOC):
        done = export_dataset(world.store, world.a, world.folder / kind.value, kind)
        assert done.failures == [("/a.webp", "Another image has the same name but for its ending.")]


def test_a_line_that_cannot_be_read_fails_its_image_alone(world):
    world.add("/a.png", SOME[:1])
    world.add("/b.png", SOME[:1])
    world.out(Format.YOLO)
    (world.folder / "out" / "labels" / "unassigned" / "a.txt").write_text("0 0.5 x 1 1\n")
    done = world.back()
    assert done.items == 1
    assert done.failures == [("images/a.png", "Line 1 is no class with numbers.")]


def test_a_library_that_is_missing_is_named_with_what_to_type(world, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("localloop.extras.import_module", missing)
    world.add("/a.png")
    with pytest.raises(ExtraMissingError, match="Parquet needs pyarrow") as raised:
        world.out(Format.PARQUET)
    assert "pip install 'localloop[formats]'" in raised.value.message
    assert not (world.folder / "out").exists()


def test_the_same_dataset_is_exported_to_the_same_bytes(world):
    for name in ("b", "a", "c/d"):
        world.add(f"/{name}.png", SOME)
    found = []
    for place in ("one", "two"):
        export_dataset(world.store, world.a, world.folder / place, Format.COCO)
        found.append((world.folder / place / "annotations.json").read_bytes())
    assert found[0] == found[1]


def test_a_query_says_what_is_exported(world):
    world.add("/a.png", SOME, ripe=True)
    world.add("/b.png", SOME, ripe=False)
    done = world.out(Format.CSV, query={"filter": {"metadata.user.ripe": True}}, content=False)
    assert (done.items, done.files) == (1, 0)
    assert not (world.folder / "out" / "items").exists()
