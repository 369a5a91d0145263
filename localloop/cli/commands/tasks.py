"""``localloop tasks``: work that is given to people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import DryRunOption, FilterOption, JsonOption, StoreOption, YesOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from localloop.store import Store
    from localloop_schema.rows import Row

PlaceArgument = Annotated[str, typer.Argument(metavar="PROJECT/DATASET", help="The dataset.")]
TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="The task: its name, or either id.")]


def ls(
    place: Annotated[
        str, typer.Argument(metavar="[PROJECT/DATASET]", help="Only those of a dataset.", show_default=False)
    ] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List tasks, with how many of their items have a status."""
    from localloop.cli.opening import opened
    from localloop.cli.places import dataset_at
    from localloop_schema.kinds import EntityKind

    out = Output(as_json=as_json)
    with opened(store) as here:
        within: dict[str, Any] = {}
        if place:
            with here.reading() as connection:
                within = {"dataset_id": dataset_at(connection, place)["id"]}
        rows = sorted(here.rows(EntityKind.TASK, **within), key=lambda row: (row["name"], row["id"]))
        told = [_told(here, row) for row in rows]
    out.result({"tasks": told})
    cells = [[f"{one['done']:,}/{one['items']:,}", one["due"][:10], one["name"]] for one in told]
    out.table(("DONE", "DUE", "TASK"), cells, right=(0,))


