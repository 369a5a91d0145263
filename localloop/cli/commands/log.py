"""``localloop log``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import JsonList, Output

#: How many operations are shown when nobody says.
LIMIT = 50


def log(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[PROJECT[/DATASET[/PATH]]|ID]", help="Only what was done to this.", show_default=False
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many operations at most; 0 for all of them.")
    ] = LIMIT,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who changed what, newest first.

    Each line is one operation: when, who, on which machine, what was done to which entity, how far it is on its way
    to the platform, and as part of which action. Lines below it say which fields changed, from what to what.
    """
    from localloop.cli.history import history
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    with opened(store) as here, here.reading() as connection:
        operations = history(connection, what, limit)
        if as_json:
            with JsonList("operations") as listing:
                for one in operations:
                    listing.add(one)
            return
        for one in operations:
            _print(out, one)


def _print(out: Output, one: dict[str, Any]) -> None:
    from localloop.cli import human
    from localloop.cli.output import dumps

    who = one["author"] + (f" ({one['device']})" if one["device"] else "")
    reason = f": {one['reason']}" if one["reason"] else ""
    out.line(
        f"{human.when(one['time'])}  {who}  {one['verb']} {one['kind']} {one['name']}"
        f"  [{one['state']}{reason}]  {one['action']}"
    )
    if one["verb"] == "set":
        for change in one["changes"]:
            if _is_filled(change, one["changes"]):
                continue
            old = dumps(change["old"]) if "old" in change else "nothing"
            new = dumps(change["new"]) if "new" in change else "nothing"
            out.line(f"    {'.'.join(change['path'])}: {old} -> {new}")


def _is_filled(change: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Whether a change says only that an object is no longer empty, or now is: the lines below it tell that."""
    if (change.get("old"), change.get("new")) not in (({}, None), (None, {})):
        return False
    path = change["path"]
    return any(len(one["path"]) > len(path) and one["path"][: len(path)] == path for one in others)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "log",
        epilog=examples(
            "localloop log",
            "localloop log Fruit/Apples/2026/a.jpg",
            "localloop log --limit 0 --json | jq '.operations[].author' | sort | uniq -c",
        ),
    )(log)
