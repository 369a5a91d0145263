"""Exports of the third kind: compressed lines in partitions, whole or what changed (docs/platform/wire.md, 3.7).

A version is a sequence number of the operation log. A difference has the items that were made or changed after
``fromVersion``, or whose annotations were, each as it is now; and for each item that was deleted a line
``{"id", "filename", "type", "datasetId", "deleted": true, "deletedAt", "deletedBy", "annotations": []}``. Deletions
are told whatever the filter. A store that has a platform itself does not know of every change by its own log: there
everything is exported, and said to be ``full``.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from sqlalchemy import Connection
from starlette.responses import Response

from localloop.errors import BadRequest, NotFound, UnprocessableEntity
from localloop.server import export_items
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.commands import step, stepped
from localloop.server.export_history import recorded
from localloop.server.export_items import Selection
from localloop.server.outputs import Output
from localloop.server.shapes import EXPORT_V3
from localloop.server.streams import content
from localloop.server.wire import Json, Wire
from localloop.store import bulk, versions
from localloop.store.query import parse
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

TYPE = "ExportDatasetV3"

#: How many items go into one partition when nobody said how many partitions there shall be.
PARTITION = 20_000
MOST_PARTITIONS = 64

#: What is exported when nobody said: the bookkeeping that clients upload after an export is hidden.
_FILTER = {"$and": [{"hidden": False}, {"type": "file"}]}


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a request asks for."""

    since: int | None
    partitions: int | None
    query: Json

    @classmethod
    def of(cls, body: Json) -> _Wish:
        """Read a request.

        Raises:
            UnprocessableEntity: A mode or a format that is not known.
            BadRequest: A number that makes no sense.
        """
        mode = body.get("mode") or "full"
        if mode not in {"full", "diff"}:
            raise UnprocessableEntity("422", "The mode of an export is full or diff.")
        if (body.get("format") or "ndjson") != "ndjson":
            raise UnprocessableEntity("422", "The format of an export is ndjson here.")
        since = _whole(body, "fromVersion", 0, 2**63 - 1)
        partitions = _whole(body, "partitionCount", 1, MOST_PARTITIONS)
        query = bulk.as_query((body.get("filters") or {}).get("itemsQuery"))
        query = {**query, "resource": "items", "filter": query.get("filter") or _FILTER}
        parse(query)
        return cls(since if mode == "diff" else None, partitions, query)


