"""Joins and set operations, with the queries that the getting-started guide sends."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from localloop.store.query import compile_ids, parse
from tests.unit.query.rows import DATASET, MOMENT, annotation, found, item

#: What the SDK adds to every annotation query.
TYPES = ["box", "class", "point", "polyline", "segment"]


@pytest.fixture
def animals(db: Connection) -> Connection:
    for name in ("cat", "dog", "owl", "rat"):
        item(db, name)
    annotation(db, "cat-ear-1", "cat", type="point", label="Ear")
    annotation(db, "cat-ear-2", "cat", type="point", label="Ear")
    annotation(db, "cat-person", "cat", type="class", label="Person")
    annotation(db, "cat-note", "cat", type="note", label="Person")
    annotation(db, "dog-ear", "dog", type="box", label="Ear")
    annotation(db, "dog-tail", "dog", type="point", label="Tail")
    annotation(db, "owl-ear", "owl", type="point", label="Ear", deleted_at=MOMENT)
    return db


def with_annotation(*conditions: dict[str, Any]) -> dict[str, Any]:
    on = {"resource": "annotations", "local": "itemId", "forigen": "id"}
    return {"join": {"on": on, "filter": {"$and": list(conditions)}}}


class TestJoin:
    def test_the_guide_finds_items_with_a_point_labelled_ear_once(self, animals: Connection) -> None:
        body = {
            "filter": {"$and": [{"hidden": False}, {"type": "file"}]},
            "sort": {"id": "ascending"},
            "page": 0,
            "pageSize": 1000,
            "resource": "items",
            **with_annotation({"type": "point"}, {"label": "Ear"}),
        }
        assert found(animals, body) == ["cat"]

    def test_all_conditions_apply_to_the_same_annotation(self, animals: Connection) -> None:
        assert found(animals, with_annotation({"label": "Ear"}, {"type": "point"})) == ["cat"]
        assert found(animals, with_annotation({"label": "Ear"}, {"label": "Tail"})) == []

    def test_without_conditions_any_annotation_does(self, animals: Connection) -> None:
        assert sorted(found(animals, with_annotation())) == ["cat", "dog"]

    def test_an_empty_join_is_none(self, animals: Connection) -> None:
        assert len(found(animals, {"join": {}})) == 4

    def test_annotations_can_be_filtered_by_their_item(self, animals: Connection) -> None:
        on = {"resource": "items", "local": "id", "forigen": "itemId"}
        join = {"on": on, "filter": {"$and": [{"filename": "/dog.jpg"}]}}
        body = {"resource": "annotations", "join": join, "sort": {"id": "ascending"}}
        assert found(animals, body) == ["dog-ear", "dog-tail"]

    def test_a_join_may_leave_out_its_keys(self, animals: Connection) -> None:
        body = {
            "resource": "annotations",
            "join": {"filter": {"name": "dog.jpg"}},
            "sort": {"id": "descending"},
        }
        assert found(animals, body) == ["dog-tail", "dog-ear"]


class TestDeleting:
    def test_the_guide_finds_the_annotations_to_delete(self, animals: Connection) -> None:
        body = {
            "filter": {"$and": [{"type": {"$in": TYPES}}, {"label": "Person"}, {"itemId": "cat"}]},
            "page": 0,
            "pageSize": 1000,
            "resource": "annotations",
            "delete": True,
        }
        statement = compile_ids(parse(body), [DATASET])
        assert list(animals.execute(statement).scalars()) == ["cat-person"]

    def test_ids_are_not_paged(self, animals: Connection) -> None:
        statement = compile_ids(parse({"page": 7, "pageSize": 1, "sort": {"id": "ascending"}}), [DATASET])
        assert list(animals.execute(statement).scalars()) == ["cat", "dog", "owl", "rat"]


class TestSetOperations:
    def test_intersect_keeps_what_both_queries_find(self, animals: Connection) -> None:
        body = {
            **with_annotation({"label": "Ear"}),
            "intersect": {"query": with_annotation({"label": "Tail"})},
        }
        assert found(animals, body) == ["dog"]

    def test_except_removes_what_the_second_query_finds(self, animals: Connection) -> None:
        body = {**with_annotation({"label": "Ear"}), "except": {"query": with_annotation({"label": "Tail"})}}
        assert found(animals, body) == ["cat"]

    def test_they_nest(self, animals: Connection) -> None:
        inner = {"filter": {"id": {"$in": ["cat", "rat"]}}, "except": {"query": {"filter": {"id": "cat"}}}}
        assert found(animals, {"intersect": {"query": inner}}) == ["rat"]
        assert sorted(found(animals, {"except": {"query": inner}})) == ["cat", "dog", "owl"]
