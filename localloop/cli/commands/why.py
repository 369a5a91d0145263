"""``localloop why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from localloop_sync.core.explaining import Explanation
    from localloop_sync.core.known import Known


def why(
    what: Annotated[
        str,
        typer.Argument(metavar="PROJECT[/DATASET[/PATH]]|ID", help="What to explain; it may be gone by now."),
    ],
    ask: Annotated[
        bool,
        typer.Option(
            "--ask", help="Ask the platform how it has it now; nothing is changed.", show_default=False
        ),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why something was or will be sent, kept, merged or deleted.

    First what is known of it, in order: what the log has, conflicts, what the platform had when it was last seen.
    Then one sentence about what became of it, or what the next sync will do, and what one can do about it. What is
    gone is found by its id and by where it was last.
    """
    from localloop.cli.inquiring import ask as asked
    from localloop.cli.inquiring import gather
    from localloop.cli.opening import opened, platform_of
    from localloop.cli.tracing import trace
    from localloop_sync.core.explaining import explain

    out = Output(as_json=as_json)
    with opened(store) as here:
        with here.reading() as connection:
            found = trace(connection, what)
            known = gather(here, connection, found)
        if ask:
            from dataclasses import replace

            with platform_of(here) as remote:
                known = replace(known, asked=asked(here, remote, found))
    told = explain(known)
    out.result(_told(known, told))
    _print(out, known, told, moved="" if found.at_path else what)


def _told(known: Known, told: Explanation) -> dict[str, Any]:
    return {
        "kind": known.kind.value,
        "id": known.id,
        "name": known.name,
        "fate": told.fate.value,
        "verdict": told.verdict,
        "advice": told.advice,
        "facts": [{"at": one.at or None, "text": one.text} for one in told.facts],
    }


def _print(out: Output, known: Known, told: Explanation, *, moved: str) -> None:
    from textwrap import wrap

    from localloop.cli import human

    out.line(f"{known.kind.value} {known.name} ({known.id})")
    if moved:
        out.line(f"It was at {moved} before.")
    for fact in told.facts:
        when = human.when(fact.at) if fact.at else ""
        first, *rest = wrap(fact.text, max(out.width - 23, 40), break_long_words=False)
        out.line(f"  {when:<19}  {first}")
        out.lines(" " * 23 + line for line in rest)
    out.line()
    out.lines(wrap(told.verdict, out.width, break_long_words=False))
    out.lines(wrap(told.advice, out.width, break_long_words=False, break_on_hyphens=False))


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "why",
        epilog=examples(
            "localloop why Fruit/Apples/2026/a.jpg",
            "localloop why Fruit/Apples/2026/a.jpg --ask",
            "localloop why 65f0c0ffee0123456789abcd --json | jq -r .verdict",
        ),
    )(why)
