"""What is read from the body of a query, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any, ClassVar

import pytest
from sqlalchemy import Connection

from localloop.errors import BadRequest, UnprocessableEntity
from localloop.store.query import Context, Resource, SortKey, compile_count, parse, run_page
from tests.unit.query.rows import DATASET


def deep(value: Any, wrap: Any, times: int) -> Any:
    for _ in range(times):
        value = wrap(value)
    return value


class TestEnvelope:
    def test_an_empty_body_asks_for_the_first_thousand_items(self) -> None:
        query = parse({})
        assert (query.resource, query.page, query.page_size) == (Resource.ITEMS, 0, 1000)
        assert (query.sort, query.join, query.intersect, query.except_) == ((), None, None, None)

    def test_a_page_holds_at_most_a_thousand(self) -> None:
        assert parse({"pageSize": 5000}).page_size == 1000
        assert parse({"pageSize": 0}).page_size == 0
        assert parse({"pageSize": 7.0}).page_size == 7

    def test_sort_keys_keep_their_order_and_nested_ones_become_paths(self) -> None:
        keys = parse({"sort": {"b": "descending", "a": {"x": {"y": "ascending"}}}}).sort
        assert keys == (SortKey(("b",), descending=True), SortKey(("a", "x", "y")))

    def test_the_projection_is_kept_for_whoever_presents_rows(self) -> None:
        assert parse({"select": {"id": 1, "name": 0}}).select == {"id": True, "name": False}

    def test_both_spellings_of_the_context_are_known(self) -> None:
        assert parse({"context": {"projects": ["p"]}}).context == Context(projects=("p",))
        assert parse({"context": {"projectIds": ["p"], "datasets": ["d"]}}).context == Context(("p",), ("d",))

    def test_a_join_inside_the_filter_is_a_join(self) -> None:
        join = {"on": {"resource": "annotations"}, "filter": {"label": "x"}}
        apart = parse({"filter": {"name": "a"}, "join": join})
        assert apart.join is not None
        assert parse({"filter": {"name": "a", "join": join}}) == apart

    def test_keys_that_do_not_say_what_to_find_are_left_to_the_caller(self) -> None:
        body = {"update": {"metadata": {}}, "delete": True, "references": {}, "queryEngine": "sql"}
        assert parse(body) == parse({})


class TestRefusing:
    @pytest.mark.parametrize("operator", ["$regex", "$not", "$glob", "$foo"])
    def test_an_unknown_operator_is_understood_but_not_supported(self, operator: str) -> None:
        with pytest.raises(UnprocessableEntity, match="Unsupported filter operator") as error:
            parse({"filter": {"name": {operator: "x"}}})
        assert operator in error.value.message
        assert error.value.status_code == "422"
        with pytest.raises(UnprocessableEntity):
            parse({"filter": {"$and": [{operator: []}]}})

    @pytest.mark.parametrize(
        "body",
        [
            {"resource": "models"},
            {"resource": "datasets", "join": {"filter": {"name": "x"}}},
            {"resource": "items", "join": {"on": {"resource": "items"}, "filter": {}}},
        ],
    )
    def test_an_unknown_resource_or_join_is_not_supported(self, body: dict[str, Any]) -> None:
        with pytest.raises(UnprocessableEntity):
            parse(body)

    @pytest.mark.parametrize(
        "body",
        [
            {"filter": []},
            {"filter": {"$and": {}}},
            {"filter": {"$or": ["x"]}},
            {"filter": {"a": {"$in": "x"}}},
            {"filter": {"a": {"$exists": "yes"}}},
            {"filter": {"a": {"$gt": None}}},
            {"filter": {"a": {"$lt": [1]}}},
            {"filter": {"a": {"$gt": 1, "b": 2}}},
            {"filter": {"a": {"b": {"$gt": 1}}}},
            {"filter": {"a": float("nan")}},
            {"filter": {"a": {"$gt": float("inf")}}},
            {"filter": {"a": "\ud800"}},
            {"filter": {"a": "x\0y"}},
            {"filter": {"a\0": "x"}},
            {"filter": {"a": {"b\0": "x"}}},
            {"filter": {"a": b"no JSON"}},
            {"filter": {"a": "*" * 20_000}},
            {"filter": {".".join("k" * 30): 1}},
            {"join": []},
            {"join": {"on": "items"}},
            {"sort": {"a": 1}},
            {"sort": {"a": "up"}},
            {"sort": ["a"]},
            {"page": -1},
            {"page": 1.5},
            {"page": "0"},
            {"page": True},
            {"page": 10**30},
            {"pageSize": float("inf")},
            {"resource": 5},
            {"intersect": {"filter": {}}},
            {"except": {"query": {"resource": "annotations"}}},
            {"context": {"projects": "p"}},
            {"context": {"projects": [None]}},
            {"systemSpace": "yes"},
            {"select": []},
        ],
        ids=lambda body: repr(body)[:60],
    )
    def test_what_makes_no_sense_is_a_bad_request(self, body: dict[str, Any]) -> None:
        with pytest.raises(BadRequest):
            parse(body)


class TestDepth:
    #: Each kind of nesting, as a function from a filter to a deeper one.
    KINDS: ClassVar[dict[str, Callable[[Any], Any]]] = {
        "and": lambda inner: {"$and": [inner, {"name": "x"}]},
        "or": lambda inner: {"$or": [{"name": "x"}, inner]},
        "match": lambda inner: {"metadata": {"$match": {"$and": [inner, {"k": {"$ne": 1}}]}}},
    }

    @pytest.mark.parametrize("pair", list(permutations(KINDS, 2)), ids="-".join)
    @pytest.mark.parametrize("outermost", [0, 1, 2, 4], ids="except-{}".format)
    def test_whatever_is_accepted_can_be_run(
        self, db: Connection, pair: tuple[str, str], outermost: int
    ) -> None:
        refused = 0
        for first in range(5):
            for second in range(28):
                literal = {"metadata.user.é": {"$nin": [[[{"a": [1]}]], "x*", 5, True]}}
                condition = deep(deep(literal, self.KINDS[pair[0]], first), self.KINDS[pair[1]], second)
                body = {"filter": condition, "join": {"filter": condition}}
                body = deep(body, lambda inner: {"except": {"query": inner}}, outermost)
                try:
                    query = parse(body)
                except BadRequest:
                    refused += 1
                    break
                run_page(db, query, [DATASET])
        assert refused

    def test_a_deep_literal_is_refused_before_it_breaks(self, db: Connection) -> None:
        for times in range(4):
            run_page(
                db, parse({"filter": {"metadata.user.k": deep(1, lambda inner: [inner], times)}}), [DATASET]
            )
        with pytest.raises(BadRequest, match="nested too deeply"):
            parse({"filter": {"a": deep(1, lambda inner: {"k": inner}, 500)}})
        with pytest.raises(BadRequest, match="more than"):
            parse({"sort": deep("ascending", lambda inner: {"k": inner}, 500)})

    def test_the_longest_path_fits_in_one_statement(self, db: Connection) -> None:
        path = ".".join(["metadata", *["é"] * 23])
        query = parse({"filter": {path: {"$in": [1, "x"]}}, "sort": {path: "ascending"}})
        assert run_page(db, query, [DATASET]).rows == []
        assert db.execute(compile_count(query, None)).scalar_one() == 0
