"""``localloop service``: the daemon, started by the system."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output

group = typer.Typer(
    name="service",
    help="Have the system start the daemon, and start it again.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=examples("localloop service install", "localloop service status"),
)


@group.command(
    epilog=examples(
        "localloop service install", "localloop service install --print   # only show what would be written"
    )
)
def install(
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the file, and install nothing.", show_default=False)
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Install the store's daemon as a service of yours, and start it: a unit of systemd, or an agent of launchd.

    It has absolute paths, and sets what a service's bare environment lacks; run it again after an update. A service of
    yours ends when you log out, unless `loginctl enable-linger` says otherwise.
    """
    from localloop.cli import services

    services.install(Output(as_json=as_json), store, only_print=only_print)


@group.command(epilog=examples("localloop service uninstall"))
def uninstall(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Stop the service and remove it. The store stays as it is."""
    from localloop.cli import services

    services.uninstall(Output(as_json=as_json), store)


@group.command(epilog=examples("localloop service status"))
def status(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Say whether the service is installed and runs; the exit code is 3 when it does not."""
    from localloop.cli import services

    services.status(Output(as_json=as_json), store)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(group)
