"""The documentation is a site as well, and every page of it is found."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.docs import pages


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What `make docs` makes."""
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run([sys.executable, pages.ROOT / "docs" / "site" / "assemble.py", folder], check=True)
    subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build", "--clean", "--strict"], cwd=folder, check=True
    )
    return folder


def listed(entry: Any) -> list[str]:
    """The pages in a part of the navigation."""
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    return [page for part in parts for page in listed(part)]


def test_each_page_is_in_the_navigation_once(folder):
    places = listed(tomllib.loads((folder / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"])
    there = sorted(path.relative_to(folder / "pages").as_posix() for path in folder.rglob("*.md"))
    assert sorted(places) == there
    assert "guides/getting-started.md" in there
    for page in places:
        assert (folder / "site" / page.replace("README", "index")).with_suffix(".html").exists(), page


def test_links_lead_to_pages_and_headings(folder):
    site = folder / "site"
    html = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    ids = {path: set(re.findall(r'\sid="([^"]+)"', text)) for path, text in html.items()}
    broken = []
    for path, text in html.items():
        article = text.partition("<article")[2].partition("</article>")[0]
        for link in re.findall(r'\shref="([^":]+)"', article):
            to, _, anchor = link.partition("#")
            target = (path.parent / to).resolve() if to else path
            if target not in html or (anchor and anchor not in ids[target]):
                broken.append((path.relative_to(site).as_posix(), link))
    assert broken == []


def test_nothing_is_fetched_from_elsewhere(folder):
    for path in (folder / "site").rglob("*.html"):
        head = path.read_text(encoding="utf-8").partition("<body")[0]
        assert re.findall(r'\s(?:src|href)="(?:https?:)?//', head) == [], path
