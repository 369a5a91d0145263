"""What labels look like in pictures: their colours, and their numbers."""

from __future__ import annotations

from dataclasses import dataclass

from localloop.errors import NotFound
from localloop.sdk.labels import DatasetLabels
from localloop.store import Store
from localloop.store.labels import colour_of

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Colors:
    """The labels of a dataset as they are drawn.

    Attributes:
        known: Dotted tag → red, green and blue, from 0 to 255.
    """

    known: dict[str, Color]

    def of(self, label: str) -> Color:
        """The colour of a label; one that the dataset does not have gets that which it would get."""
        return self.known.get(label) or _chosen(label)

    @property
    def numbers(self) -> dict[str, int]:
        """Dotted tag → the number in instance masks: in the order of the tags, from 1 on."""
        return {tag: number for number, tag in enumerate(sorted(self.known), start=1)}


def colors(store: Store, dataset_id: str | None) -> Colors:
    """The labels of a dataset as they are drawn; none when it has no recipe."""
    if dataset_id is None:
        return Colors({})
    try:
        labels = DatasetLabels(store, dataset_id).list().flat
    except NotFound:
        return Colors({})
    return Colors({tag: _chosen(tag) if label.color is None else label.rgb for tag, label in labels.items()})


def _chosen(tag: str) -> Color:
    text = colour_of(tag)
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
