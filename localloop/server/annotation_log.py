"""The history of annotations, their issues, and annotations of everything that a query finds."""

from __future__ import annotations

from functools import partial
from typing import Any

from localloop.errors import BadRequest, NotFound, UnprocessableEntity
from localloop.server.annotations import delete, get, put
from localloop.server.calls import Call, Handler, page, route
from localloop.server.command_routes import answer_command
from localloop.server.shapes import CLASSIFY
from localloop.server.wire import Json
from localloop.store import bulk
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.history import annotation_events
from localloop.store.query import Resource, parse
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import live_rows


def of_item(handler: Handler) -> Handler:
    """A handler of an annotation that is named below an item, and perhaps a dataset: it must be one of them."""

    def checked(call: Call) -> Any:
        with call.reading() as (connection, _wire):
            annotation = call.target(connection, EntityKind.ANNOTATION)
            item = call.target(connection, EntityKind.ITEM, "item")
            found = annotation["item_id"] == item["id"]
            if "dataset" in call.path:
                dataset = call.target(connection, EntityKind.DATASET, "dataset")
                found = found and item["dataset_id"] == dataset["id"]
        if not found:
            raise NotFound("404", f"Annotation not found on the item. Id: {call.path['id']!r}")
        return handler(call)

    return checked


def raise_issue(call: Call) -> Json:
    """``PUT /annotations/{id}/issue``: the annotation's status becomes ``issue``."""
    with call.writing("open an issue of an annotation") as tx:
        row = call.target(tx, EntityKind.ANNOTATION)
        patch = {"metadata": {"system": {"status": "issue"}}}
        return call.wire(tx.connection).annotations([update_annotation(tx, row, patch, system=True)])[0]


def log(call: Call) -> Json:
    """``GET /datasets/{dataset}/items/{id}/annotations-log``: each annotation's events, oldest first."""
    told: dict[str, list[Json]] = {}
    with call.reading() as (connection, _wire):
        dataset = call.target(connection, EntityKind.DATASET, "dataset")
        item = call.target(connection, EntityKind.ITEM)
        if item["dataset_id"] != dataset["id"]:
            raise NotFound("404", f"Item not found in the dataset. Id: {call.path['id']!r}")
        for event in annotation_events(connection, item):
            shown: Json = {
                "id": event.id,
                "annotationId": event.annotation_id,
                "user": event.user,
                "timestamp": event.timestamp,
                "changes": event.changes,
                "deleted": event.deleted,
            }
            told.setdefault(event.annotation_id, []).append(shown)
    return told


def archive(call: Call) -> Any:
    """Archiving logs: there is nowhere to, since the operation log keeps everything where it is.

    Raises:
        UnprocessableEntity: Always.
    """
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ITEM)
    raise UnprocessableEntity(
        "422", "Logs of annotations are not archived here: the operation log keeps them."
    )


def restore(call: Call) -> Any:
    """Restoring archived logs: a command that finds none to restore."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.ITEM)
    return answer_command(call, "RestoreAnnotationLogs", lambda: {"restored": 0})


def classify(call: Call) -> None:
    """``POST /datasets/{id}/annotations``: a classification for each item that a query finds.

    An item that has the same one already keeps that.
    """
    body = call.object(CLASSIFY)
    wish = body.get("annotation")
    query = body.get("query")
    if not isinstance(wish, dict) or not isinstance(query, dict) or not isinstance(query.get("filter"), dict):
        raise BadRequest("400", "Classifying takes a query with a filter, and an annotation.")
    wire = {**wish, "type": "class"}
    if parse(query).resource is not Resource.ITEMS:
        raise UnprocessableEntity("422", "Only items can be classified.")
    with call.writing("classify items by query") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        for rows in bulk.matching(tx.connection, query, dataset):
            for item in rows:
                known = live_rows(
                    tx.connection,
                    EntityKind.ANNOTATION,
                    item_id=item["id"],
                    type="class",
                    label=wish.get("label"),
                )
                if not known:
                    add_annotations(tx, item, [wire])


def scores(kind: EntityKind | None, call: Call) -> Json:
    """``GET /scores/tasks/{task}/...``: nothing is scored here, so the page is empty."""
    with call.reading() as (connection, _wire):
        call.target(connection, EntityKind.TASK, "task")
        if kind is not None:
            call.target(connection, kind)
    return page([], total=0, pages=0, more=False)


_BELOW_ITEMS = ("/items/{item}", "/datasets/{dataset}/items/{item}")
_ONE = (
    ("", "GET", get),
    ("", "PUT", put),
    ("", "DELETE", delete),
    ("/issue", "PUT", raise_issue),
)

ROUTES = [
    route("/annotations/{id}/issue", "PUT", raise_issue),
    *(
        route(f"{below}/annotations/{{id}}{path}", method, of_item(handler))
        for below in _BELOW_ITEMS
        for path, method, handler in _ONE
    ),
    route("/datasets/{dataset}/items/{id}/annotations-log", "GET", log),
    *(
        route(f"{below}/annotations/{name}", "POST", handler)
        for below in ("/items/{id}", "/datasets/{dataset}/items/{id}")
        for name, handler in (
            ("archiveAnnotationLogs", archive),
            ("restore-archived-annotation-logs", restore),
        )
    ),
    route("/datasets/{id}/annotations", "POST", classify),
    route("/scores/tasks/{task}", "GET", partial(scores, None)),
    route("/scores/tasks/{task}/items/{id}", "GET", partial(scores, EntityKind.ITEM)),
    route("/scores/tasks/{task}/annotations/{id}", "GET", partial(scores, EntityKind.ANNOTATION)),
]
