"""``localloop get``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output


def get(
    what: Annotated[
        list[str],
        typer.Argument(metavar="PROJECT/DATASET[/PATH]|ID...", help="Items, folders or whole datasets."),
    ],
    to: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where to put the files.")] = Path(),
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace files that hold something else.", show_default=False),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put files into a folder.

    What is not here is fetched from the platform; a file that is here needs no connection. A folder or
    dataset keeps its name: `get Fruit/Apples/2026` makes 2026/ in DIR. A file that is there already with the
    same content is left alone.
    """
    from localloop.cli.advice import ExitCode
    from localloop.cli.exporting import Exporter
    from localloop.cli.opening import opened
    from localloop.cli.progress import counting
    from localloop.store.keeping import trim, used

    out = Output(as_json=as_json)
    with opened(store) as here, counting("files", quiet=as_json) as progress:
        exporter = Exporter(here, to.expanduser(), overwrite=overwrite, progress=progress)
        exported = exporter.run(what)
        used(here, exporter.used)
        trim(here)
    out.result({"out": str(to), **exported.to_json()})
    for path, reason in exported.failures:
        out.note(f"Not put there: {path}: {reason}")
    out.line(exported.sentence(str(to)))
    if exported.failures:
        raise typer.Exit(ExitCode.PARTIAL)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "get",
        epilog=examples(
            "localloop get Fruit/Apples/2026/a.jpg",
            "localloop get Fruit/Apples --out ~/apples",
            "localloop get 65f0a1b2c3d4e5f60718293a --out /tmp",
        ),
    )(get)
