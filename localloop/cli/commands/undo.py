"""``localloop undo``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import DryRunOption, JsonOption, StoreOption, YesOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop.store.undoing import Undone


def undo(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[ACTION|OPERATION|ID]",
            help="What to undo: an action or one operation, by its id or the end of it; or an entity by its place or "
            "id, to take back what of it was not sent.",
            show_default=False,
        ),
    ] = "",
    listing: Annotated[
        bool, typer.Option("--list", "-l", help="List the last actions instead.", show_default=False)
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Go on where something was edited since: that is lost.", show_default=False
        ),
    ] = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo what was done here: without an argument, the last action.

    What was changed gets its earlier value, what was made is deleted, and what was deleted comes back: all that the
    action did, or nothing. It is an action itself, which the next sync sends, and can be undone in turn. Where
    something was edited since, here or on the platform, it says so and changes nothing. What would be deleted on the
    platform as well is asked about first.
    """
    from localloop.cli.opening import opened

    if listing and what:
        raise BadRequest("400", "--list lists the last actions; name none with it.")
    out = Output(as_json=as_json)
    with opened(store) as here:
        if listing:
            _list(here, out)
            return
        rehearsed = _undo(here, what, force=force, dry_run=True)
        if dry_run:
            _tell(out, rehearsed, dry_run=True)
            return
        if rehearsed.there and not _agreed(rehearsed, yes=yes):
            out.result({**_told(rehearsed, dry_run=False), "undone": False})
            out.line("Nothing was undone.")
            return
        # What it comes to is computed anew: it is all or nothing, whatever happened meanwhile.
        done = _undo(here, what, force=force, dry_run=False)
    _tell(out, done, dry_run=False)


def _undo(store: Store, what: str, *, force: bool, dry_run: bool) -> Undone:
    from localloop.cli.tracing import trace
    from localloop.errors import NotFound
    from localloop.media import probe
    from localloop.store.undoing import find_action, undo, undo_unsent

    def measured(digest: str, mimetype: str) -> dict[str, Any]:
        return probe(store.blobs.path(digest), mimetype)

    try:
        with store.reading() as connection:
            find_action(connection, what)
    except NotFound as error:
        if not what:
            raise
        try:
            with store.reading() as connection:
                named = trace(connection, what)
        except NotFound:
            raise NotFound("404", error.message, advice="See `localloop undo --list`.") from None
        return undo_unsent(store, named.kind, named.id, dry_run=dry_run, probe=measured)
    return undo(store, what, force=force, dry_run=dry_run, probe=measured)


def _agreed(rehearsed: Undone, *, yes: bool) -> bool:
    from localloop.cli import human
    from localloop.cli.asking import confirm

    there = human.listed(rehearsed.there)
    return confirm(f"Undo {rehearsed.action!r}, and delete {there} on the platform too?", yes=yes)


def _told(done: Undone, *, dry_run: bool) -> dict[str, Any]:
    return {
        "action": done.action,
        "batch": done.batch,
        "undone": not (dry_run or done.nothing),
        "set_back": done.edited,
        "deleted": done.deleted,
        "deleted_there": done.there,
        "restored": done.revived.counts,
        "renamed": [{"from": old, "to": new} for old, new in done.revived.renamed],
        "passed_over": done.passed_over,
        "unsent": done.waits,
        "dry_run": dry_run,
    }


def _tell(out: Output, done: Undone, *, dry_run: bool) -> None:
    from localloop.cli import human

    out.result(_told(done, dry_run=dry_run))
    if done.nothing:
        out.line(f"There is nothing left to undo of {done.action!r}.")
        return
    parts = [("set back", done.edited), ("deleted", done.deleted), ("brought back", done.revived.counts)]
    did = ", ".join(f"{word} {human.listed(counts)}" for word, counts in parts if counts)
    then = "The next sync carries that to the platform." if done.waits else "Nothing of it is left to send."
    out.line(f"{'Would undo' if dry_run else 'Undone'}: {done.action}: {did}. {then}")
    for old, new in done.revived.renamed:
        out.note(f"{old} is taken by now: it came back as {new}.")
    if done.revived.dropped:
        out.note(f"{human.count(done.revived.dropped, 'membership')} in tasks that are gone was dropped.")
    for sentence in done.passed_over:
        out.note(f"Left as it is: {sentence}.")


def _list(store: Store, out: Output) -> None:
    from localloop.cli import human
    from localloop.cli.disputes import SHORT
    from localloop.store.undoing import actions

    with store.reading() as connection:
        found = actions(connection)
    out.result(
        {
            "actions": [
                {
                    "batch": one.batch,
                    "action": one.action,
                    "author": one.author,
                    "time": one.at,
                    "operations": one.operations,
                    "states": one.states,
                }
                for one in found
            ]
        }
    )
    if not found:
        out.line("Nothing was done in this store yet.")
        return
    now = store.clock.now()
    cells = [
        [
            one.batch[-SHORT:],
            human.age(one.at, now),
            ", ".join(f"{n} {s}" for s, n in one.states.items()),
            one.action,
        ]
        for one in found
    ]
    out.fitted(("ACTION", "AGE", "OPERATIONS", "WHAT"), cells, cut=[2, 3])


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "undo",
        epilog=examples(
            "localloop undo                       # the last action",
            "localloop undo --list",
            "localloop undo 4be1a907 --dry-run",
            "localloop undo Fruit/Apples/a.jpg    # what of it was not sent",
        ),
    )(undo)
