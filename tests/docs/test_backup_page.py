"""``docs/guides/backup.md``, as a reader would type it."""

from __future__ import annotations

import shlex

from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = "docs/guides/backup.md"


def test_what_the_page_says_to_type_works(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    terminal = Terminal(tmp_path, "")
    terminal.localloop(["init", "--author", "ann@example.test"])
    terminal.localloop(["add", "a.txt", "--to", "Fruit/Apples", "--create"])
    for block in pages.blocks(pages.ROOT / PAGE, "sh"):
        for line in block.splitlines():
            words = shlex.split(line)
            assert words[0] == "localloop"
            terminal.localloop(words[1:])
    assert "Copied the store to usb/fruit:" in terminal.said
    assert "The store is sound." in terminal.said
