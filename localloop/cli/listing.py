"""Listings of projects, datasets and items."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, select

from localloop.cli import human
from localloop.cli.output import JsonList, Output
from localloop.cli.places import STEP, Place, below, in_path_order
from localloop.cli.standing import annotation_counts, remote_only, standings
from localloop.errors import BadRequest
from localloop.store.datasets import counts_of
from localloop.store.query import compile_select, parse
from localloop.store.query.text import read_text
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, live_rows, table

#: The parts of a query that say what it finds.
_QUERY = frozenset({"filter", "join", "intersect", "except", "resource"})


def read_filter(text: str | None) -> dict[str, Any] | None:
    """Read what ``--filter`` says.

    Args:
        text: A query as people type it, or as JSON, or only the filter of one.

    Returns:
        A query, or None without one.

    Raises:
        BadRequest: It cannot be read, or is a query for something else than items.
    """
    if text is None:
        return None
    if not text.lstrip().startswith(("{", "[")):
        return read_text(text, datetime.now(UTC))
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRequest("400", f"--filter is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise BadRequest("400", "--filter has to be a JSON object, or a query such as 'label:Ear'.")
    if value.get("resource", "items") != "items":
        raise BadRequest("400", "Items are filtered here; leave `resource` out.")
    query = value if value.keys() & _QUERY else {"filter": value}
    if query.keys() - _QUERY:
        raise BadRequest("400", f"--filter does not take {sorted(query.keys() - _QUERY)}.")
    return query


def list_projects(connection: Connection, out: Output) -> None:
    """Print the projects, with the numbers of their datasets."""
    datasets = table(EntityKind.DATASET).c
    counted = select(datasets.project_id, func.count()).where(
        datasets.deleted_at.is_(None), datasets.system.is_(False)
    )
    numbers = {row[0]: row[1] for row in connection.execute(counted.group_by(datasets.project_id))}
    rows = sorted(live_rows(connection, EntityKind.PROJECT), key=lambda row: (row["name"], row["id"]))
    stand = standings(connection, EntityKind.PROJECT, [row["id"] for row in rows])
    told = [
        {
            "id": row["id"],
            "remote_id": row["remote_id"],
            "name": row["name"],
            "role": row["role"],
            "datasets": numbers.get(row["id"], 0),
            "state": stand[row["id"]],
        }
        for row in rows
    ]
    out.result({"projects": told})
    if not told:
        out.note("There is no project here yet: `localloop clone`, or `localloop add --create`.")
        return
    cells = [[f"{one['datasets']:,}", one["state"], one["name"]] for one in told]
    out.table(("DATASETS", "STATE", "PROJECT"), cells, right=(0,))


def list_datasets(connection: Connection, out: Output, project: Row, *, hidden: bool) -> None:
    """Print the datasets of a project, with the numbers of what is in them."""
    rows = live_rows(connection, EntityKind.DATASET, project_id=project["id"])
    rows = sorted(
        (row for row in rows if hidden or not row["system"]), key=lambda row: (row["name"], row["id"])
    )
    ids = [row["id"] for row in rows]
    counts, stand = counts_of(connection, ids), standings(connection, EntityKind.DATASET, ids)
    told = [
        {
            "id": row["id"],
            "remote_id": row["remote_id"],
            "name": row["name"],
            "items": counts[row["id"]].items,
            "annotated": counts[row["id"]].annotated,
            "annotations": counts[row["id"]].annotations,
            "state": stand[row["id"]],
        }
        for row in rows
    ]
    out.result({"project": project["name"], "datasets": told})
    cells = [
        [f"{one['items']:,}", f"{one['annotated']:,}", f"{one['annotations']:,}", one["state"], one["name"]]
        for one in told
    ]
    out.table(("ITEMS", "ANNOTATED", "ANNOTATIONS", "STATE", "DATASET"), cells, right=(0, 1, 2))


def list_items(
    connection: Connection,
    out: Output,
    place: Place,
    query: dict[str, Any] | None,
    limit: int,
    *,
    hidden: bool,
) -> bool:
    """Print items, in the order of their paths, as they are read.

    Args:
        connection: A transaction.
        out: Where to.
        place: A place in a dataset.
        query: Only those it finds.
        limit: How many at most; 0 for all.
        hidden: Whether hidden items are listed too.

    Returns:
        Whether there are more than ``limit``.
    """
    found = _described(connection, in_path_order(connection, _statement(place, query, hidden=hidden)))
    shown = islice(found, limit) if limit else found
    if out.as_json:
        assert place.dataset is not None
        head = {"project": place.project["name"], "dataset": place.dataset["name"]}
        with JsonList("items", head) as listing:
            for item in shown:
                listing.add(item)
            more = bool(limit) and next(found, None) is not None
            listing.tail(more=more)
        return more
    for item in shown:
        out.line(_item_line(item))
    return bool(limit) and next(found, None) is not None


def _item_line(item: dict[str, Any]) -> str:
    state = item["state"] + (", remote-only" if item["content"] == "remote-only" else "")
    size = "dir" if item["type"] == "dir" else human.size(item["size"])
    return f"{size:>9}  {item['annotations']:>5}  {state:<20}  {item['filename']}"


def _statement(place: Place, query: dict[str, Any] | None, *, hidden: bool) -> Any:
    assert place.dataset is not None
    items = table(EntityKind.ITEM)
    asked = parse(
        {**(query or {}), "resource": "items", "sort": {"filename": "ascending", "id": "ascending"}}
    )
    statement = compile_select(asked, [place.dataset["id"]], paged=False)
    if place.path:
        statement = statement.where(below(place.path))
    if not hidden:
        statement = statement.where(items.c.hidden.is_(False))
    return statement


def _described(connection: Connection, rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
    """Items as they are listed, with what is asked about many of them at once."""
    while part := list(islice(rows, STEP)):
        ids = [row["id"] for row in part]
        annotations = annotation_counts(connection, ids)
        stand = standings(connection, EntityKind.ITEM, ids)
        elsewhere = remote_only(connection, part)
        for row in part:
            yield {
                "id": row["id"],
                "remote_id": row["remote_id"],
                "filename": row["filename"],
                "type": row["type"],
                "size": row["size"],
                "mimetype": row["mimetype"],
                "annotations": annotations.get(row["id"], 0),
                "state": stand[row["id"]],
                "content": "remote-only" if row["id"] in elsewhere else "here",
                "updated_at": row["updated_at"],
            }
