"""Queries as people type them, and the JSON that they become."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop.errors import BadRequest
from localloop.store.query import parse
from localloop.store.query.text import ANNOTATION_FIELDS, ITEM_FIELDS, read_text

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ON = {"resource": "annotations", "local": "itemId", "forigen": "id"}


def read(text):
    found = read_text(text, NOW)
    parse({**found, "resource": "items"})  # the language of queries takes it
    return found


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("path:/train/*", {"filename": "/train/*"}),
        ("apple", {"filename": "*apple*"}),
        ("*.jpg", {"filename": "*.jpg"}),
        ('"two words"', {"filename": "*two words*"}),
        ("metadata.user.site=north", {"metadata.user.site": "north"}),
        ("metadata.user.n=5", {"metadata.user.n": 5}),
        ('metadata.user.n="5"', {"metadata.user.n": "5"}),
        ("metadata.user.n>=0.5", {"metadata.user.n": {"$gte": 0.5}}),
        ("metadata.user.ripe:true", {"metadata.user.ripe": True}),
        ("metadata.user.ripe!=true", {"metadata.user.ripe": {"$ne": True}}),
        ("metadata.user.a=x,y", {"metadata.user.a": "x,y"}),
        ("metadata.user.a:x,y", {"metadata.user.a": {"$in": ["x", "y"]}}),
        ('metadata.user.a:"x,y",z', {"metadata.user.a": {"$in": ["x,y", "z"]}}),
        ("-metadata.user.a:x,y", {"metadata.user.a": {"$nin": ["x", "y"]}}),
        ("metadata.user.a:*", {"metadata.user.a": {"$exists": True}}),
        ("not metadata.user.a:*", {"metadata.user.a": {"$exists": False}}),
        ("annotated:false", {"annotated": False}),
        ("annotations>3", {"annotationsCount": {"$gt": 3}}),
        ("size:1..2", {"$and": [{"metadata.system.size": {"$gte": 1}}, {"metadata.system.size": {"$lte": 2}}]}),
        ("width:..200", {"metadata.system.width": {"$lte": 200}}),
        ("size>10MB", {"metadata.system.size": {"$gt": 10_000_000}}),
        ("size<1.5kb", {"metadata.system.size": {"$lt": 1500}}),
        ("created>2026-01-01", {"createdAt": {"$gt": "2026-01-01T00:00:00"}}),
        ("updated>7d", {"updatedAt": {"$gt": "2026-03-03T12:00:00+00:00"}}),
        ("-size>5", {"$or": [{"metadata.system.size": {"$lte": 5}}, {"metadata.system.size": {"$exists": False}}]}),
        ("name:a or name:b", {"$or": [{"name": "a"}, {"name": "b"}]}),
        ("name:a and dir:/x", {"$and": [{"name": "a"}, {"dir": "/x"}]}),
        ("dir:/x (name:a or name:b)", {"$and": [{"dir": "/x"}, {"$or": [{"name": "a"}, {"name": "b"}]}]}),
        ("-(name:a dir:/x)", {"$or": [{"name": {"$ne": "a"}}, {"dir": {"$ne": "/x"}}]}),
        ("-(name:a or name:b)", {"$and": [{"name": {"$ne": "a"}}, {"name": {"$ne": "b"}}]}),
        ("not -name:a", {"name": "a"}),
        ("name:or", {"name": "or"}),
        ("metadata.user.t=-5", {"metadata.user.t": -5}),
    ],
)  # fmt: skip
def test_what_is_asked_of_items_is_a_filter(text, where):
    assert read(text) == {"filter": where}


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("label:Ear", {"label": "Ear"}),
        ("label:Ear type:point", {"$and": [{"label": "Ear"}, {"type": "point"}]}),
        ("label:Ear or label:Nose", {"$or": [{"label": "Ear"}, {"label": "Nose"}]}),
        ("annotation.metadata.user.sure<0.5", {"metadata.user.sure": {"$lt": 0.5}}),
        ("annotator:ann@x", {"creator": "ann@x"}),
    ],
)
def test_what_is_asked_of_annotations_is_a_join(text, drawn):
    assert read(text) == {"join": {"on": ON, "filter": drawn}}


def test_both_go_together():
    assert read("label:Ear type:point metadata.user.site=north created>2026-01-01") == {
        "filter": {"$and": [{"metadata.user.site": "north"}, {"createdAt": {"$gt": "2026-01-01T00:00:00"}}]},
        "join": {"on": ON, "filter": {"$and": [{"label": "Ear"}, {"type": "point"}]}},
    }


def test_nothing_finds_everything():
    assert read("") == read("  ") == {}


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("colour:red", "There is no field 'colour'.", 0),
        ("name:a label:", "A value is missing after label:.", 13),
        ("name:a,,b", "Values have one comma between them.", 7),
        ("name:a,", "A value is missing after the comma.", 7),
        ("(name:a", "This is not closed.", 0),
        ("name:a)", "There is nothing that this closes.", 6),
        ("name:a or", "A condition is missing.", 9),
        ("or name:a", "A condition is missing.", 0),
        ("not", "A condition is missing.", 3),
        ("()", "A condition is missing.", 1),
        ('name:a "x', "A quotation mark is not closed.", 7),
        ("created>soon", "'soon' is no time", 8),
        ("created>9999999999w", "'9999999999w' is no time", 8),
        ("width:..", "A range has a beginning", 6),
        ("label:a or name:b", "cannot be alternatives", 0),
        ("-(label:a name:b)", "nor be negated together", 2),
    ],
)
def test_a_mistake_is_told_with_its_place(text, message, column):
    with pytest.raises(BadRequest) as raised:
        read(text)
    assert message in raised.value.message
    assert raised.value.advice.splitlines()[1:] == [f"  {text}", f"  {' ' * column}^"]


values = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
atoms = st.one_of(
    st.tuples(st.sampled_from(["name", "dir", "metadata.user.a"]), st.sampled_from([":", "=", "!="]), values),
    st.tuples(st.just("size"), st.sampled_from(["<", ">", "<=", ">="]), st.integers(0, 99).map(str)),
).map("".join)
trees = st.recursive(
    atoms,
    lambda inner: st.one_of(
        inner.map(lambda one: f"-({one})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda those: "(" + " or ".join(those) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda those: "(" + " ".join(those) + ")"),
    ),
    max_leaves=6,
)


@given(tree=trees)
def test_whatever_is_nested_is_a_query_and_two_negations_are_none(tree):
    found = read(tree)
    assert found.keys() == {"filter"}
    assert read(f"-(-({tree}))") == found


@given(text=st.text(alphabet='ab:=<>!.,"()- \\*\n5dor', max_size=25))
def test_no_text_is_more_than_a_mistake(text):
    with suppress(BadRequest):
        read(text)


def test_the_words_are_those_of_the_page():
    from tests.docs import pages

    rows = pages.table("docs/concepts/queries.md", "As text")
    assert {pages.quoted(row[0])[0] for row in rows} == {*ITEM_FIELDS, *ANNOTATION_FIELDS}
