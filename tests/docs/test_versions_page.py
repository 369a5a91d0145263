"""``docs/guides/versions.md``, as a reader would type it."""

from __future__ import annotations

import re
import shlex

from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = pages.ROOT / "docs/guides/versions.md"


def test_what_the_page_says_to_type_works(tmp_path):
    items, told = tmp_path / "in" / "items", tmp_path / "in" / "json"
    items.mkdir(parents=True)
    told.mkdir()
    for number in range(10):
        (items / f"{number}.txt").write_text(str(number))
    (told / "0.json").write_text('{"annotations": [{"type": "class", "label": "Ripe"}]}')
    terminal = Terminal(tmp_path, "")
    terminal.localloop(["init", "--author", "ann@example.test"])
    terminal.localloop(["import", "in", "--to", "Fruit/Apples", "--create"])
    for block in pages.blocks(PAGE, "sh"):
        for line in block.splitlines():
            terminal.localloop(shlex.split(line)[1:])
    terminal.python("\n".join(pages.blocks(PAGE, "python")))
    assert "['Apples@v1']" in terminal.said
    assert "10 items are back" in terminal.said
    assert re.search(r"[3-9] to train with", terminal.said)
    assert "10 in one" in terminal.said
