from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop.cli.comparing import WIDE, Column, Mark, compared, lines_of, shown

BASE = {"name": "apple pie", "count": 1}


def laid(base, *others, width=None, colour=False):
    columns = [
        Column("base", lines_of(base)),
        *(Column(f"v{n}", lines_of(one)) for n, one in enumerate(others)),
    ]
    return shown(*columns, width=width, colour=colour)


def test_words_that_differ_are_marked_and_no_others():
    lines = laid(BASE, {**BASE, "name": "apple tart"})
    assert '    "name": "apple [-pie-]{+tart+}"' in lines
    assert sum("[-" in line or "{+" in line for line in lines) == 1


def test_on_a_terminal_colours_mark_what_differs():
    lines = laid(BASE, {**BASE, "count": 2}, colour=True)
    assert '    "count": \x1b[31m1\x1b[0m\x1b[32m2\x1b[0m,' in lines
    assert not any("[-" in line for line in lines)


def test_a_control_character_reaches_no_terminal():
    assert "\x1b" not in "\n".join(laid("a", "a\x1b[2J"))


def test_a_wide_terminal_shows_the_versions_side_by_side_and_none_of_them_is_cut():
    lines = laid(BASE, {**BASE, "name": "apple 日本 " + "tart " * 30}, {"count": 1}, width=WIDE)
    assert lines[0].split(" | ") == ["base".ljust(31), "v0".ljust(31), "v1"]
    columns = list(
        zip(
            *(f"{line} ".split(" | ") for line in (one.replace(" |", " | ") for one in lines[2:])),
            strict=False,
        )
    )
    words = ["".join(column).replace(" ", "") for column in columns]
    assert words[1].count("tart") == 30
    assert '[-"name":"applepie"-]' in words[2]


def test_a_narrow_terminal_shows_them_one_below_the_other():
    lines = laid(BASE, BASE, width=80)
    assert [line for line in lines if not line.startswith(" ")] == ["base:", "v0:"]


def test_a_version_that_is_not_there_is_said_to_be_so():
    for width in (None, 120):
        lines = shown(
            Column("base", lines_of(BASE)), Column("there", instead="deleted"), width=width, colour=False
        )
        assert sum("deleted" in line for line in lines) == 1


def test_what_is_alike_far_from_a_difference_is_left_out_and_counted():
    many = {f"k{number:03}": number for number in range(500)}
    lines = laid(many, {**many, "k250": "x"})
    assert len(lines) < 40
    assert [line.strip() for line in lines if "alike" in line] == [
        "… 248 lines alike",
        "… 247 lines alike",
    ] * 2


def test_a_value_of_any_size_is_shown_in_part():
    lines = laid("x" * 10_000_000, "y" * 10_000_000)
    assert sum(map(len, lines)) < 10_000
    assert "more characters" in lines[3]
    old, new = (" ".join(str(number * factor) for number in range(20_000)) for factor in (1, 3))
    assert sum(map(len, laid(old, new))) < 10_000
    rows = laid([], list(range(100_000)))
    assert len(rows) < 300
    assert "--json" in rows[-1]


def test_text_of_several_lines_is_compared_as_text():
    assert lines_of("one\ntwo") == ["one", "two"]
    assert "  [-two-]{+2+}" in laid("one\ntwo\nthree", "one\n2\nthree")


lines = st.lists(st.text("ab .{", max_size=6), max_size=8)


@given(lines, lines)
def test_without_what_is_gone_it_is_the_version_and_without_what_is_new_the_base(base, other):
    version = compared(base, other)
    whole = []
    for number, before in enumerate(version.before):
        whole += before + version.at[number : number + 1]

    def without(mark):
        kept = [[piece for piece in line if piece.mark is not mark] for line in whole]
        return [
            "".join(piece.text for piece in line)
            for line, was in zip(kept, whole, strict=True)
            if line or not was
        ]

    assert [line for line in without(Mark.GONE) if line] == [line for line in other if line]
    assert [line for line in without(Mark.NEW) if line] == [line for line in base if line]


@pytest.mark.parametrize("width", [None, 100, 133])
@given(left=lines, right=lines)
def test_no_row_is_wider_than_the_terminal(width, left, right):
    found = shown(Column("b", left), Column("m", right), Column("t", left[1:]), width=width, colour=False)
    assert width is None or all(len(line) <= width for line in found)
    assert all(re.fullmatch(r"[^\x00-\x1f]*", line) for line in found)
