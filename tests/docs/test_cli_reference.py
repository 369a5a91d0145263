from __future__ import annotations

import re
from pathlib import Path

import pytest

from localloop.cli.advice import EXIT_CODES
from localloop.cli.reference import arguments, commands, options, reference

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_commands_say():
    assert reference() == PAGE, "python -m localloop.cli.reference > docs/reference/cli.md"


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_is_documented_with_all_it_takes(name):
    command = dict(commands())[name]
    section = PAGE.partition(f"\n## localloop {name}\n")[2].partition("\n## ")[0]
    assert section
    assert command.help
    for one in [*arguments(command), *options(command)]:
        assert one.help, one.name
    for one in options(command):
        assert all(f"`{spelling}" in section for spelling in one.opts)


def test_every_exit_code_is_documented():
    documented = dict(re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE))
    assert documented == {str(int(code)): sentence for code, sentence in EXIT_CODES.items()}


def test_every_variable_of_the_environment_is_documented_and_no_other():
    told = set(re.findall(r"\bLOCALLOOP_[A-Z_]+\b", SETTINGS))
    assert told == set(re.findall(r"\bLOCALLOOP_[A-Z_]+\b", (ROOT / "localloop" / "config.py").read_text()))


def test_only_the_configuration_reads_the_environment():
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "localloop").rglob("*.py")
        if re.search(r"\bos\.environ|\bgetenv\b|\bPath\.home\b", path.read_text(encoding="utf-8"))
    }
    assert found == {"localloop/config.py"}


def test_every_setting_of_a_store_is_documented():
    keys: set[str] = set()
    for folder in ("localloop", "sync"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for body in re.findall(r"(?:set_settings\(|_set\(connection, )\{(.*)\}\)", text):
                keys.update(re.findall(r'(?:^|[,{] ?)"(\w+)":', re.sub(r"\{[^}]*\}", "", body)))
                keys.update(
                    re.findall(r'^CHECKED_OUT = "(\w+)"', text, re.MULTILINE) if "CHECKED_OUT" in body else []
                )
    assert len(keys) >= 5
    assert {key for key in keys if f"`{key}`" not in SETTINGS} == set()
