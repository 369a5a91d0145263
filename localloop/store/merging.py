"""Merging datasets into a new one.

What the platform does where datasets disagree is not known. Here nothing is lost: an item that is the same file at the
same path in several datasets becomes one item, with the annotations of all (what says the same, once) and the metadata
of all (the first dataset's value where two differ); another file at the same path is put beside it. Where the datasets
have different recipes, the new one gets a recipe of its own, with the labels and attributes of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localloop.store import copies, items
from localloop.store.annotations import content_hash
from localloop.store.copies import Wish
from localloop.store.datasets import create_dataset
from localloop.store.recipes import create_ontology, create_recipe, recipes_of
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_rows


def new_merged(tx: Transaction, project: Row, name: str, sources: Sequence[Row]) -> Row:
    """A dataset for what several datasets have.

    Args:
        tx: The user action.
        project: Where it is to be.
        name: Its name.
        sources: The datasets; where their recipes differ, it gets one with the labels and attributes of all.

    Raises:
        BadRequest: There is a dataset of that name.
    """
    recipe = _recipe(tx, project, name, list(sources))
    return create_dataset(tx, project, name, recipe_id=recipe, default_recipe=recipe is None)


def merge_items(tx: Transaction, target: Row, parts: Iterable[list[Row]], wish: Wish) -> None:
    """Add the items of one dataset to the merged one.

    Args:
        tx: The user action.
        target: The merged dataset.
        parts: The items, some at a time.
        wish: What comes along.

    Raises:
        BlobMissingError: The content of an item is not here.
    """
    for rows in parts:
        _add(tx, target, rows, wish)


def _add(tx: Transaction, target: Row, rows: list[Row], wish: Wish) -> None:
    """Add a dataset's items to the new one."""
    fresh: list[tuple[Row, str]] = []
    for row in rows:
        there = items.find_item(tx.connection, target["id"], row["filename"])
        same = there is not None and there["type"] == "file" and there["digest"] == row["digest"] is not None
        if there is None or not same:
            fresh.append((row, row["filename"]))
        else:
            _join(tx, there, row, wish)
    copies.copy_items(tx, target, fresh, wish)


def _join(tx: Transaction, there: Row, row: Row, wish: Wish) -> None:
    """Add what another dataset knows of the same file."""
    if wish.metadata:
        own, other = (to_document(EntityKind.ITEM, one)["metadata"] for one in (there, row))
        items.update_item(tx, there, {"metadata": _filled(own, other)}, system=True)
    if wish.annotations:
        known = frozenset(
            content_hash(to_document(EntityKind.ANNOTATION, one))
            for one in tx.rows(EntityKind.ANNOTATION, item_id=there["id"])
        )
        copies.copy_annotations(tx, row, there, wish, known=known)


def _filled(own: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """An object with the keys of another that it lacks, at any depth."""
    result = dict(own)
    for key, value in other.items():
        if key not in own:
            result[key] = value
        elif isinstance(own[key], Mapping) and isinstance(value, Mapping):
            result[key] = _filled(own[key], value)
    return result


def _recipe(tx: Transaction, project: Row, name: str, sources: list[Row]) -> str | None:
    """The recipe of the new dataset: the one that all have, or a new one; None when no dataset has any."""
    ids = list(dict.fromkeys(one for source in sources for one in recipes_of(tx, source)[:1]))
    if len(ids) < 2:
        return ids[0] if ids else None
    found = get_rows(tx.connection, EntityKind.RECIPE, ids)
    recipes = [found[one] for one in ids]
    labels: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for ontology in _ontologies(tx, recipes):
        labels = {**ontology["labels"], **labels}
        attributes = {**ontology["attributes"], **attributes}
    made = create_ontology(tx, project["id"], f"{name} Merged Ontology")
    document = to_document(EntityKind.ONTOLOGY, made)
    tx.update(EntityKind.ONTOLOGY, made, {**document, "labels": labels, "attributes": attributes})
    settings = recipes[0]["settings"]
    return str(create_recipe(tx, project["id"], f"{name} Merged Recipe", [made["id"]], **settings)["id"])


def _ontologies(tx: Transaction, recipes: list[Row]) -> list[Row]:
    ids = list(dict.fromkeys(one for recipe in recipes for one in recipe["ontologies"] or []))
    found = get_rows(tx.connection, EntityKind.ONTOLOGY, ids)
    return [found[one] for one in ids if one in found and found[one]["deleted_at"] is None]
