"""Annotations as pictures and files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageOps

from localloop.blobs.files import replacing
from localloop.errors import BadRequest
from localloop.media.arrays import numpy
from localloop.media.films import repaint
from localloop.media.images import BROKEN, MOST_PIXELS, opened
from localloop.media.painting import Ink, Mark, paint, write
from localloop.sdk.annotation import Annotation, ViewAnnotationOptions
from localloop.sdk.colors import Colors, colors
from localloop.sdk.definition import Definition
from localloop.sdk.entity import text_of
from localloop.sdk.pixels import checked, covered, numbered, whole
from localloop.sdk.progress import progress
from localloop.sdk.subtitles import vtt_of

if TYPE_CHECKING:
    from localloop.sdk.collection import AnnotationCollection
    from localloop.sdk.item import Item

_NUMBERED: Final = frozenset({ViewAnnotationOptions.INSTANCE, ViewAnnotationOptions.OBJECT_ID})
_BYTE: Final = 256
_WORD: Final = 65536

#: The label whose colour or number the ground of a picture has.
_GROUND: Final = "$default"

#: Modes of pictures whose pixels have more values than a byte has.
_DEEP: Final = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})

#: The EXIF orientations that turn a picture by a quarter.
_TURNED: Final = frozenset({5, 6, 7, 8})


@dataclass(frozen=True)
class View:
    """How annotations are drawn.

    Attributes:
        annotation_format: ``mask`` in the colours of the labels; ``img_mask``, the same on the picture;
            ``instance`` or ``object_id``, where each pixel is a number.
        thickness: How thick lines are, in pixels: 2 when None; -1 fills shapes.
        with_text: Whether labels are written beside what they are of.
        color: One colour, or one number, for all.
        numbers: Label → its number; that of the dataset's labels in order when None.
        alpha: How opaque the annotations are, from 0 to 1.
    """

    annotation_format: ViewAnnotationOptions | str
    thickness: int | None = None
    with_text: bool = False
    color: Sequence[int] | int | None = None
    numbers: Mapping[str, int] | None = None
    alpha: float = 1

    @property
    def format(self) -> ViewAnnotationOptions:
        """The format.

        Raises:
            BadRequest: There is no such format.
        """
        try:
            return ViewAnnotationOptions(text_of(self.annotation_format))
        except ValueError as error:
            known = ", ".join(ViewAnnotationOptions)
            message = f"Unknown annotation format {self.annotation_format!r}; there are: {known}"
            raise BadRequest("400", message) from error


def show(
    item: Item,
    annotations: Iterable[Annotation],
    view: View,
    image: Any,
    size: tuple[int | None, int | None],
    frame_num: int | None,
) -> Any:
    """Draw annotations.

    Args:
        item: Their item.
        annotations: The annotations.
        view: How.
        image: An array or a Pillow image to draw on; it stays as it is. A new one when None.
        size: Height and width of a new one, in pixels; the item's when None.
        frame_num: In a video: which frame; the annotations' current frames when None.

    Returns:
        An array: of red, green, blue and opacity; or of numbers, in as few bytes as they need.

    Raises:
        BadRequest: The view or the image makes no sense, or the item has no size.
        ValueError: ``alpha`` is not between 0 and 1, or an annotation has no object id where that is drawn.
        ExtraMissingError: The extra ``annotations`` is not installed.
    """
    return _array(draw(item, annotations, view, image, size, frame_num))


def draw(
    item: Item,
    annotations: Iterable[Annotation],
    view: View,
    image: Any,
    size: tuple[int | None, int | None],
    frame_num: int | None,
    palette: Colors | None = None,
) -> Image.Image:
    """As :func:`show`, as a Pillow image: RGBA, or of whole numbers (mode I)."""
    if not 0 <= view.alpha <= 1:
        raise ValueError(f"alpha should be between 0 and 1: {view.alpha!r}")
    if view.format in {ViewAnnotationOptions.JSON, ViewAnnotationOptions.VTT}:
        raise BadRequest("400", f"The format {view.format} is no picture: use download")
    if view.format is ViewAnnotationOptions.ANNOTATION_ON_IMAGE and image is None:
        raise BadRequest("400", "Give the image to draw on: image=...")
    palette = palette or colors(item._store, item.dataset_id)  # noqa: SLF001 - entities of one package
    numbers = palette.numbers if view.numbers is None else view.numbers

    def ink(annotation: Annotation, definition: Definition) -> Ink:
        if view.color is not None:
            return view.color if isinstance(view.color, int) else _opaque(view.color)
        if view.format is ViewAnnotationOptions.INSTANCE:
            return numbers.get(definition.label or "", 1)
        if view.format is ViewAnnotationOptions.OBJECT_ID:
            if annotation.object_id is None:
                raise ValueError(f"The annotation has no object id. Id: {annotation.id!r}")
            return int(annotation.object_id)
        return _opaque(palette.of(definition.label or ""))

    ground: Ink = numbers.get(_GROUND, 0) if view.format in _NUMBERED else _opaque_or_nothing(palette.known)
    picture = _picture(item, view.format, image, size, ground)
    marks = []
    for annotation in annotations:
        definition = _seen(annotation, frame_num)
        if definition is not None:
            text = _caption(definition) if view.with_text else None
            mark = Mark(definition.type, definition.to_coordinates(), ink(annotation, definition), text)
            marks.append(mark)
    return paint(picture, marks, thickness=view.thickness, alpha=view.alpha)


def save(
    collection: AnnotationCollection,
    view: View,
    path: Path,
    on: str | Path | None,
    size: tuple[int | None, int | None],
) -> str:
    """Put annotations into a file; :meth:`AnnotationCollection.download` says what of."""
    item = collection.item
    chosen = view.format
    if chosen is ViewAnnotationOptions.JSON:
        document = {**collection.to_json(), "metadata": item.metadata}
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        return _put(_target(path, item, ".json"), text.encode())
    if chosen is ViewAnnotationOptions.VTT:
        return _put(_target(path, item, ".vtt"), vtt_of(collection).encode())
    if str(item.mimetype or "").startswith("audio/"):
        raise BadRequest("400", "A sound cannot be drawn on: download json or vtt")
    if str(item.mimetype or "").startswith("video/"):
        return _film(collection, view, _target(path, item, ".mp4"), on)
    image = _content(item, on) if chosen is ViewAnnotationOptions.ANNOTATION_ON_IMAGE else None
    picture = draw(item, collection, view, image, size, None)
    target = _target(path, item, ".png")
    if chosen in _NUMBERED:
        picture = Image.fromarray(_array(picture))
    elif target.suffix.casefold() in {".jpg", ".jpeg", ".bmp"}:
        picture = picture.convert("RGB")  # formats that know no transparency
    kind = Image.registered_extensions().get(target.suffix.casefold())
    if kind is None:
        raise BadRequest("400", f"Pictures have no ending {target.suffix!r}: use .png")
    buffer = BytesIO()
    try:
        picture.save(buffer, kind)
    except (OSError, ValueError, KeyError) as error:
        message = f"A {chosen} cannot be written as {target.suffix}: use .png"
        raise BadRequest("400", message) from error
    return _put(target, buffer.getvalue())


def _film(collection: AnnotationCollection, view: View, target: Path, on: str | Path | None) -> str:
    """Draw on every frame of a video, and write the video that this makes, whole or not at all."""
    item = collection.item
    if view.format in _NUMBERED:
        message = (
            "Numbers do not survive in a video: show(annotation_format=..., frame_num=...) gives a frame's"
        )
        raise BadRequest("400", message)
    if target.suffix.casefold() != ".mp4":
        raise BadRequest("400", f"Videos are written as .mp4, not {target.suffix}")
    palette = colors(item._store, item.dataset_id)  # noqa: SLF001 - entities of one package
    count = item.system.get("nb_frames")
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=target.parent, prefix=".annotations-") as beside,
        progress("Draw frames", count if isinstance(count, int) else 0) as advance,
    ):

        def painted(number: int, frame: Image.Image) -> Image.Image:
            on_image = view.format is ViewAnnotationOptions.ANNOTATION_ON_IMAGE
            ground = frame if on_image else Image.new("RGB", frame.size)
            advance(1)
            return draw(item, collection, view, ground, (None, None), number, palette)

        source = Path(on if on is not None else str(item.download(Path(beside, "content.film"))))
        repaint(source, Path(beside, "whole"), painted)
        os.replace(Path(beside, "whole"), target)  # noqa: PTH105 - it says that it replaces
    return str(target)


def _put(target: Path, content: bytes) -> str:
    """Write a file, whole or not at all."""
    with replacing(target) as whole:
        whole.write_bytes(content)
    return str(target)


def _target(path: Path, item: Item, ending: str) -> Path:
    return path if path.suffix and not path.is_dir() else path / (Path(item.name).stem + ending)


def _content(item: Item, on: str | Path | None) -> Image.Image:
    """The picture to draw on, the right way up."""
    with TemporaryDirectory() as place:
        path = Path(on if on is not None else str(item.download(Path(place, "content.image"))))
        try:
            with opened(path) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise BadRequest("400", f"A picture to draw on has at most {MOST_PIXELS:,} pixels")
                upright: Image.Image = ImageOps.exif_transpose(picture).convert("RGBA")
        except FileNotFoundError:
            raise
        except BROKEN as error:
            name = item.filename if on is None else str(on)
            raise OSError(f"{name!r} is no picture that can be drawn on: {error}") from error
    return upright


def _picture(
    item: Item,
    chosen: ViewAnnotationOptions,
    image: Any,
    size: tuple[int | None, int | None],
    ground: Ink,
) -> Image.Image:
    mode = "I" if chosen in _NUMBERED else "RGBA"
    if image is None:
        return Image.new(mode, _size(item, size), ground)
    if isinstance(image, Image.Image) and image.mode not in _DEEP:
        return image.convert(mode)
    array = numpy().asarray(image)
    flat = array.ndim == len("yx")
    if mode == "I" and not flat:
        raise BadRequest("400", f"Numbers are drawn on an array of rows; this one's shape is {array.shape}")
    if not flat and (array.ndim != len("yxc") or array.shape[2] not in {3, 4}):
        message = f"Give an array of rows of grey, RGB or RGBA pixels; this one's shape is {array.shape}"
        raise BadRequest("400", message)
    return Image.fromarray(whole(array, "int32" if mode == "I" else "uint8")).convert(mode)


def _size(item: Item, given: tuple[int | None, int | None]) -> tuple[int, int]:
    """Width and height of a new picture: the right way up."""
    system = item.system
    height, width = system.get("height"), system.get("width")
    exif = system.get("exif")
    if isinstance(exif, Mapping) and exif.get("Orientation") in _TURNED:
        height, width = width, height
    height, width = (
        found if wanted is None else wanted for wanted, found in zip(given, (height, width), strict=True)
    )
    if not isinstance(height, int | float) or not isinstance(width, int | float) or min(height, width) < 1:
        raise BadRequest("400", "The item has no size: give height and width, in pixels")
    if height * width > MOST_PIXELS:
        raise BadRequest("400", f"A picture has at most {MOST_PIXELS:,} pixels")
    return int(width), int(height)


#: The colour of a label that is only written.
_RED: Final = (255, 0, 0, 255)


def drawn_on(
    image: Any,
    size: tuple[int | None, int | None],
    definition: Definition,
    color: Any,
    thickness: int | None,
    alpha: float,
    *,
    with_text: bool,
) -> Any:
    """See :meth:`localloop.sdk.definition.Definition.show`."""
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha should be between 0 and 1: {alpha!r}")
    numbers = isinstance(color, int)
    ink: Ink = color if numbers else _opaque(color)
    if image is None and (not size[0] or not size[1]):
        raise BadRequest(
            "400", "Give the picture to draw on, or the height and width of a new one, in pixels"
        )
    caption = _caption(definition) if with_text else None
    where = definition.to_coordinates()
    if numbers:
        array = checked(_new(size, color) if image is None else image, numbers=True)
        flags = paint(_blank(array, "I"), [Mark(definition.type, where, 1, caption)], thickness=thickness)
        return numbered(array, numpy().array(flags) == 1, color)
    array = checked(numpy().zeros((*size, 4), "uint8") if image is None else image, numbers=False)
    mark = Mark(definition.type, where, ink, caption)
    return covered(array, paint(_blank(array, "RGBA"), [mark], thickness=thickness, alpha=alpha))


def written_on(image: Any, definition: Definition) -> Any:
    """See :meth:`localloop.sdk.definition.Definition.add_text_to_image`."""
    array = checked(image, numbers=False)
    layer = _blank(array, "RGBA")
    write(layer, Mark(definition.type, definition.to_coordinates(), _RED, _caption(definition)))
    return covered(array, layer)


def _new(size: tuple[int | None, int | None], number: int) -> Any:
    """An empty array of numbers, of the least type that can hold one of them."""
    return numpy().zeros(
        size, "uint8" if 0 <= number < _BYTE else "uint16" if 0 <= number < _WORD else "int32"
    )


def _blank(array: Any, mode: str) -> Image.Image:
    """A picture of an array's size that shows nothing."""
    return Image.new(mode, (array.shape[1], array.shape[0]))


