"""``docs/guides/daemon.md``, as a reader would type it."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import get_args

from localloop.daemon.services import unit
from localloop.daemon.settings import Settings
from tests.docs import pages
from tests.docs.terminal import Terminal

PAGE = pages.ROOT / "docs/guides/daemon.md"


def test_what_the_page_says_to_type_works(tmp_path):
    (tmp_path / "camera").mkdir()
    terminal = Terminal(tmp_path, "")
    terminal.localloop(["init", "--author", "ann@example.test"])
    try:
        for block in pages.blocks(PAGE, "sh"):
            for line in block.splitlines():
                terminal.localloop(shlex.split(line)[1:])
    finally:
        terminal.localloop(["daemon", "stop"])
    assert "1 watched folder" in terminal.said
    assert "Watches" in terminal.said
    assert "The daemon goes on." in terminal.said
    assert "Type=notify" in terminal.said


def test_the_settings_of_the_page_are_all_that_there_are():
    [block] = pages.blocks(PAGE, "toml")
    shown = tomllib.loads(block)
    Settings.model_validate(shown)
    known = {}
    for name, field in Settings.model_fields.items():
        part = get_args(field.annotation)[0] if get_args(field.annotation) else field.annotation
        known[name] = set(part.model_fields)
    said = {name: set(part[0] if isinstance(part, list) else part) for name, part in shown.items()}
    assert said == known
    reference = pages.text("docs/reference/settings.md")
    for name, keys in known.items():
        assert all(f"`{name}.{key}`" in reference for key in keys)


def test_the_unit_of_the_page_says_what_an_installed_one_says():
    [block] = pages.blocks(PAGE, "ini")
    ours = unit(Path("/store"), {})
    for key in ("Type", "Restart", "RestartSec", "WatchdogSec", "TimeoutStopSec", "UMask"):
        pattern = rf"^{key}=.*$"
        assert re.findall(pattern, block, re.MULTILINE) == re.findall(pattern, ours, re.MULTILINE)
