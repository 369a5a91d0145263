"""Shapes say on the wire what dtlpy's of the same name and parameters say, and each reads the other's."""

from __future__ import annotations

import numpy as np
import pytest

import localloop as dl

pytestmark = pytest.mark.dtlpy


@pytest.fixture(scope="module")
def dtlpy(tmp_path_factory):
    """The package, with a place for its files that is nobody's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATALOOP_PATH", str(tmp_path_factory.mktemp("dtlpy")))
        import dtlpy

        yield dtlpy


MASK = np.zeros((20, 30), dtype=np.uint8)
MASK[4:12, 6:20] = 1
CORNERS = {
    f"{side}_{corner}": [x + far, y + far]
    for side, far in (("front", 0), ("back", 3))
    for corner, (x, y) in {"tl": (1, 1), "tr": (9, 1), "br": (9, 9), "bl": (1, 9)}.items()
}
SHAPES = {
    "Box": {"left": 1, "top": 2, "right": 11, "bottom": 12},
    "Classification": {},
    "Cube": {**CORNERS, "angle": 30},
    "Cube3d": {"position": [1, 2, 3], "scale": [4, 5, 6], "rotation": [0.1, 0.2, 0.3]},
    "Ellipse": {"x": 10, "y": 10, "rx": 5, "ry": 3, "angle": 30},
    "FreeText": {"text": "t"},
    "Gis": {"annotation_type": "point", "geo": [1, 2]},
    "Point": {"x": 5, "y": 6},
    "Polygon": {"geo": np.array([[1, 1], [9, 1], [9, 9.5]])},
    "Polyline": {"geo": np.array([[1, 1], [9, 1], [9, 9.5]])},
    "Pose": {"template_id": "t", "instance_id": "i"},
    "RefImage": {"ref": "https://example.com/a.jpg", "mimetype": "image/jpeg"},
    "Subtitle": {"text": "t"},
    "Text": {"text_type": "block", "start": 1, "end": 5},
}


@pytest.mark.parametrize("name", SHAPES)
def test_coordinates_are_the_same(name, dtlpy):
    said = {"label": "L", "attributes": {"k": 1}, "description": "d", **SHAPES[name]}
    ours, theirs = getattr(dl, name)(**said), getattr(dtlpy, name)(**said)
    assert ours.type == theirs.type
    if name != "Classification":
        assert ours.to_coordinates() == theirs.to_coordinates(color=None)
    assert (ours.label, ours.attributes, ours.description) == (
        theirs.label,
        theirs.attributes,
        theirs.description,
    )


@pytest.mark.parametrize("name", ["Box", "Ellipse", "Polygon", "Polyline"])
def test_edges_are_the_same(name, dtlpy):
    ours, theirs = (getattr(one, name)(label="L", **SHAPES[name]) for one in (dl, dtlpy))
    for edge in ("left", "top", "right", "bottom"):
        assert getattr(ours, edge) == pytest.approx(getattr(theirs, edge)), edge
    assert np.allclose(np.asarray(ours.geo, dtype=float), np.asarray(theirs.geo, dtype=float))


def test_masks_are_read_by_the_other(dtlpy):
    ours = dl.Segmentation(MASK, "L", color=(9, 8, 7)).to_coordinates()
    theirs = dtlpy.Segmentation(MASK, "L").to_coordinates(color=(9, 8, 7))
    read = dtlpy.Segmentation.from_json({"label": "L", "coordinates": ours})
    assert (read.geo == MASK).all()
    assert (dl.Segmentation.from_json({"label": "L", "coordinates": theirs}).geo == MASK).all()


def test_masks_have_the_same_outlines(dtlpy):
    ours = dl.Polygon.from_segmentation(MASK, "L")
    theirs = dtlpy.Polygon.from_segmentation(MASK, "L")
    assert ours.geo.tolist() == theirs.geo.tolist()
    assert [box.geo for box in dl.Box.from_segmentation(MASK, "L")] == [
        [[float(value) for value in place] for place in box.geo]
        for box in dtlpy.Box.from_segmentation(MASK, "L")
    ]


def test_cubes_of_boxes_are_the_same(dtlpy):
    boxes = (1, 2, 11, 12, 5, 6, 15, 16)
    ours = dl.Cube.from_boxes_and_angle(*boxes, label="L", angle=30)
    theirs = dtlpy.Cube.from_boxes_and_angle(*boxes, label="L", angle=30)
    assert np.allclose(ours.geo, theirs.geo)


def test_a_cube_without_an_angle_has_that_of_its_front(dtlpy):
    turned = {**CORNERS, "front_tl": [1, 5]}
    ours, theirs = (one.Cube(label="L", **turned) for one in (dl, dtlpy))
    assert ours.to_coordinates()["angle"] == pytest.approx(theirs.angle)
    assert ours.to_coordinates()["angle"] == pytest.approx(333.43494882)
