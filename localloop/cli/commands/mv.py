"""``localloop mv``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output


def mv(
    source: Annotated[str, typer.Argument(metavar="SRC", help="An item, folder, dataset or project.")],
    target: Annotated[str, typer.Argument(metavar="DST", help="Its new place.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move or rename an item, a folder, a dataset or a project.

    Nothing is uploaded again. When DST is a folder that is there, or ends with a slash, SRC goes into it.
    """
    from localloop.cli import human
    from localloop.cli.moving import move
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    with opened(store) as here, here.transaction(f"move {source} to {target}") as tx:
        moved = move(tx, source, target)
    out.result({"from": moved.source, "to": moved.target, "items": moved.items})
    what = f" ({human.count(moved.items, 'item')})" if moved.items > 1 else ""
    out.line(f"Moved {moved.source} to {moved.target}{what}.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "mv",
        epilog=examples(
            "localloop mv Fruit/Apples/a.jpg Fruit/Apples/2026/",
            "localloop mv Fruit/Apples/2026 Fruit/Apples/archive/2026",
            "localloop mv Fruit/Apples Fruit/Äpfel",
            "localloop mv Fruit Obst",
        ),
    )(mv)
