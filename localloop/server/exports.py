"""Exports of datasets: one JSON file, or an archive of one for each item (docs/platform/wire.md, 3.6).

The file is no item of any dataset, though its owner downloads it like one; see :mod:`localloop.server.outputs`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from localloop.errors import UnprocessableEntity
from localloop.server import export_items
from localloop.server.calls import Call, route
from localloop.server.command_routes import answer_command
from localloop.server.commands import current
from localloop.server.export_history import recorded
from localloop.server.export_items import Selection, Summary
from localloop.server.outputs import Output
from localloop.server.shapes import EXPORT
from localloop.server.streams import content
from localloop.server.wire import Json
from localloop.store.paths import normal_path
from localloop.store.query import parse
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

#: The command's type, which clients look for to show progress.
TYPE = "ExportDatasetAsJson"


def export(call: Call) -> Any:
    """``POST /datasets/{id}/export``: a command; without a body everything is exported."""
    body = call.object(EXPORT) if call.body is not None else {}
    _check(body)
    with call.reading() as (connection, _wire):
        dataset = call.target(connection, EntityKind.DATASET)
    return answer_command(call, TYPE, partial(_export, call, dataset, body))


def _check(body: Json) -> None:
    if body.get("exportType", "zip") not in {"json", "zip"}:
        raise UnprocessableEntity("422", "Exports are of the type json or zip here.")
    if body.get("exportVersion", "V1") not in {"V1", "V2"}:
        raise UnprocessableEntity("422", "The exportVersion is V1 or V2.")
    if body.get("includeItemVectors") or body.get("includeAnnotationVectors"):
        raise UnprocessableEntity("422", "There are no feature vectors here: includeItemVectors.")
    if (body.get("annotations") or {}).get("convertSemantic"):
        raise UnprocessableEntity("422", "Annotations are not drawn here: convertSemantic.")
    selection = Selection.of(body)
    parse(selection.items)
    parse({"resource": "annotations", "filter": selection.annotations or {}})


def _export(call: Call, dataset: Row, body: Json) -> Json:
    with recorded(call, dataset, body) as record, _locked(call, dataset, body):
        output, summary = _written(call, body)
        call.context.outputs.keep(output)
        record["downloadSize"] = output.path.stat().st_size
        record["downloadLink"] = f"{call.api}/items/{output.id}/stream"
    spec = {"outputItemId": output.id, "datasetId": dataset["id"]}
    return {**spec, "summary": summary} if body.get("summary") else spec


@contextmanager
def _locked(call: Call, dataset: Row, body: Json) -> Iterator[None]:
    """The dataset is locked meanwhile, if that was asked for."""
    command = current()
    if not body.get("datasetLock") or command is None:
        yield
        return
    call.context.locks.acquire(dataset["id"], command.id, body.get("lockTimeoutSec"))
    try:
        yield
    finally:
        call.context.locks.release(dataset["id"], command.id)


def _written(call: Call, body: Json) -> tuple[Output, Json]:
    """The file of an export: from one unchanging view of the store."""
    summary = Summary()
    archive = body.get("exportType", "zip") == "zip"  # what dtlpy unpacks when it names none
    zipped = archive or bool(body.get("zipJson"))
    with call.context.outputs.folder() as folder, call.reading() as (connection, wire):
        dataset = call.target(connection, EntityKind.DATASET)
        at = call.store.clock.now()
        items = summary.counting(export_items.selected(connection, wire, dataset, Selection.of(body)))
        path = folder / ("export.zip" if zipped else "export.json")
        if archive:
            # Made when the items have passed, so that it counts them all.
            told = (("summary.json", summary.to_json(dataset, at)) for _ in range(bool(body.get("summary"))))
            version = body.get("exportVersion") or "V1"
            # dtlpy asks for no type where it unpacks into a folder of that name itself.
            inside = export_items.FOLDER if "exportType" in body else ""
            export_items.write_archive(path, items, version=version, folder=inside, summary=told)
        elif zipped:
            export_items.write_zipped_array(path, f"{dataset['id']}.json", items)
        else:
            export_items.write_array(path, items)
    output_id = call.store.identity.object_id()
    output = Output(
        id=output_id,
        owner=call.user,
        path=path,
        name=f"{output_id}{path.suffix}",
        mimetype="application/zip" if zipped else "application/json",
        dataset_id=dataset["id"],
        created_at=at,
    )
    return output, summary.to_json(dataset, at)


def dump_json(call: Call) -> Any:
    """``GET /datasets/{id}/annotations/json``: the items with their annotations, as one array."""
    return _dump(call, "json")


def dump_zip(call: Call) -> Any:
    """``GET /datasets/{id}/annotations/zip``: a JSON file for each item, at its path."""
    return _dump(call, "zip")


def _dump(call: Call, kind: str) -> Any:
    """The older form of an export: the answer itself is the file, of the whole dataset or one directory."""
    with call.context.outputs.folder() as folder, call.reading() as (connection, wire):
        dataset = call.target(connection, EntityKind.DATASET)
        selection = Selection({"resource": "items", "filter": _below(call.query.get("directory", "/"))})
        path = folder / f"annotations.{kind}"
        values = export_items.selected(connection, wire, dataset, selection)
        if kind == "zip":
            export_items.write_archive(path, values)
        else:
            export_items.write_array(path, values)
        reader, size = path.open("rb"), path.stat().st_size
    shutil.rmtree(folder)  # the answer has the file open; nobody else needs its name
    return content(reader, size, name=path.name, mimetype=f"application/{kind}", wanted=None)


def _below(directory: str) -> Json:
    if not directory.strip("/"):
        return {"type": "file"}
    path = normal_path(directory)
    return {"$and": [{"type": "file"}, {"$or": [{"dir": path}, {"dir": f"{path}/*"}]}]}


ROUTES = [
    route("/datasets/{id}/export", "POST", export),
    route("/datasets/{id}/annotations/json", "GET", dump_json),
    route("/datasets/{id}/annotations/zip", "GET", dump_zip),
]
