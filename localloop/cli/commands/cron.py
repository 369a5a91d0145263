"""``localloop cron``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output

group = typer.Typer(
    name="cron",
    help="Sync at fixed times, without anybody there.",
    no_args_is_help=True,
    epilog=examples("localloop cron line"),
)


@group.command(
    "line",
    epilog=examples(
        "localloop cron line",
        "localloop cron line --every 1h --store ~/rig",
        "(crontab -l; localloop cron line) | crontab -",
    ),
)
def line(
    every: Annotated[
        str,
        typer.Option(
            "--every",
            metavar="TIME",
            help="How often: a number of minutes that divides an hour, or of hours that divides a day.",
        ),
    ] = "15m",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the line of a crontab that syncs a store.

    It has absolute paths, and sets what cron's bare environment lacks. The minute is drawn by lot, so that not all
    machines come at the same one. Nothing is installed: put the line into `crontab -e`.
    """
    from localloop.cli.crontab import entry
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    with opened(store) as here:
        text = entry(here.path, every)
    out.result({"line": text})
    out.line(text)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(group)
