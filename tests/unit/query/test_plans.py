"""The hot queries follow indexes: SQLite's own plan says so."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Select

from localloop.store.query import compile_count, compile_select, parse
from tests.unit.query.rows import DATASET

EARS = {"join": {"filter": {"$and": [{"type": "point"}, {"label": "Ear"}]}}}
BY_ID = {"sort": {"id": "ascending"}}


def plan(db: Connection, statement: Select[Any]) -> list[str]:
    compiled = statement.compile(db, compile_kwargs={"render_postcompile": True})
    parameters = tuple(compiled.params[name] for name in compiled.positiontup or ())
    rows = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", parameters)
    return [row[3] for row in rows]


def select_plan(db: Connection, body: dict[str, Any]) -> list[str]:
    return plan(db, compile_select(parse(body), [DATASET]))


@pytest.mark.parametrize(
    ("body", "step"),
    [
        (
            {"filter": {"hidden": False, "id": {"$gt": "a"}}, **BY_ID},
            "ix_items_dataset_id (dataset_id=? AND id>?)",
        ),
        ({"filter": {"filename": "/a/b.jpg"}}, "ix_items_dataset_path (dataset_id=? AND filename=?)"),
        (
            {"filter": {"filename": "/a/**"}},
            "ix_items_dataset_path (dataset_id=? AND filename>? AND filename<?)",
        ),
        ({"filter": {"id": {"$in": ["a", "b"]}}}, "sqlite_autoindex_items_1 (id=?)"),
        ({"filter": {"id": {"$in": ["a", "b"]}}}, "ix_items_remote_id (remote_id=?)"),
        (
            {"filter": {"hidden": False}, **EARS, **BY_ID},
            "ix_annotations_dataset_label (dataset_id=? AND label=? AND type=?)",
        ),
        (
            {
                "resource": "annotations",
                "filter": {"type": {"$in": ["box", "point"]}, "itemId": "i"},
                **BY_ID,
            },
            "ix_annotations_item (item_id=? AND deleted_at=?)",
        ),
        (
            {"resource": "annotations", "filter": {"label": "Ear", "type": "point"}},
            "ix_annotations_dataset_label (dataset_id=? AND label=? AND type=?)",
        ),
        (
            {"filter": {"updatedAt": {"$gte": "2026-01-01"}}},
            "ix_items_dataset_updated (dataset_id=? AND updated_at>?)",
        ),
        (
            {"resource": "annotations", "filter": {"updatedAt": {"$gte": "2026-01-01"}}},
            "ix_annotations_dataset_updated (dataset_id=? AND updated_at>?)",
        ),
        (
            {"filter": {"filename": "/a/b.jpg"}, **BY_ID},
            "ix_items_dataset_path (dataset_id=? AND filename=?)",
        ),
        ({"filter": {"annotated": False}}, "ix_annotations_item (item_id=? AND deleted_at=?)"),
        (
            {"resource": "annotations", "filter": {}, "join": {"filter": {"filename": "/a"}}, **BY_ID},
            "ix_annotations_item (item_id=? AND deleted_at=?)",
        ),
    ],
)
def test_the_index_is_used_and_no_table_is_scanned(db: Connection, body: dict[str, Any], step: str) -> None:
    for statement in (compile_select(parse(body), [DATASET]), compile_count(parse(body), [DATASET])):
        steps = plan(db, statement)
        assert any(step in line for line in steps), steps
        assert not [line for line in steps if line.startswith(("SCAN items", "SCAN annotations"))]


def test_counting_files_reads_no_rows(db: Connection) -> None:
    query = parse({"filter": {"$and": [{"hidden": False}, {"type": "file"}]}})
    assert "COVERING INDEX" in plan(db, compile_count(query, [DATASET]))[0]


@pytest.mark.parametrize("resource", ["items", "annotations"])
def test_walking_by_id_sorts_nothing(db: Connection, resource: str) -> None:
    steps = select_plan(db, {"resource": resource, "filter": {"id": {"$gt": "a"}}, **BY_ID})
    assert len(steps) == 1
    assert steps[0].startswith(f"SEARCH {resource} USING")
    assert "id>?" in steps[0]


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"type": "file"}},
        {"filter": {"type": "file"}, "sort": {"createdAt": "ascending"}},
        {"filter": {"hidden": False}, "sort": {"updatedAt": "descending"}},
        {"filter": {"hidden": False}, "sort": {"filename": "ascending"}},
        {"resource": "annotations", "filter": {}, "sort": {"updatedAt": "ascending"}},
    ],
)
def test_the_usual_orders_follow_an_index(db: Connection, body: dict[str, Any]) -> None:
    steps = select_plan(db, body)
    assert not [
        step for step in steps if "ORDER BY" in step and "RIGHT PART" not in step and "LAST TERM" not in step
    ], steps
