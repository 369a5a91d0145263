"""``localloop status``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, duration, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from localloop.cli.statistics import Refused, Status


#: What to do about a refused edit, and what undoing it comes to, by what it amounts to.
_ADVICE = {
    "create": "Edit it, or `localloop retry`, and it is sent again",
    "set": "Edit the same again, or `localloop retry`, and it is sent again",
    "put-content": "Replace the content again, or `localloop retry`, and it is sent again",
    "delete": "`localloop retry` sends it again",
}
_GIVES_UP = {
    "create": "deletes it here",
    "set": "gives it up",
    "put-content": "gives it up",
    "delete": "brings it back here",
}


def status(
    max_age: Annotated[
        str | None,
        typer.Option(
            "--max-age",
            metavar="TIME",
            help="For monitoring: end with exit code 13 when the last complete sync is longer ago, such as 90m or 2h.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what waits to be sent, and what needs attention.

    Also what was refused and why, open conflicts, when the last sync was, and what the daemon watches and how. The
    platform is not asked.
    """
    from localloop.cli.advice import ExitCode
    from localloop.cli.opening import opened
    from localloop.cli.statistics import gather

    out = Output(as_json=as_json)
    most = duration(max_age)
    with opened(store) as here:
        found = gather(here)
    out.result(found.to_json())
    _print(out, found)
    if most is not None and _older(found, most):
        out.note(f"The last complete sync is longer ago than {max_age}.")
        raise typer.Exit(ExitCode.STALE)


def _older(found: Status, seconds: float) -> bool:
    """Whether the last sync is longer ago, or there was none; one of the future says that a clock was wrong."""
    if found.last_sync is None:
        return True
    ago = datetime.fromisoformat(found.now) - datetime.fromisoformat(found.last_sync)
    return abs(ago.total_seconds()) > seconds


def _print(out: Output, found: Status) -> None:
    from localloop.cli import human

    out.line(f"Store     {found.path}")
    out.line(f"Author    {found.author}" + (f" on {found.device}" if found.device else ""))
    out.line(f"Platform  {_platform(found)}")
    out.line(f"Synced    {human.age(found.last_sync, found.now) + ' ago' if found.last_sync else 'never'}")
    if found.syncing:
        out.line(f"Syncing   now: {found.syncing}")
    if found.remote_only.number:
        files = human.count(found.remote_only.number, "file")
        out.line(f"Content   {files} remote-only ({human.size(found.remote_only.bytes)}): `localloop get`")
    if found.daemon is not None:
        from localloop.cli.health import lines_of

        out.lines(lines_of(found.daemon, found.now))
    out.line()
    attention = list(_attention(found))
    out.lines(attention or ["Nothing waits to be sent."])


def _platform(found: Status) -> str:
    if found.account:
        return f"{found.gate} as {found.account}"
    return f"{found.gate}, not synced yet" if found.gate else "none yet: `localloop login`"


def _attention(found: Status) -> Iterator[str]:
    """What waits, was refused, or is in conflict."""
    from localloop.cli import human

    for state, verbs in found.waiting.items():
        for verb, kinds in verbs.items():
            yield f"{state}: {verb} {human.listed(kinds)}"
    if found.halt is not None:
        from localloop.cli.advice import LISTED

        ago = human.age(found.halt.at, found.now)
        yield f"A sync halted {ago} ago and deleted nothing: {found.halt.message}"
        yield from (f"  {name}" for name in found.halt.entities[:LISTED])
        if len(found.halt.entities) > LISTED:
            yield f"  and {len(found.halt.entities) - LISTED} more: `localloop status --json`"
        yield "  `localloop sync --allow-deletions` deletes these, and nothing more."
    if found.oldest_unsent:
        yield f"The oldest unsent edit is {human.age(found.oldest_unsent, found.now)} old."
    for one in found.refused:
        yield f"rejected: {one.verb} {one.kind} {one.name}: {one.reason}{_again(one, found.now)}"
        yield f"  {_ADVICE[one.verb]}; `{one.undo}` {_GIVES_UP[one.verb]}."
    if found.refused_more:
        yield f"rejected: and {found.refused_more} more"
    if found.conflicts:
        yield f"{human.count(found.conflicts, 'conflict')} open: `localloop conflicts`"


def _again(one: Refused, now: str) -> str:
    """When something that was refused is tried again by itself."""
    from localloop.cli import human

    if one.next_try is None:
        return ""
    if one.next_try <= now:
        return " (the next sync tries it again)"
    return f" (a sync in {human.age(now, one.next_try)} or later tries it again)"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "status",
        epilog=examples(
            "localloop status",
            "localloop status --max-age 2h > /dev/null || echo 'no sync for two hours'",
            "localloop status --json | jq .last_sync.age_seconds",
        ),
    )(status)
