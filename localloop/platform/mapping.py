"""The wire's JSON as entities (docs/platform/wire.md, 2.2, 3.2, 4.2, 5.2, 6.2 and 7).

Each kind's JSON is first brought into the shape of a document and then through the same columns as a local
row, so that an entity from the platform and its twin here are equal when they say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from localloop.platform.labels import to_attributes, to_labels
from localloop.store.recipes import SETTINGS, split_ontology
from localloop_schema.documents import Document, derived_system, marked_digest, to_columns, to_document
from localloop_schema.kinds import PARENTS, EntityKind
from localloop_schema.refs import tasks_of
from localloop_sync.core.rules import RULES
from localloop_sync.errors import TransientError
from localloop_sync.ports import RemoteEntity

Wire = Mapping[str, Any]
Parents = Mapping[EntityKind, str]

_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def from_wire(kind: EntityKind, wire: Any, parents: Parents | None = None) -> RemoteEntity:
    """An entity from the platform's JSON.

    Args:
        kind: What it is.
        wire: The JSON.
        parents: What the caller knows of its parents; what the JSON says of them goes first.

    Returns:
        The entity.

    Raises:
        TransientError: The JSON does not describe such an entity. It is not skipped, because what is skipped
            looks deleted.
    """
    try:
        said = {parent: name for parent, name in _PARENTS[kind](wire).items() if name}
        known = {**(parents or {}), **said}
        return RemoteEntity(
            kind,
            f"{known[EntityKind.PROJECT]}/{wire['email']}" if kind is EntityKind.MEMBER else _id(wire),
            normal_document(kind, _DOCUMENTS[kind](wire)),
            {parent: known[parent] for parent in PARENTS[kind] if parent in known},
            _facts(kind, wire),
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise TransientError(
            f"The platform's reply does not describe a {kind} ({type(error).__name__}: {error})."
        ) from error


def _id(wire: Wire) -> str:
    if not isinstance(wire["id"], str) or not wire["id"]:
        raise ValueError("it has no id")
    return wire["id"]


def normal_document(kind: EntityKind, document: Document) -> Document:
    """A document in the form that a row of the store would give it.

    Args:
        kind: What it describes.
        document: The document; ``metadata`` may hold what the platform derives.

    Returns:
        The same with every default, and nothing derived.
    """
    return to_document(kind, to_columns(kind, document, {}))


def natural_key(entity: RemoteEntity) -> Any:
    """What names an entity within its parent, by which a create is found again.

    Args:
        entity: The entity.

    Returns:
        The key; None for an annotation that has no ``clientId``.
    """
    value: Any = entity.document
    for key in RULES[entity.kind].key:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def timestamp(value: Any) -> str:
    """A time of the wire as ISO-8601 UTC text with milliseconds and ``Z``.

    Args:
        value: Text, or milliseconds since the epoch, which projects and members may have; or nothing.

    Returns:
        The text; empty for nothing.

    Raises:
        ValueError: It is not a time.
    """
    if value is None or value == "":
        return ""
    if isinstance(value, int | float):
        at = datetime.fromtimestamp(value / 1000, UTC)
    elif _EXACT.fullmatch(value):
        return str(value)
    else:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _present(wire: Wire, *keys: str) -> Document:
    """The keys that are there and not null: an absent one gets its default."""
    return {key: wire[key] for key in keys if wire.get(key) is not None}


def _project(wire: Wire) -> Document:
    return {"name": wire["name"]}


def _member(wire: Wire) -> Document:
    return {"email": wire["email"], "role": wire.get("role") or ""}


def _ontology(wire: Wire) -> Document:
    metadata = {key: value for key, value in (wire.get("metadata") or {}).items() if key != "attributes"}
    return {
        **_present(wire, "title"),
        "labels": to_labels(wire["roots"]),
        "attributes": to_attributes(wire),
        "metadata": metadata,
    }


def _recipe(wire: Wire) -> Document:
    wire = split_ontology(wire)
    return {
        **_present(wire, "title", "description", "metadata"),
        "ontologies": list(wire.get("ontologyIds") or []),
        "settings": _present(wire, *SETTINGS),
    }


def _dataset(wire: Wire) -> Document:
    return {
        **_present(wire, "readonly", "expirationOptions", "metadata"),
        "name": wire["name"],
        "recipes": list(_system(wire).get("recipes") or []),
    }


def _item(wire: Wire) -> Document:
    size = int(_system(wire).get("size") or 0)
    digest = marked_digest(_system(wire), size)
    tasks = tasks_of(_system(wire).get("refs"))
    return {
        **({"tasks": tasks} if tasks else {}),
        **_present(wire, "description", "metadata"),
        "type": wire["type"],
        "filename": wire["filename"],
        "content": {"size": size, **({"digest": digest} if digest else {})},
    }


def _annotation(wire: Wire) -> Document:
    return {
        **_present(wire, "coordinates", "attributes", "description", "source", "metadata"),
        "type": wire["type"],
        "label": wire["label"],
    }


def _task(wire: Wire) -> Document:
    shares = wire.get("workload") or _system(wire).get("workloadDistribution") or []
    optional = ("status", "taskOwner", "dueDate", "spec", "query", "priority", "availableActions", "metadata")
    return {**_present(wire, *optional), "name": wire["name"], "workload": list(shares)}


def _assignment(wire: Wire) -> Document:
    return {**_present(wire, "name", "status", "metadata"), "annotator": wire["annotator"]}


_DOCUMENTS: dict[EntityKind, Callable[[Wire], Document]] = {
    EntityKind.PROJECT: _project,
    EntityKind.MEMBER: _member,
    EntityKind.ONTOLOGY: _ontology,
    EntityKind.RECIPE: _recipe,
    EntityKind.DATASET: _dataset,
    EntityKind.ITEM: _item,
    EntityKind.ANNOTATION: _annotation,
    EntityKind.TASK: _task,
    EntityKind.ASSIGNMENT: _assignment,
}


def _system(wire: Wire) -> Wire:
    return (wire.get("metadata") or {}).get("system") or {}


def _no_parents(_wire: Wire) -> dict[EntityKind, Any]:
    return {}


def _of_projects(wire: Wire) -> dict[EntityKind, Any]:
    names = wire.get("projectIds") or _system(wire).get("projectIds") or [None]
    return {EntityKind.PROJECT: names[0]}


def _of_dataset(wire: Wire) -> dict[EntityKind, Any]:
    return {EntityKind.PROJECT: (wire.get("projects") or [None])[0]}


def _of_task(wire: Wire) -> dict[EntityKind, Any]:
    return {
        EntityKind.PROJECT: wire.get("projectId"),
        EntityKind.DATASET: wire.get("datasetId") or _system(wire).get("datasetId"),
        EntityKind.RECIPE: wire.get("recipeId"),
        EntityKind.TASK: wire.get("taskId") or _system(wire).get("taskId"),
    }


def _of_annotation(wire: Wire) -> dict[EntityKind, Any]:
    return {EntityKind.DATASET: wire["datasetId"], EntityKind.ITEM: wire["itemId"]}


def _of_item(wire: Wire) -> dict[EntityKind, Any]:
    return {EntityKind.DATASET: wire["datasetId"]}


#: What an entity's JSON says of its parents.
_PARENTS: dict[EntityKind, Callable[[Wire], dict[EntityKind, Any]]] = {
    EntityKind.PROJECT: _no_parents,
    EntityKind.MEMBER: _no_parents,
    EntityKind.ONTOLOGY: _of_projects,
    EntityKind.RECIPE: _of_projects,
    EntityKind.DATASET: _of_dataset,
    EntityKind.ITEM: _of_item,
    EntityKind.ANNOTATION: _of_annotation,
    EntityKind.TASK: _of_task,
    EntityKind.ASSIGNMENT: _of_task,
}

#: Facts that are copied as they are, column → wire key.
_COPIED: dict[EntityKind, dict[str, str]] = {
    EntityKind.PROJECT: {"role": "role"},
    EntityKind.DATASET: {
        "index_driver": "indexDriver",
        "access_level": "accessLevel",
        "driver": "driver",
        "src_dataset": "srcDataset",
    },
    EntityKind.ITEM: {
        "hidden": "hidden",
        "spec": "spec",
        "src_item": "srcItem",
        "src_dataset": "srcDataset",
    },
    EntityKind.ANNOTATION: {"hash": "hash"},
}


def _facts(kind: EntityKind, wire: Wire) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "creator": _person(wire.get("creator")),
        "created_at": timestamp(wire.get("createdAt")),
        "updated_at": timestamp(wire.get("updatedAt")),
        "updated_by": _person(wire.get("updatedBy")),
        "derived": derived_system(kind, wire.get("metadata") or {}),
    }
    for column, key in _COPIED.get(kind, {}).items():
        if wire.get(key) is not None:
            facts[column] = wire[key]
    if kind is EntityKind.ITEM:
        facts["mimetype"] = _system(wire).get("mimetype") or ""
    if kind is EntityKind.DATASET:
        facts["system"] = _system(wire).get("scope") == "system"
        # The document holds them, translated to local ids; a second copy would go stale.
        facts["derived"].pop("recipes", None)
    return facts


def _person(value: Any) -> str:
    """An e-mail, also where the wire gives a whole user."""
    if isinstance(value, Mapping):
        value = value.get("email") or value.get("id")
    return str(value or "")
