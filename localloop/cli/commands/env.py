"""``localloop env``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from localloop.cli.options import (
    DataOption,
    JsonOption,
    StoreOption,
    YesOption,
    checked_gate,
    examples,
)
from localloop.cli.output import Output
from localloop.errors import BadRequest

#: Where ``localloop serve`` listens when nobody says otherwise.
GATE = "http://127.0.0.1:8080"

#: The directory in a store that dtlpy keeps its state in, when it is pointed at that store's server.
DIRECTORY = "dtlpy"

group = typer.Typer(
    name="env",
    help="How other programs find a store that is served.",
    no_args_is_help=True,
    epilog=examples("localloop env dtlpy"),
)


@group.command(
    "dtlpy",
    epilog=examples(
        "localloop env dtlpy",
        "localloop env dtlpy --write --yes    # and run the first printed line",
        "localloop env dtlpy --gate http://127.0.0.1:9000 --json",
    ),
)
def dtlpy(
    gate: Annotated[
        str,
        typer.Option("--gate", metavar="URL", help="Where the store is served.", callback=checked_gate),
    ] = GATE,
    write: Annotated[
        bool,
        typer.Option("--write", help="Write the cookie file that the lines name.", show_default=False),
    ] = False,
    home: Annotated[
        bool,
        typer.Option(
            "--home",
            help="With --write: change your own ~/.dataloop/cookie.json, after a copy of it. Then every script "
            "goes to the store, until dl.setenv names another environment.",
            show_default=False,
        ),
    ] = False,
    yes: YesOption = False,
    data: DataOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the lines that point dtlpy at a store that is served.

    The first kind leaves scripts as they are: dtlpy reads the server, and for a gateway who is logged in, from a
    cookie file, which --write writes for you alone to read. The second kind goes into a script. Neither shows a
    secret.
    """
    from localloop import config
    from localloop.cli.asking import confirm
    from localloop.cli.dtlpy_files import Server, cookie_in, write_cookie
    from localloop.cli.opening import named_once, opened
    from localloop.server import Accounts

    out = Output(as_json=as_json)
    if home and not write:
        raise BadRequest("400", "--home goes with --write.")
    with opened(named_once(data, store)) as here:
        settings, path = here.settings(), here.path
    owner = str(settings.get("account") or settings.get("author")) if settings.get("gate") else None
    accounts = Accounts.beside(path, owner=owner)
    server = Server(gate.rstrip("/"), accounts.owner_key() if owner else None)
    directory = config.dtlpy_home() if home else path / DIRECTORY
    cookie = cookie_in(directory)
    copy: Path | None = None
    written = write and confirm(f"Write {cookie}?", yes=yes)
    if written:
        copy = write_cookie(directory, server, accounts.owner_tokens() if owner else None, backup=home)
    shell = [] if home else server.shell(directory)
    told: dict[str, Any] = {"gate": server.gate, "role": "gateway" if owner else "hub", "account": owner}
    told |= {"shell": shell, "python": server.python(), "cookie": str(cookie), "written": written}
    out.result({**told, "copy": str(copy) if copy else None})
    if shell:
        out.line("# In a shell; the script stays as it is:")
        out.lines([*shell, ""])
    out.line("# Or at the top of a script:")
    out.lines(server.python())
    if copy:
        out.note(f"What was there is kept in {copy}.")
    if written:
        out.note(f"Wrote {cookie}.")
    elif not write and not cookie.exists():
        out.note("The cookie file is not there yet: add --write.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.add_typer(group)
