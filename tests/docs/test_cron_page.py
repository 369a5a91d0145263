"""``docs/guides/cron.md``, as a reader would type it."""

from __future__ import annotations

import shlex

from localloop.testing.hub import running_hub
from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = "docs/guides/cron.md"


def test_what_the_page_says_to_type_works(tmp_path):
    with running_hub(tmp_path / "hub", users={"ann@example.test": "pw"}) as hub:
        terminal = Terminal(tmp_path, "pw")
        terminal.localloop(["init", "--author", "ann@example.test"])
        terminal.localloop(["login", "--gate", hub.gate, "--email", "ann@example.test"])
        line, sync, status = (shlex.split(block)[1:] for block in pages.blocks(pages.ROOT / PAGE, "sh"))
        terminal.localloop(line)
        assert "-59/15 * * * * " in terminal.said
        assert " sync --cron --store " in terminal.said
        before = terminal.said
        terminal.localloop(sync)
        assert terminal.said == before
        terminal.localloop(status)
        assert "Synced    never" not in terminal.said
