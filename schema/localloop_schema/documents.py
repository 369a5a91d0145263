"""Rows and documents: the part of an entity that people edit and that sync compares.

A *document* is a JSON object with the wire's own names, holding only what a person may edit. Everything else
in a row (who, when, what the platform derived) is a *fact*: taken from whoever knows it best and never a
conflict. A null inside ``metadata`` is a value: exports of the platform hold some. Only a merge patch reads a null
as "remove the key" (docs/platform/wire.md, 4.3), so one cannot be written to an entity that is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from posixpath import basename, dirname
from typing import Any

from localloop_schema.kinds import EntityKind
from localloop_schema.refs import refs_of, tasks_of

Document = dict[str, Any]
Columns = dict[str, Any]

#: ``metadata.system`` keys of an item that the platform derives or keeps books in; all others are the user's.
DERIVED_ITEM_SYSTEM = frozenset(
    {
        "annotationQueryCount",
        "annotationStatus",
        "bitDepth",
        "channels",
        "deleted",
        "duration",
        "encoding",
        "executionLogs",
        "exif",
        "ffmpeg",
        "fps",
        "height",
        "isBinary",
        "localloop",
        "mimetype",
        "nb_frames",
        "originalPath",
        "originalname",
        "refs",
        "shebang",
        "size",
        "snapshotPartition",
        "taskStatusLog",
        "thumbnailAnnotationsId",
        "thumbnailId",
        "width",
    }
)


#: Those of them that are measured in the content, by the platform or by this program.
MEASURED_ITEM_SYSTEM = frozenset(
    {"channels", "duration", "exif", "ffmpeg", "fps", "height", "nb_frames", "shebang", "width"}
)

#: What the platform derives at the top of an item's ``metadata``: clients read a video's rate there. It stands in
#: ``metadata.system`` too, and is one fact.
DERIVED_ITEM_METADATA = frozenset({"fps"})


def content_mark(digest: str, size: int) -> Document:
    """What stands at ``metadata.system.localloop`` of an item on the platform: the digest of its content.

    The platform itself tells no more than a size (docs/platform/wire.md, 8.4), by which a replacement of the same
    length cannot be seen. So whoever writes content through LocalLoop leaves this beside it.
    """
    return {"blake3": digest, "size": size}


def marked_digest(system: Mapping[str, Any], size: int) -> str | None:
    """The digest in an item's ``metadata.system``, if the mark is about a content of this size.

    A mark of another size was left behind by somebody who replaced the content without knowing of marks.
    """
    mark = system.get("localloop")
    if not isinstance(mark, Mapping) or mark.get("size") != size:
        return None
    digest = mark.get("blake3")
    return digest if isinstance(digest, str) and len(digest) == 64 else None  # hex digits


def _prune(value: Any) -> Any:
    """The same JSON without nulls inside objects (a null is an absent key)."""
    if isinstance(value, dict):
        return {key: _prune(inner) for key, inner in value.items() if inner is not None}
    return value


def _split_metadata(kind: EntityKind, metadata: Mapping[str, Any]) -> tuple[Document, Document]:
    """Metadata as (what people edit, what the platform derives, by its key under ``system``)."""
    derived = _DERIVED[kind]
    at_top = _derived_at_top(kind)
    system = metadata.get("system") or {}
    own = {
        key: value
        for key, value in metadata.items()
        if key != "system" and key not in at_top and value is not None
    }
    kept = {key: value for key, value in system.items() if not derived(key)}
    if kept:
        own["system"] = kept
    facts = {key: value for key, value in system.items() if derived(key)}
    facts |= {key: metadata[key] for key in at_top if metadata.get(key) is not None}
    return own, facts


def _derived_at_top(kind: EntityKind) -> frozenset[str]:
    return DERIVED_ITEM_METADATA if kind is EntityKind.ITEM else frozenset()


#: ``metadata.system`` keys of a task that say how its items are dealt out; the platform derives all others.
OWN_TASK_SYSTEM = frozenset(
    {
        "allowedAssignees",
        "batchSize",
        "consensusAssignees",
        "consensusPercentage",
        "consensusTaskType",
        "maxBatchWorkload",
        "scoring",
    }
)


def _derived_of_task(key: str) -> bool:
    return key not in OWN_TASK_SYSTEM


def _all(_key: str) -> bool:
    return True


def _none(_key: str) -> bool:
    return False


def _not_collections(key: str) -> bool:
    """Of a dataset, people name collections; all else under ``system`` is the platform's."""
    return key != "collections"


_DERIVED: dict[EntityKind, Callable[[str], bool]] = {
    EntityKind.PROJECT: _none,
    EntityKind.MEMBER: _none,
    EntityKind.ONTOLOGY: _all,
    EntityKind.RECIPE: _all,
    EntityKind.DATASET: _not_collections,
    EntityKind.ITEM: DERIVED_ITEM_SYSTEM.__contains__,
    EntityKind.ANNOTATION: _none,
    EntityKind.TASK: _derived_of_task,
    EntityKind.ASSIGNMENT: _all,
}

