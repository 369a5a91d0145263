"""``localloop conflicts`` and ``localloop conflicts show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output

_NOTHING = "nothing"


def list_open(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Those that are resolved too.", show_default=False)
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was changed differently here and on the platform.

    A conflict stops nothing else. `localloop resolve` decides it.
    """
    if context.invoked_subcommand is not None:
        return
    from localloop.cli.disputes import describe_all
    from localloop.cli.opening import opened
    from localloop.store.conflicts import list_conflicts

    out = Output(as_json=as_json)
    with opened(store) as here:
        rows = list_conflicts(here, state=None if everything else "open")
        told = describe_all(here, rows)
    out.result({"conflicts": told})
    if not told:
        out.line("No conflict is open.")
        return
    cells = [
        [one["short_id"], one["kind"], one["resolution"] or one["state"], one["what"], one["name"]]
        for one in told
    ]
    out.table(("ID", "KIND", "STATE", "WHAT", "NAME"), cells)
    out.note(
        "See both sides with `localloop conflicts show ID`; decide with `localloop resolve ID --mine|--theirs`."
    )


def show(
    conflict_id: Annotated[str, typer.Argument(metavar="ID", help="The conflict's id, or the end of it.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a conflict: the base, what is here, and what the platform has."""
    from localloop.cli.disputes import describe_all
    from localloop.cli.opening import opened
    from localloop.store.conflicts import get_conflict

    out = Output(as_json=as_json)
    with opened(store) as here:
        told = describe_all(here, [get_conflict(here, conflict_id)])[0]
    out.result(told)
    out.line(f"Conflict {told['id']} ({told['resolution'] or told['state']})")
    out.line(f"{told['kind']} {told['name']}: {told['what']}")
    for side, title in (("base", "agreed before"), ("mine", "here"), ("theirs", "on the platform")):
        out.line(f"{title}:")
        out.lines(f"  {line}" for line in _value(told["values"], side).splitlines())


def _value(values: dict[str, Any], side: str) -> str:
    from localloop.cli.output import dumps

    return dumps(values[side], indent=2) if side in values else _NOTHING


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(
        callback=list_open,
        invoke_without_command=True,
        rich_markup_mode=None,
        epilog=examples("localloop conflicts", "localloop conflicts show 3f9c", "localloop conflicts --json"),
    )
    group.command("show", epilog=examples("localloop conflicts show 3f9c"))(show)
    app.add_typer(group, name="conflicts")