def _seen(annotation: Annotation, frame: int | None) -> Definition | None:
    """What an annotation says in a frame; None when it is not to be seen there."""
    if not annotation.is_video or frame is None:
        return annotation.annotation_definition
    if frame not in annotation.frames:
        return None
    state = annotation.frames[frame]
    return state.annotation_definition if state.object_visible else None


def _caption(definition: Definition) -> str:
    attributes = definition.attributes or {}
    if isinstance(attributes, Mapping):
        values = [
            ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for value in attributes.values()
        ]
    else:
        values = list(attributes)
    return " - ".join([definition.label or "", *values])


def _opaque(color: Sequence[int]) -> tuple[int, ...]:
    numbers = tuple(int(value) for value in color)
    if len(numbers) not in {3, 4} or not all(0 <= value < _BYTE for value in numbers):
        raise BadRequest("400", f"A color is three numbers from 0 to 255: {color!r}")
    return (*numbers, 255)[:4]


def _opaque_or_nothing(known: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    return _opaque(known[_GROUND]) if _GROUND in known else (0, 0, 0, 0)


def _array(picture: Image.Image) -> Any:
    array = numpy().array(picture)
    if picture.mode != "I":
        return array
    most = int(array.max(initial=0))
    return array.astype("uint8" if most < _BYTE else "uint16" if most < _WORD else "int32")
