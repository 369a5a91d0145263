"""``localloop backup``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that is not there yet, or is empty.")
    ],
    everything: Annotated[
        bool,
        typer.Option(
            "--all", "-a", help="Copy all files, those too that the platform has.", show_default=False
        ),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the store as it is now, while it is used.

    The copy is a store of its own: `localloop status --store DIR` reads it, and to restore it, put it where the store
    was. It has all edits that are not sent yet with their files, what is pinned and what the trash needs; what the
    platform has is fetched from there again.
    """
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.cli.progress import counting
    from localloop.store.backup import back_up

    out = Output(as_json=as_json)
    with opened(store) as here, counting("files copied", quiet=as_json) as progress:
        done = back_up(here, folder.expanduser(), everything=everything, progress=progress)
    out.result(
        {
            "out": str(folder),
            "database_bytes": done.database,
            "contents": done.contents,
            "bytes": done.bytes,
            "left_out": done.left,
        }
    )
    left = f"; {done.left:,} left out, which the platform has or no item" if done.left else ""
    out.line(
        f"Copied the store to {folder}: {human.size(done.database)} of database, "
        f"{human.count(done.contents, 'content')} ({human.size(done.bytes)}){left}."
    )


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "backup",
        epilog=examples(
            "localloop backup /mnt/usb/fruit-2026-11-27",
            "localloop backup ~/fruit-copy --all",
            "localloop status --store ~/fruit-copy",
        ),
    )(backup)
