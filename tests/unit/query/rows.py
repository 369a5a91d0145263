"""A small world of rows to query, with defaults for every column that a test is not about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from posixpath import basename, dirname
from typing import Any

from sqlalchemy import Connection, create_engine, insert
from sqlmodel import SQLModel

import localloop_schema.tables  # noqa: F401  # registers the tables
from localloop.store.query import parse, run_page

DATASET = "d" * 24
OTHER_DATASET = "e" * 24
PROJECT = "project"
MOMENT = "2026-01-02T03:04:05.678Z"


@contextmanager
def world() -> Iterator[Connection]:
    """A connection to an empty store in memory that has one project with two datasets."""
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with engine.connect() as connection:
        add(connection, "projects", id=PROJECT, remote_id="remote-project", name="P", role="owner")
        dataset(connection, DATASET, remote_id="remote-dataset", name="one")
        dataset(connection, OTHER_DATASET, name="two")
        yield connection
    engine.dispose()


def add(connection: Connection, table: str, **columns: Any) -> None:
    """One row with the columns that all entities have."""
    common = {"creator": "ann@x", "created_at": MOMENT, "updated_at": MOMENT, "updated_by": "bob@x"}
    connection.execute(insert(SQLModel.metadata.tables[table]), [{**common, **columns}])


def dataset(connection: Connection, dataset_id: str, **columns: Any) -> None:
    """One dataset."""
    defaults = {
        "project_id": PROJECT,
        "recipes": [],
        "metadata": {},
        "facts": {},
        "system": False,
        "readonly": False,
        "index_driver": "v2",
        "access_level": "project",
        "driver": "",
    }
    add(connection, "datasets", id=dataset_id, **{**defaults, **columns})


def item(connection: Connection, item_id: str, filename: str | None = None, **columns: Any) -> None:
    """One item; its directory and name follow from its path."""
    filename = filename or f"/{item_id}.jpg"
    defaults = {
        "dataset_id": DATASET,
        "filename": filename,
        "dir": dirname(filename),
        "name": basename(filename),
        "type": "file",
        "hidden": False,
        "size": 0,
        "mimetype": "",
        "spec": "MasterItemSpec",
        "metadata": {},
    }
    add(connection, "items", id=item_id, **{**defaults, **columns})


def annotation(connection: Connection, annotation_id: str, item_id: str, **columns: Any) -> None:
    """One annotation of an item."""
    defaults = {
        "dataset_id": DATASET,
        "item_id": item_id,
        "type": "box",
        "label": "Person",
        "attributes": [],
        "source": "sdk",
        "metadata": {},
    }
    add(connection, "annotations", id=annotation_id, **{**defaults, **columns})


def found(connection: Connection, body: dict[str, Any], dataset_ids: list[str] | None = None) -> list[str]:
    """The ids that a query finds, in its order."""
    page = run_page(connection, parse(body), [DATASET] if dataset_ids is None else dataset_ids)
    assert page.total == len(page.rows)
    return [row["id"] for row in page.rows]


def matching(connection: Connection, condition: Any, resource: str = "items") -> list[str]:
    """The ids of what a filter finds, in the order of ids."""
    return found(connection, {"resource": resource, "filter": condition, "sort": {"id": "ascending"}})
