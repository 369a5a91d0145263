"""Copies of datasets and items (docs/platform/wire.md, 3.5)."""

from __future__ import annotations

from functools import partial
from typing import Any

from localloop.errors import Conflict
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.commands import stepped
from localloop.server.shapes import CLONE
from localloop.server.wire import Json
from localloop.store import Transaction, bulk, copies, items
from localloop.store.copies import Wish
from localloop.store.paths import normal_path
from localloop.store.query import parse
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row


def clone_dataset(call: Call) -> Any:
    """``POST /datasets/{id}/clone``: a command; into a new dataset, or into the one that is named."""
    body = call.object(CLONE)
    parse(_query(body))
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.DATASET)
    return answer_command(call, "CloneDataset", partial(_clone_dataset, call, body))


def _clone_dataset(call: Call, body: Json) -> Json:
    """The work of a clone.

    Into a dataset that is there already, an item comes once only, unless ``allowMany`` says otherwise: so a clone
    that is asked for again adds what is new.
    """
    told = body.get("cloneDatasetParams") or {}
    copied = skipped = 0
    with call.writing("clone a dataset") as tx:
        source = call.target(tx, EntityKind.DATASET)
        target, is_new = _target(call, tx, source, body)
        ids = copies.chosen(tx.connection, source, _query(body))
        for rows in stepped(copies.parts(tx.connection, ids), len(ids)):
            counts = copies.clone_items(
                tx,
                target,
                rows,
                Wish.of(told),
                place=lambda row: None if _drops(row, told) else _place(row, told),
                many=is_new or bool(told.get("allowMany")),
            )
            copied, skipped = copied + counts[0], skipped + counts[1]
    return {"returnedModelId": target["id"], "copiedItemsCount": copied, "skippedItemsCount": skipped}


def _query(body: Json) -> Json:
    return {**bulk.as_query(body.get("filter")), "resource": "items"}


def _place(row: Row, told: Json) -> str:
    """Where a copy goes."""
    folder = str(told.get("targetDirectory") or "").rstrip("/")
    return f"{folder}/{row['name']}" if told.get("stripItemsFolders") else f"{folder}{row['filename']}"


def _drops(row: Row, told: Json) -> bool:
    """Whether a directory is left out, because the folders of the items are."""
    return bool(told.get("stripItemsFolders")) and row["type"] == "dir"


def _target(call: Call, tx: Transaction, source: Row, body: Json) -> tuple[Row, bool]:
    """The dataset that is cloned into, and whether it is new."""
    told = body.get("cloneDatasetParams") or {}
    if told.get("targetDatasetId"):
        return call.entity(tx.connection, EntityKind.DATASET, told["targetDatasetId"]), False
    project = call.entity(tx.connection, EntityKind.PROJECT, source["project_id"])
    name = body.get("name") or told.get("newDatasetName") or ""
    driver = told.get("indexDriver") or body.get("indexDriver")
    return copies.new_clone(tx, project, source, name, index_driver=driver), True


def clone_item(call: Call) -> Any:
    """``POST /items/{id}/clone``: a command."""
    body = call.object(CLONE)
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ITEM)
    return answer_command(call, "CloneItem", partial(_clone_item, call, body))


def _clone_item(call: Call, body: Json) -> Json:
    told = body.get("cloneDatasetParams") or {}
    with call.writing("clone an item") as tx:
        source = call.target(tx, EntityKind.ITEM)
        if source["type"] != "file":
            raise Conflict(
                "409", f"Only files are cloned one by one, and {source['filename']!r} is a directory."
            )
        named = body.get("targetDatasetId") or told.get("targetDatasetId") or source["dataset_id"]
        target = call.entity(tx.connection, EntityKind.DATASET, named)
        path = normal_path(body.get("remoteFileName") or _place(source, told))
        if items.find_item(tx.connection, target["id"], path) is not None:
            raise Conflict("409", f"Something is at {path!r} already.")
        # Clients say by default that many copies are not allowed; whoever names a path wants one there all the same.
        many = body.get("allowMany", told.get("allowMany")) is not False or body.get("remoteFileName")
        if not many and copies.copied_already(tx, target, [source]):
            raise Conflict("409", f"The dataset has a copy of {source['filename']!r} already.")
        ((_, row),) = copies.copy_items(tx, target, [(source, path)], Wish.of(told))
        if body.get("metadata"):
            row = items.update_item(tx, row, {"metadata": body["metadata"]}, system=True)
    return {"returnedModelId": [row["id"]]}


ROUTES = [
    route("/datasets/{id}/clone", "POST", clone_dataset),
    route("/items/{id}/clone", "POST", clone_item),
    route("/datasets/{dataset}/items/{id}/clone", "POST", clone_item),
]
