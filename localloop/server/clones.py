"""Copies of datasets and items. The bytes are shared, not copied (docs/platform/wire.md, 3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from localloop.blobs import BlobRef
from localloop.errors import BlobMissingError, Conflict
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.shapes import CLONE
from localloop.server.wire import Json
from localloop.store import Transaction, bulk, datasets, items
from localloop.store.annotations import add_annotations, update_annotation
from localloop_schema.documents import derived_system, to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: What the platform keeps books of for one item alone; a copy starts without.
_BOOKS = frozenset({"refs", "taskStatusLog", "localloop"})


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a copy takes along."""

    annotations: bool
    metadata: bool

    @classmethod
    def of(cls, body: Json) -> _Wish:
        told = body.get("cloneDatasetParams") or {}
        return cls(told.get("withItemsAnnotations", True), told.get("withMetadata", True))


def clone_dataset(call: Call) -> Any:
    """``POST /datasets/{id}/clone``: a command; into a new dataset, or into the one that is named."""
    body = call.object(CLONE)
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.DATASET)
    return answer_command(call, "CloneDataset", partial(_clone_dataset, call, body))


def _clone_dataset(call: Call, body: Json) -> Json:
    told = body.get("cloneDatasetParams") or {}
    folder = str(told.get("targetDirectory") or "").rstrip("/")
    with call.writing("clone a dataset") as tx:
        source = call.target(tx, EntityKind.DATASET)
        target = _target(call, tx, source, body)
        for row in list(_chosen(tx, source, body)):
            if row["type"] == "dir":
                items.make_directory(tx, target, f"{folder}{row['filename']}")
            else:
                _copy(tx, row, target, f"{folder}{row['filename']}", _Wish.of(body))
    return {"returnedModelId": target["id"]}


def _target(call: Call, tx: Transaction, source: Row, body: Json) -> Row:
    named = (body.get("cloneDatasetParams") or {}).get("targetDatasetId")
    if named:
        return call.entity(tx.connection, EntityKind.DATASET, named)
    project = call.entity(tx.connection, EntityKind.PROJECT, source["project_id"])
    recipe = next(iter(source["recipes"] or ()), None)
    made = datasets.create_dataset(
        tx,
        project,
        body.get("name") or "",
        recipe_id=recipe,
        default_recipe=False,
        index_driver=source["index_driver"],
    )
    return tx.set_facts(EntityKind.DATASET, made, {"src_dataset": source["id"]})


def _chosen(tx: Transaction, source: Row, body: Json) -> Iterator[Row]:
    query = {**bulk.as_query(body.get("filter")), "resource": "items"}
    for rows in bulk.matching(tx.connection, query, source):
        yield from rows


def clone_item(call: Call) -> Any:
    """``POST /items/{id}/clone``: a command."""
    body = call.object(CLONE)
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ITEM)
    return answer_command(call, "CloneItem", partial(_clone_item, call, body))


def _clone_item(call: Call, body: Json) -> Json:
    with call.writing("clone an item") as tx:
        source = call.target(tx, EntityKind.ITEM)
        named = body.get("targetDatasetId") or source["dataset_id"]
        target = call.entity(tx.connection, EntityKind.DATASET, named)
        path = body.get("remoteFileName") or source["filename"]
        row = _copy(tx, source, target, path, _Wish.of(body))
        if row is None:
            raise Conflict("409", f"Something is at {path!r} already.")
        if body.get("metadata"):
            row = items.update_item(tx, row, {"metadata": body["metadata"]})
    return {"returnedModelId": [row["id"]]}


def _copy(tx: Transaction, source: Row, target: Row, path: str, wish: _Wish) -> Row | None:
    """Copy an item; None when something is at the path already."""
    if source["digest"] is None:
        raise BlobMissingError(f"The content of {source['filename']!r} is not here.", digest="")
    derived = derived_system(EntityKind.ITEM, source["metadata"])
    document = to_document(EntityKind.ITEM, source)
    row, outcome = items.add_item(
        tx,
        target,
        path,
        BlobRef(source["digest"], source["size"]),
        metadata=document["metadata"] if wish.metadata else None,
        description=source["description"],
        mimetype=source["mimetype"],
        derived={key: value for key, value in derived.items() if key not in _BOOKS},
    )
    if outcome != "created":
        return None
    origin = {"spec": "ClonedItemSpec", "src_item": source["id"], "src_dataset": source["dataset_id"]}
    row = tx.set_facts(EntityKind.ITEM, row, origin)
    if wish.annotations:
        _copy_annotations(tx, source, row)
    return row


def _copy_annotations(tx: Transaction, source: Row, target: Row) -> None:
    """Copy annotations; those that name a parent among them name its copy."""
    originals = tx.rows(EntityKind.ANNOTATION, item_id=source["id"])
    copies = add_annotations(tx, target, [_without_client_id(row) for row in originals])
    names = {original["id"]: copy["id"] for original, copy in zip(originals, copies, strict=True)}
    for copy in copies:
        parent = names.get((copy["metadata"].get("system") or {}).get("parentId"))
        if parent is not None:
            update_annotation(tx, copy, {"metadata": {"system": {"parentId": parent}}}, system=True)


def _without_client_id(annotation: Row) -> Json:
    document = to_document(EntityKind.ANNOTATION, annotation)
    metadata = document["metadata"]
    system = {key: value for key, value in (metadata.get("system") or {}).items() if key != "clientId"}
    return {**document, "metadata": {**metadata, "system": system}}


ROUTES = [
    route("/datasets/{id}/clone", "POST", clone_dataset),
    route("/items/{id}/clone", "POST", clone_item),
]
