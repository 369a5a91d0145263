"""``localloop trash``: what was deleted, and can be brought back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import DryRunOption, JsonOption, StoreOption, YesOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop.store.trash import Heap

_UNITS = {"d": "days", "h": "hours", "w": "weeks"}


def ls(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List what was deleted, here or on the platform, and can be brought back; the newest first.

    What a deletion took along comes back with it and has no line of its own.
    """
    from localloop.cli import human
    from localloop.cli.disputes import SHORT
    from localloop.cli.opening import opened
    from localloop.store.trash import contents

    out = Output(as_json=as_json)
    with opened(store) as here:
        with here.reading() as connection:
            found = contents(connection)
            named = _places(connection, found)
        now, days = here.clock.now(), _days(here)
    out.result({"trash": [_told(one, named) for one in found], "kept_days": days})
    if not found:
        out.line("The trash is empty.")
        return
    cells = [
        [
            one.id[-SHORT:],
            human.age(one.deleted_at, now),
            _by(one),
            human.listed(one.counts),
            named[one.kind.value, one.id],
        ]
        for one in found
    ]
    out.fitted(("ID", "AGE", "DELETED", "WHAT", "NAME"), cells, cut=[3, 4])
    out.note(
        f"`localloop trash restore ID` brings one back. A sync drops what is older than {human.count(days, 'day')}."
    )


def _by(one: Heap) -> str:
    if one.origin == "platform":
        return "on the platform"
    return "here" if one.sent else "here, not sent"


def _places(connection: Any, found: list[Heap]) -> dict[tuple[str, str], str]:
    """What to call heaps: an item's place, if what it was in is there; else its name."""
    from localloop_schema.kinds import EntityKind
    from localloop_schema.rows import get_rows

    datasets = get_rows(
        connection, EntityKind.DATASET, sorted({one.parents.get("dataset", "") for one in found})
    )
    of = {one.parents.get("project", "") for one in found} | {row["project_id"] for row in datasets.values()}
    projects = get_rows(connection, EntityKind.PROJECT, sorted(of))
    named = {}
    for one in found:
        dataset = datasets.get(one.parents.get("dataset", ""))
        project = projects.get(dataset["project_id"] if dataset else one.parents.get("project", ""))
        if one.kind is EntityKind.ITEM and dataset is not None and project is not None:
            named[one.kind.value, one.id] = f"{project['name']}/{dataset['name']}{one.name}"
        elif one.kind is EntityKind.DATASET and project is not None:
            named[one.kind.value, one.id] = f"{project['name']}/{one.name}"
        else:
            named[one.kind.value, one.id] = one.name
    return named


def _told(one: Heap, named: dict[tuple[str, str], str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "name": one.name,
        "place": named[one.kind.value, one.id],
        "deleted_at": one.deleted_at,
        "deleted_by": one.deleted_by,
        "origin": one.origin,
        "sent": one.sent,
        "counts": one.counts,
        "bytes": one.size,
    }


def _days(store: Store) -> int:
    from localloop.store.trash import DAYS, SETTING

    return int(store.settings().get(SETTING, DAYS))


def restore(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="PROJECT[/DATASET[/PATH]]|ID...", help="What to bring back: where it was, or its id."
        ),
    ],
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back what was deleted, with all that went with it.

    It has the ids that it had here, and the next sync makes it anew on the platform. What finds its name taken comes
    back as `name (restored)`. A deletion that was not sent yet is only taken back.
    """
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.store.reviving import Revived
    from localloop.store.trash import find_heap
    from localloop.store.trash import restore as bring_back

    out = Output(as_json=as_json)
    revived = Revived()
    with opened(store) as here, here.transaction(f"restore {', '.join(what)}", dry_run=dry_run) as tx:
        for one in what:
            revived.add(bring_back(tx, find_heap(tx.connection, one)))
    out.result(
        {
            "restored": revived.counts,
            "renamed": [{"from": old, "to": new} for old, new in revived.renamed],
            "left": [
                {"kind": one.kind.value, "id": one.id, "name": one.name, "reason": one.reason}
                for one in revived.left
            ],
            "memberships_dropped": revived.dropped,
            "dry_run": dry_run,
        }
    )
    word = "Would bring back" if dry_run else "Brought back"
    out.line(f"{word} {human.listed(revived.counts)}. The next sync sends it.")
    for old, new in revived.renamed:
        out.note(f"{old} is taken by now: it came back as {new}.")
    for left in revived.left[:20]:
        out.note(f"Not brought back: {left.kind.value} {left.name}: {left.reason}.")
    if len(revived.left) > 20:
        out.note(f"Not brought back: and {len(revived.left) - 20} more.")
    if revived.dropped:
        out.note(f"{human.count(revived.dropped, 'membership')} in tasks that are gone: dropped.")


def empty(
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than",
            metavar="AGE",
            help="Only what was deleted so long ago: 30d, 12h, 2w.",
            show_default=False,
        ),
    ] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Drop what is kept of deleted entities, for good.

    That they were deleted, when and by whom, stays in the log. A deletion that was not sent yet stays in the trash.
    """
    from localloop.cli import human
    from localloop.cli.asking import confirm
    from localloop.cli.opening import opened
    from localloop.store.trash import before
    from localloop.store.trash import empty as drop

    age = _age(older_than)
    out = Output(as_json=as_json)
    with opened(store) as here:
        moment = None if age is None else before(here.clock.now(), age)
        with here.transaction("empty the trash", dry_run=True) as tx:
            number = drop(tx, moment)
        phrase = human.count(number, "deleted entity", "deleted entities")
        if number and not dry_run:
            if not confirm(f"Drop for good what is kept of {phrase}?", yes=yes):
                out.result({"dropped": 0, "dry_run": False})
                out.line("Nothing was dropped.")
                return
            with here.transaction("empty the trash") as tx:
                number = drop(tx, moment)
    out.result({"dropped": number, "dry_run": dry_run})
    out.line(f"{'Would drop' if dry_run else 'Dropped'} what was kept of {phrase}.")


def keep(
    days: Annotated[int, typer.Argument(metavar="DAYS", min=0, max=36500, help="For how many days.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say for how many days what is deleted can be brought back; it is 30 until then."""
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.store.trash import SETTING

    out = Output(as_json=as_json)
    with opened(store) as here:
        here.set_settings({SETTING: days})
    out.result({"kept_days": days})
    out.line(f"What is deleted can be brought back for {human.count(days, 'day')}.")


def _age(text: str) -> timedelta | None:
    if not text:
        return None
    number, unit = text[:-1], text[-1]
    if not number.isdigit() or len(number) > 5 or unit not in _UNITS:
        raise BadRequest("400", f"An age is a number with d, h or w behind it, such as 30d, not {text!r}.")
    return timedelta(**{_UNITS[unit]: int(number)})


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(
        help="List what was deleted, bring it back, or drop it for good.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=examples(
            "localloop trash ls",
            "localloop trash restore Fruit/Apples/2026/a.jpg",
            "localloop trash empty --older-than 30d --yes",
        ),
    )
    group.command(
        "ls", epilog=examples("localloop trash ls", "localloop trash ls --json | jq .trash[].place")
    )(ls)
    group.command(
        "restore",
        epilog=examples(
            "localloop trash restore Fruit/Apples/2026/a.jpg", "localloop trash restore 3f9c21aa"
        ),
    )(restore)
    group.command("empty", epilog=examples("localloop trash empty --older-than 30d --yes"))(empty)
    group.command("keep", epilog=examples("localloop trash keep 90"))(keep)
    app.add_typer(group, name="trash")
