"""``localloop init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.options import JsonOption, examples
from localloop.cli.output import Output


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to make the store.")] = Path(),
    author: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL", help="Who edits here, until the first log-in says.", show_default=False
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What to call this machine in the log.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a store in DIR/.localloop.

    Every command that is run in DIR, or anywhere below it, then works on this store.
    """
    from localloop import config
    from localloop.store import ANONYMOUS, Store

    out = Output(as_json=as_json)
    path = folder.expanduser().absolute() / config.LOCAL_STORE
    author = author or config.default_author() or ANONYMOUS
    device = device or config.device_name()
    Store.create(path, author=author, device=device).close()
    out.result({"store": str(path), "author": author, "device": device})
    out.line(f"Made a store in {path}.")
    out.line(f"Edits are recorded as {author} on {device}.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "init",
        epilog=examples(
            "localloop init",
            "localloop init ~/fruit --author you@example.com --device rig7",
        ),
    )(init)
