"""SQL finds exactly what the plain reading of a query finds, in the same order, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from posixpath import basename, dirname
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert
from sqlmodel import SQLModel

import localloop_schema.tables  # noqa: F401  # registers the tables
from localloop.store.query import compile_count, compile_ids, parse, run_page
from tests.property.query import reference, worlds

DATASET = "d" * 24
COMMON = {"creator": "", "updated_at": worlds.MOMENTS[0], "updated_by": "", "dataset_id": DATASET}

DATASET_ROW = {
    "id": DATASET,
    "project_id": "p",
    "name": "one",
    "creator": "",
    "created_at": worlds.MOMENTS[0],
    "updated_at": worlds.MOMENTS[0],
    "updated_by": "",
    "recipes": [],
    "metadata": {},
    "facts": {},
    "system": False,
    "readonly": False,
    "index_driver": "v2",
    "access_level": "project",
    "driver": "",
}

_engine = create_engine("sqlite://")
SQLModel.metadata.create_all(_engine)


@contextmanager
def stored(items: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> Iterator[Connection]:
    """A connection that sees these documents until the block ends."""
    tables = SQLModel.metadata.tables
    with _engine.connect() as connection:
        connection.execute(insert(tables["datasets"]), [DATASET_ROW])
        for item in items:
            row = {
                **COMMON,
                **{key: item[key] for key in ("id", "filename", "type", "hidden", "description", "metadata")},
                "remote_id": item["remote:id"],
                "created_at": item["createdAt"],
                "dir": dirname(item["filename"]),
                "name": basename(item["filename"]),
                "size": 0,
                "mimetype": "",
                "spec": "MasterItemSpec",
            }
            connection.execute(insert(tables["items"]), [row])
        for annotation in annotations:
            copied = ("id", "type", "label", "attributes", "coordinates", "metadata")
            row = {
                **COMMON,
                **{key: annotation[key] for key in copied},
                "remote_id": annotation["remote:id"],
                "item_id": annotation["itemId"],
                "created_at": annotation["createdAt"],
                "source": "sdk",
            }
            connection.execute(insert(tables["annotations"]), [row])
        yield connection
        connection.rollback()


def complete(items: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> None:
    """Add to documents what follows from other fields or documents."""
    counts = Counter(annotation["itemId"] for annotation in annotations)
    remote_ids = {item["id"]: item["remote:id"] for item in items}
    for item in items:
        count = counts[item["id"]]
        item.update(annotated=count > 0, annotationsCount=count, datasetId=DATASET)
        item.update(dir=dirname(item["filename"]), name=basename(item["filename"]))
    for annotation in annotations:
        annotation.update(annotationId=annotation["id"], datasetId=DATASET)
        annotation["remote:itemId"] = remote_ids[annotation["itemId"]]


@pytest.mark.parametrize("resource", ["items", "annotations"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_sql_finds_what_the_reference_finds(resource: str, data: st.DataObject) -> None:
    items = data.draw(worlds.items(), label="items")
    annotations = data.draw(worlds.annotations([item["id"] for item in items]), label="annotations")
    complete(items, annotations)
    if resource == "items":
        entities, others = items, annotations
        partners = {item["id"]: [a for a in annotations if a["itemId"] == item["id"]] for item in items}
    else:
        entities, others = annotations, items
        by_id = {item["id"]: item for item in items}
        partners = {a["id"]: [by_id[a["itemId"]]] for a in annotations}
    query = worlds.queries(resource, worlds.facts_of(entities), worlds.facts_of(others))
    bodies = data.draw(st.lists(query, min_size=4, max_size=4), label="queries")
    with stored(items, annotations) as connection:
        for body in bodies:
            note(f"{body}")
            expected = [entity["id"] for entity in reference.select(entities, body, partners)]
            event(
                f"finds {'nothing' if not expected else 'some' if len(expected) < len(entities) else 'all'}"
            )
            check(connection, body, expected)


def check(connection: Connection, body: dict[str, Any], expected: list[str]) -> None:
    """Every way to ask gives the same answer."""
    query = parse(body)
    assert [row["id"] for row in run_page(connection, query, [DATASET]).rows] == expected
    assert list(connection.execute(compile_ids(query, [DATASET])).scalars()) == expected
    assert connection.execute(compile_count(query, [DATASET])).scalar_one() == len(expected)
    assert paged(connection, body) == expected
    assert by_keys(connection, body) == sorted(expected)
    for skip, limit in ((1, 2),):
        window = {**body, "skip": skip, "limit": limit}
        cut = expected[skip : skip + limit]
        assert paged(connection, window) == cut
        assert run_page(connection, parse({**window, "pageSize": 1}), [DATASET]).total == len(cut)


@pytest.mark.parametrize("path", ["coordinates", "metadata.user.k", "metadata.user.é", "metadata.user.k.n"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_each_row_is_sorted_by_its_own_values(path: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(worlds.sortable, min_size=3, max_size=6), label="values")
    if path == "coordinates":
        values = [value if isinstance(value, list) else [value] for value in values]
    if path.endswith(".n"):
        wrap = st.sampled_from([lambda value: {"n": value}, lambda value: [{"n": value}, 1, {"n": value}]])
        values = [data.draw(wrap)(value) for value in values]
    sort = {path: data.draw(st.sampled_from(["ascending", "descending"]), label="direction")}
    body = {"resource": "annotations", "sort": sort}
    items = [{**worlds.BARE, "id": worlds.IDS[0], "filename": "/a.jpg", "metadata": {}}]
    annotations = [
        {
            **worlds.BARE,
            "id": worlds.IDS[number],
            "itemId": worlds.IDS[0],
            "coordinates": value if path == "coordinates" else None,
            "metadata": {"user": {"k": value, "é": value}},
        }
        for number, value in enumerate(values)
    ]
    expected = [entity["id"] for entity in reference.select(annotations, body, {})]
    with stored(items, annotations) as connection:
        assert [row["id"] for row in run_page(connection, parse(body), [DATASET]).rows] == expected


def paged(connection: Connection, body: dict[str, Any]) -> list[str]:
    """The ids that offset paging collects, two a page."""
    ids: list[str] = []
    has_next = True
    number = 0
    while has_next:
        page = run_page(connection, parse({**body, "page": number, "pageSize": 2}), [DATASET])
        ids += [row["id"] for row in page.rows]
        has_next = page.has_next
        number += 1
    return ids


def by_keys(connection: Connection, body: dict[str, Any]) -> list[str]:
    """The ids that keyset paging collects, two a page, as clients do it."""
    ids: list[str] = []
    has_next = True
    while has_next:
        clauses = [body["filter"], *({"id": {"$gt": last}} for last in ids[-1:])]
        keyed = {**body, "filter": {"$and": clauses}, "sort": {"id": "ascending"}, "pageSize": 2}
        page = run_page(connection, parse(keyed), [DATASET])
        ids += [row["id"] for row in page.rows]
        has_next = page.has_next
    return ids
