"""Rows as the platform's JSON.

Every field that a client compares with what it sends back is here, so that an update without a change is none
(docs/platform/wire.md, 4.2, 5.2). Items have no key that clients do not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from posixpath import basename
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Select, func, select

from localloop.store.attributes import shown
from localloop.store.datasets import DatasetCounts, counts_of
from localloop.store.labels import roots_of
from localloop.store.recipes import joined_ontology
from localloop_schema.documents import content_mark
from localloop_schema.kinds import EntityKind
from localloop_schema.refs import statuses_of
from localloop_schema.rows import Row, get_rows, listed, mapped, table

Json = dict[str, Any]

#: What a recipe's settings are on the wire when nobody said (docs/platform/wire.md, 6.2).
_RECIPE_SETTINGS: Mapping[str, Any] = {
    "instructions": [],
    "examples": {"good": [], "bad": []},
    "customActions": [],
    "uiSettings": {"allowObjectIdAutoAssign": True, "studioV2App": True},
}

#: The storage driver of a dataset whose content lies in the store itself.
NATIVE = "native"


class Wire:
    """Shows rows to one caller. Each method takes the rows of one listing, and asks the store once for all.

    Args:
        connection: The view of the store that the rows come from.
        api: The API base as the caller addressed it; all urls begin with it.
        user: The caller's e-mail.
        name_of: What people call a user.
        lock_of: The command that has locked a dataset, by the dataset's id.
        marks: Whether items tell the digest of their content, which the platform does not.
    """

    def __init__(
        self,
        connection: Connection,
        api: str,
        user: str,
        name_of: Callable[[str], str] = lambda _email: "",
        lock_of: Callable[[str], str | None] = lambda _dataset: None,
        *,
        marks: bool = True,
    ) -> None:
        self._connection = connection
        self._api = api
        self._user = user
        self._name_of = name_of
        self._lock_of = lock_of
        self._marks = marks

    def user(self, email: str, role: str, *, created_at: str = "", updated_at: str = "") -> Json:
        """A person, as a member of a project or as the caller (docs/platform/wire.md, 2.2)."""
        first, _, last = (self._name_of(email) or email.partition("@")[0]).partition(" ")
        return {
            "id": email,
            "email": email,
            "username": email,
            "firstName": first,
            "lastName": last,
            "avatar": None,
            "role": role,
            "type": "user",
            "org": None,
            "createdAt": created_at,
            "updatedAt": updated_at,
        }

    def members(self, rows: Sequence[Row]) -> list[Json]:
        """Members of a project."""
        return [
            self.user(row["email"], row["role"], created_at=row["created_at"], updated_at=row["updated_at"])
            for row in rows
        ]

    def projects(self, rows: Sequence[Row], *, plain: bool = False) -> list[Json]:
        """Projects (docs/platform/wire.md, 2.2).

        Args:
            rows: The projects.
            plain: Without ``systemProject``, which old clients do not take.
        """
        members = self._grouped(EntityKind.MEMBER, "project_id", [row["id"] for row in rows])
        return [self._project(row, members.get(row["id"], []), plain=plain) for row in rows]

    def _project(self, row: Row, members: Sequence[Row], *, plain: bool) -> Json:
        own = [member["role"] for member in members if member["email"].lower() == self._user.lower()]
        shown = {
            "id": row["id"],
            "url": f"{self._api}/projects/{row['id']}",
            "name": row["name"],
            **self.stamps(row),
            "contributors": self.members(members),
            "groups": [],
            "guests": [],
            "org": None,
            "account": None,
            "featureConstraints": {},
            "role": own[0] if own else "owner",
            "archived": False,
            "isBlocked": False,
        }
        return shown if plain else {**shown, "systemProject": False}

    def datasets(self, rows: Sequence[Row]) -> list[Json]:
        """Datasets with their counters (docs/platform/wire.md, 3.2)."""
        counts = counts_of(self._connection, [row["id"] for row in rows])
        return [self._dataset(row, counts[row["id"]]) for row in rows]

    def _dataset(self, row: Row, counts: DatasetCounts) -> Json:
        url = f"{self._api}/datasets/{row['id']}"
        metadata = row["metadata"] or {}
        system = {**(metadata.get("system") or {}), "recipes": row["recipes"] or []}
        if row["system"]:
            system["scope"] = "system"
        shown = {
            "id": row["id"],
            "url": url,
            "name": row["name"],
            **self.stamps(row),
            "projects": [row["project_id"]],
            "items": f"{url}/items",
            "directoryTree": f"{url}/directoryTree",
            "metadata": {**metadata, "system": system},
            "itemsCount": counts.items,
            "annotated": counts.annotated,
            "annotationsCount": counts.annotations,
            "readableType": NATIVE,
            "accessLevel": row["access_level"],
            "driver": row["driver"] or NATIVE,
            "readonly": row["readonly"],
            "indexDriver": row["index_driver"],
            "expirationOptions": row["expiration_options"],
            "enableSyncWithCloned": False,
            "isSyncing": False,
        }
        lock = self._lock_of(row["id"])
        if lock is not None:
            shown |= {"readonly": True, "lockProcessCommandId": lock}
        return shown if row["src_dataset"] is None else {**shown, "srcDataset": row["src_dataset"]}

    def items(self, rows: Sequence[Row]) -> list[Json]:
        """Items with their annotation counters (docs/platform/wire.md, 4.2)."""
        ids = json.dumps([row["id"] for row in rows])
        counts = {row[0]: int(row[1]) for row in self._connection.execute(_counted(), {"ids": ids})}
        return [self._item(row, counts.get(row["id"], 0)) for row in rows]

    def item(self, row: Row) -> Json:
        """One item."""
        return self.items([row])[0]

    def _item(self, row: Row, annotations: int) -> Json:
        url = f"{self._api}/items/{row['id']}"
        metadata = row["metadata"] or {}
        system = metadata.get("system") or {}
        if row["type"] == "file":
            # Clients compare this size with what they sent or received, and act on a difference.
            system = {**system, "size": row["size"], "mimetype": row["mimetype"]}
            if not self._marks:
                system.pop("localloop", None)  # it came with the item from elsewhere
            elif row["digest"]:
                system["localloop"] = content_mark(row["digest"], row["size"])
            refs = system.get("refs")
            system |= {"refs": refs if isinstance(refs, list) else [], "annotationStatus": statuses_of(refs)}
        shown = {
            "id": row["id"],
            "url": url,
            "datasetId": row["dataset_id"],
            "dataset": f"{self._api}/datasets/{row['dataset_id']}",
            **self.stamps(row),
            "dir": row["dir"],
            "filename": row["filename"],
            "name": row["name"],
            "type": row["type"],
            "hidden": row["hidden"],
            "spec": row["spec"],
            "annotated": annotations > 0,
            "annotationsCount": annotations,
            "annotations": f"{url}/annotations",
            "stream": f"{url}/stream",
            "thumbnail": f"{url}/thumbnail",
            "metadata": {**metadata, "system": system},
        }
        optional = {
            "description": row["description"],
            "srcItem": row["src_item"],
            "srcDataset": row["src_dataset"],
        }
        shown |= {key: value for key, value in optional.items() if value is not None}
        return shown | self._directory(row) if row["type"] == "dir" else shown

    def _directory(self, row: Row) -> Json:
        annotations = f"{self._api}/datasets/{row['dataset_id']}/annotations"
        directory = quote(row["filename"])
        return {
            "items": f"{self._api}/items/{row['id']}/items",
            "export": {
                "zip": f"{annotations}/zip?directory={directory}",
                "json": f"{annotations}/json?directory={directory}",
            },
        }

    def directory(self, directory_id: str, dataset: Row, path: str) -> Json:
        """A directory that items lie in although nobody made an entity of it; the root is always one."""
        parent = path.rpartition("/")[0] or "/"
        row = {
            **{key: dataset[key] for key in ("creator", "created_at", "updated_at", "updated_by")},
            "id": directory_id,
            "dataset_id": dataset["id"],
            "dir": parent,
            "filename": path,
            "name": basename(path),
            "type": "dir",
            "hidden": False,
            "spec": "MasterItemSpec",
            "metadata": {"system": {}},
        }
        return self._item({**dict.fromkeys(("description", "src_item", "src_dataset")), **row}, 0)

    def annotations(self, rows: Sequence[Row]) -> list[Json]:
        """Annotations (docs/platform/wire.md, 5.2)."""
        return [self._annotation(row) for row in rows]

    def _annotation(self, row: Row) -> Json:
        metadata = row["metadata"] or {}
        system = metadata.get("system") or {}
        shown = {
            "id": row["id"],
            "url": f"{self._api}/annotations/{row['id']}",
            "datasetId": row["dataset_id"],
            "dataset": f"{self._api}/datasets/{row['dataset_id']}",
            "itemId": row["item_id"],
            "item": f"{self._api}/items/{row['item_id']}",
            **self.stamps(row),
            "type": row["type"],
            "label": row["label"],
            "attributes": row["attributes"] or [],
            "metadata": {
                "user": {},
                **metadata,
                "system": {**system, "attributes": system.get("attributes") or {}},
            },
            "source": row["source"],
            "hash": row["hash"] or "",
            "labelSuggestions": [],
        }
        optional = {"coordinates": row["coordinates"], "description": row["description"]}
        return shown | {key: value for key, value in optional.items() if value is not None}

    def recipes(self, rows: Sequence[Row]) -> list[Json]:
        """Recipes (docs/platform/wire.md, 6.2)."""
        return [self._recipe(row) for row in rows]

    def _recipe(self, row: Row) -> Json:
        projects = [row["project_id"]] if row["project_id"] else []
        metadata = row["metadata"] or {}
        settings = joined_ontology(row["settings"] or {}, row["ontologies"] or [])
        return {
            "id": row["id"],
            "url": f"{self._api}/recipes/{row['id']}",
            **self.stamps(row),
            "title": row["title"],
            "projectIds": projects,
            "ontologyIds": row["ontologies"] or [],
            "description": row["description"],
            **_RECIPE_SETTINGS,
            **settings,
            "metadata": _with_system(metadata, {"projectIds": projects, "collectionTemplates": []}),
        }

    def ontologies(self, rows: Sequence[Row]) -> list[Json]:
        """Ontologies, their labels as a tree (docs/platform/wire.md, 6.2)."""
        return [self._ontology(row) for row in rows]

    def _ontology(self, row: Row) -> Json:
        projects = [row["project_id"]] if row["project_id"] else []
        metadata = _with_system(row["metadata"] or {}, {"projectIds": projects})
        names, objects = shown(row["attributes"] or {})
        return {
            "id": row["id"],
            "url": f"{self._api}/ontologies/{row['id']}",
            **self.stamps(row),
            "title": row["title"],
            "roots": roots_of(row["labels"] or {}),
            "attributes": names,
            "metadata": {**metadata, "attributes": objects},
        }

    @staticmethod
    def stamps(row: Row) -> Json:
        """Who made an entity and changed it last, and when."""
        return {
            "creator": row["creator"],
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            "updatedBy": row["updated_by"],
        }

    @property
    def api(self) -> str:
        """The API base."""
        return self._api

    def _grouped(self, kind: EntityKind, column: str, ids: Sequence[str]) -> dict[str, list[Row]]:
        """Live rows of a kind by one of their parents."""
        found: dict[str, list[Row]] = {}
        for row in mapped(self._connection.execute(_children(kind, column), {"ids": json.dumps(list(ids))})):
            found.setdefault(row[column], []).append(row)
        return found

    def parents(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, Row]:
        """Rows by local id."""
        return get_rows(self._connection, kind, ids)


def news(patch: Mapping[str, Any], shown: Mapping[str, Any]) -> Json:
    """What a patch says that is not so already.

    Clients send back what they were shown, with defaults that nobody ever stored; that must not become an edit.

    Args:
        patch: A patch of a wire object. Its ``metadata`` merges key by key; all else is compared whole.
        shown: The object as it is shown now.

    Returns:
        The rest of the patch.
    """
    rest = {key: value for key, value in patch.items() if key not in shown or not _equal(value, shown[key])}
    if isinstance(rest.get("metadata"), Mapping):
        rest["metadata"] = _deep_news(rest["metadata"], shown.get("metadata") or {})
    return rest


def _deep_news(patch: Mapping[str, Any], shown: Mapping[str, Any]) -> Json:
    rest: Json = {}
    for key, value in patch.items():
        if key in shown and _equal(value, shown[key]):
            continue
        both = isinstance(value, Mapping) and isinstance(shown.get(key), Mapping)
        rest[key] = _deep_news(value, shown[key]) if both else value
    return rest


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 is not true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _with_system(metadata: Mapping[str, Any], defaults: Mapping[str, Any]) -> Json:
    return {**metadata, "system": {**defaults, **(metadata.get("system") or {})}}


@cache
def _counted() -> Select[Any]:
    """How many annotations some items have."""
    annotations = table(EntityKind.ANNOTATION).c
    here = annotations.item_id.in_(listed("ids")), annotations.deleted_at.is_(None)
    return select(annotations.item_id, func.count()).where(*here).group_by(annotations.item_id)


@cache
def _children(kind: EntityKind, column: str) -> Select[Any]:
    """The live entities that some others are a parent of."""
    columns = table(kind).c
    here = columns[column].in_(listed("ids")), columns.deleted_at.is_(None)
    return select(table(kind)).where(*here).order_by(columns.id)
