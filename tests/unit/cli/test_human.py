from __future__ import annotations

import pytest

from localloop.cli import human


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_540_000, "1.5 MB"),
        (2 * 10**12, "2.0 TB"),
        (10**19, "10000.0 PB"),
    ],
)
def test_sizes_are_told_in_the_largest_unit_that_fits(number, text):
    assert human.size(number) == text


def test_counts_agree_with_their_noun():
    assert human.count(1, "item") == "1 item"
    assert human.count(2000, "item") == "2,000 items"
    assert human.count(2, "ontology") == "2 ontologies"
    assert human.listed({}) == "nothing"
    assert human.listed({"item": 1}) == "1 item"
    assert (
        human.listed({"dataset": 1, "item": 2, "task": 0, "annotation": 3})
        == "1 dataset, 2 items and 3 annotations"
    )


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-01-02T00:00:00.000Z", "0 seconds"),
        ("2026-01-01T23:59:59.000Z", "1 second"),
        ("2026-01-01T23:00:00.000Z", "1 hour"),
        ("2026-01-01T23:58:00.000Z", "2 minutes"),
        ("2025-12-30T23:00:00.000Z", "2 days"),
        ("2026-01-02T01:00:00.000Z", "0 seconds"),
    ],
)
def test_ages_are_told_in_the_largest_unit_and_never_negative(moment, text):
    assert human.age(moment, "2026-01-02T00:00:00.000Z") == text


def test_moments_are_told_in_utc():
    assert human.when("2026-01-02T01:02:03.456+01:00") == "2026-01-02 00:02:03"


def test_control_characters_are_told_and_not_sent():
    assert human.printable("a ä 日本") == "a ä 日本"
    assert human.printable("a\n\x1b[31m\udcff") == "a\\n\\x1b[31m\\udcff"
