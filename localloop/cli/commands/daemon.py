"""``localloop daemon``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.options import (
    CreateOption,
    IgnoreOption,
    IntoOption,
    JsonOption,
    StoreOption,
    ToOption,
    duration,
    examples,
)
from localloop.cli.output import Output

group = typer.Typer(
    name="daemon",
    help="Watch folders and sync, in one process that nobody looks after.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=examples(
        "localloop daemon add ~/camera --dataset Fruit/Apples --create",
        "localloop daemon start",
        "localloop daemon status",
        "localloop daemon logs --follow",
    ),
)


@group.command(epilog=examples("localloop daemon run                  # Ctrl-C stops it"))
def run(
    background: Annotated[
        bool,
        typer.Option("--background", help="Print nothing: there is the log.", show_default=False),
    ] = False,
    store: StoreOption = None,
) -> None:
    """Be the daemon, until Ctrl-C or SIGTERM: for a terminal, or a service manager.

    It watches the folders of `localloop daemon add`, and syncs: every five minutes, soon after something was edited or
    a file was taken, and when the platform can be reached again. What else it is to do is in daemon.toml, beside the
    store. It stops within ten seconds, and may be killed at any moment. systemd is told how it is (Type=notify).
    """
    from localloop.cli import daemons

    daemons.run(store, background=background)


@group.command(epilog=examples("localloop daemon start"))
def start(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Start the daemon in the background.

    It ends with the machine: `localloop service install` has it started again.
    """
    from localloop.cli import daemons

    daemons.start(Output(as_json=as_json), store)


@group.command(epilog=examples("localloop daemon stop"))
def stop(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Stop the daemon. What does not end within ten seconds is killed, which loses nothing."""
    from localloop.cli import daemons

    daemons.stop(Output(as_json=as_json), store)


@group.command(epilog=examples("localloop daemon restart             # after a change of daemon.toml"))
def restart(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Stop the daemon if it runs, and start it."""
    from localloop.cli import daemons

    out = Output(as_json=as_json)
    daemons.stop(out, store, quiet=True)
    daemons.start(out, store)


@group.command(
    epilog=examples("localloop daemon status", "localloop daemon status --json | jq .roots[].problems")
)
def status(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Say how the daemon is: what it watches and how, when it synced, and what needs attention.

    The exit code is 3 when none runs, 13 when it hangs, 9 when a folder or file could not be taken, and else that of
    the last sync.
    """
    from localloop.cli import daemons

    daemons.status(Output(as_json=as_json), store)


@group.command(epilog=examples("localloop daemon logs -n 100", "localloop daemon logs --follow"))
def logs(
    last: Annotated[int, typer.Option("-n", "--lines", metavar="N", min=0, help="How many lines.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.", show_default=False)
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the daemon's log.

    The lines are JSON objects where daemon.toml says so.
    """
    from localloop.cli import daemons

    if follow and as_json:
        raise typer.BadParameter(
            '--json goes without --follow; daemon.toml can have the log in JSON: format = "json".'
        )
    daemons.tell_log(Output(as_json=as_json), store, last, follow=follow)


@group.command(epilog=examples("localloop daemon pause --for 2h", "localloop daemon pause"))
def pause(
    time: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="TIME", help="Go on by itself after this time, such as 2h.", show_default=False
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the daemon send and fetch nothing, also after a restart. Folders are watched on."""
    from localloop.cli import daemons

    daemons.pause(Output(as_json=as_json), store, duration(time))


@group.command(epilog=examples("localloop daemon resume"))
def resume(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """End a pause."""
    from localloop.cli import daemons

    daemons.resume(Output(as_json=as_json), store)


@group.command(
    epilog=examples(
        "localloop daemon add ~/camera --dataset Fruit/Apples --create",
        "localloop daemon add ~/scans --dataset Fruit/Pears --ignore '*.log'",
    )
)
def add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder.")],
    dataset: IntoOption,
    to: ToOption = "/",
    ignore: IgnoreOption = None,
    create: CreateOption = False,
    mirror: Annotated[
        bool,
        typer.Option("--mirror", help="Have the folder follow the dataset too.", show_default=False),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the daemon watch a folder, as `localloop watch` does, from its next start on."""
    from localloop.cli import daemons
    from localloop.daemon.settings import WatchPart

    watch = WatchPart(folder=folder, dataset=dataset, to=to, ignore=ignore or [], mirror=mirror)
    daemons.add(Output(as_json=as_json), store, watch, create=create)


@group.command(epilog=examples("localloop daemon remove ~/camera"))
def remove(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the daemon no longer watch a folder. No item is deleted."""
    from localloop.cli import daemons

    daemons.remove(Output(as_json=as_json), store, folder)


@group.command(epilog=examples("localloop daemon roots"))
def roots(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the folders that the daemon watches."""
    from localloop.cli import daemons

    daemons.roots(Output(as_json=as_json), store)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(group)
