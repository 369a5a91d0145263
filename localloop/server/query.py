"""Finding, changing and deleting items and annotations by query (docs/platform/wire.md, 4.4 and 4.5)."""

from __future__ import annotations

from localloop.errors import BadRequest, NotFound, UnprocessableEntity
from localloop.server.calls import Call, page, route
from localloop.server.shapes import BULK, check
from localloop.server.wire import Json
from localloop.store import Transaction, bulk
from localloop.store.query import Resource, parse, project, run_page
from localloop.store.references import KINDS, refer
from localloop.store.schemas import check_searchable
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row


def query(call: Call) -> Json:
    """``POST /datasets/{id}/query``; with ``update``, ``delete`` or ``references`` it acts on all that it finds."""
    body = call.object()
    check(body, BULK)
    changes = [key for key in ("delete", "update", "references") if body.get(key) not in (None, False)]
    if not changes:
        return _find(call, body)
    if len(changes) > 1:
        raise BadRequest("400", f"One query makes one change, not {' and '.join(changes)}.")
    if not isinstance(body.get("filter"), dict):
        # What says nothing must not come to mean everything.
        raise BadRequest("400", "A change by query needs a filter, even if it is an empty object.")
    for key in ("limit", "skip"):
        if body.get(key) is not None:
            raise UnprocessableEntity("422", f"Unsupported key {key!r} of a change by query.")
    return _CHANGES[changes[0]](call, body)


def _find(call: Call, body: Json) -> Json:
    wanted = parse(body)
    if wanted.resource not in {Resource.ITEMS, Resource.ANNOTATIONS}:
        raise UnprocessableEntity("422", f"A dataset has no {wanted.resource} to query.")
    with call.reading() as (connection, wire):
        dataset = call.target(connection, EntityKind.DATASET)
        check_searchable(dataset, wanted)
        found = run_page(connection, wanted, [dataset["id"]])
        show = wire.items if wanted.resource is Resource.ITEMS else wire.annotations
        shown = [project(one, wanted.select) for one in show(found.rows)]
        return page(shown, total=found.total, pages=found.pages, more=found.has_next)


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


def _refer(call: Call, body: Json) -> Json:
    if body.get("resource") not in {None, "items"}:
        raise UnprocessableEntity("422", "Only items refer to tasks and assignments.")
    references = body["references"]
    with call.writing("change references by query") as tx:
        dataset = call.taking("change references by query").target(tx, EntityKind.DATASET)
        targets = [_referred(call, tx, dataset, one) for one in references.get("refs") or []]
        operation = str(references.get("operation"))
        return _done(refer(tx, body, dataset, operation, targets))


def _referred(call: Call, tx: Transaction, dataset: Row, reference: Json) -> tuple[str, Row]:
    """What a reference is to, if the caller may see it; an item refers to what is in its own project."""
    kind = str(reference.get("type"))
    if kind not in KINDS:
        raise UnprocessableEntity("422", f"Unsupported type of a reference: {kind!r}")
    row = call.entity(tx.connection, KINDS[kind], reference.get("id"))
    if row["project_id"] != dataset["project_id"]:
        raise NotFound("404", f"{kind.capitalize()} not found. Id: {str(reference.get('id'))!r}")
    return kind, row


def _row(resource: str, action: str, *, system: bool = False) -> str:
    """Which row of the table of roles stands for a change by query; for what is no resource, the strictest."""
    if resource == "annotations" or (resource == "items" and not system):
        return action
    return "change system metadata by query"


def _done(number: int) -> Json:
    """What the platform declares for this endpoint: a page, here without its items."""
    return page([], total=number, pages=1 if number else 0, more=False)


_CHANGES = {"delete": _delete, "update": _update, "references": _refer}

ROUTES = [route("/datasets/{id}/query", "POST", query)]
