"""``docs/reference/dtlpy-parity.md`` says how the Python API stands beside dtlpy's today, and what it says is so."""

from __future__ import annotations

import pytest

import localloop as dl
from localloop.errors import PlatformOnlyError
from localloop.sdk import platform_only
from tests.docs import pages, parity

PAGE = "docs/reference/dtlpy-parity.md"


def test_the_page_is_current():
    assert pages.text(PAGE) == parity.page(), "make docs-reference renders it anew"


def test_what_a_comparison_says_is_what_differs():
    theirs = {"a": 1, "b": None, "c": "x"}
    assert list(parity._differences(theirs, theirs)) == []
    told = list(parity._differences(theirs, {"b": 2, "a": 1, "d": 0}))
    assert told == ["without `c`", "also `d`", "in another order", "`b` is `2` when left out, not `None`"]


@pytest.mark.parametrize("name", sorted(platform_only.REPOSITORIES))
def test_a_repository_of_the_platform_says_so_at_the_first_use(name):
    repository = getattr(dl, name)
    with pytest.raises(PlatformOnlyError, match=rf"dl\.{name}\.list exists only on the platform"):
        repository.list()
    with pytest.raises(PlatformOnlyError):
        repository()
    assert not hasattr(repository, "get")


def test_a_method_of_the_platform_says_so(tmp_path):
    dl.use(tmp_path / "store")
    project = dl.projects.create(project_name="P")
    with pytest.raises(
        PlatformOnlyError, match=r"Project\.open_in_web exists only on the platform"
    ) as raised:
        project.open_in_web()
    assert "dtlpy" in raised.value.advice
    with pytest.raises(PlatformOnlyError, match=r"Project\.pipelines"):
        _ = project.pipelines
    with pytest.raises(AttributeError, match="'Project' object has no attribute 'nothing'"):
        _ = project.nothing
    dl.use(None)
