"""``localloop ls``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import FilterOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

#: How many items are listed when nobody says.
LIMIT = 1000


def ls(
    place: Annotated[
        str, typer.Argument(metavar="[PROJECT[/DATASET[/PATH]]]", help="What to list.", show_default=False)
    ] = "",
    words: Annotated[
        str | None,
        typer.Argument(metavar="[QUERY]", help="The same as --filter.", show_default=False),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many items at most; 0 for all of them.")
    ] = LIMIT,
    where: FilterOption = None,
    hidden: Annotated[
        bool, typer.Option("--all", "-a", help="Hidden items and system datasets too.", show_default=False)
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List projects, datasets, or the items of a dataset or folder.

    Items are listed in the order of their paths, with the number of their annotations and how they stand towards
    the platform. A query is typed as 'label:Ear type:point created>7d', or is the platform's JSON: {"filter": {...},
    "join": {...}}, or just the filter.
    """
    from localloop.cli import places
    from localloop.cli.listing import list_datasets, list_items, list_projects, read_filter
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    if words is not None and where is not None:
        raise BadRequest("400", "Say the query once: as the second word, or with --filter.")
    query = read_filter(where if words is None else words)
    with opened(store) as here, here.reading() as connection:
        found = places.find(connection, place) if place else None
        if query is not None and (found is None or found.dataset is None):
            raise BadRequest("400", "--filter finds items: name a dataset, PROJECT/DATASET.")
        if found is None:
            list_projects(connection, out)
            return
        if found.dataset is None:
            list_datasets(connection, out, found.project, hidden=hidden)
        elif list_items(connection, out, found, query, limit, hidden=hidden):
            out.note(f"There are more than {limit:,}: --limit 0 lists all.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "ls",
        epilog=examples(
            "localloop ls",
            "localloop ls Fruit",
            "localloop ls Fruit/Apples/2026 --limit 20",
            "localloop ls Fruit/Apples 'label:Ear type:point created>2026-01-01'",
            """localloop ls Fruit/Apples --filter '{"metadata.user.ripe": true}'""",
            "localloop ls Fruit/Apples --limit 0 --json | jq -r '.items[].filename'",
        ),
    )(ls)
