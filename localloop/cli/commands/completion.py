"""``localloop completion``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from localloop.cli.options import JsonOption, examples
from localloop.cli.output import Output


class Shell(StrEnum):
    """The shells that complete what is typed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell.")],
    as_json: JsonOption = False,
) -> None:
    """Print what has a shell complete commands and options with the Tab key.

    `localloop --install-completion` puts it where your shell finds it.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # documented only by use

    script = get_completion_script(
        prog_name="localloop", complete_var="_LOCALLOOP_COMPLETE", shell=shell.value
    )
    out = Output(as_json=as_json)
    out.result({"shell": shell.value, "script": script})
    out.lines(script.splitlines())


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "completion",
        epilog=examples(
            'eval "$(localloop completion bash)"     # in ~/.bashrc',
            "localloop completion fish > ~/.config/fish/completions/localloop.fish",
        ),
    )(completion)
