"""Datasets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from localloop.errors import BadRequest
from localloop.store.labels import upsert_labels
from localloop.store.patch import json_object, patch_derived, patch_metadata
from localloop.store.recipes import create_ontology, create_recipe
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, live_rows, table


def create_dataset(
    tx: Transaction,
    project: Row,
    name: str,
    *,
    recipe_id: str | None = None,
    default_recipe: bool = True,
    labels: Iterable[Mapping[str, Any]] | None = None,
    attributes: Iterable[Mapping[str, Any]] | None = None,
    expiration_options: Mapping[str, Any] | None = None,
    index_driver: str = "v1",
    **facts: Any,
) -> Row:
    """Create a dataset, and unless told otherwise a recipe and an ontology for it.

    Args:
        tx: The user action.
        project: Its project's row.
        name: Its name, unlike that of every other dataset in the project.
        recipe_id: A recipe that is there already, by either id; no other is then made.
        default_recipe: Whether to make a recipe when neither ``labels`` nor ``attributes`` ask for one.
        labels: Labels of the new ontology, as :func:`localloop.store.labels.upsert_labels` takes them.
        attributes: Attributes of the new ontology, as on the wire.
        expiration_options: ``{"itemMaxDays": n}``.
        index_driver: ``v1`` or ``v2``.
        facts: Further columns of the row, such as ``id`` or ``system``.

    Returns:
        The dataset's row.

    Raises:
        BadRequest: The name is empty, or taken.
        NotFound: There is no such recipe.
    """
    _check_name(tx, project["id"], name)
    recipes: list[str] = []
    if recipe_id is not None:
        recipes = [tx.row(EntityKind.RECIPE, recipe_id)["id"]]
    elif default_recipe or labels is not None or attributes is not None:
        ontology = create_ontology(tx, project["id"], f"{name} Default Ontology", attributes=attributes or ())
        if labels:
            upsert_labels(tx, ontology, list(labels))
        recipes = [create_recipe(tx, project["id"], f"{name} Default Recipe", [ontology["id"]])["id"]]
    document: dict[str, Any] = {"name": name, "recipes": recipes, "readonly": False, "metadata": {}}
    if expiration_options:
        document["expirationOptions"] = dict(expiration_options)
    return tx.create(
        EntityKind.DATASET,
        document,
        {EntityKind.PROJECT: project["id"]},
        facts={"index_driver": index_driver, **facts},
    )


def update_dataset(tx: Transaction, dataset: Row, patch: Mapping[str, Any], *, system: bool = False) -> Row:
    """Change a dataset by a merge patch of its wire object; read-only keys are ignored.

    Args:
        tx: The user action.
        dataset: The dataset's row.
        patch: ``name``, ``readonly``, ``expirationOptions``, ``metadata``; with ``system`` also
            ``metadata.system.recipes``, the dataset's recipes, and ``metadata.system.collections``.
        system: Whether ``metadata.system`` may be touched.

    Returns:
        The row as it then is.

    Raises:
        BadRequest: The name is empty, or taken.
        NotFound: There is no such recipe.
    """
    document = to_document(EntityKind.DATASET, dataset)
    if patch.get("name") is not None and patch["name"] != dataset["name"]:
        _check_name(tx, dataset["project_id"], patch["name"])
        document["name"] = patch["name"]
    if patch.get("readonly") is not None:
        document["readonly"] = bool(patch["readonly"])
    if "expirationOptions" in patch:
        document["expirationOptions"] = patch["expirationOptions"]
    document["metadata"] = patch_metadata(document["metadata"], patch.get("metadata"), system=False)
    own = json_object((patch.get("metadata") or {}).get("system") if system else None, "metadata.system")
    if "collections" in own:
        given = {"system": {"collections": own.pop("collections")}}
        document["metadata"] = patch_metadata(document["metadata"], given, system=True)
    recipes = own.pop("recipes", None)
    if recipes is not None:
        document["recipes"] = [tx.row(EntityKind.RECIPE, one)["id"] for one in recipes]
    updated = tx.update(EntityKind.DATASET, dataset, document)
    return patch_derived(tx, EntityKind.DATASET, updated, own)


def find_dataset(connection: Connection, project_id: str, name: str) -> Row | None:
    """The live dataset of this name in a project, or None; the oldest one where a pull brought several."""
    return next(iter(live_rows(connection, EntityKind.DATASET, project_id=project_id, name=name)), None)


def _check_name(tx: Transaction, project_id: str, name: Any) -> None:
    if not isinstance(name, str) or not name.strip():
        raise BadRequest("400", "A dataset needs a name")
    if find_dataset(tx.connection, project_id, name) is not None:
        raise BadRequest("400", f"Dataset already exists. Name: {name!r}")


@dataclass(frozen=True, slots=True)
class DatasetCounts:
    """How many files a dataset has, how many of them are annotated, and how many annotations there are."""

    items: int
    annotated: int
    annotations: int


def counts_of(connection: Connection, dataset_ids: Sequence[str]) -> dict[str, DatasetCounts]:
    """The counts of datasets, by local id, in two queries whatever their number."""
    items, annotations = table(EntityKind.ITEM).c, table(EntityKind.ANNOTATION).c
    files = {
        row[0]: row[1]
        for row in connection.execute(
            select(items.dataset_id, func.count())
            .where(items.dataset_id.in_(dataset_ids), items.deleted_at.is_(None), items.type == "file")
            .group_by(items.dataset_id)
        )
    }
    marks = {
        row[0]: (row[1], row[2])
        for row in connection.execute(
            select(annotations.dataset_id, func.count(annotations.item_id.distinct()), func.count())
            .where(annotations.dataset_id.in_(dataset_ids), annotations.deleted_at.is_(None))
            .group_by(annotations.dataset_id)
        )
    }
    return {one: DatasetCounts(files.get(one, 0), *marks.get(one, (0, 0))) for one in dataset_ids}
