"""``localloop pin`` and ``localloop unpin``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.options import FilterOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output

What = Annotated[
    list[str],
    typer.Argument(metavar="PROJECT/DATASET[/PATH]|ID...", help="Items, folders or whole datasets."),
]


def pin(
    what: What, where: FilterOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Pin the content of items: neither `free` nor a quota removes it.

    Only what is here can be pinned; `localloop fetch --pin` fetches the rest.
    """
    _change(what, where, store, Output(as_json=as_json), pinned=True)


def unpin(
    what: What, where: FilterOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Let pinned content go again; it stays here until it is freed."""
    _change(what, where, store, Output(as_json=as_json), pinned=False)


def _change(what: list[str], where: str | None, store: Path | None, out: Output, *, pinned: bool) -> None:
    from localloop.cli import human
    from localloop.cli.choosing import files_at
    from localloop.cli.opening import opened
    from localloop.store.keeping import pin as change

    here: dict[str, None] = {}
    missing = 0
    with opened(store) as found:
        with found.reading() as connection:
            for row in files_at(connection, what, where):
                if row["digest"] and found.blobs.has(row["digest"]):
                    here[row["digest"]] = None
                else:
                    missing += 1
        changed = change(found, list(here), pinned=pinned)
    out.result({"pinned" if pinned else "unpinned": changed, "contents": len(here), "not_here": missing})
    done = "Pinned" if pinned else "Unpinned"
    rest = len(here) - changed
    out.line(f"{done} {human.count(changed, 'content')}{f'; {rest:,} were so already' if rest else ''}.")
    if pinned and missing:
        out.note(f"{human.count(missing, 'file')} not here: `localloop fetch --pin` fetches and pins them.")


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "pin",
        epilog=examples(
            "localloop pin Fruit/Apples/2026", "localloop pin Fruit/Apples --filter 'label:Ripe'"
        ),
    )(pin)
    app.command("unpin", epilog=examples("localloop unpin Fruit/Apples"))(unpin)
