"""What is made of an item's content: facts of it, thumbnails, and items whose content is elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select
from starlette.responses import Response

from localloop.errors import BadRequest, NotFound, UnprocessableEntity
from localloop.media import MIMETYPE, Thumbnails, as_jpeg, fit, probe
from localloop.server.calls import Call, route
from localloop.server.shapes import IMPORTS, check
from localloop.server.wire import Json
from localloop.store import imports
from localloop.store.labels import colour_of
from localloop.store.paths import mimetype_of
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_row, table

if TYPE_CHECKING:
    from localloop.server.uploads import Form


def probed(call: Call, form: Form, path: str) -> dict[str, Any]:
    """What the content of a form tells of itself; asked before the transaction, so that others need not wait.

    A link to an item has that item's media type, if the caller may see it (docs/platform/wire.md, 4.1).
    """
    if form.content is None:
        return {}
    told = probe(call.store.blobs.path(form.content.digest), mimetype_of(path))
    link = (told.get("shebang") or {}).get("linkInfo") or {}
    if link.get("type") == "id" and "mimetype" not in told:
        with call.reading() as (connection, _wire):
            target = _linked(call, connection, link)
        if target is not None:
            told["mimetype"] = target["mimetype"]
    return told


def _linked(call: Call, connection: Connection, link: Json) -> Row | None:
    try:
        # Following a link takes no more than seeing what it leads to.
        return call.taking("GET /items/{id}").entity(connection, EntityKind.ITEM, link.get("ref"))
    except NotFound:
        return None


def thumbnail(call: Call) -> Response:
    """``GET /items/{id}/thumbnail``: a JPEG that fits into ``width`` and ``height``.

    With ``annotations=true`` the outlines of the item's annotations are drawn on it. The thumbnail of a link to an
    item is that item's.

    Raises:
        BadRequest: A measure is not a positive number.
        NotFound: The item shows nothing, or its content is not here.
    """
    box = fit(_measure(call, "width"), _measure(call, "height"))
    drawn = any(call.query.get(name, "").casefold() == "true" for name in ("annotations", "annotationsV2"))
    with call.reading() as (connection, _wire):
        item = call.target(connection, EntityKind.ITEM)
        source = _source(call, connection, item)
        marks = list(_marks(connection, item)) if drawn else []
    thumbnails = Thumbnails(call.store.blobs)
    picture = (
        None if source["digest"] is None else thumbnails.picture(source["digest"], source["mimetype"], box)
    )
    if picture is None:
        raise NotFound("404", f"The item has no thumbnail. Id: {item['id']!r}")
    if marks:
        from localloop.media.drawing import draw  # noqa: PLC0415 - Pillow is loaded when it is needed

        draw(picture, _shown(source, picture.size), marks)
    headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(as_jpeg(picture), media_type=MIMETYPE, headers=headers)


def _measure(call: Call, name: str) -> float | None:
    text = call.query.get(name)
    if text is None or text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 1:
        raise BadRequest("400", f"The {name} of a thumbnail is a number from 1: {text[:40]!r}")
    return value


def _source(call: Call, connection: Connection, item: Row) -> Row:
    """The item whose content is shown: itself, or what it is a link to."""
    link = _inside(item["metadata"], "system", "shebang", "linkInfo")
    target = _linked(call, connection, link) if link.get("type") == "id" else None
    return item if target is None else target


def _inside(metadata: Any, *keys: str) -> Json:
    """An object inside metadata, into which anybody may have written anything; empty when there is none."""
    for key in keys:
        metadata = metadata.get(key) if isinstance(metadata, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _shown(item: Row, otherwise: tuple[int, int]) -> tuple[int, int]:
    """The width and height that coordinates are in: those of the image the right way up."""
    system = _inside(item["metadata"], "system")
    width, height = system.get("width"), system.get("height")
    if not isinstance(width, int | float) or not isinstance(height, int | float):
        return otherwise
    turned = _inside(system, "exif").get("Orientation") in (5, 6, 7, 8)  # a tuple: it may have no hash
    return (int(height), int(width)) if turned else (int(width), int(height))


def _marks(connection: Connection, item: Row) -> Iterator[tuple[Row, str]]:
    """The annotations to draw, each with the colour of its label."""
    from localloop.media.drawing import MOST  # noqa: PLC0415 - as above

    colours = _colours(connection, item["dataset_id"])
    annotations = table(EntityKind.ANNOTATION)
    query = (
        select(annotations)
        .where(annotations.c.item_id == item["id"], annotations.c.deleted_at.is_(None))
        .order_by(annotations.c.id)
        .limit(MOST)
    )
    for row in connection.execute(query).mappings():
        yield dict(row), colours.get(row["label"]) or colour_of(row["label"])


def _colours(connection: Connection, dataset_id: str) -> dict[str, str]:
    dataset = get_row(connection, EntityKind.DATASET, dataset_id)
    for recipe_id in (dataset or {}).get("recipes") or []:
        recipe = get_row(connection, EntityKind.RECIPE, recipe_id)
        for ontology_id in (recipe or {}).get("ontologies") or []:
            ontology = get_row(connection, EntityKind.ONTOLOGY, ontology_id)
            if ontology is not None:
                return {tag: label.get("color") or "" for tag, label in (ontology["labels"] or {}).items()}
    return {}


def import_items(call: Call) -> Any:
    """``POST /datasets/{id}/imports``: items whose content stays in a storage of its own.

    The content is not fetched: the items are known by name and size, and streaming them is 404.
    """
    entries: Any = call.body.get("imports") if isinstance(call.body, dict) else call.body
    check(entries, IMPORTS, "The imports")
    with call.writing(f"import {len(entries)} items") as tx:
        dataset = call.target(tx, EntityKind.DATASET)
        if call.store.settings().get("gate"):
            raise UnprocessableEntity("422", "Only the platform reaches a storage; import the files there.")
        rows = [imports.add_external(tx, dataset, one) for one in entries]
        return call.wire(tx.connection).items(rows)


ROUTES = [
    route("/items/{id}/thumbnail", "GET", thumbnail),
    route("/datasets/{dataset}/items/{id}/thumbnail", "GET", thumbnail),
    route("/datasets/{id}/imports", "POST", import_items),
]
