"""Items (docs/platform/wire.md, 4)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

from anyio import from_thread, to_thread
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localloop.errors import BadRequest, Conflict, NotFound
from localloop.server.access import check_id
from localloop.server.calls import Call, answer, call_of, caller, parse_json, read_body, route, show
from localloop.server.command_routes import answer_command
from localloop.server.context import Context
from localloop.server.media import probed
from localloop.server.outputs import Output
from localloop.server.shapes import ITEM, METADATA, MOVE, check
from localloop.server.streams import content
from localloop.server.uploads import Form, read_form
from localloop.server.wire import Json, Wire
from localloop.store import bulk, items
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, table

_MODES = ("skip", "overwrite")


async def upload(request: Request) -> Response:
    """``POST /datasets/{id}/items``: a file as a multipart form, or a directory as any form."""
    context: Context = request.app.state.context
    user = caller(request)
    call = call_of(request, user)
    # A stranger must not be able to fill the disk, so this is asked before the file is received.
    await to_thread.run_sync(partial(_may_add, call), limiter=context.workers)
    return await answer(_keep, call_of(request, user, await _form(request)))


async def revise(request: Request) -> Response:
    """``POST /items/{id}/revisions``: new content for an item, which keeps its id and its annotations."""
    context: Context = request.app.state.context
    user = caller(request)
    call = call_of(request, user)
    # A stranger must not be able to fill the disk, so this is asked before the file is received.
    await to_thread.run_sync(partial(_may_revise, call), limiter=context.workers)
    return await answer(_replace, call_of(request, user, await _form(request)))


async def snapshot(request: Request) -> Response:
    """``POST /items/{id}/snapshots``: as a revision; what the content was before stays in the cache and the log."""
    return await revise(request)


async def _form(request: Request) -> Form:
    """The form of a request; its file is in the cache by then."""
    context: Context = request.app.state.context
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        work = partial(_receive, request, context, kind)
        return await to_thread.run_sync(work, limiter=context.receivers)
    body = await read_body(request, context.settings.json_limit)
    if not isinstance(body, dict):
        raise BadRequest("400", "An upload is a form.")
    return Form(fields={key: str(value) for key, value in body.items()})


def _may_add(call: Call) -> None:
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.DATASET)
    if call.query.get("mode", "skip") not in _MODES:
        raise BadRequest("400", "The mode of an upload is skip or overwrite.")


def _may_revise(call: Call) -> None:
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ITEM)


def _receive(request: Request, context: Context, content_type: str) -> Form:
    """Read the form in this thread while the event loop receives it."""
    stream = request.stream()

    async def pull() -> bytes | None:
        return await anext(stream, None)

    def chunks() -> Iterator[bytes]:
        while (chunk := from_thread.run(pull)) is not None:
            yield chunk

    limit = context.settings.text_limit
    return read_form(chunks(), content_type, context.store.blobs.add_stream, text_limit=limit)


def _keep(call: Call) -> Response:
    form: Form = call.body
    path = form.fields.get("path") or form.fields.get("filename") or form.filename
    told = probed(call, form, path)
    with call.writing(f"upload {path}") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        if form.fields.get("type") == "dir":
            row, outcome = items.make_directory(tx, dataset, path)
        else:
            if form.content is None:
                raise BadRequest("400", "The form has no file.")
            row, outcome = items.add_item(
                tx,
                dataset,
                path,
                form.content,
                metadata=_metadata(form),
                description=form.fields.get("description"),
                overwrite=call.query.get("mode") == "overwrite",
                derived=told,
            )
            if outcome == "exist" and row["size"] != form.content.size:
                _protect(call, row)
        shown = call.wire(tx.connection).item(row)
    return show(call, shown, headers={"x-item-op": outcome})


def _replace(call: Call) -> Json:
    form: Form = call.body
    if form.content is None:
        raise BadRequest("400", "The form has no file.")
    with call.reading() as (connection, _wire):
        told = probed(call, form, call.target(connection, EntityKind.ITEM)["filename"])
    with call.writing("replace the content of an item") as tx:
        row = call.target(tx, EntityKind.ITEM)
        if row["type"] != "file":
            raise BadRequest("400", "A directory has no content.")
        row = items.put_content(tx, row, form.content, derived=told, keep_annotations=True)
        return call.wire(tx.connection).item(row)


def _metadata(form: Form) -> Json:
    text = form.fields.get("metadata")
    metadata = parse_json(text.encode()) if text else {}
    check(metadata, METADATA, "metadata")
    return dict(metadata)


def _protect(call: Call, existing: Row) -> None:
    """Keep dtlpy from deleting what is there, annotations included, because its size is not the one it sent.

    It does so on any success (docs/platform/wire.md, 4.1).

    Raises:
        Conflict: The client is dtlpy.
    """
    if call.headers.get("user-agent", "").startswith("dtlpy/"):
        raise Conflict(
            "409", f"Another file is at {existing['filename']!r}. Upload with overwrite to replace it."
        )


def get(call: Call) -> Json:
    """``GET /items/{id}``; what a command made for its owner is shown as an item too."""
    output = call.context.outputs.item(call.path["id"], call.user)
    if output is not None:
        return output.to_json(call.api)
    with call.reading() as (connection, wire):
        return wire.item(call.target(connection, EntityKind.ITEM))


def patch(call: Call) -> Json:
    """``PATCH /items/{id}``: a merge patch; read-only keys are ignored."""
    body = call.object(ITEM)
    with call.writing("change an item") as tx:
        row = call.target(tx, EntityKind.ITEM)
        if body.get("filename") not in {None, row["filename"]}:
            call.taking("move an item").target(tx, EntityKind.ITEM)
        if call.system:
            call.taking("change system metadata of an item").target(tx, EntityKind.ITEM)
        row = items.update_item(tx, row, body, system=call.system)
        return call.wire(tx.connection).item(row)


def delete(call: Call) -> None:
    """``DELETE /items/{id}``, with its annotations."""
    with call.writing("delete an item") as tx:
        try:
            row = call.target(tx, EntityKind.ITEM)
        except NotFound:
            check_id(EntityKind.ITEM, call.path["id"])
            raise
        tx.delete(EntityKind.ITEM, row)


def stream(call: Call) -> Response:
    """``GET /items/{id}/stream``, whole or a range."""
    output = call.context.outputs.item(call.path["id"], call.user)
    if output is not None:
        return download(call, output)
    with call.reading() as (connection, _wire):
        row = call.target(connection, EntityKind.ITEM)
    if row["type"] != "file" or row["digest"] is None:
        raise NotFound("404", f"The content of this item is not here. Id: {row['id']!r}")
    blobs = call.store.blobs
    size = blobs.size(row["digest"])
    reader = blobs.open(row["digest"])
    wanted = call.headers.get("range")
    return content(reader, size, name=row["name"], mimetype=row["mimetype"], wanted=wanted)


def download(call: Call, output: Output) -> Response:
    """A file that a command made, whole or a range."""
    reader = output.open()
    size = os.fstat(reader.fileno()).st_size
    wanted = call.headers.get("range")
    return content(reader, size, name=output.name, mimetype=output.mimetype, wanted=wanted)


def move_many(call: Call) -> Any:
    """``PUT /datasets/{id}/items/{dir}``: move items, given by id or by query, into a directory."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.DATASET)
        call.target(connection, EntityKind.ITEM, "dir")
    return answer_command(call, "MoveItems", partial(_move, call))


