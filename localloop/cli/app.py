"""The program: its commands, and the one place where errors end."""

from __future__ import annotations

import os
import sys
import traceback
from io import TextIOWrapper
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from localloop._version import __version__
from localloop.cli.advice import Advice, ExitCode, advise
from localloop.cli.commands import COMMANDS
from localloop.cli.options import examples
from localloop.cli.output import dumps

_DEBUG = "--debug"


class Program(TyperGroup):
    """The group of all commands. Every error that a command raises ends here, as advice and an exit code."""

    def main(  # type: ignore[override]  # the base is declared with overloads that differ between versions
        self,
        args: list[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line.

        Args:
            args: The words after the program's name; those of the process when left out.
            prog_name: What the program is called in messages.
            complete_var: The variable that asks for shell completion.
            standalone_mode: Whether to end the process with the exit code, rather than return it.
            extra: Passed on.
        """
        words = list(sys.argv[1:] if args is None else args) or ["--help"]
        debug, as_json = _DEBUG in _options(words), "--json" in _options(words)
        if debug:
            words.remove(_DEBUG)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(
                    errors="backslashreplace"
                )  # a name the terminal's encoding lacks is no error
        try:
            result = super().main(
                words, prog_name or "localloop", complete_var, standalone_mode=False, **extra
            )
            code = result if isinstance(result, int) else ExitCode.OK
            sys.stdout.flush()
        except BrokenPipeError:
            code = _hush()
        except Exception as error:  # noqa: BLE001 - the outermost border: nothing may pass it as a traceback
            if debug:
                traceback.print_exc()
            code = _tell(advise(error), as_json=as_json)
        if standalone_mode:
            sys.exit(int(code))
        return int(code)

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; what its base would turn into an exit code of its own is turned into ours."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(_hush()) from None
        except KeyboardInterrupt as error:
            raise typer.Exit(_tell(advise(error), as_json="--json" in _options(sys.argv[1:]))) from None


def _options(words: list[str]) -> list[str]:
    """The words that may be options."""
    return words[: words.index("--")] if "--" in words else words


def _tell(advice: Advice, *, as_json: bool) -> int:
    """Say what is wrong; returns the exit code."""
    try:
        if as_json:
            sys.stdout.write(f"{dumps(advice.to_json())}\n")
            sys.stdout.flush()
        else:
            sys.stderr.write(f"{advice.to_text()}\n")
    except BrokenPipeError:
        return _hush()
    return advice.code


def _hush() -> int:
    """Let the interpreter flush into nothing, since nobody reads any more; returns the exit code."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
    except (OSError, ValueError):  # standard output is no file
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - it stays open to the end
    return ExitCode.PIPE


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"localloop {__version__}\n")
        raise typer.Exit


def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option(_DEBUG, help="With any command: show where in the program an error came from.")
    ] = False,
) -> None:
    """Work on annotated datasets offline, and sync them with the Dataloop platform.

    Everything but login, clone, sync, and getting content that is not here yet, works without a connection.
    """
    del version, debug  # the first is done by its callback, the second by Program.main


app = typer.Typer(
    name="localloop",
    cls=Program,
    callback=_top,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "localloop init                       # a store in this directory",
        "localloop add photos --to Fruit/Apples --create",
        "localloop status",
        "localloop login --gate https://gate.dataloop.ai --email you@example.com",
        "localloop sync",
    ),
)
for _register in COMMANDS:
    _register(app)


def program() -> Program:
    """The program as the parser sees it: what :func:`localloop.cli.main` runs and the reference describes."""
    return cast("Program", typer.main.get_command(app))
