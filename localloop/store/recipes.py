"""Recipes and ontologies as a whole; single labels are in :mod:`localloop.store.labels`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from localloop.errors import BadRequest, NotFound
from localloop.store.labels import labels_of
from localloop.store.patch import json_object, merge_patch, patch_derived, patch_metadata
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_row

#: What a new recipe's ``uiSettings`` are (docs/platform/wire.md, 3.3).
UI_SETTINGS = {"allowObjectIdAutoAssign": True, "studioV2App": True}

#: The keys of a recipe's wire object that make up its ``settings``.
SETTINGS = ("instructions", "examples", "customActions", "uiSettings")


def create_ontology(
    tx: Transaction,
    project_id: str,
    title: str,
    *,
    roots: Iterable[Mapping[str, Any]] = (),
    attributes: Iterable[Mapping[str, Any]] = (),
) -> Row:
    """Create an ontology.

    Args:
        tx: The user action.
        project_id: The local id of its project.
        title: Its title.
        roots: Its labels, as a tree.
        attributes: Its attributes, as on the wire.

    Returns:
        The ontology's row.
    """
    document = {
        "title": title,
        "labels": labels_of(roots),
        "attributes": _by_key(attributes),
        "metadata": {},
    }
    return tx.create(EntityKind.ONTOLOGY, document, {EntityKind.PROJECT: project_id})


def create_recipe(
    tx: Transaction, project_id: str, title: str, ontologies: Sequence[str], **settings: Any
) -> Row:
    """Create a recipe.

    Args:
        tx: The user action.
        project_id: The local id of its project.
        title: Its title.
        ontologies: Local ids of its ontologies.
        settings: ``instructions``, ``examples``, ``customActions``, ``uiSettings``, where not default.

    Returns:
        The recipe's row.
    """
    document = {
        "title": title,
        "ontologies": list(ontologies),
        "settings": {"uiSettings": dict(UI_SETTINGS), **settings},
        "metadata": {},
    }
    return tx.create(EntityKind.RECIPE, document, {EntityKind.PROJECT: project_id})


def update_recipe(tx: Transaction, recipe: Row, patch: Mapping[str, Any], *, system: bool = False) -> Row:
    """Change a recipe by a merge patch of its wire object; read-only keys are ignored.

    Args:
        tx: The user action.
        recipe: The recipe's row.
        patch: ``title``, ``description``, ``ontologyIds``, the settings' keys, ``metadata``.
        system: Whether ``metadata.system`` may be touched.

    Returns:
        The row as it then is.
    """
    document = to_document(EntityKind.RECIPE, recipe)
    for key in ("title", "description"):
        if key in patch and (patch[key] is not None or key == "description"):
            document[key] = patch[key]
    if patch.get("ontologyIds") is not None:
        document["ontologies"] = [tx.row(EntityKind.ONTOLOGY, one)["id"] for one in patch["ontologyIds"]]
    given = {key: patch[key] for key in SETTINGS if key in patch}
    document["settings"] = merge_patch(document.get("settings") or {}, given)
    document["metadata"] = patch_metadata(document["metadata"], patch.get("metadata"), system=False)
    updated = tx.update(EntityKind.RECIPE, recipe, document)
    own = (patch.get("metadata") or {}).get("system") if system else None
    return patch_derived(tx, EntityKind.RECIPE, updated, own)


def replace_ontology(tx: Transaction, ontology: Row, wire: Mapping[str, Any]) -> Row:
    """Give an ontology the labels, attributes and title of a wire object; an absent key changes nothing.

    Args:
        tx: The user action.
        ontology: The ontology's row.
        wire: ``roots``, ``attributes`` (or ``metadata.attributes``), ``title``; read-only keys are ignored.

    Returns:
        The row as it then is.
    """
    document = to_document(EntityKind.ONTOLOGY, ontology)
    metadata = json_object(wire.get("metadata"), "metadata")
    document["metadata"] = patch_metadata(
        document["metadata"], {key: metadata[key] for key in metadata if key != "attributes"}, system=False
    )
    if wire.get("roots") is not None:
        document["labels"] = labels_of(wire["roots"])
    attributes = metadata.get("attributes")
    if attributes is None:
        attributes = wire.get("attributes")
    if attributes is not None:
        document["attributes"] = _by_key(attributes)
    if wire.get("title") is not None:
        document["title"] = wire["title"]
    return tx.update(EntityKind.ONTOLOGY, ontology, document)


def ontology_of(connection: Connection, dataset: Row) -> Row:
    """The first ontology of a dataset's first recipe: where its labels are.

    Raises:
        NotFound: The dataset has no recipe, or the recipe no ontology.
    """
    recipe_id = next(iter(dataset["recipes"] or ()), None)
    recipe = get_row(connection, EntityKind.RECIPE, recipe_id) if recipe_id else None
    if recipe is None or recipe["deleted_at"] is not None:
        raise NotFound("404", f"Dataset has no recipe. Name: {dataset['name']!r}")
    ontology_id = next(iter(recipe["ontologies"] or ()), None)
    ontology = get_row(connection, EntityKind.ONTOLOGY, ontology_id) if ontology_id else None
    if ontology is None or ontology["deleted_at"] is not None:
        raise NotFound("404", f"Recipe has no ontology. Title: {recipe['title']!r}")
    return ontology


def _by_key(attributes: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(attributes, Mapping):
        return dict(attributes)
    keyed = {}
    for attribute in attributes:
        if not attribute.get("key"):
            raise BadRequest("400", "An attribute needs a key")
        keyed[attribute["key"]] = dict(attribute)
    return keyed
