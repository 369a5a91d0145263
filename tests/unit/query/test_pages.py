"""Sorting and paging, by offset and by id as the SDK does it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from localloop.store.query import parse, run_page
from tests.unit.query.rows import DATASET, annotation, found, item


@pytest.fixture
def five(db: Connection) -> Connection:
    for number, name in enumerate("abcde"):
        item(db, name, created_at=f"2026-01-0{5 - number}T00:00:00.000Z")
    return db


class TestPaging:
    def test_offset_pages_cover_everything_once(self, five: Connection) -> None:
        seen: list[str] = []
        for number, more in enumerate([True, True, False]):
            page = run_page(
                five, parse({"page": number, "pageSize": 2, "sort": {"id": "ascending"}}), [DATASET]
            )
            assert (page.total, page.pages, page.has_next) == (5, 3, more)
            seen += [row["id"] for row in page.rows]
        assert seen == list("abcde")

    def test_a_page_beyond_the_last_is_empty_and_still_tells_the_total(self, five: Connection) -> None:
        page = run_page(five, parse({"page": 9, "pageSize": 2}), [DATASET])
        assert (page.rows, page.total, page.pages, page.has_next) == ([], 5, 3, False)

    def test_a_full_last_page_has_no_next(self, five: Connection) -> None:
        page = run_page(five, parse({"page": 0, "pageSize": 5}), [DATASET])
        assert (len(page.rows), page.total, page.pages, page.has_next) == (5, 5, 1, False)

    def test_keyset_pages_count_the_residual_query(self, five: Connection) -> None:
        seen: list[str] = []
        residuals = []
        more = True
        while more:
            condition = {"$and": [{"hidden": False}, *({"id": {"$gt": last}} for last in seen[-1:])]}
            body = {"filter": condition, "sort": {"id": "ascending"}, "page": 0, "pageSize": 2}
            page = run_page(five, parse(body), [DATASET])
            seen += [row["id"] for row in page.rows]
            residuals.append(page.total)
            more = page.has_next
        assert seen == list("abcde")
        assert residuals == [5, 3, 1]

    def test_page_size_zero_only_counts(self, five: Connection) -> None:
        page = run_page(five, parse({"pageSize": 0}), [DATASET])
        assert (page.rows, page.total, page.pages, page.has_next) == ([], 5, 0, False)

    def test_rows_are_columns_by_their_database_names(self, five: Connection) -> None:
        row = run_page(five, parse({"filter": {"id": "a"}}), [DATASET]).rows[0]
        assert row["filename"] == "/a.jpg"
        assert row["metadata"] == {}
        assert row["hidden"] is False


class TestSorting:
    def test_the_default_is_type_then_newest_first(self, five: Connection) -> None:
        item(five, "folder", type="dir", created_at="2020-01-01T00:00:00.000Z")
        assert found(five, {}) == ["folder", "a", "b", "c", "d", "e"]

    def test_equal_rows_are_in_the_order_of_ids(self, db: Connection) -> None:
        for name in ("b", "a", "c"):
            item(db, name)
        assert found(db, {"sort": {"name": "ascending"}, "filter": {}}) == ["a", "b", "c"]
        assert found(db, {"sort": {"updatedAt": "ascending"}}) == ["a", "b", "c"]
        assert found(db, {"sort": {"updatedAt": "descending"}}) == ["c", "b", "a"]

    def test_keys_weigh_in_their_order(self, five: Connection) -> None:
        for number, name in enumerate("xyz"):
            item(five, name, type="dir", created_at=f"2026-01-0{number + 1}T00:00:00.000Z")
        body = {"sort": {"type": "ascending", "createdAt": "ascending"}}
        assert found(five, body) == ["x", "y", "z", "e", "d", "c", "b", "a"]
        body = {
            "sort": {"createdAt": "descending", "type": "descending"},
            "filter": {"id": {"$in": ["x", "e"]}},
        }
        assert found(five, body) == ["e", "x"]

    @pytest.mark.parametrize(
        "sort",
        [{"metadata.user.k": "ascending"}, {"metadata": {"user": {"k": "ascending"}}}],
        ids=["dotted", "nested"],
    )
    def test_metadata_is_sorted_by_type_then_value(self, db: Connection, sort: dict[str, Any]) -> None:
        values = {"6-false": False, "4-a": "a", "2-two": 2, "3-ten": 10, "5-b": "b", "7-true": True}
        for name, value in values.items():
            item(db, name, metadata={"user": {"k": value}})
        item(db, "0-missing")
        item(db, "1-object", metadata={"user": {"k": {"x": 1}}})
        expected = sorted([*values, "0-missing", "1-object"])
        assert found(db, {"sort": sort}) == expected

    @pytest.mark.parametrize("key", ["k", "é"])
    def test_arrays_are_sorted_by_their_first_value_in_the_direction(self, db: Connection, key: str) -> None:
        for name, value in {"wide": [1, 9], "middle": 5, "empty": []}.items():
            item(db, name, metadata={"user": {key: value}})
        assert found(db, {"sort": {f"metadata.user.{key}": "ascending"}}) == ["empty", "wide", "middle"]
        assert found(db, {"sort": {f"metadata.user.{key}": "descending"}}) == ["wide", "middle", "empty"]

    def test_each_row_is_sorted_by_its_own_json_column(self, db: Connection) -> None:
        item(db, "i")
        for name, coordinates in {"a": [2, 7], "b": "text", "c": None, "d": 5}.items():
            annotation(db, name, "i", coordinates=coordinates)
        body = {"resource": "annotations", "sort": {"coordinates": "ascending"}}
        assert found(db, body) == ["c", "a", "d", "b"]
        assert found(db, {**body, "sort": {"coordinates": "descending"}}) == ["b", "a", "d", "c"]

    def test_counts_and_unknown_names_can_be_sorted_by(self, five: Connection) -> None:
        annotation(five, "n", "c")
        assert found(five, {"sort": {"annotationsCount": "descending", "nonsense": "ascending"}})[0] == "c"
        assert found(five, {"sort": {"nonsense": "ascending"}}) == list("abcde")
