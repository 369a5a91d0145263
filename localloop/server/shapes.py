"""What bodies must look like, as far as this program relies on it; everything else in them is let through.

A shape is one of the words below, ``[shape]`` for a list of such, or an object of shapes by key. A key may always be
absent or null, and keys that a shape does not name may hold anything.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from localloop.errors import BadRequest


class Word(Enum):
    """A simple shape."""

    TEXT = "text"
    NUMBER = "a number"
    FLAG = "true or false"
    OBJECT = "an object"
    QUERY = "an object, or one as JSON text"
    MANY = "a list, or an object"


TEXT, NUMBER, FLAG, OBJECT, QUERY, MANY = Word
Shape = Word | list[Any] | dict[str, Any]

#: Integers that the database can hold.
_LARGEST = 2**63

METADATA: Shape = {"system": OBJECT}
PROJECT: Shape = {"name": TEXT}
MEMBER: Shape = {"role": TEXT}
DATASET: Shape = {
    "name": TEXT,
    "projects": [TEXT],
    "createDefaultRecipe": FLAG,
    "expirationOptions": OBJECT,
    "indexDriver": TEXT,
    "metadata": {"system": {"recipes": [TEXT]}},
}
ITEM: Shape = {"filename": TEXT, "description": TEXT, "metadata": METADATA}
IMPORTS: Shape = [{"filename": TEXT, "storageId": TEXT, "size": NUMBER}]
MOVE: Shape = {"dqlQuery": QUERY}
BULK: Shape = {
    "resource": TEXT,
    "update": ITEM,
    "delete": FLAG,
    "references": {"operation": TEXT, "refs": [{"type": TEXT, "id": TEXT}]},
}
ANNOTATION: Shape = {
    "type": TEXT,
    "label": TEXT,
    "source": TEXT,
    "description": TEXT,
    "attributes": MANY,
    "metadata": {"system": {"clientId": TEXT}},
}
CLASSIFY: Shape = {"query": {"resource": TEXT}, "annotation": ANNOTATION}
RECIPE: Shape = {
    "title": TEXT,
    "uiSettings": OBJECT,
    "description": TEXT,
    "projectIds": [TEXT],
    "ontologyIds": [TEXT],
    "ontology": {"ontologyId": TEXT},
    "metadata": METADATA,
}
ATTRIBUTE: Shape = {
    "key": TEXT,
    "title": TEXT,
    "type": TEXT,
    "scope": [TEXT],
    "values": [TEXT],
    "optional": FLAG,
    "multi": FLAG,
}
_LABEL: dict[str, Any] = {"tag": TEXT, "displayLabel": TEXT, "displayData": OBJECT}
_ROOT: dict[str, Any] = {"value": _LABEL}
_ROOT["children"] = [_ROOT]
CLONED_RECIPE: Shape = {"shallow": FLAG, "roots": [_ROOT], "type": OBJECT}
_NODE: dict[str, Any] = {**_LABEL}
_NODE["children"] = [_NODE]
ONTOLOGY: Shape = {
    "title": TEXT,
    "projectIds": [TEXT],
    "roots": [_ROOT],
    "metadata": {"system": OBJECT, "attributes": [ATTRIBUTE]},
    "v2": FLAG,
}
LABELS: Shape = {"labelsNode": [_NODE], "upsert": FLAG}
ATTRIBUTE_ITEMS: Shape = {"items": [ATTRIBUTE], "upsert": FLAG}
ATTRIBUTE_KEYS: Shape = {"keys": [TEXT]}
_PART_SCOPE: Shape = {"labelIds": [TEXT], "subtrees": [TEXT]}
NEW_LABELS: Shape = [{**_LABEL, "parent": TEXT}]
CHANGED_LABELS: Shape = [{**_LABEL, "id": TEXT}]
SECTION: Shape = {"key": TEXT, "type": TEXT, "scope": _PART_SCOPE, "values": [TEXT]}
STRUCTURE: Shape = {"name": TEXT, "order": [TEXT], "arcs": [[TEXT]]}
_WORKLOAD: Shape = [{"assigneeId": TEXT, "load": NUMBER}]
_COPY: dict[str, Any] = {
    "withItemsAnnotations": FLAG,
    "withMetadata": FLAG,
    "withTaskAnnotationsStatus": FLAG,
}
CLONE: Shape = {
    "name": TEXT,
    "filter": QUERY,
    "targetDatasetId": TEXT,
    "remoteFileName": TEXT,
    "metadata": METADATA,
    "indexDriver": TEXT,
    "allowMany": FLAG,
    "cloneDatasetParams": {
        **_COPY,
        "targetDirectory": TEXT,
        "targetDatasetId": TEXT,
        "newDatasetName": TEXT,
        "indexDriver": TEXT,
        "stripItemsFolders": FLAG,
        "allowMany": FLAG,
    },
}
MERGE: Shape = {"name": TEXT, "datasetsIds": [TEXT], "mergeDatasetParams": _COPY}
AUDIT: Shape = {
    "orgId": TEXT,
    "fromDate": TEXT,
    "toDate": TEXT,
    "entityType": TEXT,
    "entityName": TEXT,
    "id": TEXT,
    "action": TEXT,
    "sortBy": TEXT,
    "descending": FLAG,
    "page": NUMBER,
    "pageSize": NUMBER,
}
MEMBERS: Shape = {"role": TEXT, "users": [TEXT]}
DATASET_COUNT: Shape = {"projectIds": [TEXT], "system": FLAG}
RESTORE: Shape = {"query": OBJECT}
BULK_METADATA: Shape = {
    "query": QUERY,
    "updateQuery": {"update": {"metadata": METADATA}, "systemSpace": FLAG},
}
DELETE_ITEMS: Shape = {"filter": OBJECT, "join": OBJECT}
SPLIT: Shape = {
    "itemsQuery": QUERY,
    "MLSplitList": {"train": NUMBER, "validation": NUMBER, "test": NUMBER},
}
COLLECTION: Shape = {"name": TEXT}
COLLECTION_ITEMS: Shape = {"query": QUERY, "collections": [TEXT]}
SCHEMA_ITEMS: Shape = {"unsearchablePaths": {"add": [TEXT], "remove": [TEXT]}}
STATISTICS: Shape = {"creators": [TEXT], "taskId": TEXT, "assignmentId": TEXT}
EXPORT: Shape = {
    "exportType": TEXT,
    "exportVersion": TEXT,
    "itemsQuery": QUERY,
    "annotationsQuery": QUERY,
    "annotations": {"include": FLAG, "filter": FLAG, "convertSemantic": FLAG},
    "includeItemVectors": FLAG,
    "includeAnnotationVectors": FLAG,
    "zipJson": FLAG,
    "summary": FLAG,
    "datasetLock": FLAG,
    "lockTimeoutSec": NUMBER,
}
EXPORT_V3: Shape = {
    "mode": TEXT,
    "format": TEXT,
    "force": FLAG,
    "fromVersion": NUMBER,
    "partitionCount": NUMBER,
    "filters": {"itemsQuery": QUERY},
}
EXPORT_HISTORY: Shape = {
    "projects": [TEXT],
    "datasetId": TEXT,
    "exportId": TEXT,
    "creator": TEXT,
    "sortBy": TEXT,
    "sortOrder": TEXT,
    "pageSize": NUMBER,
    "pageOffset": NUMBER,
}
TASK: Shape = {
    "name": TEXT,
    "status": TEXT,
    "query": QUERY,
    "datasetId": TEXT,
    "recipeId": TEXT,
    "taskOwner": TEXT,
    "dueDate": NUMBER,
    "priority": NUMBER,
    "workload": _WORKLOAD,
    "availableActions": [OBJECT],
    "spec": OBJECT,
    "metadata": METADATA,
    "checkIfExist": {"query": QUERY},
    "itemIds": [TEXT],
    "limit": NUMBER,
    "percentage": FLAG,
    "emptyTask": FLAG,
}
TASK_ITEMS: Shape = {"query": QUERY, "workload": _WORKLOAD, "limit": NUMBER, "percentage": FLAG}
TASK_COUNT: Shape = {"projectIds": [TEXT], "datasetId": TEXT}
REDISTRIBUTION: Shape = {"workload": _WORKLOAD, "query": QUERY, "selectNotAnnotatedOnly": FLAG}
PARTIAL: Shape = {"fields": [TEXT]}
ASSIGNMENT: Shape = {"name": TEXT, "annotator": TEXT, "status": TEXT, "metadata": METADATA}
_STATUS: dict[str, Any] = {"status": TEXT, "operation": TEXT}
STATUS: Shape = {"itemIds": [TEXT], "statusPayload": _STATUS, **_STATUS}


def check(value: Any, shape: Shape, name: str = "The body") -> None:
    """Refuse a value that has not the shape it must have.

    Args:
        value: The value.
        shape: The shape.
        name: What the value is called, for the message.

    Raises:
        BadRequest: It has another shape.
    """
    if isinstance(shape, Word):
        if not _is(value, shape):
            raise BadRequest("400", f"{name} must be {shape.value}.")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise BadRequest("400", f"{name} must be a list.")
        for one in value:
            check(one, shape[0], f"Each of {name}")
    else:
        if not isinstance(value, dict):
            raise BadRequest("400", f"{name} must be an object.")
        for key, inner in shape.items():
            if value.get(key) is not None:
                check(value[key], inner, key)


def _is(value: Any, word: Word) -> bool:
    match word:
        case Word.TEXT:
            return isinstance(value, str)
        case Word.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
        case Word.FLAG:
            return isinstance(value, bool)
        case Word.OBJECT:
            return isinstance(value, dict)
        case Word.QUERY:
            return isinstance(value, dict | str)
        case Word.MANY:
            return isinstance(value, dict | list)
