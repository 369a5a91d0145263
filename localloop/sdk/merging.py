"""Masks of the same thing, merged into one as they are uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest
from localloop.media.arrays import numpy
from localloop.sdk.annotation import Annotation
from localloop.sdk.filters import Filters, FiltersResource
from localloop.sdk.segmentation import Segmentation
from localloop.sdk.shape import shaped
from localloop.store.annotations import add_annotations, update_annotation
from localloop_schema.kinds import EntityKind

if TYPE_CHECKING:
    from localloop.sdk.item import Item

_Thing = tuple[str | None, str | None]


def merge_and_store(item: Item, annotations: Sequence[Annotation]) -> list[Annotation]:
    """Store annotations; masks with the same label and object id become one, with the one that the item has.

    Args:
        item: Their item.
        annotations: New annotations.

    Returns:
        What then is stored of them, each once.

    Raises:
        BadRequest: The item has several such masks already, or an image is no mask; then nothing is stored.
        ExtraMissingError: The extra ``annotations`` is not installed.
    """
    there = _masks_of(item)
    kept: list[Annotation] = []
    grown: dict[_Thing, Annotation] = {}
    for one in annotations:
        if not isinstance(one.annotation_definition, Segmentation):
            kept.append(one)
            continue
        thing = _thing(one)
        if len(there.get(thing, ())) > 1:
            raise BadRequest("400", f"The item has several masks to merge with: label {thing[0]!r}")
        into = grown.get(thing) or next(iter(there.get(thing, ())), None)
        if into is None:
            into = one
        else:
            into.annotation_definition.geo = _both(into.geo, one.geo)  # type: ignore[attr-defined]  # a mask
        if thing not in grown:
            grown[thing] = into
            kept.append(into)
    store = item._store  # noqa: SLF001 - entities of one package
    fresh = [one for one in kept if not one.id]
    old = [one for one in kept if one.id]
    with store.transaction(f"add {len(annotations)} annotations, merging masks") as tx:
        rows = add_annotations(tx, tx.row(EntityKind.ITEM, item.id), [one.to_json() for one in fresh])
        for one in old:
            row = tx.row(EntityKind.ANNOTATION, str(one.id))
            rows.append(update_annotation(tx, row, one._changes(), system=True))  # noqa: SLF001 - as above
    for one, stored in zip(fresh + old, shaped(store, EntityKind.ANNOTATION, rows), strict=True):
        one._take(stored)  # noqa: SLF001 - as above
    return kept


def _masks_of(item: Item) -> dict[_Thing, list[Annotation]]:
    filters = Filters(resource=FiltersResource.ANNOTATION, use_defaults=False)
    filters.add("type", Segmentation.type)
    found: dict[_Thing, list[Annotation]] = {}
    for one in item.annotations.list(filters=filters):
        found.setdefault(_thing(one), []).append(one)
    return found


def _thing(annotation: Annotation) -> _Thing:
    return annotation.label, annotation.object_id


def _both(one: Any, other: Any) -> Any:
    """Two masks as one that is large enough for both."""
    np = numpy()
    whole = np.zeros((max(one.shape[0], other.shape[0]), max(one.shape[1], other.shape[1])), dtype=np.uint8)
    for mask in (one, other):
        whole[: mask.shape[0], : mask.shape[1]] |= mask
    return whole
