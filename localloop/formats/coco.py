"""COCO: one JSON file with images, categories and annotations (cocodataset.org, "Data format", object detection).

Boxes, polygons and masks. COCO has no other shapes. A box also has its four corners as its segmentation, since tools
draw that; ``shape`` says what an annotation was, and is ours.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from localloop.errors import BadRequest
from localloop.formats import shapes
from localloop.formats.samples import Described, LeftOut, Sample, tagged
from localloop.formats.shapes import UnfitError

FILE: Final = "annotations.json"
FOLDER: Final = "images"


class CocoWriter:
    """Writes one file, image by image: annotations go to a file of their own, which is added at the end.

    Args:
        folder: Where to.
        labels: All labels there are.
        left: Hears of what COCO has no place for.
    """

    def __init__(self, folder: Path, labels: Sequence[str], left: LeftOut) -> None:
        self._categories = {label: number for number, label in enumerate(labels, 1)}
        self._left = left
        self._images = (folder / FILE).open("w", encoding="utf-8")
        self._later = folder / f"{FILE}.part"
        self._drawn = self._later.open("w", encoding="utf-8")
        self._number = self._written = 0
        head = [
            {"id": number, "name": label, "supercategory": label.rpartition(".")[0]}
            for label, number in self._categories.items()
        ]
        self._images.write(f'{{"info": {{}}, "licenses": [], "categories": {_json(head)},\n"images": [')

    def place(self, sample: Sample) -> str:
        """Where the file of a sample goes."""
        return f"{FOLDER}{sample.path}"

    def add(self, sample: Sample) -> int:
        """Write one image; returns how many annotations of it were written."""
        self._number += 1
        written = 0
        for annotation in sample.annotations:
            try:
                found = self._shape(annotation, sample)
            except UnfitError as error:
                self._left.add(sample, annotation, str(error))
                continue
            self._written += 1
            written += 1
            entry = {
                "id": self._written,
                "image_id": self._number,
                "category_id": self._categories[annotation["label"]],
                "iscrowd": 0,
                **found,
            }
            if annotation.get("attributes"):
                entry["attributes"] = annotation["attributes"]
            self._drawn.write(f"{',' if self._written > 1 else ''}\n{_json(entry)}")
        image: dict[str, Any] = {"id": self._number, "file_name": sample.path[1:]}
        if sample.sized:
            image |= {"width": sample.width, "height": sample.height}
        if sample.subset:
            image["subset"] = sample.subset
        self._images.write(f"{',' if self._number > 1 else ''}\n{_json(image)}")
        return written

    def close(self) -> None:
        """Put both parts together."""
        self._drawn.close()
        self._images.write('\n],\n"annotations": [')
        self._images.flush()
        with self._later.open("r", encoding="utf-8") as part:
            shutil.copyfileobj(part, self._images)
        self._images.write("\n]}\n")
        self._images.close()
        self._later.unlink()

    def abandon(self) -> None:
        """Close what is open."""
        self._drawn.close()
        self._images.close()

    @staticmethod
    def _shape(annotation: Mapping[str, Any], sample: Sample) -> dict[str, Any]:
        match annotation["type"]:
            case "box":
                left, top, right, bottom = shapes.corners(annotation)
                ring = [(left, top), (right, top), (right, bottom), (left, bottom)]
                return {"shape": "box", **_polygons([ring])}
            case "segment":
                return {"shape": "polygon", **_polygons(shapes.rings(annotation))}
            case "binary":
                counts, width, height = shapes.runs(annotation)
                if sample.sized and (width, height) != (sample.width, sample.height):
                    raise UnfitError("its mask is of another size than its image")
                left, top, right, bottom = shapes.edges(counts, height)
                return {
                    "shape": "mask",
                    "segmentation": {"size": [height, width], "counts": counts},
                    "bbox": [left, top, right - left, bottom - top],
                    "area": sum(counts[1::2]),
                }
            case _:
                raise UnfitError("COCO has no such shape")


def _polygons(rings: list[shapes.Ring]) -> dict[str, Any]:
    left, top, right, bottom = shapes.around(rings)
    return {
        "segmentation": [[number for point in ring for number in point] for ring in rings],
        "bbox": [left, top, shapes.extent(left, right), shapes.extent(top, bottom)],
        "area": shapes.area(rings),
    }


def read(folder: Path) -> Iterator[Described]:
    """The images of a COCO dataset, from the file ``annotations.json`` or the only JSON file there is.

    Args:
        folder: It has that file in it or in ``annotations/``; images are in ``images/`` or beside it.

    Yields:
        One image after another. All of the JSON is held meanwhile.

    Raises:
        BadRequest: It is no COCO file.
    """
    source = _source(folder)
    try:
        told = json.loads(source.read_bytes())
        names = {one["id"]: str(one["name"]) for one in told["categories"]}
        drawn: dict[Any, list[dict[str, Any]]] = {}
        for one in told.get("annotations") or ():
            drawn.setdefault(one["image_id"], []).append(one)
        images = sorted(told["images"], key=lambda one: str(one["file_name"]))
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise BadRequest("400", f"{source} is no COCO file: {error!r}.") from None
    place = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    for image in images:
        name = str(image["file_name"])
        yield Described(place / name, name, partial(_told, image, drawn.get(image["id"], []), names))


def _source(folder: Path) -> Path:
    if (folder / FILE).is_file():
        return folder / FILE
    found = sorted([*folder.glob("*.json"), *folder.glob("annotations/*.json")])
    if len(found) != 1:
        raise BadRequest(
            "400",
            f"{folder} has {len(found)} JSON files, and none is named {FILE}: leave one that is to be read.",
        )
    return found[0]


def _told(image: Mapping[str, Any], drawn: list[dict[str, Any]], names: Mapping[Any, str]) -> dict[str, Any]:
    return {
        "annotations": [_annotation(one, names) for one in drawn],
        "metadata": tagged(str(image.get("subset", ""))),
    }


def _annotation(one: Mapping[str, Any], names: Mapping[Any, str]) -> dict[str, Any]:
    try:
        label = names[one["category_id"]]
        kind, coordinates = _coordinates(one)
    except (UnfitError, KeyError, TypeError, ValueError, IndexError) as error:
        raise BadRequest("400", f"The annotation {one.get('id')} cannot be read: {error}.") from None
    found = {"type": kind, "label": label, "coordinates": coordinates}
    return {**found, "attributes": one["attributes"]} if one.get("attributes") else found


def _coordinates(one: Mapping[str, Any]) -> tuple[str, Any]:
    drawn = one.get("segmentation")
    if isinstance(drawn, Mapping):
        height, width = drawn["size"]
        counts = drawn["counts"]
        return "binary", shapes.mask(
            shapes.unpacked(counts) if isinstance(counts, str) else counts, width, height
        )
    if drawn and one.get("shape") != "box":
        rings = [list(zip(ring[::2], ring[1::2], strict=True)) for ring in drawn]
        return "segment", shapes.segment([[(float(x), float(y)) for x, y in ring] for ring in rings])
    left, top, width, height = (float(number) for number in one["bbox"])
    return "box", shapes.box(left, top, left + width, top + height)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
