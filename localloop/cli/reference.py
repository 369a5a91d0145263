"""The reference of the command line, written from the commands themselves.

``python -m localloop.cli.reference > docs/reference/cli.md`` writes the page; a test compares the two.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from localloop.cli.advice import EXIT_CODES
from localloop.cli.app import program

_HEAD = """\
# Command line

<!-- Written by `python -m localloop.cli.reference > docs/reference/cli.md`. Change the commands, then run that. -->

`localloop --help` lists the commands, and `localloop COMMAND --help` shows what is below.

* A place is `PROJECT`, `PROJECT/DATASET` or `PROJECT/DATASET/PATH`. Project and dataset are names or ids; whoever has
  a `/` in a name uses the id.
* With `--json` a command prints exactly one JSON object on standard output, also when it fails:
  `{"error": {"code": 3, "message": "...", "advice": "..."}}`, where `code` is the exit code.
* Results go to standard output. Progress, notes and errors go to standard error; bars appear only on a terminal, and
  colours follow `NO_COLOR`.
* `--debug`, anywhere on the command line, adds to an error where in the program it came from.
* Variables of the environment are on [a page of their own](settings.md).

"""

#: Parameters that the parser adds to every command; they are told once, at the top.
_EVERYWHERE = frozenset({"help"})


def reference() -> str:
    """The whole page, as Markdown."""
    top = program()
    parts = [_HEAD, "## localloop\n\n", *_described(top, "localloop")]
    for name, command in commands():
        parts += [f"## localloop {name}\n\n", *_described(command, f"localloop {name}")]
    parts.append("## Exit codes\n\n| code | meaning |\n|---|---|\n")
    parts += [f"| {int(code)} | {sentence} |\n" for code, sentence in EXIT_CODES.items()]
    return "".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its name, those of groups after their group (``conflicts show``)."""
    yield from _commands(program(), "")


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield f"{prefix}{name}", command
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")


def options(command: Any) -> list[Any]:
    """A command's options, without those that every command has."""
    return [
        one
        for one in command.params
        if one.param_type_name == "option" and one.name not in _EVERYWHERE and not one.hidden
    ]


def arguments(command: Any) -> list[Any]:
    """A command's arguments."""
    return [one for one in command.params if one.param_type_name == "argument"]


def _described(command: Any, path: str) -> Iterator[str]:
    words = [path, *(one.metavar or one.name.upper() for one in arguments(command))]
    tail = " [OPTIONS]" + (" COMMAND ..." if hasattr(command, "commands") else "")
    yield f"```\n{' '.join(words)}{tail}\n```\n\n"
    yield f"{inspect.cleandoc(command.help or '')}\n\n"
    rows = [f"| `{one.metavar or one.name}` | {_cell(one.help)} |\n" for one in arguments(command)]
    rows += [f"| {_names(one)} | {_cell(one.help)}{_default(one)} |\n" for one in options(command)]
    if rows:
        yield "| | |\n|---|---|\n"
        yield from rows
        yield "\n"
    if command.epilog:
        lines = [line for line in command.epilog.splitlines() if line not in {"\b", "Examples:"}]
        yield "Examples:\n\n```\n" + inspect.cleandoc("\n".join(lines)) + "\n```\n\n"


def _names(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or 'VALUE'}"
    return ", ".join(f"`{name}{value}`" for name in option.opts)


def _default(option: Any) -> str:
    telling = not option.is_flag and isinstance(option.default, int | str) and option.default != ""
    return f" Default: `{option.default}`." if telling else ""


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