def _move(call: Call) -> Json:
    with call.writing("move items") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        target = call.target(tx, EntityKind.ITEM, "dir")
        if target["type"] != "dir" or target["dataset_id"] != dataset["id"]:
            raise BadRequest("400", "Items are moved into a directory of their dataset.")
        moved = 0
        for row in _chosen(call, tx.connection, dataset):
            items.move_item(tx, row, f"{target['filename'].rstrip('/')}/{row['name']}")
            moved += 1
    return {"count": moved}


def _chosen(call: Call, connection: Connection, dataset: Row) -> Iterator[Row]:
    if isinstance(call.body, list):
        for one in call.body:
            row = call.entity(connection, EntityKind.ITEM, one)
            if row["dataset_id"] != dataset["id"]:
                raise NotFound("404", f"Item not found in the dataset. Id: {str(one)!r}")
            yield row
        return
    query = bulk.as_query(call.object(MOVE).get("dqlQuery"))
    for rows in list(bulk.matching(connection, query, dataset)):
        yield from rows


def directory_tree(call: Call) -> Json:
    """``GET /datasets/{id}/directoryTree``: explicit directories, and those that paths of files imply."""
    with call.reading() as (connection, wire):
        dataset = call.target(connection, EntityKind.DATASET)
        columns = table(EntityKind.ITEM).c
        live = (columns.dataset_id == dataset["id"], columns.deleted_at.is_(None))
        query = select(table(EntityKind.ITEM)).where(*live, columns.type == "dir")
        explicit = {row["filename"]: dict(row) for row in connection.execute(query).mappings()}
        implied = connection.execute(select(columns.dir).where(*live).distinct()).scalars()
        shown = dict(zip(explicit, wire.items(list(explicit.values())), strict=True))
        return _tree(wire, dataset, {*explicit, *implied}, shown)


def _tree(wire: Wire, dataset: Row, paths: set[str], shown: dict[str, Json]) -> Json:
    nodes: dict[str, Json] = {}

    def node(path: str) -> Json:
        if path not in nodes:
            own = shown.get(path) or wire.directory(_directory_id(dataset["id"], path), dataset, path)
            nodes[path] = {"value": own, "children": []}
            if path != "/":
                node(path.rpartition("/")[0] or "/")["children"].append(nodes[path])
        return nodes[path]

    root = node("/")
    for path in sorted(paths):
        node(path)
    return root


def _directory_id(dataset_id: str, path: str) -> str:
    """An id for a directory that is no entity: always the same for the same path."""
    return hashlib.sha256(f"{dataset_id}:{path}".encode()).hexdigest()[:24]


ROUTES = [
    Route("/datasets/{id}/items", upload, methods=["POST"]),
    Route("/items/{id}/revisions", revise, methods=["POST"]),
    Route("/items/{id}/snapshots", snapshot, methods=["POST"]),
    Route("/datasets/{dataset}/items/{id}/revisions", revise, methods=["POST"]),
    Route("/datasets/{dataset}/items/{id}/snapshots", snapshot, methods=["POST"]),
    route("/datasets/{id}/items/{dir}", "PUT", move_many),
    route("/datasets/{id}/directoryTree", "GET", directory_tree),
    route("/datasets/{dataset}/items/{id}", "GET", get),
    route("/items/{id}", "GET", get),
    route("/items/{id}", "PATCH", patch),
    route("/items/{id}", "DELETE", delete),
    route("/items/{id}/stream", "GET", stream),
]
