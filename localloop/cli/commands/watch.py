"""``localloop watch``."""

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


def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder.")],
    dataset: IntoOption,
    to: ToOption = "/",
    ignore: IgnoreOption = None,
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Take what is there, wait for files that are being written, and end.",
            show_default=False,
        ),
    ] = False,
    create: CreateOption = False,
    mirror: Annotated[
        bool,
        typer.Option(
            "--mirror",
            help="Have the folder follow the dataset too: what is new, changed, moved or deleted on one side is so on "
            "the other.",
            show_default=False,
        ),
    ] = False,
    allow_deletions: Annotated[
        bool,
        typer.Option(
            "--allow-deletions",
            help="With --mirror: delete what it halted at, or go on with a folder without its marker.",
            show_default=False,
        ),
    ] = False,
    no_sync: Annotated[
        bool,
        typer.Option("--no-sync", help="Do not sync: something else does, such as cron.", show_default=False),
    ] = False,
    sync_every: Annotated[
        str,
        typer.Option(
            "--sync-every", metavar="TIME", help="Sync so often at most while files come, such as 30s or 5m."
        ),
    ] = "30s",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a folder, and take each finished file into a dataset.

    A file is taken when nobody has written to it for two seconds. One that changes gives its item new content, and
    the annotations of the old one go to the trash; one that is moved or renamed moves its item. A file that vanishes
    deletes nothing. Names that begin with a dot, and temporary files of editors and downloads, are passed over.

    With --mirror both follow each other. What both sides changed is kept twice; what one side deleted and the other
    changed stays. Before more than a tenth and more than twenty files or items are deleted, or all of them, it stops
    deleting and says so (exit code 7 with --once). Deleted items are in the trash.

    Without a connection files are taken all the same, and sent by a later sync. Ctrl-C or SIGTERM stops it; what
    happened while it was off is seen at the next start.
    """
    from localloop.cli.watching import run

    if allow_deletions and not mirror:
        raise typer.BadParameter("--allow-deletions goes with --mirror.")
    run(
        Output(as_json=as_json),
        store,
        folder,
        dataset,
        to,
        ignore or [],
        once=once,
        create=create,
        sync_every=None if no_sync else duration(sync_every),
        mirror=mirror,
        allow_deletions=allow_deletions,
    )


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "watch",
        epilog=examples(
            "localloop watch ~/camera --dataset Fruit/Apples --create",
            "localloop watch ~/camera --dataset Fruit/Apples --to /2026 --ignore '*.log'",
            "localloop watch ~/camera --dataset Fruit/Apples --once --no-sync",
            "localloop watch ~/apples --dataset Fruit/Apples --mirror",
        ),
    )(watch)