def _whole(body: Json, name: str, least: int, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if value != int(value) or not least <= value <= most:
        raise BadRequest("400", f"{name} is a whole number from {least} to {most}.")
    return int(value)


def export(call: Call) -> Any:
    """``POST /datasets/{id}/export/v3``: a command whose ``spec.exportResult`` leads to the manifest."""
    body = call.object(EXPORT_V3)
    wish = _Wish.of(body)
    with call.reading() as (connection, _wire):
        dataset = call.target(connection, EntityKind.DATASET)
        if wish.since is not None and wish.since > versions.version(connection):
            raise BadRequest("400", f"There is no version {wish.since} yet.")
    return answer_command(call, TYPE, partial(_export, call, dataset, body, wish))


def _export(call: Call, dataset: Row, body: Json, wish: _Wish) -> Json:
    history = {"itemsQuery": wish.query, **body}
    with recorded(call, dataset, history), call.context.outputs.folder() as folder:
        manifest, result = _written(call, wish, folder)
        if manifest is None:
            folder.rmdir()
        else:
            call.context.outputs.keep(manifest)
    return {"exportResult": result, "datasetId": dataset["id"]}


def _written(call: Call, wish: _Wish, folder: Path) -> tuple[Output | None, Json]:
    """The files of an export, from one unchanging view of the store."""
    begun = time.monotonic()
    export_id = call.store.identity.object_id()
    with call.reading() as (connection, wire):
        dataset = call.target(connection, EntityKind.DATASET)
        since = wish.since if _can_tell(call, connection, wish.since) else None
        result = {
            "manifestUrl": None,
            "totalRecords": 0,
            "fromVersion": since,
            "toVersion": versions.version(connection),
            "mode": "full" if since is None else "diff",
        }
        if since is None:
            total = export_items.count(connection, wish.query, dataset)
            records = export_items.selected(connection, wire, dataset, Selection(wish.query))
        else:
            total = versions.count_changed_items(connection, dataset["id"], since)
            records = _changes(connection, wire, dataset, wish.query, since, total)
        number = wish.partitions or min(MOST_PARTITIONS, 1 + total // PARTITION)
        parts = _write(folder, records, number)
    result["totalRecords"] = sum(part.records for part in parts)
    if not result["totalRecords"]:
        for part in parts:
            part.path.unlink()
        return None, result
    base = f"{call.api}/datasets/{dataset['id']}/export/v3/{export_id}"
    result["manifestUrl"] = f"{base}/manifest"
    at = call.store.clock.now()
    manifest = {
        "manifestVersion": "1.0",
        "exportId": export_id,
        "datasetId": dataset["id"],
        "exportedAt": at,
        "format": "ndjson",
        "version": {key: result[key] for key in ("fromVersion", "toVersion", "mode")},
        "filters": {"itemsQuery": wish.query},
        "metadata": {"datasetName": dataset["name"]},
        "partitioning": {
            "partitionCount": len(parts),
            "partitions": [part.partition(base) for part in parts],
        },
        "files": [part.file(base) for part in parts],
        "statistics": {
            "totalRecords": result["totalRecords"],
            "totalBytes": sum(part.size for part in parts),
            "fileCount": len(parts),
            "processingTimeMs": int(1000 * (time.monotonic() - begun)),
        },
    }
    path = parts[0].path
    kept = Output(export_id, call.user, path, "manifest", "application/json", dataset["id"], at, manifest)
    return kept, result


def _can_tell(call: Call, connection: Connection, since: int | None) -> bool:
    """Whether the log tells of everything that changed after a version."""
    return (
        since is not None
        and not call.store.settings().get("gate")
        and versions.reaches_back_to(connection, since)
    )


def _changes(
    connection: Connection, wire: Wire, dataset: Row, query: Json, since: int, total: int
) -> Iterator[Json]:
    for ids in stepped(versions.changed_items(connection, dataset["id"], since), total):
        clauses = [query["filter"], {"id": {"$in": ids}}]
        chosen = {**query, "filter": {"$and": clauses}}
        for rows in bulk.matching(connection, chosen, dataset):
            yield from export_items.shown(connection, wire, dataset, rows, Selection(query))
    for gone in versions.deleted_items(connection, dataset["id"], since):
        step()
        yield {
            "id": gone.id,
            "datasetId": dataset["id"],
            "filename": gone.filename,
            "type": gone.type,
            "deleted": True,
            "deletedAt": gone.deleted_at,
            "deletedBy": gone.deleted_by,
            "annotations": [],
        }


@dataclass(slots=True)
class _Part:
    """One partition."""

    index: int
    path: Path
    records: int = 0
    size: int = 0
    checksum: str = ""

    def seal(self) -> None:
        """Look at the whole file: its size, and its checksum as clients compute it."""
        digest = hashlib.md5(usedforsecurity=False)
        with self.path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                self.size += len(chunk)
        self.checksum = base64.b64encode(digest.digest()).decode()

    def partition(self, base: str) -> Json:
        """What the manifest says of it among the partitions."""
        return {
            "index": self.index,
            "hash": self.checksum,
            "itemCount": self.records,
            "filePath": self.path.name,
            "fileSize": self.size,
            "url": f"{base}/files/{self.path.name}",
        }

    def file(self, base: str) -> Json:
        """What the manifest says of it among the files."""
        return {
            "size": self.size,
            "format": "ndjson",
            "compression": "gzip",
            "url": f"{base}/files/{self.path.name}",
            "checksum": self.checksum,
            "filename": self.path.name,
            "path": f"{base}/files/{self.path.name}",
        }


def _write(folder: Path, records: Iterator[Json], number: int) -> list[_Part]:
    """Write records into partitions. An item is always in the same one of as many."""
    parts = [_Part(index, folder / f"part-{index:05d}.ndjson.gz") for index in range(number)]
    with ExitStack() as stack:
        files = [
            stack.enter_context(gzip.GzipFile(part.path, "wb", compresslevel=6, mtime=0)) for part in parts
        ]
        for record in records:
            index = crc32(record["id"].encode()) % number
            files[index].write(export_items.text(record) + b"\n")
            parts[index].records += 1
    for part in parts:
        part.seal()
    return parts


def _kept(call: Call) -> Output:
    output = call.context.outputs.find(call.path["export"], call.user)
    with call.reading() as (connection, _wire):
        dataset = call.target(connection, EntityKind.DATASET)
    if output is None or output.about is None or output.dataset_id != dataset["id"]:
        raise NotFound("404", f"Export not found. Id: {call.path['export']!r}")
    return output


def manifest(call: Call) -> Any:
    """``GET /datasets/{id}/export/v3/{export}/manifest``, for who made the export and for an hour."""
    return _kept(call).about


def file(call: Call) -> Response:
    """``GET /datasets/{id}/export/v3/{export}/files/{name}``, whole or a range."""
    output = _kept(call)
    known = {one["filename"]: one["size"] for one in output.about["files"]}
    name = call.path["name"]
    path = output.path.parent / name
    if name not in known or not path.exists():
        raise NotFound("404", f"The export has no such file: {name!r}")
    reader = path.open("rb")
    wanted = call.headers.get("range")
    return content(reader, known[name], name=name, mimetype="application/gzip", wanted=wanted)


ROUTES = [
    route("/datasets/{id}/export/v3", "POST", export),
    route("/datasets/{id}/export/v3/{export}/manifest", "GET", manifest),
    route("/datasets/{id}/export/v3/{export}/files/{name}", "GET", file),
]