#: Document key → column, for the fields that are copied as they are.
_FIELDS: dict[EntityKind, dict[str, str]] = {
    EntityKind.PROJECT: {"name": "name"},
    EntityKind.MEMBER: {"email": "email", "role": "role"},
    EntityKind.ONTOLOGY: {"title": "title", "labels": "labels", "attributes": "attributes"},
    EntityKind.RECIPE: {
        "title": "title",
        "description": "description",
        "ontologies": "ontologies",
        "settings": "settings",
    },
    EntityKind.DATASET: {
        "name": "name",
        "recipes": "recipes",
        "readonly": "readonly",
        "expirationOptions": "expiration_options",
    },
    EntityKind.ITEM: {"type": "type", "filename": "filename", "description": "description"},
    EntityKind.ANNOTATION: {
        "type": "type",
        "label": "label",
        "coordinates": "coordinates",
        "attributes": "attributes",
        "description": "description",
        "source": "source",
    },
    EntityKind.TASK: {
        "name": "name",
        "status": "status",
        "taskOwner": "task_owner",
        "dueDate": "due_date",
        "spec": "spec",
        "query": "query",
        "priority": "priority",
        "availableActions": "available_actions",
        "workload": "workload",
    },
    EntityKind.ASSIGNMENT: {"name": "name", "annotator": "annotator", "status": "status"},
}

_HAS_METADATA = frozenset(EntityKind) - {EntityKind.PROJECT, EntityKind.MEMBER}


def to_document(kind: EntityKind, columns: Mapping[str, Any]) -> Document:
    """The document of a row.

    Args:
        kind: What the row is.
        columns: The row's columns by database name (``metadata``, not ``metadata_``).

    Returns:
        A new document whose maps hold no nulls; values that are merged whole (``coordinates``, ``spec``,
        arrays) are as they were, and shared with the row. ``metadata`` is an object wherever a kind has one.
    """
    document: Document = {}
    for key, column in _FIELDS[kind].items():
        value = columns.get(column)
        if value is not None:
            document[key] = _prune(value) if key in {"labels", "attributes", "settings"} else value
    if kind in _HAS_METADATA:
        document["metadata"] = _split_metadata(kind, columns.get("metadata") or {})[0]
    if kind is EntityKind.ITEM:
        tasks = tasks_of(((columns.get("metadata") or {}).get("system") or {}).get("refs"))
        if tasks:
            document["tasks"] = tasks
    if kind is EntityKind.ITEM and columns.get("type", "file") == "file":
        content: Document = {"size": columns.get("size") or 0}
        if columns.get("digest"):
            content["digest"] = columns["digest"]
        document["content"] = content
    return document


def derived_system(kind: EntityKind, metadata: Mapping[str, Any]) -> Document:
    """What the platform derives and no document holds, by its key under ``metadata.system``."""
    return _split_metadata(kind, metadata)[1]


def measured(kind: EntityKind, row: Mapping[str, Any], document: Mapping[str, Any]) -> Document:
    """What is known of an item's content by measuring it, as long as it is still the content of a document.

    The platform measures some time after an upload, or not at all; what is known here stays known until it says more.

    Args:
        kind: What the row is.
        row: The row with what was measured.
        document: The document that the row is about to get.

    Returns:
        Values by their keys under ``metadata.system``; none for anything but an item with that content.
    """
    digest = row.get("digest") if kind is EntityKind.ITEM else None
    if digest is None or (document.get("content") or {}).get("digest") != digest:
        return {}
    derived = derived_system(kind, row.get("metadata") or {})
    return {key: value for key, value in derived.items() if key in MEASURED_ITEM_SYSTEM}


def to_columns(kind: EntityKind, document: Mapping[str, Any], derived: Mapping[str, Any]) -> Columns:
    """The columns that a document determines.

    Args:
        kind: What the entity is.
        document: The document; an absent key becomes null, or the column's empty value.
        derived: What the platform derived (:func:`derived_system`), to keep beside the document's own metadata.

    Returns:
        Column values by database name.
    """
    columns: Columns = {}
    for key, column in _FIELDS[kind].items():
        # A copy, because whoever gets an empty object or array may fill it.
        columns[column] = document[key] if key in document else copy(_EMPTY.get((kind, key)))
    if kind in _HAS_METADATA:
        metadata = dict(document.get("metadata") or {})
        for key in _derived_at_top(kind):
            metadata.pop(key, None)
            if derived.get(key) is not None:
                metadata[key] = derived[key]
        system = {**derived, **(metadata.get("system") or {})}
        if kind is EntityKind.ITEM:
            refs = refs_of(document.get("tasks") or {}, derived.get("refs"))
            if refs or isinstance(system.get("refs"), list):
                system["refs"] = refs
        if system:
            metadata["system"] = system
        columns["metadata"] = metadata
    if kind is EntityKind.ITEM:
        columns["dir"] = dirname(columns["filename"]) or "/"
        columns["name"] = basename(columns["filename"])
        content = document.get("content") or {}
        columns["digest"] = content.get("digest")
        columns["size"] = content.get("size", 0)
    return columns


#: What a column holds when the document has no such key, where null would not do.
_EMPTY: dict[tuple[EntityKind, str], Any] = {
    (EntityKind.ONTOLOGY, "title"): "",
    (EntityKind.ONTOLOGY, "labels"): {},
    (EntityKind.ONTOLOGY, "attributes"): {},
    (EntityKind.RECIPE, "title"): "",
    (EntityKind.RECIPE, "ontologies"): [],
    (EntityKind.RECIPE, "settings"): {},
    (EntityKind.DATASET, "recipes"): [],
    (EntityKind.DATASET, "readonly"): False,
    (EntityKind.ITEM, "type"): "file",
    (EntityKind.ANNOTATION, "attributes"): [],
    (EntityKind.ANNOTATION, "source"): "sdk",
    (EntityKind.TASK, "status"): "open",
    (EntityKind.TASK, "taskOwner"): "",
    (EntityKind.TASK, "spec"): {},
    (EntityKind.TASK, "query"): "{}",
    (EntityKind.TASK, "priority"): 2,
    (EntityKind.TASK, "availableActions"): [],
    (EntityKind.TASK, "workload"): [],
    (EntityKind.ASSIGNMENT, "name"): "",
    (EntityKind.ASSIGNMENT, "status"): "todo",
}
