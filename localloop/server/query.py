"""Finding, changing and deleting items and annotations by query (docs/platform/wire.md, 4.4 and 4.5)."""

from __future__ import annotations

from localloop.errors import BadRequest, UnprocessableEntity
from localloop.server.calls import Call, page, route
from localloop.server.shapes import BULK, check
from localloop.server.wire import Json
from localloop.store import bulk
from localloop.store.query import Resource, parse, run_page
from localloop.store.schemas import check_searchable
from localloop_schema.kinds import EntityKind


def query(call: Call) -> Json:
    """``POST /datasets/{id}/query``; with ``update`` or ``delete`` it acts on everything that it finds."""
    body = call.object()
    if "references" in body:
        raise UnprocessableEntity("422", "Items come into tasks by the calls for tasks.")
    check(body, BULK)
    if (body.get("delete") or body.get("update") is not None) and not isinstance(body.get("filter"), dict):
        # What says nothing must not come to mean everything.
        raise BadRequest("400", "A change by query needs a filter, even if it is an empty object.")
    if body.get("delete") is True:
        return _delete(call, body)
    if body.get("update") is not None:
        return _update(call, body)
    return _find(call, body)


def _find(call: Call, body: Json) -> Json:
    wanted = parse(body)
    if wanted.resource not in {Resource.ITEMS, Resource.ANNOTATIONS}:
        raise UnprocessableEntity("422", f"A dataset has no {wanted.resource} to query.")
    with call.reading() as (connection, wire):
        dataset = call.target(connection, EntityKind.DATASET)
        check_searchable(dataset, wanted)
        found = run_page(connection, wanted, [dataset["id"]])
        show = wire.items if wanted.resource is Resource.ITEMS else wire.annotations
        return page(show(found.rows), total=found.total, pages=found.pages, more=found.has_next)


def _update(call: Call, body: Json) -> Json:
    resource, system = body.get("resource") or "items", body.get("systemSpace") is True
    action = f"change {resource} by query"
    with call.writing(action) as tx:
        dataset = call.taking(_row(resource, action, system=system)).target(tx, EntityKind.DATASET)
        return _done(bulk.update_by_query(tx, body, dataset, body["update"], system=system))


def _delete(call: Call, body: Json) -> Json:
    resource = body.get("resource") or "items"
    action = f"delete {resource} by query"
    with call.writing(action) as tx:
        dataset = call.taking(_row(resource, action)).target(tx, EntityKind.DATASET)
        return _done(bulk.delete_by_query(tx, body, dataset))


def _row(resource: str, action: str, *, system: bool = False) -> str:
    """Which row of the table of roles stands for a change by query; for what is no resource, the strictest."""
    if resource == "annotations" or (resource == "items" and not system):
        return action
    return "change system metadata by query"


def _done(number: int) -> Json:
    """What the platform declares for this endpoint: a page, here without its items."""
    return page([], total=number, pages=1 if number else 0, more=False)


ROUTES = [route("/datasets/{id}/query", "POST", query)]
