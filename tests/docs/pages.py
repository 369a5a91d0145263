"""The documents of the repository, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    """Every document, by its path."""
    places = [ROOT, *(ROOT / name for name in ("docs", "sync", "schema"))]
    found = {path for place in places[1:] for path in place.rglob("*.md")} | set(ROOT.glob("*.md"))
    return sorted(found)


def name(page: Path) -> str:
    """What to call a page in a test."""
    return page.relative_to(ROOT).as_posix()


def text(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return [body for lang, body in _FENCE.findall(page.read_text(encoding="utf-8")) if lang == language]


def links(page: Path) -> list[str]:
    """The targets of a page's links, outside code."""
    return _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(page: str, heading: str, number: int = 0) -> list[list[str]]:
    """The rows of a table below a heading, each a list of cells; ``number`` counts the tables from 0."""
    section = text(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert section, f"{page} has no section {heading!r}"
    tables = re.findall(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    rows = [list(_cells(line)) for line in tables[number].splitlines()]
    return rows[2:]


def _cells(line: str) -> Iterator[str]:
    for cell in line.strip().strip("|").split("|"):
        yield cell.strip()


def quoted(cell: str) -> list[str]:
    """What a cell has in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def sources() -> list[Path]:
    """Every Python file of the project, tests included."""
    return sorted(
        path
        for room in ("localloop", "sync", "schema", "tests", "demo")
        for path in (ROOT / room).rglob("*.py")
    )
