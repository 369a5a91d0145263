"""``localloop projects`` and ``localloop datasets``: making them; `ls`, `mv` and `rm` do the rest for both."""

from __future__ import annotations

from typing import Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="The project.")]
DatasetArgument = Annotated[str, typer.Argument(metavar="PROJECT/DATASET", help="The dataset.")]


def projects_ls(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the projects, with how many datasets each has."""
    from localloop.cli.listing import list_projects
    from localloop.cli.opening import opened

    with opened(store) as here, here.reading() as connection:
        list_projects(connection, Output(as_json=as_json))


def projects_create(
    name: Annotated[str, typer.Argument(help="Its name, unlike that of every other project here.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a project. You are its owner; `localloop members` adds others."""
    from localloop.cli.opening import opened
    from localloop.store.projects import create_project

    out = Output(as_json=as_json)
    with opened(store) as here, here.transaction(f"create project {name}") as tx:
        row = create_project(tx, name)
    out.result({"id": row["id"], "name": row["name"]})
    out.line(f"Made the project {name}.")


def datasets_ls(project: ProjectArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the datasets of a project, with what is in them."""
    from localloop.cli import places
    from localloop.cli.listing import list_datasets
    from localloop.cli.opening import opened

    with opened(store) as here, here.reading() as connection:
        found = places.find(connection, project)
        list_datasets(connection, Output(as_json=as_json), found.project, hidden=False)


def datasets_create(
    place: DatasetArgument,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="TAG", help="A label; again for more.", show_default=False),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a dataset in a project that is there, with a recipe of its own."""
    from localloop.cli import places
    from localloop.cli.opening import opened
    from localloop.errors import BadRequest
    from localloop.store.datasets import create_dataset

    out = Output(as_json=as_json)
    address = places.parse(place)
    if not address.dataset or address.path:
        raise BadRequest("400", f"Name a dataset to be, PROJECT/DATASET, and not {place!r}.")
    with opened(store) as here, here.transaction(f"create dataset {place}") as tx:
        project = places.find(tx.connection, address.project).project
        row = create_dataset(tx, project, address.dataset, labels=[{"tag": tag} for tag in labels or ()])
    out.result({"id": row["id"], "project": project["name"], "name": row["name"]})
    out.line(f"Made the dataset {project['name']}/{row['name']}.")


def datasets_readonly(
    place: DatasetArgument,
    off: Annotated[bool, typer.Option("--off", help="Let it be changed again.", show_default=False)] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let no item and no annotation in a dataset be changed, here or on the platform.

    A sync sends it when all else of the dataset was sent.
    """
    from localloop.cli.opening import opened
    from localloop.cli.places import dataset_at
    from localloop.store.datasets import update_dataset

    out = Output(as_json=as_json)
    with (
        opened(store) as here,
        here.transaction(f"dataset {place} is {'writable' if off else 'read-only'}") as tx,
    ):
        row = update_dataset(tx, dataset_at(tx.connection, place), {"readonly": not off})
    out.result({"id": row["id"], "readonly": bool(row["readonly"])})
    out.line(f"{place} is {'read-only' if row['readonly'] else 'writable'}.")


def datasets_snapshot(
    place: DatasetArgument,
    name: Annotated[str, typer.Argument(metavar="VERSION", help="What the version is called.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a dataset as it is now: as a read-only copy beside it, called DATASET@VERSION.

    The copy shares the files, so it costs as much as the metadata. It is a dataset like any other: `ls` and `export`
    know it, and a sync sends it. To go back to it, clone it.
    """
    from localloop.cli.opening import opened
    from localloop.cli.places import dataset_at
    from localloop.sdk.snapshots import take_snapshot

    out = Output(as_json=as_json)
    with opened(store) as here:
        with here.reading() as connection:
            source = dataset_at(connection, place)
        row = take_snapshot(here, source["id"], name)
    out.result({"id": row["id"], "name": row["name"]})
    out.line(f"Kept {place} as {row['name']}.")


def datasets_snapshots(
    place: DatasetArgument, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """List the versions of a dataset, the oldest first."""
    from localloop.cli.opening import opened
    from localloop.cli.places import dataset_at
    from localloop.sdk.snapshots import MARK, snapshots_of

    out = Output(as_json=as_json)
    with opened(store) as here:
        with here.reading() as connection:
            source = dataset_at(connection, place)
        rows = snapshots_of(here, source["id"])
    listed = [
        {
            "version": row["name"].removeprefix(f"{source['name']}{MARK}"),
            "id": row["id"],
            "at": row["created_at"],
        }
        for row in rows
    ]
    out.result({"snapshots": listed})
    out.lines(
        [f"{one['version']}  {one['at']}" for one in listed] or ["None yet: `localloop datasets snapshot`."]
    )


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    projects = typer.Typer(
        help="List and make projects; `ls`, `mv` and `rm` know them, too.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=examples("localloop projects ls", "localloop projects create Fruit"),
    )
    projects.command("ls", epilog=examples("localloop projects ls"))(projects_ls)
    projects.command("create", epilog=examples("localloop projects create Fruit"))(projects_create)
    app.add_typer(projects, name="projects")
    datasets = typer.Typer(
        help="List and make datasets; `ls`, `mv` and `rm` know them, too.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=examples("localloop datasets ls Fruit", "localloop datasets create Fruit/Apples --label Ripe"),
    )
    datasets.command("ls", epilog=examples("localloop datasets ls Fruit"))(datasets_ls)
    datasets.command(
        "create", epilog=examples("localloop datasets create Fruit/Apples --label Ripe --label Rotten")
    )(datasets_create)
    datasets.command(
        "readonly",
        epilog=examples(
            "localloop datasets readonly Fruit/Apples", "localloop datasets readonly Fruit/Apples --off"
        ),
    )(datasets_readonly)
    datasets.command("snapshot", epilog=examples("localloop datasets snapshot Fruit/Apples v1"))(
        datasets_snapshot
    )
    datasets.command("snapshots", epilog=examples("localloop datasets snapshots Fruit/Apples"))(
        datasets_snapshots
    )
    app.add_typer(datasets, name="datasets")
