"""``localloop selftest``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from localloop.cli.options import JsonOption, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from localloop.testing.simulation import Failure, Summary


def selftest(
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="How many worlds to simulate.")] = 100,
    first_seed: Annotated[
        int,
        typer.Option(
            "--first-seed", metavar="S", min=0, help="The seed of the first; each next is one more."
        ),
    ] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="J",
            min=1,
            help="How many processes share the work; as many as there are processors by default.",
            show_default=False,
        ),
    ] = None,
    most_failures: Annotated[
        int, typer.Option("--most-failures", metavar="N", min=1, help="Stop after so many failures.")
    ] = 5,
    trace: Annotated[
        bool,
        typer.Option("--trace", help="Show what happened in each world that failed.", show_default=False),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Try the sync engine on this machine, in simulated worlds in which everything goes wrong.

    Each world has one to three laptops with real stores, a platform in memory, and people who edit on both sides,
    while connections break, replies are lost, disks are full and the power fails. When it has calmed down and conflicts
    are resolved, nothing may be lost, twice there, or different anywhere. All of it is drawn from the world's seed, so
    that the same seed is the same world every time.

    Your own stores are not touched: everything is in a temporary directory ($TMPDIR), and no connection is made.
    The exit code is 1 when a world failed; please report its seed.
    """
    from localloop.cli import human
    from localloop.cli.advice import ExitCode
    from localloop.testing.simulation import run

    out = Output(as_json=as_json)
    live = sys.stderr.isatty() and not as_json

    def heard(summary: Summary) -> None:
        if live:
            sys.stderr.write(f"\r{summary.seeds} of {seeds} worlds, {len(summary.failures)} failed ")
            sys.stderr.flush()

    workers = min(jobs or os.cpu_count() or 1, seeds)
    summary = run(
        range(first_seed, first_seed + seeds), jobs=workers, most_failures=most_failures, heard=heard
    )
    if live:
        sys.stderr.write("\n")
    out.result(
        {
            "worlds": summary.seeds,
            "first_seed": first_seed,
            "requests": summary.requests,
            "power_cuts": summary.power_cuts,
            "seconds": round(summary.seconds, 3),
            "failures": [_told(one, trace=trace) for one in summary.failures],
        }
    )
    for one in summary.failures:
        out.line(f"Seed {one.seed}: {one.reason}")
        if trace:
            out.lines(f"  {line}" for text in one.log for line in text.splitlines())
        out.line(f"  Again: localloop selftest --first-seed {one.seed} --seeds 1 --trace")
    rate = summary.seeds / summary.seconds if summary.seconds else 0.0
    figures = (
        f"{human.count(summary.seeds, 'simulated world')}, {human.count(summary.requests, 'request')}, "
        f"{human.count(summary.power_cuts, 'power cut')}, {summary.seconds:.1f} s ({rate:.1f} a second)"
    )
    if summary.failures:
        out.line(f"{human.count(len(summary.failures), 'world')} failed, in {figures}.")
        raise typer.Exit(ExitCode.ERROR)
    out.line(f"Nothing was lost, doubled or different in {figures}.")


def _told(failure: Failure, *, trace: bool) -> dict[str, object]:
    again = f"localloop selftest --first-seed {failure.seed} --seeds 1 --trace"
    told: dict[str, object] = {"seed": failure.seed, "reason": failure.reason, "again": again}
    return {**told, "log": list(failure.log)} if trace else told


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "selftest",
        epilog=examples(
            "localloop selftest",
            "localloop selftest --seeds 2000 --jobs 4",
            "localloop selftest --first-seed 137 --seeds 1 --trace",
        ),
    )(selftest)
