"""YOLO: a text file an image, a line a shape, in fractions of the image (docs.ultralytics.com, "Datasets").

Boxes are ``class x y width height`` around their middle, polygons ``class x1 y1 x2 y2 …``. Numbers have all their
digits, so that what comes back is what was there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from PIL import Image, UnidentifiedImageError

from localloop.errors import BadRequest, Conflict
from localloop.formats import shapes
from localloop.formats.extras import yaml
from localloop.formats.samples import NO_SUBSET, Described, LeftOut, Sample, tagged
from localloop.formats.shapes import UnfitError
from localloop.store.subsets import SUBSETS

FILE: Final = "data.yaml"
FOLDER: Final = "images"
LABELS: Final = "labels"

#: What YOLO calls subsets.
_SPLITS: Final = {"train": "train", "validation": "val", "test": "test"}

#: Fractions of a pixel that are kept when a shape comes back: the rest is the rounding of two divisions.
_DIGITS: Final = 6


class YoloWriter:
    """Writes a file an image, and at the end what the numbers of classes mean.

    Args:
        folder: Where to.
        labels: All labels there are.
        left: Hears of what YOLO has no place for.
    """

    def __init__(self, folder: Path, labels: Sequence[str], left: LeftOut) -> None:
        self._folder = folder
        self._classes = {label: number for number, label in enumerate(labels)}
        self._left = left
        self._used: set[str] = set()
        (folder / LABELS).mkdir()

    def place(self, sample: Sample) -> str:
        """Where the file of a sample goes."""
        return f"{FOLDER}/{sample.subset or NO_SUBSET}{sample.path}"

    def add(self, sample: Sample) -> int:
        """Write one image; returns how many annotations of it were written.

        Raises:
            Conflict: Another image has the same name but for its ending.
        """
        subset = sample.subset or NO_SUBSET
        target = self._folder / LABELS / subset / PurePosixPath(sample.path[1:]).with_suffix(".txt")
        if target.exists():
            raise Conflict("409", "Another image has the same name but for its ending.")
        lines = []
        for annotation in sample.annotations:
            try:
                lines.append(f"{self._classes[annotation['label']]} {_numbers(annotation, sample)}\n")
            except UnfitError as error:
                self._left.add(sample, annotation, str(error))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(lines), encoding="ascii")
        self._used.add(subset)
        return len(lines)

    def close(self) -> None:
        """Write ``data.yaml``; JSON's texts are YAML's as well."""
        places = {split: f"{FOLDER}/{name}" for name, split in _SPLITS.items() if name in self._used}
        loose = [f"{FOLDER}/{NO_SUBSET}"] if NO_SUBSET in self._used else []
        training = [*([places["train"]] if "train" in places else []), *loose]
        told = {
            "path": ".",
            "train": training,
            "val": places.get("val", training),
            **({"test": places["test"]} if "test" in places else {}),
        }
        lines = [f"{key}: {json.dumps(value)}\n" for key, value in told.items()]
        lines += [
            "names:\n",
            *(f"  {number}: {json.dumps(label)}\n" for label, number in self._classes.items()),
        ]
        (self._folder / FILE).write_text("".join(lines), encoding="utf-8")

    def abandon(self) -> None:
        """Nothing is open."""


def _numbers(annotation: Mapping[str, Any], sample: Sample) -> str:
    if annotation["type"] not in ("box", "segment"):
        raise UnfitError("YOLO has no such shape")
    if not sample.width or not sample.height:
        raise UnfitError("the size of its image is not known")
    width, height = sample.width, sample.height
    if annotation["type"] == "box":
        left, top, right, bottom = shapes.corners(annotation)
        found = [
            (left + right) / 2 / width,
            (top + bottom) / 2 / height,
            (right - left) / width,
            (bottom - top) / height,
        ]
    else:
        rings = shapes.rings(annotation)
        if len(rings) > 1:
            raise UnfitError("YOLO has polygons of one ring")
        found = [number for x, y in rings[0] for number in (x / width, y / height)]
    return " ".join(map(repr, found))


def read(folder: Path) -> Iterator[Described]:
    """The images of a YOLO dataset, in the order of their paths.

    Args:
        folder: It has ``data.yaml``, ``images/`` and ``labels/`` in it.

    Raises:
        BadRequest: ``data.yaml`` does not say what the classes are called.
        ExtraMissingError: PyYAML is not installed.
    """
    names = _classes(folder / FILE)
    root = folder / FOLDER
    subsets = {split: name for name, split in _SPLITS.items()} | {name: name for name in SUBSETS}
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        relative = file.relative_to(root)
        first = relative.parts[0] if len(relative.parts) > 1 else ""
        known = first == NO_SUBSET or first in subsets
        path = Path(*relative.parts[1:]) if known else relative
        source = (folder / LABELS / relative).with_suffix(".txt")
        subset = subsets.get(first, "")
        yield Described(
            file,
            path.as_posix(),
            partial(_told, file, source, subset, names),
        )


def _classes(source: Path) -> dict[int, str]:
    loader = yaml()
    try:
        told = loader.safe_load(source.read_text(encoding="utf-8"))
        names = told["names"] or {}  # nothing is annotated
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        return {int(number): str(label) for number, label in pairs}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, loader.YAMLError) as error:
        raise BadRequest("400", f"{source} does not say what the classes are called: {error}.") from None


def _told(file: Path, source: Path, subset: str, names: Mapping[int, str]) -> dict[str, Any]:
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:  # an image without shapes needs no file
        lines = []
    annotations = []
    if any(line.strip() for line in lines):
        width, height = _size(file)
        for number, line in enumerate(lines, 1):
            if line.strip():
                annotations.append(_annotation(line, number, width, height, names))
    return {"annotations": annotations, "metadata": tagged(subset)}


def _size(file: Path) -> tuple[int, int]:
    try:
        with Image.open(file) as image:
            return image.size
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadRequest("400", f"Its size cannot be read: {error}.") from None


def _annotation(line: str, number: int, width: int, height: int, names: Mapping[int, str]) -> dict[str, Any]:
    try:
        kind, *said = line.split()
        label, found = names[int(kind)], [float(one) for one in said]
        if len(found) == 4:
            x, y, across, down = found
            edges = (
                (x - across / 2) * width,
                (y - down / 2) * height,
                (x + across / 2) * width,
                (y + down / 2) * height,
            )
            return {
                "type": "box",
                "label": label,
                "coordinates": shapes.box(*(round(one, _DIGITS) for one in edges)),
            }
        if len(found) < 6 or len(found) % 2:
            raise BadRequest("400", f"Line {number} has {len(found)} numbers.")
    except (ValueError, KeyError):
        raise BadRequest("400", f"Line {number} is no class with numbers.") from None
    ring = [
        (round(x * width, _DIGITS), round(y * height, _DIGITS))
        for x, y in zip(found[::2], found[1::2], strict=True)
    ]
    return {"type": "segment", "label": label, "coordinates": shapes.segment([ring])}
