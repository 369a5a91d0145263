"""The command line: one command a file in :mod:`localloop.cli.commands`.

Whatever is imported at the top of a module here is imported by ``localloop --help`` too; the store, the platform
and their libraries are therefore imported inside the commands.
"""

from __future__ import annotations

from collections.abc import Sequence

from localloop.cli.app import program


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and end the process with its exit code.

    Args:
        arguments: The words after the program's name; those of the process when left out.
    """
    program().main(args=None if arguments is None else list(arguments), prog_name="localloop")


__all__ = ["main"]
