"""Merging datasets into a new one (docs/platform/wire.md, 3.1); what comes of it: :mod:`localloop.store.merging`."""

from __future__ import annotations

from functools import partial
from typing import Any

from localloop.errors import BadRequest
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.commands import stepped
from localloop.server.shapes import MERGE
from localloop.server.wire import Json
from localloop.store import copies
from localloop.store.copies import Wish
from localloop.store.merging import merge_items, new_merged
from localloop_schema.kinds import EntityKind

#: What may be merged at once.
MOST = 100


def merge(call: Call) -> Any:
    """``POST /datasets/merge``: a command."""
    body = call.object(MERGE)
    ids = list(dict.fromkeys(body.get("datasetsIds") or []))
    if not 1 <= len(ids) <= MOST:
        raise BadRequest("400", f"A merge is of 1 to {MOST} datasets: datasetsIds.")
    with call.reading() as (connection, _wire):
        for one in ids:
            call.entity(connection, EntityKind.DATASET, one)
    return answer_command(call, "MergeDatasets", partial(_merge, call, body, ids))


def _merge(call: Call, body: Json, ids: list[str]) -> Json:
    wish = Wish.of(body.get("mergeDatasetParams"))
    with call.writing("merge datasets") as tx:
        sources = [call.entity(tx.connection, EntityKind.DATASET, one) for one in ids]
        project = call.entity(tx.connection, EntityKind.PROJECT, sources[0]["project_id"])
        target = new_merged(tx, project, body.get("name") or "", sources)
        for source in sources:
            found = copies.chosen(tx.connection, source, {"resource": "items", "filter": {}})
            merge_items(tx, target, stepped(copies.parts(tx.connection, found), len(found)), wish)
    told = {key: body.get(key) for key in ("name", "datasetsIds", "projectIds", "mergeDatasetParams")}
    return {
        "mergeDatasetsConfiguration": {**told, "targetDatasetId": target["id"]},
        "returnedModelId": target["id"],
    }


ROUTES = [route("/datasets/merge", "POST", merge)]
