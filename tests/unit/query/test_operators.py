"""Each operator of the filter grammar, as facts about which values it finds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from tests.unit.query.rows import annotation, item, matching

#: Items named by the value of their ``metadata.user.k``.
VALUES: dict[str, Any] = {
    "array-empty": [],
    "array-mixed": [1, "b"],
    "array-texts": ["completed"],
    "array-texts-two": ["completed", "approved"],
    "false": False,
    "null": None,
    "number-0": 0,
    "number-1": 1,
    "number-10": 10,
    "number-1.5": 1.5,
    "object": {"a": 1, "b": None},
    "text-1": "1",
    "text-a": "a",
    "text-b": "b",
    "true": True,
}


@pytest.fixture
def values(db: Connection) -> Connection:
    for name, value in VALUES.items():
        item(db, name, metadata={"user": {"k": value}})
    item(db, "missing", metadata={"system": {}})
    return db


def k(db: Connection, condition: Any) -> list[str]:
    return matching(db, {"metadata.user.k": condition})


class TestEquality:
    def test_a_bare_text_equals_the_same_text_or_an_element_of_an_array(self, values: Connection) -> None:
        assert k(values, "b") == ["array-mixed", "text-b"]

    def test_eq_means_the_same_as_a_bare_value(self, values: Connection) -> None:
        assert k(values, {"$eq": "b"}) == k(values, "b")

    def test_a_number_does_not_equal_a_text_or_a_boolean(self, values: Connection) -> None:
        assert k(values, 1) == ["array-mixed", "number-1"]

    def test_whole_floats_equal_integers(self, values: Connection) -> None:
        assert k(values, 10.0) == ["number-10"]

    def test_a_text_that_spells_a_number_equals_both(self, values: Connection) -> None:
        assert k(values, "1") == ["array-mixed", "number-1", "text-1"]

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            (7.0, 7),
            (-7, "-7.0"),
            (7, "007"),
            ("007", "007"),
            (-7, "-007"),
            (0.0, 0),
            (-0.0, "-0"),
            (1e15, 10**15),
            (1e16, 10**16),
            (10**16, 1e16),
            ([1, 7.0], 7),
            ({"n": 7.0}, {"$match": {"n": 7}}),
        ],
    )
    def test_a_number_is_found_however_it_is_spelled(self, db: Connection, stored: Any, asked: Any) -> None:
        item(db, "it", metadata={"user": {"k": stored}})
        assert matching(db, {"metadata.user.k": asked}) == ["it"]

    @pytest.mark.parametrize(("value", "name"), [(True, "true"), (False, "false")])
    def test_a_boolean_equals_only_itself(self, values: Connection, value: bool, name: str) -> None:
        assert k(values, value) == [name]

    def test_null_means_missing(self, values: Connection) -> None:
        assert k(values, None) == ["missing", "null"]

    def test_a_list_literal_is_exact_array_equality(self, values: Connection) -> None:
        assert k(values, ["completed"]) == ["array-texts"]
        assert k(values, ["approved", "completed"]) == []
        assert k(values, [1, "b"]) == ["array-mixed"]
        assert k(values, ["1", "b"]) == []

    def test_an_empty_list_literal_finds_empty_arrays_only(self, values: Connection) -> None:
        assert k(values, []) == ["array-empty"]

    def test_an_object_literal_equals_the_whole_object_without_its_nulls(self, values: Connection) -> None:
        assert k(values, {"a": 1}) == ["object"]
        assert k(values, {"a": 2}) == []
        assert k(values, {"a": 1, "b": 2}) == []

    def test_ne_finds_everything_that_equality_does_not_also_the_missing(self, values: Connection) -> None:
        assert sorted(k(values, {"$ne": "b"}) + k(values, "b")) == sorted([*VALUES, "missing"])
        assert "missing" in k(values, {"$ne": "b"})

    def test_ne_null_finds_what_is_there(self, values: Connection) -> None:
        assert k(values, {"$ne": None}) == k(values, {"$exists": True})


class TestMembership:
    def test_in_finds_any_of_the_values(self, values: Connection) -> None:
        assert k(values, {"$in": ["a", 10, True]}) == ["number-10", "text-a", "true"]

    def test_in_with_null_also_finds_the_missing(self, values: Connection) -> None:
        assert k(values, {"$in": ["a", None]}) == ["missing", "null", "text-a"]

    def test_in_an_empty_list_finds_nothing(self, values: Connection) -> None:
        assert k(values, {"$in": []}) == []

    def test_in_compares_lists_and_objects_as_a_whole(self, values: Connection) -> None:
        assert k(values, {"$in": [["completed"], {"a": 1}]}) == ["array-texts", "object"]

    def test_nin_is_the_complement_of_in(self, values: Connection) -> None:
        for wanted in (["a", 10], ["a", None], []):
            both = k(values, {"$in": wanted}) + k(values, {"$nin": wanted})
            assert sorted(both) == sorted([*VALUES, "missing"])

    def test_thousands_of_values_fit_in_one_query(self, values: Connection) -> None:
        assert k(values, {"$in": [f"x{n}" for n in range(40_000)] + ["a"]}) == ["text-a"]
        assert matching(values, {"id": {"$in": [f"x{n}" for n in range(40_000)] + ["true"]}}) == ["true"]


class TestRanges:
    def test_numbers_compare_with_numbers_only(self, values: Connection) -> None:
        assert k(values, {"$gt": 1}) == ["number-1.5", "number-10"]
        assert k(values, {"$gte": 1}) == ["array-mixed", "number-1", "number-1.5", "number-10"]
        assert k(values, {"$lt": 1}) == ["number-0"]
        assert k(values, {"$lte": 1}) == ["array-mixed", "number-0", "number-1"]

    def test_a_number_may_come_as_a_text(self, values: Connection) -> None:
        assert {"number-1.5", "number-10"} <= set(k(values, {"$gt": "1"}))

    def test_texts_compare_by_code_point(self, values: Connection) -> None:
        assert k(values, {"$gt": "a", "$lte": "b"}) == ["array-mixed", "array-texts-two", "text-b"]
        assert "text-a" not in k(values, {"$gt": "a"})

    def test_false_lies_below_true(self, values: Connection) -> None:
        assert k(values, {"$gt": False}) == ["true"]
        assert k(values, {"$lt": True}) == ["false"]

    def test_several_operators_of_one_field_all_hold(self, values: Connection) -> None:
        assert k(values, {"$gte": 1, "$lt": 10, "$ne": 1.5}) == ["array-mixed", "number-1"]

    def test_numbers_beyond_64_bits_are_compared(self, values: Connection) -> None:
        item(values, "huge", metadata={"user": {"k": 2**70}})
        assert k(values, {"$gt": 2**65}) == ["huge"]
        assert k(values, 2**70) == ["huge"]
        assert "huge" not in k(values, {"$gt": "9" * 290})


class TestExistence:
    def test_null_does_not_exist(self, values: Connection) -> None:
        assert k(values, {"$exists": False}) == ["missing", "null"]

    def test_everything_else_does_even_an_empty_array(self, values: Connection) -> None:
        assert k(values, {"$exists": True}) == sorted(set(VALUES) - {"null"})

    def test_a_name_that_items_do_not_have_is_missing(self, values: Connection) -> None:
        assert matching(values, {"nonsense": {"$exists": True}}) == []
        assert len(matching(values, {"nonsense": None})) == len(VALUES) + 1


class TestWildcards:
    @pytest.fixture
    def paths(self, db: Connection) -> Connection:
        for name, path in {
            "deep": "/some/dir/a/b/c.jpg",
            "direct": "/some/dir/c.jpg",
            "dir": "/some/dir",
            "beside": "/some/directory/c.jpg",
            "brackets": "/[x]/c.jpg",
            "case": "/SOME/dir/c.jpg",
        }.items():
            item(db, name, path)
        return db

    def test_two_stars_find_what_lies_below_at_any_depth(self, paths: Connection) -> None:
        assert matching(paths, {"filename": "/some/dir/**"}) == ["deep", "direct"]

    def test_one_star_crosses_slashes_too(self, paths: Connection) -> None:
        assert matching(paths, {"filename": "/some/dir/*"}) == ["deep", "direct"]
        assert matching(paths, {"filename": "*/c.jpg"}) == ["beside", "brackets", "case", "deep", "direct"]

    def test_a_question_mark_is_exactly_one_character(self, paths: Connection) -> None:
        assert matching(paths, {"filename": "/some/dir/?.jpg"}) == ["direct"]

    def test_brackets_are_no_wildcards(self, paths: Connection) -> None:
        assert matching(paths, {"filename": "/[x]/*"}) == ["brackets"]
        assert matching(paths, {"filename": "/[a-z]*"}) == []

    def test_they_work_in_every_operator_of_equality(self, paths: Connection) -> None:
        wanted = ["deep", "direct"]
        assert matching(paths, {"filename": {"$eq": "/some/dir/**"}}) == wanted
        assert matching(paths, {"filename": {"$match": "/some/dir/**"}}) == wanted
        assert matching(paths, {"filename": {"$in": ["/some/dir/**", "/none"]}}) == wanted
        assert matching(paths, {"filename": {"$ne": "/some/dir/**"}}) == ["beside", "brackets", "case", "dir"]
        assert matching(paths, {"filename": {"$nin": ["/some/dir/**", "/[x]/*"]}}) == [
            "beside",
            "case",
            "dir",
        ]

    def test_they_find_texts_only(self, values: Connection) -> None:
        assert k(values, "*") == [
            "array-mixed",
            "array-texts",
            "array-texts-two",
            "text-1",
            "text-a",
            "text-b",
        ]

    def test_they_work_on_metadata(self, db: Connection) -> None:
        item(db, "one", metadata={"user": {"k": "красный шар"}})
        assert matching(db, {"metadata.user.k": "крас*?й*"}) == ["one"]


class TestMatch:
    @pytest.fixture
    def tasks(self, db: Connection) -> Connection:
        def ref(task: str, status: str | None) -> dict[str, Any]:
            return {"type": "task", "id": task, "metadata": {"status": status} if status else {}}

        for name, refs in {
            "both": [ref("t1", None), ref("t2", "completed")],
            "done": [ref("t1", "completed")],
            "open": [ref("t1", None)],
            "unassigned": [],
        }.items():
            item(db, name, metadata={"system": {"refs": refs}})
        return db

    def test_one_element_must_satisfy_everything(self, tasks: Connection) -> None:
        condition = {"id": "t1", "type": "task", "metadata": {"status": {"$exists": True}}}
        assert matching(tasks, {"metadata.system.refs": {"$match": condition}}) == ["done"]

    def test_dotted_paths_take_each_condition_from_any_element(self, tasks: Connection) -> None:
        condition = [{"metadata.system.refs.id": "t1"}, {"metadata.system.refs.metadata.status": "completed"}]
        assert matching(tasks, {"$and": condition}) == ["both", "done"]

    def test_items_of_a_task_are_found_by_the_ids_in_their_refs(self, tasks: Connection) -> None:
        assert matching(tasks, {"metadata.system.refs.id": {"$in": ["t2"]}}) == ["both"]

    def test_items_of_no_task_have_empty_refs(self, tasks: Connection) -> None:
        assert matching(tasks, {"metadata.system.refs": []}) == ["unassigned"]

    def test_it_may_combine_and_nest(self, tasks: Connection) -> None:
        condition = {"$or": [{"metadata.status": "completed"}, {"id": {"$match": "t?"}}], "type": "task"}
        assert matching(tasks, {"metadata.system.refs": {"$match": condition}}) == ["both", "done", "open"]

    def test_a_text_without_wildcards_is_plain_equality(self, tasks: Connection) -> None:
        assert matching(tasks, {"name": {"$match": "done.jpg"}}) == ["done"]


class TestCombining:
    @pytest.fixture
    def letters(self, db: Connection) -> Connection:
        for name in "abcd":
            item(db, name, hidden=name in "cd")
        return db

    def test_and_with_or_beside_it_are_conjoined(self, letters: Connection) -> None:
        condition = {"$and": [{"hidden": False}], "$or": [{"id": "b"}, {"id": "c"}]}
        assert matching(letters, condition) == ["b"]

    def test_they_nest(self, letters: Connection) -> None:
        either = {
            "$or": [{"$and": [{"id": "a"}, {"hidden": True}]}, {"$and": [{"id": "d"}, {"hidden": True}]}]
        }
        assert matching(letters, either) == ["d"]

    def test_fields_beside_each_other_are_conjoined(self, letters: Connection) -> None:
        assert matching(letters, {"hidden": True, "id": {"$ne": "c"}}) == ["d"]

    @pytest.mark.parametrize("condition", [{}, None, {"$and": []}, {"$or": []}])
    def test_an_empty_filter_finds_everything(self, letters: Connection, condition: Any) -> None:
        assert matching(letters, condition) == ["a", "b", "c", "d"]

    @pytest.mark.parametrize("operator", ["$and", "$or"])
    def test_thousands_of_clauses_are_no_trouble(self, letters: Connection, operator: str) -> None:
        clauses = [{"description": {"$lt": f"{n}"}} for n in range(3000)]
        assert matching(letters, {operator: [*clauses, {"id": "a"}]}) == (["a"] if operator == "$or" else [])

    def test_thousands_of_equalities_of_one_field_are_one_test(self, letters: Connection) -> None:
        item(letters, "e", metadata={"user": {"n": 2999}})
        either = [{"metadata.user.n": n} for n in range(3000)]
        neither = [{"metadata.user.n": {"$ne": n}} for n in range(3000)]
        assert matching(letters, {"$or": either}) == ["e"]
        assert matching(letters, {"$or": [*either, {"id": "a"}]}) == ["a", "e"]
        assert matching(letters, {"$and": neither}) == ["a", "b", "c", "d"]


class TestKeys:
    @pytest.mark.parametrize("key", ["é", 'a"b', "a\\b", "a'b", "", "$", "😀", "a b", "%", "[0]", "a]", "0"])
    def test_any_key_can_be_named(self, db: Connection, key: str) -> None:
        item(db, "one", metadata={"user": {key: {key: "v"}}})
        item(db, "other", metadata={"user": {"k": "v"}})
        path = f"metadata.user.{key}.{key}"
        assert matching(db, {path: "v"}) == ["one"]
        assert matching(db, {path: {"$exists": False}}) == ["other"]

    def test_numbers_name_keys_and_not_positions(self, db: Connection) -> None:
        item(db, "array", metadata={"user": {"k": [5]}})
        item(db, "object", metadata={"user": {"k": {"0": 5}}})
        assert matching(db, {"metadata.user.k.0": 5}) == ["object"]

    def test_hostile_text_is_only_text(self, db: Connection) -> None:
        item(db, "one", metadata={"user": {"k": "' OR 1=1 --"}})
        item(db, "two")
        assert matching(db, {"metadata.user.k": "' OR 1=1 --"}) == ["one"]
        assert matching(db, {"filename": "' OR 1=1 --"}) == []
        assert matching(db, {"x' OR 1=1 --": "x"}) == []


class TestOtherColumns:
    def test_coordinates_and_attributes_are_walked_like_metadata(self, db: Connection) -> None:
        item(db, "i")
        annotation(db, "box", "i", coordinates=[{"x": 1, "y": 2}, {"x": 30, "y": 2}], attributes=["occluded"])
        annotation(db, "point", "i", coordinates={"x": 5, "y": 6})
        annotation(db, "text", "i", coordinates="free text")
        annotation(db, "class", "i", coordinates=None)
        assert matching(db, {"coordinates.x": {"$gt": 4}}, "annotations") == ["box", "point"]
        assert matching(db, {"coordinates": "free*"}, "annotations") == ["text"]
        assert matching(db, {"coordinates": None}, "annotations") == ["class"]
        assert matching(db, {"attributes": "occluded"}, "annotations") == ["box"]
