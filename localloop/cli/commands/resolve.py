"""``localloop resolve``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import (
    DatasetOption,
    DryRunOption,
    FieldOption,
    JsonOption,
    KindOption,
    StoreOption,
    examples,
)
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop.store.conflicts import Decision, Wish
    from localloop_schema.rows import Row


def resolve(
    conflict_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...", help="The conflicts' ids, or the ends of them.", show_default=False
        ),
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="What is here stands.", show_default=False)] = False,
    theirs: Annotated[
        bool, typer.Option("--theirs", help="What the platform has stands.", show_default=False)
    ] = False,
    restore: Annotated[
        bool,
        typer.Option(
            "--restore", help="What one side deleted stays, or comes back, on both.", show_default=False
        ),
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="What one side deleted is deleted on both.", show_default=False)
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
        bool,
        typer.Option(
            "--all", help="Every open conflict that --dataset, --kind and --field leave.", show_default=False
        ),
    ] = False,
    dataset: DatasetOption = None,
    kind: KindOption = None,
    field: FieldOption = None,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide conflicts.

    The next sync carries the decision to the platform. The value that loses stays in the conflict: `localloop
    conflicts show ID`. Several ids are decided all together or not at all. With --all, what cannot be decided like
    this is told and stays open.

    Where it was edited here and deleted on the platform, --restore is --mine and makes it anew there, and --accept is
    --theirs. Where it was deleted here and edited on the platform, --restore is --theirs and brings it back here, and
    --accept is --mine.
    """
    from localloop.cli.opening import opened
    from localloop.store.conflicts import Wish

    given = {
        Wish.MINE: mine,
        Wish.THEIRS: theirs,
        Wish.RESTORE: restore,
        Wish.ACCEPT: accept,
        Wish.VALUE: value is not None or value_json is not None,
    }
    wishes = [wish for wish, wanted in given.items() if wanted]
    if len(wishes) != 1 or (value is not None and value_json is not None):
        raise BadRequest(
            "400",
            "Say what stands, with one of --mine, --theirs, --restore, --accept, --value and --value-json.",
        )
    [wish] = wishes
    narrowed = not (dataset is None and kind is None and field is None)
    if everything == bool(conflict_ids):
        raise BadRequest("400", "Name conflicts, or use --all.")
    if everything and wish is Wish.VALUE:
        raise BadRequest(
            "400", "One value does not stand for all: --all goes with --mine, --theirs or the like."
        )
    if narrowed and not everything:
        raise BadRequest("400", "--dataset, --kind and --field go with --all.")
    third = _read(value, value_json) if wish is Wish.VALUE else None
    out = Output(as_json=as_json)
    with opened(store) as here:
        if everything:
            rows = _chosen(here, wish, dataset, kind, field)
        else:
            from localloop.store.conflicts import get_conflict

            rows = list(
                {row["id"]: row for row in (get_conflict(here, one) for one in conflict_ids or ())}.values()
            )
        _resolve(here, rows, wish, third, out, lenient=everything, dry_run=dry_run)


def _read(file: str | None, text: str | None) -> Any:
    if file is not None:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    try:
        return json.loads(text or "")
    except ValueError as error:
        raise BadRequest("400", f"The value is not JSON: {error}. A text needs quotes.") from None


def _chosen(store: Store, wish: Wish, dataset: str | None, kind: str | None, field: str | None) -> list[Row]:
    """The open conflicts that are left by the options; those about deletions, where the wish is about these."""
    from localloop.cli.disputes import dataset_named, kind_named
    from localloop.store.conflicts import Wish, list_conflicts

    rows = list_conflicts(store, dataset_id=dataset_named(store, dataset), kind=kind_named(kind), field=field)
    return [row for row in rows if not row["path"]] if wish in (Wish.RESTORE, Wish.ACCEPT) else rows


def _resolve(
    store: Store, rows: list[Row], wish: Wish, value: Any, out: Output, *, lenient: bool, dry_run: bool
) -> None:
    from localloop.cli import human
    from localloop.cli.advice import LISTED, ExitCode
    from localloop.cli.disputes import describe_all
    from localloop.store.conflicts import resolve_conflicts

    called = {one["id"]: f"{one['kind']} {one['name']}, {one['what']}" for one in describe_all(store, rows)}
    decided, failures = resolve_conflicts(store, rows, wish, value, lenient=lenient, dry_run=dry_run)
    out.result(
        {
            "resolved": [one.conflict["id"] for one in decided],
            "decisions": [_told(one) for one in decided],
            "failures": [{"id": row["id"], "reason": reason} for row, reason in failures],
            "dry_run": dry_run,
        }
    )
    word = "Would resolve" if dry_run else "Resolved"
    for one in decided[:LISTED]:
        out.line(f"{word}: {called[one.conflict['id']]}: {one.choice.value}. {one.then}")
    if len(decided) > LISTED:
        out.line(f"and {len(decided) - LISTED} more")
    for row, reason in failures:
        out.note(f"Not resolved: {called[row['id']]} ({row['id']}): {reason}")
    if lenient:
        out.line(f"{word} {human.count(len(decided), 'conflict')}.")
    if failures:
        raise typer.Exit(ExitCode.PARTIAL)


def _told(decision: Decision) -> dict[str, Any]:
    row = decision.conflict
    return {
        "id": row["id"],
        "kind": row["kind"],
        "entity_id": row["entity_id"],
        "sort": row["sort"],
        "path": row["path"],
        "stands": decision.choice.value,
        "then": decision.then,
    }


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "resolve",
        epilog=examples(
            "localloop resolve 3f9c --mine",
            "localloop resolve 3f9c 77ab --theirs",
            """localloop resolve 3f9c --value-json '"apple"'""",
            "jq .label answer.json | localloop resolve 3f9c --value -",
            "localloop resolve 51de --restore         # what one side deleted",
            "localloop resolve --all --theirs --dataset Fruit/Apples --field 'metadata.*'",
        ),
    )(resolve)
