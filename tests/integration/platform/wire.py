"""Bodies as the platform sends them (docs/platform/wire.md, 2.2, 3.2, 4.2, 5.2, 6.2 and 7)."""

from __future__ import annotations

from typing import Any

P = "086ab556-7fdf-403b-9f1d-23fde6fb1728"
D, IT, R, ON, T, A, S, C = (f"6b0401{n:02x}000000006b040108" for n in range(8))
AT = "2026-01-02T03:04:05.678Z"
ME = "alice@example.test"
STAMPS: dict[str, Any] = {"creator": ME, "createdAt": AT, "updatedAt": AT, "updatedBy": ME}


def page(rows: list[Any], *, more: bool = False) -> dict[str, Any]:
    return {"totalItemsCount": len(rows), "totalPagesCount": 1, "hasNextPage": more, "items": rows}


def project() -> dict[str, Any]:
    return {"id": P, "name": "Field work", "role": "owner", "contributors": [member()], **STAMPS}


def member() -> dict[str, Any]:
    return {"id": "bob@example.test", "email": "bob@example.test", "role": "engineer", "type": "user"}


def dataset(**more: Any) -> dict[str, Any]:
    return {
        "id": D,
        "name": "Faces",
        "projects": [P],
        "metadata": {"system": {"recipes": [R]}},
        "readonly": False,
        "indexDriver": "v2",
        "accessLevel": "project",
        "driver": "drv-1",
        "itemsCount": 0,
        "expirationOptions": None,
        **STAMPS,
        **more,
    }


def recipe(**more: Any) -> dict[str, Any]:
    return {
        "id": R,
        "title": "Faces Default Recipe",
        "projectIds": [P],
        "ontologyIds": [ON],
        "description": None,
        "instructions": [],
        "examples": {"good": [], "bad": []},
        "customActions": [],
        "uiSettings": {"studioV2App": True},
        "metadata": {"system": {"projectIds": [P]}},
        **STAMPS,
        **more,
    }


def node(tag: str, *children: Any, color: str = "#0214a7") -> dict[str, Any]:
    value = {"tag": tag, "displayLabel": tag.title(), "color": color, "attributes": [], "displayData": {}}
    return {"value": value, "children": list(children)}


def ontology(*roots: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": ON,
        "title": "Default Ontology",
        "roots": list(roots),
        "attributes": [],
        "metadata": {"system": {"projectIds": [P]}, "attributes": []},
        **STAMPS,
        **more,
    }


def item(*, filename: str = "/train/cat.jpg", size: int = 3, **more: Any) -> dict[str, Any]:
    system = {"originalname": "cat.jpg", "size": size, "encoding": "7bit", "mimetype": "image/jpeg"}
    return {
        "id": IT,
        "datasetId": D,
        "type": "file",
        "filename": filename,
        "hidden": False,
        "spec": "MasterItemSpec",
        "metadata": {"system": system, "user": {"k": 1}},
        **STAMPS,
        **more,
    }


def annotation(**more: Any) -> dict[str, Any]:
    return {
        "id": A,
        "datasetId": D,
        "itemId": IT,
        "type": "box",
        "label": "Person",
        "attributes": [],
        "coordinates": [{"x": 1, "y": 2, "z": 0}, {"x": 3, "y": 4, "z": 0}],
        "metadata": {"system": {"automated": True, "attributes": {}}, "user": {}},
        "source": "sdk",
        "hash": "3dca24b6e895ba156c3dfedd9c1b2fe9e02f8b30",
        **STAMPS,
        **more,
    }


def task(**more: Any) -> dict[str, Any]:
    return {
        "id": T,
        "name": "test",
        "status": "open",
        "projectId": P,
        "datasetId": D,
        "recipeId": R,
        "taskOwner": ME,
        "dueDate": 1878768000000.0,
        "spec": {"type": "annotation"},
        "query": "{}",
        "metadata": {"system": {}},
        "availableActions": [],
        "priority": 2,
        **STAMPS,
        **more,
    }


def assignment(*, dataset: str = D, **more: Any) -> dict[str, Any]:
    return {
        "id": S,
        "name": f"test ({ME})",
        "annotator": ME,
        "status": "todo",
        "projectId": P,
        "metadata": {"system": {"taskId": T, "datasetId": dataset}},
        **STAMPS,
        **more,
    }


def command(status: str, **spec: Any) -> dict[str, Any]:
    return {"id": C, "url": f"http://h/api/v1/commands/{C}", "status": status, "progress": 0, "spec": spec}
