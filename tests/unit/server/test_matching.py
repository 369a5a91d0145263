"""Queries of short lists in memory."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop.server.matching import found_page


def found(wanted: str, *tags: str) -> list[str]:
    page = found_page({"filter": {"tag": wanted}}, [{"tag": tag} for tag in tags])
    return [one["tag"] for one in page["items"]]


@pytest.mark.parametrize(
    ("wanted", "tags"),
    [
        ("cat", ["cat"]),
        ("c*", ["cat", "cut", "coat\n"]),
        ("c?t", ["cat", "cut"]),
        ("*a*t*", ["cat", "coat\n"]),
        ("**", ["cat", "cut", "coat\n", "[x]"]),
        ("[x]", ["[x]"]),
    ],
)
def test_stars_and_question_marks_stand_for_other_letters(wanted, tags):
    assert found(wanted, "cat", "cut", "coat\n", "[x]") == tags


@given(wanted=st.text("ab*?", max_size=8), tag=st.text("ab", max_size=8))
def test_a_pattern_finds_what_its_plain_reading_finds(wanted, tag):
    plain = "".join({"*": ".*", "?": "."}.get(one, one) for one in wanted)
    assert bool(found(wanted, tag)) == (re.fullmatch(plain, tag) is not None)


def test_many_stars_do_not_take_for_ever():
    assert found("*a" * 40 + "*b", "a" * 400) == []
