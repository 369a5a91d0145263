"""Labels as scripts see them, and the labels of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest
from localloop.store import Store
from localloop.store.labels import colour, delete_labels, roots_of, upsert_labels
from localloop.store.recipes import ontology_of
from localloop.store.transaction import Transaction
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.sdk.recipes import Ontology


@dataclass
class Label:
    """A label of a recipe.

    Attributes:
        tag: Its tag, without those of its ancestors.
        display_data: What it is shown with, such as an icon.
        color: Its colour: ``#rrggbb``, ``rgb(r,g,b)`` or three numbers; None lets the store choose one.
        display_label: The text that people see.
        attributes: Attributes in the old style: names.
        children: The labels below it.
    """

    tag: str
    display_data: dict[str, Any] = field(default_factory=dict)
    color: str | Sequence[int] | None = None
    display_label: str | None = None
    attributes: list[str] = field(default_factory=list)
    children: list[Label] = field(default_factory=list)

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour as three numbers."""
        text = colour(self.color)
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)

    def to_root(self) -> dict[str, Any]:
        """The label as a node of the wire's tree (docs/platform/wire.md, 6.2)."""
        return {
            "value": {
                "tag": self.tag,
                "color": self.color,
                "displayLabel": self.display_label,
                "attributes": self.attributes,
                "displayData": self.display_data,
            },
            "children": [child.to_root() for child in self.children],
        }

    @classmethod
    def from_root(cls, root: Mapping[str, Any]) -> Label:
        """The label of a node of the wire's tree."""
        value = root["value"]
        return cls(
            tag=value["tag"],
            display_data=dict(value.get("displayData") or {}),
            color=value.get("color"),
            display_label=value.get("displayLabel"),
            attributes=list(value.get("attributes") or []),
            children=[cls.from_root(child) for child in root.get("children") or []],
        )


class LabelList(list[Label]):
    """Labels of the uppermost level, each with those below it."""

    @property
    def flat(self) -> dict[str, Label]:
        """Every label by its dotted tag."""
        return dict(_flat("", self))


def _flat(prefix: str, labels: Iterable[Label]) -> Iterable[tuple[str, Label]]:
    for label in labels:
        yield prefix + label.tag, label
        yield from _flat(f"{prefix}{label.tag}.", label.children)


class DatasetLabels:
    """The labels of a dataset: those of its first recipe's first ontology, unless another is named.

    Args:
        store: Where they are.
        dataset_id: The dataset.
    """

    def __init__(self, store: Store, dataset_id: str) -> None:
        self._store = store
        self._dataset_id = dataset_id

    def list(self) -> LabelList:
        """The labels as a tree.

        Raises:
            NotFound: The dataset has no recipe.
        """
        with self._store.reading() as connection:
            dataset = self._store.get(EntityKind.DATASET, self._dataset_id)
            labels = ontology_of(connection, dataset)["labels"] if dataset is not None else {}
        return _as_list(labels)

    def upsert(
        self, nodes: Sequence[Any], *, upsert: bool, recipe_id: str | None, ontology_id: str | None
    ) -> LabelList:
        """Add or change labels, all in one operation.

        Args:
            nodes: Labels, tags, or parts of labels.
            upsert: Whether labels that are not there may be added.
            recipe_id: Another recipe of the dataset.
            ontology_id: Another ontology.

        Returns:
            All labels of the ontology.

        Raises:
            BadRequest: A label makes no sense.
            NotFound: ``upsert`` is false and a label is not there.
        """
        wanted = [node_of(one) for one in nodes]
        with self._store.transaction(f"label {', '.join(str(node['tag']) for node in wanted)}") as tx:
            ontology = upsert_labels(tx, self._ontology(tx, recipe_id, ontology_id), wanted, upsert=upsert)
        return _as_list(ontology["labels"])

    def delete(self, tags: Iterable[str | Label]) -> None:
        """Remove labels and all below them, in one operation; one that is not there is no error."""
        names = [one.tag if isinstance(one, Label) else one for one in tags]
        with self._store.transaction(f"delete labels {', '.join(names)}") as tx:
            delete_labels(tx, self._ontology(tx, None, None), names)

    def ontology(self, recipe_id: str | None = None, ontology_id: str | None = None) -> Ontology:
        """The ontology that the labels are in.

        Args:
            recipe_id: Another recipe of the dataset.
            ontology_id: Another ontology.
        """
        from localloop.sdk.recipes import Ontologies  # noqa: PLC0415 - ontologies have labels

        with self._store.transaction("look at an ontology", dry_run=True) as tx:
            found = self._ontology(tx, recipe_id, ontology_id)["id"]
        return Ontologies(self._store).get(found)

    def _ontology(self, tx: Transaction, recipe_id: str | None, ontology_id: str | None) -> Row:
        if ontology_id is not None:
            return tx.row(EntityKind.ONTOLOGY, ontology_id)
        dataset = tx.row(EntityKind.DATASET, self._dataset_id)
        if recipe_id is not None:
            dataset = {**dataset, "recipes": [tx.row(EntityKind.RECIPE, recipe_id)["id"]]}
        return ontology_of(tx.connection, dataset)


def node_of(label: Any) -> dict[str, Any]:
    """A label in whatever form it was given, as the store takes it.

    Args:
        label: A dotted tag; a :class:`Label`; its parts by name (``tag`` or ``label_name``, ``color``,
            ``display_label``, ``attributes``, ``children``); or a node of the wire's tree.

    Raises:
        BadRequest: It is none of these.
    """
    if isinstance(label, str):
        return {"tag": label}
    if isinstance(label, Label):
        parts: Mapping[str, Any] = vars(label)
    elif isinstance(label, Mapping):
        inner = label.get("value")
        parts = {**inner, "children": label.get("children")} if isinstance(inner, Mapping) else label
    else:
        raise BadRequest("400", f"A label is text, a Label or a dictionary, not {type(label).__name__}")
    node = {
        "tag": parts.get("tag") or parts.get("label_name"),
        "color": parts.get("color"),
        "displayLabel": parts.get("display_label") or parts.get("displayLabel"),
        "attributes": parts.get("attributes") or None,
        "displayData": parts.get("display_data") or parts.get("displayData") or {},
        "children": [node_of(child) for child in parts.get("children") or []],
    }
    return {key: value for key, value in node.items() if value is not None}


def one_label(
    name: str | None,
    color: Any,
    children: Sequence[Any] | None,
    attributes: Sequence[str] | None,
    display_label: str | None,
    label: Label | None,
) -> dict[str, Any]:
    """A label by its parts, as the store takes it; ``label`` stands for all of them."""
    if label is not None:
        return node_of(label)
    parts = {
        "tag": name,
        "color": color,
        "children": children,
        "attributes": None if attributes is None else list(attributes),
        "display_label": display_label,
    }
    return node_of(parts)


def _as_list(labels: Mapping[str, Mapping[str, Any]]) -> LabelList:
    return LabelList(Label.from_root(root) for root in roots_of(labels))


__all__ = ["DatasetLabels", "Label", "LabelList", "node_of", "one_label"]
