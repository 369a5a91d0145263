"""``docs/guides/logging-in.md``, as a reader would type it; the browser is tried in ``tests/integration``."""

from __future__ import annotations

import shlex

from localloop.testing.hub import running_hub
from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = pages.ROOT / "docs/guides/logging-in.md"
EXAMPLE = "http://192.168.1.20:8080"


def test_what_the_page_says_to_type_works(tmp_path):
    lines = [line for block in pages.blocks(PAGE, "sh") for line in block.splitlines()]
    with running_hub(tmp_path / "hub", users={"ann@example.test": "pw"}) as hub:
        terminal = Terminal(tmp_path, "pw")
        for line in lines:
            words = shlex.split(line.replace(EXAMPLE, hub.gate))[1:]
            if "--browser" not in words:
                terminal.localloop(words)
    assert terminal.said.count("Logged in as ann@example.test") == 3
    assert "field" in terminal.said
    assert "Logged out" in terminal.said
