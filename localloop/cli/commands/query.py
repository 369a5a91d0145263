"""``localloop query``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output


def query(
    asked: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help="What to find: 'label:Ear created>7d', or the platform's JSON; @FILE reads it from a file.",
        ),
    ],
    place: Annotated[
        str | None,
        typer.Option(
            "--in",
            metavar="PROJECT[/DATASET]",
            help="Only what is in this; otherwise in all.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        bool, typer.Option("--count", help="Only say how many there are.", show_default=False)
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Only print the query as the platform's JSON, and run nothing.",
            show_default=False,
        ),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find items, annotations, datasets, tasks or recipes by a query.

    As JSON a query may ask for any resource, with `join`, `sort`, `page`, `pageSize` and `select`; --json prints what
    it finds as the platform shows it, with `totalItemsCount` and `hasNextPage`. As text it asks for items.
    """
    from localloop.cli import querying
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    wanted = querying.read_query(asked)
    if explain:
        querying.explain(out, wanted)
        return
    with opened(store) as here:
        querying.run(out, here, wanted, place, only_count=count)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "query",
        epilog=examples(
            "localloop query 'label:Ear type:point metadata.user.site=north'",
            "localloop query 'size>10MB' --in Fruit/Apples --count",
            "localloop query 'label:Ear or label:Eye' --explain",
            """localloop query '{"resource": "annotations"}' --in Fruit --json""",
        ),
    )(query)
