"""Every error is documented with its exit code."""

from __future__ import annotations

import re

import pytest

from localloop import errors
from localloop.sdk import exceptions
from tests.docs import pages

ROWS = {
    pages.quoted(row[0])[0]: row
    for row in re.findall(
        r"^\| (.+?) \| (\d+) \| (.+) \|$", pages.text("docs/reference/errors.md"), re.MULTILINE
    )
}


def test_the_page_has_every_error_and_no_other():
    assert set(ROWS) == set(errors.__all__)


@pytest.mark.parametrize("name", errors.__all__)
def test_an_errors_exit_code_is_documented_and_drawn(name):
    code = getattr(errors, name).exit_code
    assert int(ROWS[name][1]) == code
    assert re.search(rf"\b{name}\s+{code}\b", errors.__doc__ or "")


@pytest.mark.parametrize("name", errors.__all__)
def test_every_exit_code_of_an_error_has_its_sentence(name):
    assert f"| {getattr(errors, name).exit_code} |" in pages.text("docs/reference/cli.md")


def test_scripts_find_what_the_platform_answers_where_the_page_says():
    platform = [name for name in ROWS if issubclass(getattr(errors, name), errors.PlatformError)]
    assert len(platform) == 7
    assert set(platform) <= set(exceptions.__all__)
