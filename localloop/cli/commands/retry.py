"""``localloop retry``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest, NotFound


def retry(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLACE]...", help="What was refused: a place or an id.", show_default=False),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Everything that was refused.", show_default=False)
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the next sync send again what the platform refused.

    Use it when the reason is gone that `localloop status` tells. An edit that was refused because of what it says stays
    refused: change it instead. What may be mended elsewhere is tried again by itself: after an hour, and then in longer
    and longer pauses of up to a day.
    """
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.cli.refused import refused_at
    from localloop.store.refusals import try_again

    if everything == bool(what):
        raise BadRequest("400", "Name what to send again, or use --all.")
    out = Output(as_json=as_json)
    with opened(store) as here:
        if what:
            with here.reading() as connection:
                chosen = [refused_at(connection, one) for one in what]
            number = try_again(here, chosen)
            if not number:
                raise NotFound(
                    "404", "Nothing of that was refused.", advice="`localloop status` lists what was."
                )
        else:
            number = try_again(here)
    out.result({"retried": number})
    edits = human.count(number, "refused edit")
    out.line(f"{edits} will go with the next sync." if number else "Nothing was refused.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "retry",
        epilog=examples(
            "localloop retry Fruit/Apples/green/1.jpg",
            "localloop retry 64f1c0ffee0123456789abcd",
            "localloop retry --all",
        ),
    )(retry)
