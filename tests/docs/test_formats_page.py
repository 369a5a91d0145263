"""``docs/guides/formats.md``, as a reader would type it."""

from __future__ import annotations

import shlex

import pytest
from PIL import Image

from localloop.formats import Format
from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = "docs/guides/formats.md"


@pytest.fixture
def terminal(tmp_path):
    """A terminal beside a store with ``Fruit/Apples``, whose image has a box and a point."""
    items, told = tmp_path / "in" / "items", tmp_path / "in" / "json"
    items.mkdir(parents=True)
    told.mkdir()
    Image.new("RGB", (20, 10)).save(items / "a.png")
    box = '{"type": "box", "label": "cat", "coordinates": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}'
    point = '{"type": "point", "label": "nose", "coordinates": {"x": 1, "y": 2}}'
    (told / "a.json").write_text(f'{{"annotations": [{box}, {point}]}}')
    terminal = Terminal(tmp_path, "")
    terminal.localloop(["init", "--author", "ann@example.test"])
    terminal.localloop(["import", "in", "--to", "Fruit/Apples", "--create"])
    return terminal


def test_what_the_page_says_to_type_works(terminal):
    page = pages.ROOT / PAGE
    for block in pages.blocks(page, "sh"):
        for line in block.splitlines():
            words = shlex.split(line)
            assert words[0] == "localloop"
            terminal.localloop(words[1:])
    [script] = pages.blocks(page, "python")
    terminal.python(script)
    assert terminal.said.endswith("1 items; {('point', 'COCO has no such shape'): 1}\n")
    assert sorted(path.name for path in terminal.place.glob("apples*")) == [
        "apples",
        "apples-coco",
        "apples-python",
        "apples-table",
        "apples-voc",
        "apples-yolo",
    ]


def test_the_page_has_every_format_with_what_is_in_its_folder(terminal):
    rows = pages.table(PAGE, "What each format holds")
    assert [pages.quoted(row[0])[0] for row in rows] == list(Format)
    for row in rows:
        name = pages.quoted(row[0])[0]
        terminal.localloop(["export", "Fruit/Apples", name, "--format", name])
        told = {one.rstrip("/").partition("/")[0] for one in pages.quoted(row[4])}
        there = {path.name for path in (terminal.place / name).iterdir()} - {"left-out.csv"}
        assert there | {"ImageSets"} == told | {"ImageSets"}  # only subsets have lists
