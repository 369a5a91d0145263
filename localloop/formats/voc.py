"""Pascal VOC: an XML file an image, with its boxes (the development kit of VOC2012, "Annotation").

Corners are written as they are, with fractions and counted from 0, where the kit's own pictures count from 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final
from xml.etree import ElementTree as ET

from localloop.errors import BadRequest, Conflict
from localloop.formats import shapes
from localloop.formats.samples import Described, LeftOut, Sample, tagged
from localloop.formats.shapes import UnfitError

ANNOTATIONS: Final = "Annotations"
FOLDER: Final = "JPEGImages"
SETS: Final = "ImageSets/Main"


class VocWriter:
    """Writes a file an image, and a list of names for each subset.

    Args:
        folder: Where to.
        left: Hears of what VOC has no place for.
    """

    def __init__(self, folder: Path, left: LeftOut) -> None:
        self._folder = folder
        self._left = left
        (folder / ANNOTATIONS).mkdir()

    def place(self, sample: Sample) -> str:
        """Where the file of a sample goes."""
        return f"{FOLDER}{sample.path}"

    def add(self, sample: Sample) -> int:
        """Write one image; returns how many annotations of it were written.

        Raises:
            Conflict: Another image has the same name but for its ending.
        """
        path = PurePosixPath(sample.path[1:])
        target = self._folder / ANNOTATIONS / path.with_suffix(".xml")
        if target.exists():
            raise Conflict("409", "Another image has the same name but for its ending.")
        root = ET.Element("annotation")
        _text(root, "folder", FOLDER if path.parent == PurePosixPath() else f"{FOLDER}/{path.parent}")
        _text(root, "filename", path.name)
        if sample.sized:
            size = ET.SubElement(root, "size")
            for name, value in (("width", sample.width), ("height", sample.height), ("depth", 3)):
                _text(size, name, value)
        _text(root, "segmented", 0)
        written = sum(self._object(root, sample, annotation) for annotation in sample.annotations)
        ET.indent(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        ET.ElementTree(root).write(target, encoding="utf-8", xml_declaration=True)
        if sample.subset:
            (self._folder / SETS).mkdir(parents=True, exist_ok=True)
            with (self._folder / SETS / f"{sample.subset}.txt").open("a", encoding="utf-8") as names:
                names.write(f"{path.with_suffix('')}\n")
        return written

    def close(self) -> None:
        """Nothing is open."""

    def abandon(self) -> None:
        """Nothing is open."""

    def _object(self, root: ET.Element, sample: Sample, annotation: dict[str, Any]) -> bool:
        try:
            edges = _edges(annotation)
        except UnfitError as error:
            self._left.add(sample, annotation, str(error))
            return False
        found = ET.SubElement(root, "object")
        for name, value in (
            ("name", annotation["label"]),
            ("pose", "Unspecified"),
            ("truncated", 0),
            ("difficult", 0),
        ):
            _text(found, name, value)
        bounds = ET.SubElement(found, "bndbox")
        for name, edge in zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True):
            _text(bounds, name, repr(edge))
        return True


def read(folder: Path) -> Iterator[Described]:
    """The images of a VOC dataset, in the order of their descriptions' paths.

    Args:
        folder: It has ``Annotations/`` and ``JPEGImages/`` in it.
    """
    subsets = {
        name: listed.stem
        for listed in sorted((folder / SETS).glob("*.txt"))
        for name in listed.read_text(encoding="utf-8").splitlines()
    }
    root = folder / ANNOTATIONS
    for source in sorted(root.rglob("*.xml")):
        relative = source.relative_to(root)
        file = folder / FOLDER / relative.parent / _filename(source)
        subset = subsets.get(relative.with_suffix("").as_posix(), "")
        name = (relative.parent / file.name).as_posix()
        yield Described(file, name, partial(_told, source, subset))


def _filename(source: Path) -> str:
    """The image of a description; when that cannot be read, something that is not there, which is then told."""
    try:
        said = _parsed(source).findtext("filename", "")
    except BadRequest:
        said = ""
    return PurePosixPath(said.strip()).name or f"{source.stem}.jpg"


def _parsed(source: Path) -> ET.Element:
    try:
        return ET.parse(source).getroot()  # noqa: S314  # expat refuses entities that grow out of proportion
    except (ET.ParseError, OSError, UnicodeDecodeError) as error:
        raise BadRequest("400", f"Its description cannot be read: {error}.") from None


def _told(source: Path, subset: str) -> dict[str, Any]:
    return {
        "annotations": [_annotation(one) for one in _parsed(source).iter("object")],
        "metadata": tagged(subset),
    }


def _annotation(one: ET.Element) -> dict[str, Any]:
    label = one.findtext("name", "").strip()
    try:
        edges = [float(one.findtext(f"bndbox/{name}", "")) for name in ("xmin", "ymin", "xmax", "ymax")]
    except ValueError:
        raise BadRequest("400", f"A box of {label!r} has no four numbers.") from None
    return {"type": "box", "label": label, "coordinates": shapes.box(*edges)}


def _text(parent: ET.Element, name: str, value: Any) -> None:
    ET.SubElement(parent, name).text = str(value)


def _edges(annotation: Mapping[str, Any]) -> tuple[float, float, float, float]:
    if annotation["type"] != "box":
        raise UnfitError("VOC has boxes only")
    text = str(annotation["label"])
    # XML has no control characters, not even escaped, and spaces at the ends survive few readers.
    if text != text.strip() or not all(one in "\t\n" or (one >= " " and one.isprintable()) for one in text):
        raise UnfitError("its label has characters that XML cannot hold")
    return shapes.corners(annotation)
