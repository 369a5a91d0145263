"""``localloop doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output


def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave out what needs a connection.", show_default=False)
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Examine this machine and the store, and say what to do about what is found.

    Versions, disk space, the kind of file system, limits of file events, the keyring, the log-in, the way to the
    platform and its certificate, and the clock. Nothing is changed, and there need not be a store. The exit code is 1
    when there is a problem; `localloop fsck` examines the store itself.
    """
    from localloop.cli.advice import ExitCode
    from localloop.cli.opening import credentials, directory_of
    from localloop.doctor import Level, Machine, examine
    from localloop.platform import transport_to

    out = Output(as_json=as_json)
    machine = Machine(directory_of(store), credentials(), None if offline else transport_to)
    findings = []
    for one in examine(machine):
        findings.append(one)
        out.line(f"{one.level.value:9}  {one.check:11}  {one.text}")
        if one.advice:
            out.line(f"{'':24}{one.advice}")
    problems = sum(one.level is Level.PROBLEM for one in findings)
    out.result({"healthy": not problems, "findings": [one.to_json() for one in findings]})
    if problems:
        raise typer.Exit(ExitCode.ERROR)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "doctor",
        epilog=examples(
            "localloop doctor", "localloop doctor --offline", "localloop doctor --json | jq .healthy"
        ),
    )(doctor)
