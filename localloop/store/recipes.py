"""Recipes and ontologies as a whole; single labels are in :mod:`localloop.store.labels`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from localloop.errors import Conflict, NotFound
from localloop.store.attributes import Attributes, attributes_of, replaced
from localloop.store.labels import labels_of, roots_of
from localloop.store.patch import json_object, merge_patch, patch_derived, patch_metadata
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_row, get_rows

#: What a new recipe's ``uiSettings`` are (docs/platform/wire.md, 3.3).
UI_SETTINGS = {"allowObjectIdAutoAssign": True, "studioV2App": True}

#: The keys of a recipe's wire object that make up its ``settings``.
#: The last row is of recipes of the second version, whose ``ontology`` is kept without the id that it names.
SETTINGS = (
    *("instructions", "examples", "customActions", "uiSettings"),
    *("v2", "type", "labelScript", "toolsSettings", "ontology"),
)


def split_ontology(wire: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's wire object with the ontology of a second-version one named where the first version does it."""
    own = wire.get("ontology")
    if not isinstance(own, Mapping):
        return dict(wire)
    named = [own["ontologyId"]] if own.get("ontologyId") else []
    rest = {key: value for key, value in own.items() if key != "ontologyId"}
    return {**wire, "ontology": rest, "ontologyIds": wire.get("ontologyIds") or named}


def joined_ontology(wire: Mapping[str, Any], ontologies: Sequence[str]) -> dict[str, Any]:
    """The inverse of :func:`split_ontology`."""
    own = wire.get("ontology")
    if not isinstance(own, Mapping) or not ontologies:
        return dict(wire)
    return {**wire, "ontology": {**own, "ontologyId": ontologies[0]}}


def create_ontology(
    tx: Transaction,
    project_id: str,
    title: str,
    *,
    roots: Iterable[Mapping[str, Any]] = (),
    attributes: Iterable[Any] | Attributes = (),
    metadata: Mapping[str, Any] | None = None,
) -> Row:
    """Create an ontology.

    Args:
        tx: The user action.
        project_id: The local id of its project.
        title: Its title.
        roots: Its labels, as a tree.
        attributes: Its attributes, as on the wire.
        metadata: Its metadata but for ``system`` and ``attributes``.

    Returns:
        The ontology's row.
    """
    document = {
        "title": title,
        "labels": labels_of(roots),
        "attributes": attributes_of(attributes),
        "metadata": dict(metadata or {}),
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


def clone_recipe(
    tx: Transaction,
    source: Row,
    *,
    shallow: bool = False,
    roots: Sequence[Any] | None = None,
    seen: Callable[[Row], None] = lambda _: None,
    **settings: Any,
) -> Row:
    """Copy a recipe within its project, with copies of its ontologies (docs/platform/wire.md, 6.1).

    Args:
        tx: The user action.
        source: The recipe.
        shallow: Whether the copy names the same ontologies.
        roots: Other labels for the copied ontologies, as a tree.
        seen: Told of each ontology before it is copied; what it raises ends the copying.
        settings: Settings that are to be others.

    Returns:
        The row of the copy.
    """
    ontologies = list(source["ontologies"] or [])
    if not shallow:
        found = (get_row(tx.connection, EntityKind.ONTOLOGY, one) for one in ontologies)
        live = [row for row in found if row is not None and row["deleted_at"] is None]
        for row in live:
            seen(row)
        ontologies = [_copied(tx, source["project_id"], row, roots) for row in live]
    made = create_recipe(
        tx, source["project_id"], source["title"], ontologies, **{**(source["settings"] or {}), **settings}
    )
    return update_recipe(tx, made, {"description": source["description"], "metadata": source["metadata"]})


def _copied(tx: Transaction, project_id: str, ontology: Row, roots: Sequence[Any] | None) -> str:
    """The id of a new ontology that says the same, with other labels if they are given."""
    copy = create_ontology(
        tx,
        project_id,
        ontology["title"],
        roots=roots_of(ontology["labels"]) if roots is None else roots,
        attributes=ontology["attributes"],
        metadata=to_document(EntityKind.ONTOLOGY, ontology)["metadata"],
    )
    return str(copy["id"])


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


def delete_recipe(tx: Transaction, recipe: Row, *, force: bool = False) -> None:
    """Delete a recipe; its ontologies stay.

    Args:
        tx: The user action.
        recipe: The recipe's row.
        force: Whether it may go although datasets use it.

    Raises:
        Conflict: A task uses it, or a dataset does and ``force`` is false.
    """
    # A task cannot be without its recipe: it would go with it, and with it what people did there.
    tasks = tx.rows(EntityKind.TASK, recipe_id=recipe["id"])
    if tasks:
        raise Conflict("409", f"The recipe is used by the task {tasks[0]['name']!r}; delete that first.")
    users = [
        dataset["name"]
        for dataset in tx.rows(EntityKind.DATASET, project_id=recipe["project_id"])
        if recipe["id"] in (dataset["recipes"] or [])
    ]
    if users and not force:
        raise Conflict("409", f"The recipe is used by the dataset {users[0]!r}.")
    tx.delete(EntityKind.RECIPE, recipe)


def replace_ontology(tx: Transaction, ontology: Row, wire: Mapping[str, Any], *, system: bool = False) -> Row:
    """Give an ontology the labels, attributes and title of a wire object; an absent key changes nothing.

    Args:
        tx: The user action.
        ontology: The ontology's row.
        wire: ``roots``, ``attributes`` and ``metadata.attributes``, ``title``, ``metadata``; read-only keys are
            ignored.
        system: Whether ``metadata.system`` may be touched.

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
    document["attributes"] = replaced(
        document.get("attributes") or {}, wire.get("attributes"), metadata.get("attributes")
    )
    if wire.get("title") is not None:
        document["title"] = wire["title"]
    updated = tx.update(EntityKind.ONTOLOGY, ontology, document)
    return patch_derived(tx, EntityKind.ONTOLOGY, updated, metadata.get("system") if system else None)


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


def recipes_of(tx: Transaction, dataset: Row) -> list[str]:
    """The ids of those recipes of a dataset that are still there: it may name some that were deleted."""
    named = dataset["recipes"] or []
    known = get_rows(tx.connection, EntityKind.RECIPE, named)
    return [one for one in named if one in known and known[one]["deleted_at"] is None]
