"""``localloop fsck``."""

from __future__ import annotations

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output


def fsck(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Check that the store keeps its invariants. Nothing is changed.

    The exit code is 11 when something is broken. What is merely worth knowing, such as content that no item uses
    any more, is listed and breaks nothing.
    """
    from localloop.cli import human
    from localloop.cli.advice import ExitCode
    from localloop.cli.opening import opened
    from localloop.store.fsck import Level, check

    out = Output(as_json=as_json)
    with opened(store) as here:
        findings = check(here)
    broken = [one for one in findings if one.level is Level.ERROR]
    out.result(
        {
            "sound": not broken,
            "findings": [
                {"level": one.level.value, "check": one.check, "subject": one.subject, "message": one.message}
                for one in findings
            ],
        }
    )
    for one in findings:
        out.line(f"{one.level.value}: {one.subject}: {one.message}")
    if broken:
        out.line(f"{human.count(len(broken), 'invariant')} broken.")
        raise typer.Exit(ExitCode.DAMAGED)
    out.line("The store is sound.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("fsck", epilog=examples("localloop fsck", "localloop fsck --store ~/fruit --json"))(fsck)
