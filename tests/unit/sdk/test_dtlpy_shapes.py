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


@pytest.mark.parametrize("name", ["Box", "Cube3d", "Ellipse", "Point", "Pose", "Subtitle"])
def test_the_numbers_of_coordinates_are_the_same(name, dtlpy):
    where = getattr(dtlpy, name)(label="L", **SHAPES[name]).to_coordinates(color=None)
    ours, theirs = (getattr(one, name).from_coordinates(where) for one in (dl, dtlpy))
    assert type(ours) is type(theirs)
    assert np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs


@pytest.mark.parametrize("name", ["Cube", "Polygon", "Polyline"])
def test_paths_are_read_from_a_list_of_points_and_as_the_wire_has_them(name, dtlpy):
    shape = getattr(dl, name)(label="L", **SHAPES[name])
    points = [{"x": x, "y": y} for x, y in shape.geo.tolist()]
    assert np.array_equal(getattr(dl, name).from_coordinates(points), shape.geo)
    assert np.array_equal(getattr(dtlpy, name).from_coordinates(points), shape.geo)
    assert np.array_equal(getattr(dl, name).from_coordinates(shape.to_coordinates()), shape.geo)


def test_the_corners_of_a_box_stay_in_their_order(dtlpy):
    where = [{"x": 9, "y": 1}, {"x": 2, "y": 8}, 30]
    assert dl.Box.from_coordinates(where).tolist() == dtlpy.Box.from_coordinates(where).tolist()
    note = {"box": where}
    assert dl.Note.from_coordinates(note).tolist() == dtlpy.Note.from_coordinates(note).tolist()


def test_a_mask_is_read_as_the_picture_it_is_stored_as(dtlpy):
    where = dtlpy.Segmentation(MASK, "L").to_coordinates(color=(9, 8, 7))
    ours, theirs = (one.Segmentation.from_coordinates(where) for one in (dl, dtlpy))
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["Box", "Cube", "Ellipse", "Note", "Point", "Polygon", "Segmentation"])
@pytest.mark.parametrize("where", [None, 5, "x", [1], {"x": 1}, [{"x": 1}]])
def test_what_are_no_coordinates_is_said(name, where):
    with pytest.raises(dl.exceptions.BadRequest):
        getattr(dl, name).from_coordinates(where)


BOX = dl.Box(4, 4, 12, 12, "L")
FILLED = -1


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int32", "uint64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3), (20, 30, 4)])
def test_where_nothing_is_drawn_pixels_stay_to_the_last_bit(kind, shape):
    kind = np.dtype(kind)
    most = 1e-3 if kind.kind == "f" else np.iinfo(kind).max
    image = (np.arange(np.prod(shape)).reshape(shape) % 7).astype(kind) * np.array(most, kind)
    drawn = BOX.show(image, FILLED, False, None, None, "mask", (250, 20, 30))
    assert drawn.dtype == kind
    inside = np.zeros((20, 30), bool)
    inside[4:13, 4:13] = True
    assert np.array_equal(drawn[~inside], image[~inside])
    colour = drawn[8, 8].tolist()
    assert colour[:3] == [250, 20, 30] if drawn.ndim == 3 else 0 < colour < 255


@pytest.mark.parametrize("kind", ["uint16", "int32", "float32"])
def test_numbers_are_drawn_as_dtlpy_draws_them(kind, dtlpy):
    ours = BOX.show(np.zeros((20, 30), kind), FILLED, False, 20, 30, "instance", 300)
    theirs = dtlpy.Box(4, 4, 12, 12, "L").show(
        np.zeros((20, 30), "float32"), FILLED, False, 20, 30, "instance", 300
    )
    assert ours.dtype == kind
    assert (ours == theirs).all()


@pytest.mark.parametrize(("kind", "color"), [("uint8", 300), ("int8", (0, 0, 255)), ("uint16", -1)])
def test_what_an_array_cannot_hold_is_not_drawn(kind, color):
    shape = (20, 30) if isinstance(color, int) else (20, 30, 3)
    with pytest.raises(dl.exceptions.BadRequest, match="cannot hold"):
        BOX.show(np.zeros(shape, kind), FILLED, False, None, None, "instance", color)


def test_a_new_array_of_numbers_is_of_a_type_that_holds_them():
    kinds = [BOX.show(None, FILLED, False, 20, 30, "instance", color).dtype for color in (7, 300, 70_000)]
    assert kinds == ["uint8", "uint16", "int32"]


def test_half_opaque_colours_are_mixed_with_what_is_below():
    image = np.full((20, 30, 3), 1000, "uint16")
    drawn = BOX.show(image, FILLED, False, None, None, "mask", (0, 0, 0), alpha=0.5)
    assert abs(int(drawn[8, 8, 0]) - 500) <= 2


def test_text_beside_a_number_is_of_the_same_number():
    drawn = BOX.show(np.zeros((40, 90), "uint16"), 1, True, None, None, "instance", 300)
    plain = BOX.show(np.zeros((40, 90), "uint16"), 1, False, None, None, "instance", 300)
    assert set(np.unique(drawn)) == {0, 300}
    assert (drawn > 0).sum() > (plain > 0).sum()
