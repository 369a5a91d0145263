"""``localloop add``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.options import CreateOption, DryRunOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output


def add(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="PROJECT/DATASET[/FOLDER]", help="Where to put them.", show_default=False
        ),
    ],
    create: CreateOption = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace the content of items that hold something else. Their annotations are deleted with it.",
            show_default=False,
        ),
    ] = False,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add files and folders to a dataset.

    A folder keeps its name: `add photos` puts photos/a.jpg at /photos/a.jpg, and `add photos/*` puts it at /a.jpg.
    What is there already with the same content is left alone, so an interrupted add is simply run again.
    """
    from localloop.cli import human
    from localloop.cli.adding import Adder, find_files, rehearse
    from localloop.cli.opening import opened
    from localloop.cli.progress import counting

    out = Output(as_json=as_json)
    with opened(store) as here:
        files = find_files(paths)
        if dry_run:
            told = rehearse(here, to, files, create=create)
            out.result({**told.to_json(), "dry_run": True})
            out.lines(f"would add {path}" for path in told.created)
            for path, reason in told.failures:
                out.note(f"Would not add: {path}: {reason}")
            out.line(
                f"Would add {human.count(len(told.created), 'file')} ({human.size(told.bytes)}); "
                f"{human.count(told.existing, 'path')} taken already."
            )
            return
        with counting("files added", quiet=as_json) as progress:
            added = Adder(here, to, create=create, overwrite=overwrite).add(files, progress)
    out.result({**added.to_json(), "dry_run": False})
    for path, reason in added.failures:
        out.note(f"Not added: {path}: {reason}")
    out.line(added.sentence())
    if added.failures:
        from localloop.cli.advice import ExitCode

        raise typer.Exit(ExitCode.PARTIAL)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "add",
        epilog=examples(
            "localloop add photos --to Fruit/Apples --create",
            "localloop add a.jpg b.jpg --to Fruit/Apples/2026/may",
            "localloop add photos --to Fruit/Apples --dry-run",
        ),
    )(add)
