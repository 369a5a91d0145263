"""Listings of items beside the query (docs/platform/wire.md, 4.5), and items under their dataset's path."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from localloop.errors import BadRequest, NotFound
from localloop.server import items
from localloop.server.calls import Call, Handler, page, parse_json, route, window
from localloop.server.wire import Json
from localloop.store.query import parse, project, run_page
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import table


def listing(call: Call) -> Json:
    """``GET /datasets/{id}/items``: what the ``query`` in the query string finds, as a filter or as a whole query."""
    given = parse_json(call.query.get("query", "{}").encode() or b"{}")
    if not isinstance(given, dict):
        raise BadRequest("400", "The query must be a JSON object.")
    query = dict(given) if isinstance(given.get("filter"), dict) else {"filter": given}
    if "sort" in call.query:
        query["sort"] = parse_json(call.query["sort"].encode())
    offset, size = window(call)
    wanted = parse({**query, "resource": "items", "page": offset, "pageSize": size})
    with call.reading() as (connection, wire):
        dataset = call.target(connection, EntityKind.DATASET)
        found = run_page(connection, wanted, [dataset["id"]])
        shown = [project(one, wanted.select) for one in wire.items(found.rows)]
        return page(shown, total=found.total, pages=found.pages, more=found.has_next)


def children(call: Call) -> Json:
    """``GET /items/{id}/items``: the files and explicit directories that lie directly in a directory, by path.

    Raises:
        BadRequest: The item is no directory.
    """
    offset, size = window(call)
    with call.reading() as (connection, wire):
        directory = call.target(connection, EntityKind.ITEM)
        if directory["type"] != "dir":
            raise BadRequest("400", "Only a directory has items in it.")
        rows = table(EntityKind.ITEM)
        inside = (
            rows.c.dataset_id == directory["dataset_id"],
            # The range is what an index can follow; the directory then leaves out what lies deeper.
            rows.c.filename > f"{directory['filename']}/",
            rows.c.filename < f"{directory['filename']}0",
            rows.c.dir == directory["filename"],
            rows.c.deleted_at.is_(None),
        )
        total = int(connection.execute(select(func.count()).select_from(rows).where(*inside)).scalar_one())
        query = select(rows).where(*inside).order_by(rows.c.filename).limit(size).offset(offset * size)
        found = [dict(row) for row in connection.execute(query).mappings()]
        more = (offset + 1) * size < total
        return page(wire.items(found), total=total, pages=-(-total // size), more=more)


def of_dataset(handler: Handler) -> Handler:
    """A handler of an item that is named below its dataset: it must be in that one."""

    def checked(call: Call) -> Any:
        with call.reading() as (connection, _wire):
            dataset = call.target(connection, EntityKind.DATASET, "dataset")
            if call.target(connection, EntityKind.ITEM)["dataset_id"] != dataset["id"]:
                raise NotFound("404", f"Item not found in the dataset. Id: {call.path['id']!r}")
        return handler(call)

    return checked


ROUTES = [
    route("/datasets/{id}/items", "GET", listing),
    route("/items/{id}/items", "GET", children),
    route("/datasets/{dataset}/items/{id}/items", "GET", of_dataset(children)),
    route("/datasets/{dataset}/items/{id}/stream", "GET", of_dataset(items.stream)),
    route("/datasets/{dataset}/items/{id}", "PATCH", of_dataset(items.patch)),
    route("/datasets/{dataset}/items/{id}", "DELETE", of_dataset(items.delete)),
]