def create(
    place: PlaceArgument,
    name: Annotated[str, typer.Argument(help="The task's name.")],
    assignees: Annotated[
        list[str] | None,
        typer.Option(
            "--assignee", metavar="EMAIL", help="Who shares it; again for more.", show_default=False
        ),
    ] = None,
    where: FilterOption = None,
    days: Annotated[
        int, typer.Option("--due", metavar="DAYS", min=0, help="In how many days it is due.")
    ] = 7,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give out work: a task over the items that a query finds now, shared evenly."""
    from localloop.cli import human
    from localloop.cli.listing import read_filter
    from localloop.cli.opening import opened
    from localloop.cli.places import dataset_at
    from localloop.store.tasks import create_task

    out = Output(as_json=as_json)
    query = read_filter(where) or {"filter": {"$and": [{"hidden": False}, {"type": "file"}]}}
    with opened(store) as here:
        due = datetime.fromisoformat(here.clock.now()) + timedelta(days=days)
        with here.transaction(f"create task {name}") as tx:
            dataset = dataset_at(tx.connection, place)
            row = create_task(
                tx, dataset, name, query, due_date_ms=due.timestamp() * 1000, assignee_ids=assignees or []
            )
        told = _told(here, row)
    out.result(told)
    shared = f" for {', '.join(assignees)}" if assignees else ""
    out.line(f"Made the task {name} over {human.count(told['items'], 'item')}{shared}.")


def show(task: TaskArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show a task: who has how much of it, and how far it is."""
    from localloop.cli import human
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    with opened(store) as here:
        told = _told(here, _task(here, task))
    out.result(told)
    out.line(f"{told['name']} ({told['id']}) in {told['place']}, due {told['due'][:10]}")
    out.line(f"{told['done']:,} of {human.count(told['items'], 'item')} have a status.")
    cells = [[f"{one['items']:,}", one["annotator"]] for one in told["assignments"]]
    if cells:
        out.table(("ITEMS", "ASSIGNEE"), cells, right=(0,))


def status(
    task: TaskArgument,
    value: Annotated[str, typer.Argument(metavar="STATUS", help="Such as completed, approved or discard.")],
    paths: Annotated[list[str], typer.Argument(metavar="PATH|ID...", help="Items of the task.")],
    clear: Annotated[bool, typer.Option("--clear", help="Take the status back.", show_default=False)] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set the status of items in a task."""
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.store.items import find_item
    from localloop.store.work import set_item_status
    from localloop_schema.kinds import EntityKind

    out = Output(as_json=as_json)
    with opened(store) as here:
        found = _task(here, task)
        with here.transaction(f"set status {value}") as tx:
            rows = []
            for one in paths:
                row = find_item(tx.connection, found["dataset_id"], one if one.startswith("/") else f"/{one}")
                rows.append(row if row is not None else tx.row(EntityKind.ITEM, one))
            number = set_item_status(
                tx,
                tx.row(EntityKind.TASK, found["id"]),
                rows,
                value,
                operation="delete" if clear else "create",
            )
            if number != len(rows):
                raise BadRequest(
                    "400", f"{len(rows) - number} of these items are not in the task {found['name']}."
                )
    out.result({"task": found["id"], "status": None if clear else value, "items": number})
    out.line(f"{human.count(number, 'item')}: {'no status any more' if clear else value}.")


def rm(
    task: TaskArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a task with its assignments and the statuses in it. Its items stay."""
    from localloop.cli.asking import confirm
    from localloop.cli.opening import opened
    from localloop.store.tasks import delete_task
    from localloop_schema.kinds import EntityKind

    out = Output(as_json=as_json)
    with opened(store) as here:
        found = _task(here, task)
        told = _told(here, found)
        if not dry_run and not confirm(
            f"Delete the task {found['name']}, and {told['done']} statuses in it?", yes=yes
        ):
            raise typer.Exit
        with here.transaction(f"delete task {found['name']}", dry_run=dry_run) as tx:
            delete_task(tx, tx.row(EntityKind.TASK, found["id"]))
    out.result({"deleted": found["id"], "items": told["items"], "statuses": told["done"], "dry_run": dry_run})
    out.line(f"{'Would delete' if dry_run else 'Deleted'} the task {found['name']}.")


def _task(here: Store, text: str) -> Row:
    from localloop_schema.kinds import EntityKind

    row = here.get(EntityKind.TASK, text)
    if row is not None:
        return row
    rows = here.rows(EntityKind.TASK, name=text)
    if not rows:
        raise NotFound("404", f"There is no task {text!r}; `localloop tasks ls` lists them.")
    if len(rows) > 1:
        raise BadRequest(
            "400", f"There are {len(rows)} tasks {text!r}; give an id of `localloop tasks ls --json`."
        )
    return rows[0]


def _told(here: Store, row: Row) -> dict[str, Any]:
    from localloop.store.work import assignments_of, counts

    with here.reading() as connection:
        done = counts(connection, row)
        shares = [(one, counts(connection, one)) for one in assignments_of(connection, row["id"])]
        place = _place(connection, row)
    due = row["due_date"]
    return {
        "id": row["id"],
        "remote_id": row["remote_id"],
        "name": row["name"],
        "place": place,
        "due": datetime.fromtimestamp(due / 1000).astimezone().isoformat() if due else "",
        "items": done.total,
        "done": done.completed,
        "assignments": [
            {"id": one["id"], "annotator": one["annotator"], "items": own.total} for one, own in shares
        ],
    }


def _place(connection: Connection, row: Row) -> str:
    from localloop_schema.kinds import EntityKind
    from localloop_schema.rows import get_row

    dataset = get_row(connection, EntityKind.DATASET, row["dataset_id"]) or {}
    project = get_row(connection, EntityKind.PROJECT, row["project_id"]) or {}
    return f"{project.get('name', '')}/{dataset.get('name', '')}"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(
        help="Work that is given to people: tasks over items.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=examples(
            "localloop tasks create Fruit/Apples Sort --assignee ann@example.com", "localloop tasks ls"
        ),
    )
    group.command("ls", epilog=examples("localloop tasks ls", "localloop tasks ls Fruit/Apples --json"))(ls)
    group.command(
        "create",
        epilog=examples(
            "localloop tasks create Fruit/Apples Sort --assignee ann@example.com",
            "localloop tasks create Fruit/Apples New --filter '-annotated:true'",
        ),
    )(create)
    group.command("show", epilog=examples("localloop tasks show Sort"))(show)
    group.command("status", epilog=examples("localloop tasks status Sort completed /a.jpg /b.jpg"))(status)
    group.command("rm", epilog=examples("localloop tasks rm Sort --yes"))(rm)
    app.add_typer(group, name="tasks")
