"""``localloop resolve``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop.store.conflicts import Choice


def resolve(
    conflict_id: Annotated[
        str,
        typer.Argument(metavar="[ID]", help="The conflict's id, or the end of it.", show_default=False),
    ] = "",
    mine: Annotated[bool, typer.Option("--mine", help="What is here stands.", show_default=False)] = False,
    theirs: Annotated[
        bool, typer.Option("--theirs", help="What the platform has stands.", show_default=False)
    ] = False,
    value: Annotated[
        str | None,
        typer.Option(
            "--value", metavar="FILE", help="The JSON in a file stands; - reads it.", show_default=False
        ),
    ] = None,
    value_json: Annotated[
        str | None, typer.Option("--value-json", metavar="JSON", help="This JSON stands.", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every open conflict, with --mine or --theirs.", show_default=False)
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide a conflict.

    The next sync carries the decision to the platform. The value that loses stays in the conflict: `localloop
    conflicts show ID`.
    """
    from localloop.cli.opening import opened
    from localloop.store.conflicts import Choice

    given = [mine, theirs, value is not None, value_json is not None]
    if sum(given) != 1:
        raise BadRequest("400", "Say which stands: one of --mine, --theirs, --value and --value-json.")
    if everything == bool(conflict_id):
        raise BadRequest("400", "Name one conflict, or use --all.")
    if everything and not (mine or theirs):
        raise BadRequest("400", "--all goes with --mine or --theirs.")
    choice = Choice.MINE if mine else Choice.THEIRS if theirs else Choice.VALUE
    third = _read(value, value_json) if choice is Choice.VALUE else None
    out = Output(as_json=as_json)
    with opened(store) as here:
        if everything:
            _resolve_all(here, choice, out)
        else:
            _resolve_one(here, conflict_id, choice, third, out)


def _read(file: str | None, text: str | None) -> Any:
    if file is not None:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    try:
        return json.loads(text or "")
    except ValueError as error:
        raise BadRequest("400", f"The value is not JSON: {error}. A text needs quotes.") from None


def _resolve_one(store: Store, conflict_id: str, choice: Choice, value: Any, out: Output) -> None:
    from localloop.cli.disputes import describe_all
    from localloop.store.conflicts import Choice, get_conflict, resolve_conflict

    row = get_conflict(store, conflict_id)
    if choice is Choice.VALUE and (not row["path"] or row["path"][0] == "content"):
        raise BadRequest("400", "This conflict is about a whole entity: choose --mine or --theirs.")
    told = describe_all(store, [row])[0]
    if choice is Choice.VALUE:
        resolve_conflict(store, row["id"], choice, value)
    else:
        resolve_conflict(store, row["id"], choice)
    out.result({"resolved": [row["id"]], "failures": []})
    out.line(f"Resolved: {told['kind']} {told['name']}, {told['what']}: {choice.value}.")


def _resolve_all(store: Store, choice: Choice, out: Output) -> None:
    from localloop.cli import human
    from localloop.cli.advice import ExitCode
    from localloop.errors import NotFound, StoreError
    from localloop.store.conflicts import list_conflicts, resolve_conflict

    resolved: list[str] = []
    failures: list[dict[str, str]] = []
    for row in list_conflicts(store):
        try:
            resolve_conflict(store, row["id"], choice)
        except NotFound:  # resolving another one of the same entity closed it
            continue
        except StoreError as error:
            failures.append({"id": row["id"], "reason": error.message})
            continue
        resolved.append(row["id"])
    out.result({"resolved": resolved, "failures": failures})
    for one in failures:
        out.note(f"Not resolved: {one['id']}: {one['reason']}")
    out.line(f"Resolved {human.count(len(resolved), 'conflict')}: {choice.value}.")
    if failures:
        raise typer.Exit(ExitCode.PARTIAL)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "resolve",
        epilog=examples(
            "localloop resolve 3f9c --mine",
            """localloop resolve 3f9c --value-json '"apple"'""",
            "localloop resolve --all --theirs",
        ),
    )(resolve)
