"""From an annotation on the wire to the definition of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localloop.errors import BadRequest
from localloop.sdk.definition import Definition, UndefinedAnnotationType
from localloop.sdk.definitions import Box, Classification, Ellipse, Point, Polygon, Polyline
from localloop.sdk.segmentation import Segmentation
from localloop.sdk.solids import Cube, Cube3d, Gis, Pose
from localloop.sdk.words import Comparison, Description, FreeText, Note, RefImage, Subtitle, Text

#: The class of each type.
CLASSES: Final[Mapping[str, type[Definition]]] = {
    one.type: one
    for one in (
        Box,
        Classification,
        Comparison,
        Cube,
        Cube3d,
        Description,
        Ellipse,
        FreeText,
        Gis,
        Note,
        Point,
        Polygon,
        Polyline,
        Pose,
        RefImage,
        Segmentation,
        Subtitle,
        Text,
    )
}


def definition_of(json: Mapping[str, Any]) -> Definition:
    """The definition that an annotation has.

    Args:
        json: The annotation as on the wire, or a snapshot with its ``type``.

    Returns:
        A definition of its type's class; an :class:`UndefinedAnnotationType`, which keeps everything as it is,
        where the type has no class, or the coordinates are not the type's.
    """
    known = CLASSES.get(str(json.get("type")))
    if known is not None:
        try:
            return known.from_json(json)
        except BadRequest:
            pass  # somebody else's coordinates, which are to survive
    return UndefinedAnnotationType.from_json(json)
