"""``docs/guides/disk-space.md``, as a reader would type it: against a hub, after a sync."""

from __future__ import annotations

import shlex

from localloop.testing.hub import running_hub
from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = "docs/guides/disk-space.md"
ANN = "ann@example.test"


def test_what_the_page_says_to_type_works(tmp_path):
    folder = tmp_path / "apples"
    (folder / "mai").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "mai" / "b.txt").write_text("bb")
    with running_hub(tmp_path / "hub", {ANN: "pw"}) as hub:
        terminal = Terminal(tmp_path, "pw")
        terminal.localloop(["init", "--author", ANN])
        terminal.localloop(["add", "apples/a.txt", "apples/mai", "--to", "Fruit/Apples", "--create"])
        terminal.localloop(["login", "--gate", hub.gate, "--email", ANN])
        terminal.localloop(["sync"])
        lines = [line for block in pages.blocks(pages.ROOT / PAGE, "sh") for line in block.splitlines()]
        for line in lines:
            words = shlex.split(line, comments=True)
            assert words[0] == "localloop"
            terminal.localloop(words[1:])
    assert "Would free 3 B: 2 contents." in terminal.said
    assert "Freed 2 B: 1 content." in terminal.said
    assert "Pinned 1 content." in terminal.said
    assert "all as they were" in terminal.said
