"""``localloop show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output


def show(
    what: Annotated[
        str, typer.Argument(metavar="PROJECT[/DATASET[/PATH]]|ID", help="A place, or the id of anything.")
    ],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything about one item, dataset or other entity.

    For an item: its metadata, its annotations, and how it stands towards the platform.
    """
    from localloop.cli.describing import describe
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    with opened(store) as here, here.reading() as connection:
        told = describe(connection, here.blobs.has, what)
    out.result(told)
    _print(out, told)


def _print(out: Output, told: dict[str, Any]) -> None:
    from localloop.cli import human
    from localloop.cli.output import dumps

    for key, value in told.items():
        if value is None or value in ({}, []):
            continue
        if key == "size":
            out.line(f"{key}: {human.size(value)} ({value:,} bytes)")
        elif isinstance(value, dict):
            out.line(f"{key}:")
            out.lines(f"  {line}" for line in dumps(value, indent=2).splitlines())
        elif isinstance(value, list):
            out.line(f"{key}: {len(value)}")
            out.lines(f"  {one if isinstance(one, str) else dumps(one)}" for one in value)
        else:
            out.line(f"{key}: {value}")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "show",
        epilog=examples(
            "localloop show Fruit/Apples/2026/a.jpg",
            "localloop show Fruit/Apples",
            "localloop show 65f0a1b2c3d4e5f60718293a --json",
        ),
    )(show)
