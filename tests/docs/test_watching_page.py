"""``docs/guides/watching.md``, as a reader would type it, but once: a test does not wait for Ctrl-C."""

from __future__ import annotations

import shlex

from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = "docs/guides/watching.md"


def test_what_the_page_says_to_type_works(tmp_path):
    (tmp_path / "camera").mkdir()
    (tmp_path / "camera" / "a.txt").write_text("a")
    (tmp_path / "camera" / "a.log").write_text("b")
    [ignored] = pages.blocks(pages.ROOT / PAGE, "")
    (tmp_path / "camera" / ".localloopignore").write_text(ignored)
    terminal = Terminal(tmp_path, "")
    terminal.localloop(["init", "--author", "ann@example.test"])
    take, mirror = pages.blocks(pages.ROOT / PAGE, "sh")
    terminal.localloop([*shlex.split(take)[1:], "--once", "--no-sync"])
    terminal.localloop(["ls", "Fruit/Apples"])
    assert "added 1 file (1 B)" in terminal.said
    assert "/a.txt" in terminal.said
    assert "/a.log" not in terminal.said
    (tmp_path / "apples").mkdir()
    terminal.localloop([*shlex.split(mirror)[1:], "--once", "--no-sync"])
    assert (tmp_path / "apples" / "a.txt").read_text() == "a"
