"""The page about faults lists all of them, and what it shows is what there is."""

from __future__ import annotations

import re

from localloop.testing.faults import SCHEDULES, Fault, Rule, Schedule
from tests.docs import pages

PAGE = pages.ROOT / "docs" / "guides" / "testing-with-faults.md"


def rows(heading: str) -> dict[str, str]:
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+?) \|", section, re.MULTILINE))


def test_the_page_lists_every_fault_and_schedule_in_their_own_words():
    assert rows("Faults") == {fault.value: fault.sentence for fault in Fault}
    assert rows("Schedules") == {name: schedule.sentence for name, schedule in SCHEDULES.items()}


def test_the_page_lists_every_field_of_a_rule():
    assert list(rows("Rules")) == list(Rule.__dataclass_fields__)


def test_the_rules_that_the_page_shows_are_rules():
    (text,) = pages.blocks(PAGE, "json")
    assert [rule.fault for rule in Schedule.of(text).rules] == [Fault.THROTTLED_SECONDS, Fault.FORBIDDEN]


def test_the_python_that_the_page_shows_is_python():
    for block in pages.blocks(PAGE, "py"):
        compile(block, "page", "exec")
