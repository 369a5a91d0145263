"""Coordinates survive being read and written, and masks survive becoming polygons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop.media import masks
from localloop.sdk.definitions import Polygon
from localloop.sdk.reading import CLASSES, definition_of
from localloop.sdk.segmentation import Segmentation

numbers = st.one_of(st.integers(-10_000, 10_000), st.floats(-1e5, 1e5))
words = st.text(max_size=20)
flat = st.fixed_dictionaries({"x": numbers, "y": numbers})
deep = st.fixed_dictionaries({"x": numbers, "y": numbers, "z": numbers})
paths = st.lists(st.lists(st.one_of(flat, deep), min_size=1, max_size=8), min_size=1, max_size=3)
corners = [f"{side}_{corner}" for side in ("front", "back") for corner in ("tl", "tr", "br", "bl")]
boxes = st.tuples(st.one_of(flat, deep), st.one_of(flat, deep), st.one_of(st.none(), numbers)).map(
    lambda box: list(box[: 2 if box[2] is None else 3])
)
pictures = st.integers(1, 40).map(lambda side: masks.encode(np.eye(side), (9, 8, 7)))
COORDINATES = {
    "binary": st.one_of(pictures, pictures.map(lambda url: {"data": url, "more": 1})),
    "box": boxes,
    "class": st.sampled_from([None, {}, []]),
    "comparison": st.dictionaries(words, numbers),
    "cube": st.fixed_dictionaries({**dict.fromkeys(corners, deep), "angle": numbers}),
    "cube_3d": st.fixed_dictionaries({"position": deep, "scale": deep, "rotation": deep}),
    "ellipse": st.fixed_dictionaries({"center": deep, "rx": numbers, "ry": numbers, "angle": numbers}),
    "gis": st.fixed_dictionaries(
        {"geo_type": st.sampled_from(["box", "point"]), "wgs84_geo_coordinates": st.lists(numbers)}
    ),
    "item_description": st.fixed_dictionaries({"text": words}),
    "note": st.fixed_dictionaries(
        {
            "box": boxes,
            "note": st.fixed_dictionaries(
                {"messages": st.lists(st.fixed_dictionaries({"body": words, "time": st.integers()}))},
                optional={"status": words, "creator": words, "unheardOf": numbers},
            ),
        }
    ),
    "point": st.one_of(flat, deep),
    "polyline": paths,
    "pose": st.fixed_dictionaries({"templateId": words, "instanceId": words}),
    "ref_image": st.fixed_dictionaries({"ref": words, "refType": st.sampled_from(["id", "url"])}),
    "segment": paths,
    "subtitle": st.fixed_dictionaries({"text": words}),
    "text": words,
    "text_mark": st.fixed_dictionaries(
        {"type": st.just("block"), "start": st.integers(0), "end": st.integers(0)}, optional={"label": words}
    ),
}


def test_every_type_is_tried():
    assert set(COORDINATES) == set(CLASSES)


@pytest.mark.parametrize("kind", sorted(COORDINATES))
@given(data=st.data())
def test_coordinates_survive_to_the_letter(kind, data):
    where = data.draw(COORDINATES[kind])
    read = definition_of({"type": kind, "label": "L", "coordinates": where})
    assert type(read) is CLASSES[kind]
    assert repr(read.to_coordinates()) == repr(where)  # 1 and 1.0 are not the same text
    read.attributes, read.description = {"a": 1}, "said"
    assert repr(read.to_coordinates()) == repr(where)


json = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)


@given(kind=st.one_of(st.sampled_from(sorted(CLASSES)), words), where=json)
def test_what_makes_no_sense_survives_too(kind, where):
    read = definition_of({"type": kind, "label": "L", "coordinates": where})
    assert read.type == kind
    assert repr(read.to_coordinates()) == repr(where)


@st.composite
def blobs(draw):
    """A mask of a few rectangles and disks."""
    height, width = draw(st.integers(8, 60)), draw(st.integers(8, 60))
    mask = np.zeros((height, width), dtype=np.uint8)
    down, across = np.mgrid[:height, :width]
    for _ in range(draw(st.integers(1, 4))):
        y, x = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        size = draw(st.integers(1, 12))
        round_one = draw(st.booleans())
        far = np.hypot(down - y, across - x) if round_one else np.maximum(abs(down - y), abs(across - x))
        mask[far <= size] = 1
    return mask


def grown(mask):
    """The mask with the pixels around it."""
    wide = np.pad(mask, 1)
    height, width = mask.shape
    return np.max([wide[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)


def without_holes(mask):
    """The mask with what it surrounds, found from outside: that needs no outline."""
    outside = np.pad(np.zeros_like(mask), 1)
    outside[0, :] = outside[-1, :] = outside[:, 0] = outside[:, -1] = 1
    open_ground = np.pad(1 - mask, 1, constant_values=1)
    while True:
        cross = outside.copy()
        for axis in (0, 1):
            for step in (1, -1):
                cross |= np.roll(outside, step, axis)
        more = cross & open_ground
        if (more == outside).all():
            return (1 - outside[1:-1, 1:-1]).astype(np.uint8)
        outside = more


@given(mask=blobs())
def test_a_mask_of_the_polygons_of_a_mask_is_that_mask_within_a_pixel(mask):
    found = Polygon.from_segmentation(mask, "L", max_instances=None)
    polygons = found if isinstance(found, list) else [found]
    again = np.max([polygon.to_mask(*mask.shape) for polygon in polygons], axis=0)
    whole = without_holes(mask)
    assert (again <= grown(whole)).all()
    assert (whole <= grown(again)).all()
    assert abs(int(again.sum()) - int(whole.sum())) <= int((grown(whole) - whole).sum()) + 1


@given(mask=blobs())
def test_a_mask_survives_its_image(mask):
    wire = Segmentation(mask, "L", color=(1, 2, 3)).to_coordinates()
    again = Segmentation.from_json({"type": "binary", "label": "L", "coordinates": wire})
    assert (again.geo == mask).all()
    assert masks.color_of(wire) == (1, 2, 3)
