"""Which exports were made: ``POST /datasets/exports`` (docs/platform/wire.md, 3.1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localloop.errors import BadRequest
from localloop.server.access import project_ids
from localloop.server.calls import Call, route
from localloop.server.commands import current
from localloop.server.shapes import EXPORT_HISTORY
from localloop.server.wire import Json
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, resolve

_SORTED_BY = ("createdAt", "updatedAt")


@contextmanager
def recorded(call: Call, dataset: Row, body: Json) -> Iterator[Json]:
    """Put an export into the history, with how it ends.

    Args:
        call: The request.
        dataset: What is exported.
        body: What was asked for.

    Yields:
        The record, to be completed.
    """
    command = current()
    at = call.store.clock.now()
    record: Json = {
        "id": call.store.identity.object_id(),
        "datasetId": dataset["id"],
        "exportId": command.id if command is not None else "",
        "dqlFilter": json.dumps(body.get("itemsQuery") or {}),
        "project": dataset["project_id"],
        "name": dataset["name"],
        "creator": call.user,
        "createdAt": at,
        "updatedAt": at,
        "locked": bool(body.get("datasetLock")),
        "status": "in-progress",
    }
    history = call.context.exports
    history.put(record)
    try:
        yield record
    except BaseException as error:
        reason = getattr(error, "message", "") or "The export was aborted, or something went wrong."
        ended = {"status": "failed", "errorReason": str(reason), "errorType": "cmd"}
        history.put({**record, **ended, "updatedAt": call.store.clock.now()})
        raise
    history.put({**record, "status": "success", "updatedAt": call.store.clock.now()})


def listing(call: Call) -> Any:
    """``POST /datasets/exports``: the exports of the caller's projects, as many as are remembered."""
    body = call.object(EXPORT_HISTORY)
    if not isinstance(body.get("projects"), list):
        raise BadRequest("400", "The projects whose exports are asked for must be a list of ids.")
    key = body.get("sortBy") or "createdAt"
    if key not in _SORTED_BY:
        raise BadRequest("400", "Exports are sorted by createdAt or updatedAt.")
    offset, size = int(body.get("pageOffset") or 0), int(body.get("pageSize") or 100)
    if offset < 0 or not 0 < size <= 1000:
        raise BadRequest("400", "pageOffset starts at 0, and pageSize is from 1 to 1000.")
    with call.reading() as (connection, _wire):
        mine = set(project_ids(connection, call.user))
        asked = {
            row["id"] for one in body["projects"] if (row := resolve(connection, EntityKind.PROJECT, one))
        }
        dataset = (
            resolve(connection, EntityKind.DATASET, body["datasetId"]) if body.get("datasetId") else None
        )
    wanted = {
        "datasetId": body.get("datasetId") and (dataset["id"] if dataset else body["datasetId"]),
        "exportId": body.get("exportId"),
        "creator": body.get("creator"),
    }
    found = [
        record
        for record in call.context.exports.all()
        if record["project"] in mine & asked
        and all(not value or record[name] == value for name, value in wanted.items())
    ]
    found.sort(key=lambda record: (record[key], record["id"]), reverse=body.get("sortOrder") != "ASC")
    page = found[offset * size : (offset + 1) * size]
    shown = [_shown(call, record) for record in page]
    return {"records": shown, "total": len(found), "pageSize": size, "pageOffset": offset}


def _shown(call: Call, record: Json) -> Json:
    """A record as it stands now: links work for an hour, and for who made the export."""
    shown = {**record, "url": f"{call.api}/datasets/exports/{record['id']}"}
    link = record.get("downloadLink")
    if link is not None:
        output_id = link.split("/")[-2]
        shown["downloadDisabled"] = call.context.outputs.find(output_id, call.user) is None
    running = call.context.commands.running(record["exportId"])
    if record["status"] == "in-progress" and not running:
        shown |= {"status": "failed", "errorReason": "The server was stopped.", "errorType": "cmd"}
    return shown


ROUTES = [route("/datasets/exports", "POST", listing)]
