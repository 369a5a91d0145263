"""``localloop conflicts`` and ``localloop conflicts show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from localloop.cli.options import DatasetOption, FieldOption, JsonOption, KindOption, StoreOption, examples
from localloop.cli.output import Output


def list_open(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Those that are resolved too.", show_default=False)
    ] = False,
    dataset: DatasetOption = None,
    kind: KindOption = None,
    field: FieldOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was changed differently here and on the platform.

    A conflict stops nothing else. `localloop resolve` decides it.
    """
    if context.invoked_subcommand is not None:
        return
    from localloop.cli.disputes import dataset_named, describe_all, kind_named
    from localloop.cli.opening import opened
    from localloop.store.conflicts import list_conflicts

    out = Output(as_json=as_json)
    with opened(store) as here:
        rows = list_conflicts(
            here,
            state=None if everything else "open",
            dataset_id=dataset_named(here, dataset),
            kind=kind_named(kind),
            field=field,
        )
        told = describe_all(here, rows)
        now = here.clock.now()
    out.result({"conflicts": told})
    if not told:
        out.line("No conflict is open." if not everything else "There is no conflict.")
        return
    _table(out, told, now, everything=everything)
    out.note("`localloop conflicts show ID` shows both sides; `localloop resolve ID` decides.")


def _table(out: Output, told: list[dict[str, Any]], now: str, *, everything: bool) -> None:
    from localloop.cli import human

    titles = ["ID", "AGE", "KIND", *(["STATE"] if everything else []), "WHAT", "NAME"]
    cells = [
        [
            one["short_id"],
            human.age(one["created_at"], now),
            one["kind"],
            *([one["state"]] if everything else []),
            one["what"],
            one["name"],
        ]
        for one in told
    ]
    out.fitted(titles, cells, cut=[len(titles) - 2, len(titles) - 1])


def show(
    conflict_id: Annotated[str, typer.Argument(metavar="ID", help="The conflict's id, or the end of it.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a conflict: what was agreed before, what is here, and what the platform has.

    What differs from what was agreed before is marked word by word: coloured on a terminal, else as [-old-]
    and {+new+}. The three stand side by side where the terminal is wide enough. What is long is cut; --json shows
    all of it.
    """
    import sys

    from localloop import config
    from localloop.cli import human
    from localloop.cli.comparing import shown
    from localloop.cli.disputes import SORTS, WAYS, columns_of, describe_all
    from localloop.cli.opening import opened
    from localloop.store.conflicts import get_conflict

    out = Output(as_json=as_json)
    with opened(store) as here:
        told = describe_all(here, [get_conflict(here, conflict_id)])[0]
        now = here.clock.now()
    out.result(told)
    age = human.age(told["created_at"], now)
    out.line(f"Conflict {told['id']} ({told['resolution'] or told['state']}, {age} old)")
    where = f" in {told['dataset']}" if told["dataset"] and told["kind"] != "dataset" else ""
    out.line(f"{told['kind']} {told['name']}{where}: {told['what']}")
    out.line(SORTS[told["sort"]])
    out.line()
    terminal = sys.stdout.isatty()
    base, *others = columns_of(told)
    width = out.width if terminal else None
    out.styled(shown(base, *others, width=width, colour=terminal and config.colour_allowed()))
    if told["state"] == "open":
        out.line()
        out.lines(
            f"localloop resolve {told['short_id']} {words:<13} {means}" for words, means in WAYS[told["sort"]]
        )


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(
        callback=list_open,
        invoke_without_command=True,
        rich_markup_mode=None,
        epilog=examples(
            "localloop conflicts",
            "localloop conflicts --dataset Fruit/Apples --field 'metadata.*'",
            "localloop conflicts show 3f9c",
            "localloop conflicts --json",
        ),
    )
    group.command("show", epilog=examples("localloop conflicts show 3f9c"))(show)
    app.add_typer(group, name="conflicts")
