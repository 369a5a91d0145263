"""``localloop rm``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import DryRunOption, JsonOption, StoreOption, YesOption, examples
from localloop.cli.output import Output


def rm(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="PROJECT[/DATASET[/PATH]]|ID...",
            help="Items, annotations, folders, datasets or projects.",
        ),
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete items, folders, datasets or projects.

    Here now, and on the platform at the next sync. It says how much that is and asks first. The log keeps
    what was deleted.
    """
    from localloop.cli import human
    from localloop.cli.asking import confirm
    from localloop.cli.opening import opened
    from localloop.cli.removing import Removal

    out = Output(as_json=as_json)
    with opened(store) as here:
        with here.reading() as connection:
            removal = Removal(connection, what)
        counts = removal.counts
        phrase = human.listed(counts)
        if dry_run:
            out.result({"deleted": counts, "dry_run": True})
            out.line(f"Would delete {phrase}.")
            return
        if not confirm(f"Delete {phrase}?", yes=yes):
            out.result({"deleted": {}, "dry_run": False})
            out.line("Nothing was deleted.")
            return
        with here.transaction(f"delete {phrase}") as tx:
            removal.run(tx)
    out.result({"deleted": counts, "dry_run": False})
    out.line(f"Deleted {phrase}.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "rm",
        epilog=examples(
            "localloop rm Fruit/Apples/2026/a.jpg",
            "localloop rm Fruit/Apples/2026 --dry-run",
            "localloop rm Fruit/Pears --yes",
        ),
    )(rm)
