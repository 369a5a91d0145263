"""The bodies of requests that create and change entities (docs/platform/wire.md, sections 2 to 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop.platform.labels import to_names, to_roots
from localloop.store.recipes import SETTINGS, joined_ontology
from localloop_schema.documents import Document

Body = dict[str, Any]

#: What the platform's own studio sets on a new recipe.
_UI_SETTINGS = {"allowObjectIdAutoAssign": True, "studioV2App": True}


def new_ontology(project: str, document: Document) -> Body:
    """The body that creates an ontology; attributes that are more than names follow in a call of their own.

    Args:
        project: The project.
        document: The ontology's document.

    Returns:
        The body.
    """
    title = {"title": document["title"]} if document.get("title") else {}
    labels = to_roots(document.get("labels") or {})
    names = to_names(document.get("attributes") or {})
    return {"roots": labels, "projectIds": [project], "attributes": names, **title}


def new_recipe(project: str, document: Document) -> Body:
    """The body that creates a recipe.

    Args:
        project: The project.
        document: The recipe's document.

    Returns:
        The body.
    """
    body: Body = {
        "title": document.get("title", ""),
        "projectIds": [project],
        "ontologyIds": document.get("ontologies", []),
        "uiSettings": _UI_SETTINGS,
        **(document.get("settings") or {}),
    }
    if document.get("description"):
        body["description"] = document["description"]
    return joined_ontology(body, body["ontologyIds"]) | _metadata(document)


def new_dataset(project: str, document: Document) -> Body:
    """The body that creates a dataset; :func:`dataset_change` says what has to follow.

    Args:
        project: The project.
        document: The dataset's document.

    Returns:
        The body.
    """
    body: Body = {
        "name": document["name"],
        "projects": [project],
        "createDefaultRecipe": not document.get("recipes"),
    }
    if document.get("expirationOptions"):
        body["expirationOptions"] = document["expirationOptions"]
    return body


def dataset_change(patch: Document) -> Body:
    """The body that changes a dataset.

    Args:
        patch: What differs in the document.

    Returns:
        The body; empty when nothing is left to say.
    """
    body: Body = {key: patch[key] for key in ("name", "readonly", "expirationOptions") if key in patch}
    metadata = patch.get("metadata") or {}
    if "recipes" in patch:
        system = {**(metadata.get("system") or {}), "recipes": patch["recipes"] or []}
        metadata = {**metadata, "system": system}
    if metadata:
        body["metadata"] = {"system": {}, **metadata}
    return body


def recipe_change(patch: Document, document: Document) -> Body:
    """The body that changes a recipe.

    A setting that is an object is sent whole, with nulls for what it lost: that says the same whether the
    platform merges it or replaces it.

    Args:
        patch: What differs in the document.
        document: The document that it shall have.

    Returns:
        The body.
    """
    body: Body = {key: patch[key] for key in ("title", "description") if key in patch}
    if "ontologies" in patch:
        body["ontologyIds"] = patch["ontologies"] or []
    settings = document.get("settings") or {}
    changed = patch.get("settings", {})
    for key, value in (dict.fromkeys(SETTINGS) if changed is None else changed).items():
        whole = settings.get(key)
        body[key] = {**whole, **value} if isinstance(whole, Mapping) and isinstance(value, Mapping) else value
    if patch.get("metadata"):
        body["metadata"] = {"system": {}, **patch["metadata"]}
    return joined_ontology(body, document.get("ontologies") or [])


def new_annotation(dataset: str | None, item: str, document: Document) -> Body:
    """The body that creates an annotation.

    Args:
        dataset: The dataset.
        item: The item.
        document: The annotation's document.

    Returns:
        The body; whatever the document lacks the platform assigns.
    """
    body: Body = {"itemId": item, "source": "sdk", **document}
    if dataset:
        body["datasetId"] = dataset
    return {**body, "metadata": {"system": {}, **(document.get("metadata") or {})}}


def new_task(parents: Mapping[str, str], owner: str, document: Document) -> Body:
    """The body that creates a task.

    Args:
        parents: ``projectId``, ``datasetId`` and ``recipeId``.
        owner: Who owns it when the document does not say.
        document: The task's document.

    Returns:
        The body.
    """
    optional = ("dueDate", "availableActions")
    return {
        "name": document["name"],
        "query": document.get("query", "{}"),
        "taskOwner": document.get("taskOwner") or owner,
        "spec": document.get("spec") or {"type": "annotation"},
        **parents,
        "assignmentIds": [],
        "asynced": True,
        "priority": document.get("priority", 2),
        "workload": document.get("workload", []),
        **{key: document[key] for key in optional if document.get(key)},
        **_metadata(document),
    }


def task_change(patch: Document) -> Body:
    """The body that changes a task: only what differs, though the platform insists on a ``metadata``.

    Args:
        patch: What differs in the document.

    Returns:
        The body.
    """
    return {**patch, "metadata": patch.get("metadata") or {}}


def touches_system(patch: Document) -> bool:
    """Whether a patch writes ``metadata.system``, which the platform allows only when asked to.

    Args:
        patch: What differs in the document.

    Returns:
        True when it does, also by removing all metadata.
    """
    metadata = patch.get("metadata", {})
    return metadata is None or "system" in metadata


def system_flag(needed: bool) -> dict[str, str]:
    """The query that allows a request to write ``metadata.system``.

    Args:
        needed: Whether it does.

    Returns:
        The query.
    """
    return {"system": "true"} if needed else {}


def _metadata(document: Document) -> Body:
    metadata = document.get("metadata")
    return {"metadata": {"system": {}, **metadata}} if metadata else {}
