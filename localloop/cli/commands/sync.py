"""``localloop sync``."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop import config
from localloop.cli.options import DryRunOption, JsonOption, StoreOption, duration, examples
from localloop.cli.output import Output
from localloop.config import MOST_WORKERS


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

    out = Output(as_json=as_json)
    options = Options(
        content=not no_content,
        dry_run=dry_run,
        workers=config.workers() if workers is None else workers,
        time_limit=duration(time_limit),
    )
    rate = None if limit_rate is None else config.read_rate(limit_rate, "A rate")
    with opened(store) as here:
        if allow_deletions:
            options = with_agreement(here, options)
        report = run(here, out, options=options, patience=patience, limit_rate=rate, quiet=quiet)
        code = tell(here, report, out, quiet=quiet)
    if code:
        raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "sync",
        epilog=examples(
            "localloop sync",
            "localloop sync --dry-run             # what would be done",
            "localloop sync --quiet               # in a crontab",
            "localloop sync --quiet --time-limit 50m --limit-rate 2M",
            "localloop sync --allow-deletions     # after a halt: what it listed",
            "localloop sync --json | jq .unsent",
        ),
    )(sync)
