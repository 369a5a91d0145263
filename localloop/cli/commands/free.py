"""``localloop free``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import DryRunOption, FilterOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output


def free(
    what: Annotated[
        list[str],
        typer.Argument(metavar="PROJECT/DATASET[/PATH]|ID...", help="Items, folders or whole datasets."),
    ],
    where: FilterOption = None,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Free the disk of content that the platform has.

    Items and annotations stay, and the content is fetched again when it is wanted. What is pinned, not sent yet,
    in the trash, or kept here by a subscription (`localloop subscribe --content`) stays.
    """
    from localloop.cli import human
    from localloop.cli.choosing import files_at
    from localloop.cli.keeping import sentence
    from localloop.cli.opening import opened
    from localloop.store.keeping import free as remove

    out = Output(as_json=as_json)
    with opened(store) as here:
        with here.reading() as connection:
            digests = {row["digest"]: None for row in files_at(connection, what, where) if row["digest"]}
        done = remove(here, list(digests), dry_run=dry_run)
    out.result({**done.to_json(), "dry_run": dry_run})
    said = "Would free" if dry_run else "Freed"
    out.line(f"{said} {human.size(done.bytes)}: {human.count(done.blobs, 'content')}.")
    for line in sentence(done):
        out.note(line)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "free",
        epilog=examples(
            "localloop free Fruit/Apples/2024",
            "localloop free Fruit/Apples --filter 'created<2026-01-01' --dry-run",
        ),
    )(free)
