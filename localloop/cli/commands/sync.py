"""``localloop sync``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localloop import config
from localloop.cli.options import DryRunOption, JsonOption, StoreOption, duration, examples
from localloop.cli.output import Output
from localloop.config import MOST_WORKERS

if TYPE_CHECKING:
    from localloop_sync.engine import Options


def sync(
    dry_run: DryRunOption = False,
    allow_deletions: Annotated[
        bool,
        typer.Option(
            "--allow-deletions",
            help="Delete what the last sync halted at, and listed. More than that halts again.",
            show_default=False,
        ),
    ] = False,
    no_content: Annotated[
        bool, typer.Option("--no-content", help="Do not fetch files.", show_default=False)
    ] = False,
    patience: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="How long to try a request again while the platform does not answer.",
        ),
    ] = 120,
    time_limit: Annotated[
        str | None,
        typer.Option(
            "--time-limit",
            metavar="TIME",
            help="End after this time, such as 90s, 10m or 2h, whatever is left; the next sync goes on.",
            show_default=False,
        ),
    ] = None,
    limit_rate: Annotated[
        str | None,
        typer.Option(
            "--limit-rate",
            metavar="RATE",
            help="Send and fetch so many bytes a second at most, such as 500k or 2M. "
            "Otherwise $LOCALLOOP_LIMIT_RATE.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            max=MOST_WORKERS,
            help="Have so many requests under way at once at most; fewer when the platform asks for it. "
            "Otherwise $LOCALLOOP_WORKERS, else 8.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print only what needs attention: for cron.", show_default=False),
    ] = False,
    cron: Annotated[
        bool,
        typer.Option(
            "--cron",
            help="Run unattended: silent when all is well or there is no connection, else one line, once a day. "
            "Never asks, waits for nobody, and ends within --time-limit (55m when left out).",
            show_default=False,
        ),
    ] = False,
    jitter: Annotated[
        str | None,
        typer.Option(
            "--jitter",
            metavar="TIME",
            help="With --cron: begin after a random part of this time; 30s when left out, 0 for at once.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reconcile the store with its platform, in both directions.

    It may be stopped at any moment, and goes on at the next sync. An edit that collides with one made elsewhere
    becomes a conflict and waits; everything else goes on. The exit code says what needs attention: 4 for open
    conflicts, 9 for refused edits, 5 when the platform cannot be reached or the time is over, 7 when much would be
    deleted.

    Before more than a tenth and more than twenty of a dataset's items or annotations are deleted, here or there, or all
    of a dataset, it stops, deletes nothing and lists what it would delete; `localloop status` shows that again.
    """
    from localloop.cli.opening import opened
    from localloop.cli.syncing import run, tell
    from localloop.halting import with_agreement
    from localloop_sync.engine import Options

    if cron and (dry_run or as_json):
        raise typer.BadParameter("--cron goes with neither --dry-run nor --json.")
    if jitter is not None and not cron:
        raise typer.BadParameter("--jitter goes with --cron.")
    rate = None if limit_rate is None else config.read_rate(limit_rate, "A rate")
    options = Options(
        content=not no_content,
        dry_run=dry_run,
        workers=config.workers() if workers is None else workers,
        time_limit=duration(time_limit),
    )
    if cron:
        wait = 0.0 if jitter == "0" else duration(jitter)
        _unattended(store, options, patience, rate, wait, allow_deletions=allow_deletions)
        return
    out = Output(as_json=as_json)
    with opened(store) as here:
        if allow_deletions:
            options = with_agreement(here, options)
        report = run(here, out, options=options, patience=patience, limit_rate=rate, quiet=quiet)
        code = tell(here, report, out, quiet=quiet)
    if code:
        raise typer.Exit(code)


def _unattended(
    store: Path | None,
    options: Options,
    patience: float,
    rate: float | None,
    jitter: float | None,
    *,
    allow_deletions: bool,
) -> None:
    from localloop.cli import unattended
    from localloop.cli.opening import opened
    from localloop.cli.syncing import attention, run
    from localloop.halting import with_agreement

    limit = unattended.TIME_LIMIT if options.time_limit is None else options.time_limit
    options = replace(options, time_limit=limit)
    unattended.wait(unattended.JITTER if jitter is None else jitter)
    path: Path | None = None
    code: int = 0
    with unattended.ending_by_itself(limit + unattended.GRACE):
        try:
            with opened(store) as here:
                path = here.path
                if allow_deletions:
                    options = with_agreement(here, options)
                report = run(
                    here,
                    Output(as_json=False),
                    options=options,
                    patience=patience,
                    limit_rate=rate,
                    quiet=True,
                    command="`localloop sync --cron`",
                )
                code, text = attention(here, report)
        except Exception as error:  # noqa: BLE001 - whatever it is becomes one line and an exit code
            told, text = unattended.line_of(error)
            if not text:
                raise typer.Exit(told) from None
            code = told
        unattended.say(text, path)
    if code:
        raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "sync",
        epilog=examples(
            "localloop sync",
            "localloop sync --dry-run             # what would be done",
            "localloop sync --cron                # in a crontab: `localloop cron line`",
            "localloop sync --quiet --time-limit 50m --limit-rate 2M",
            "localloop sync --allow-deletions     # after a halt: what it listed",
            "localloop sync --json | jq .unsent",
        ),
    )(sync)
