"""``localloop subscribe``, ``unsubscribe`` and ``subscriptions``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from localloop.cli.filters import FilterOption
from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output

_Place = Annotated[str, typer.Argument(metavar="PROJECT[/DATASET]", help="By names or ids.")]


def subscribe(
    place: _Place,
    items: FilterOption = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Mirror all items again, whatever the filter was.", show_default=False),
    ] = False,
    content: Annotated[
        bool | None,
        typer.Option(
            "--content/--no-content",
            help="Whether syncs fetch the files too. Otherwise as before, and not at first.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mirror one more project or dataset of the platform, or mirror it differently, from the next sync on.

    What a filter leaves out is not deleted: items that are here and do not match stay, and are not looked at
    any more. A dataset's own subscription goes before that of its project.
    """
    from localloop.cli import filters, places
    from localloop.cli.opening import opened, platform_of
    from localloop.errors import BadRequest
    from localloop.syncing import subscribe as add

    out = Output(as_json=as_json)
    address = places.parse(place)
    wanted = filters.read(items)
    if address.path:
        raise BadRequest("400", f"A project or a dataset is mirrored, not a path in it: {place!r}.")
    if items is not None and (everything or not address.dataset):
        why = "either --filter or --all" if everything else "a dataset to filter: PROJECT/DATASET"
        raise BadRequest("400", f"Give {why}.")
    with opened(store) as here:
        with platform_of(here) as remote:
            project, dataset = add(
                here,
                remote,
                address.project,
                address.dataset or None,
                content=content,
                items=wanted,
                all_items=everything,
            )
        [one] = [
            told for told in _told(here) if (told["project_id"], told["dataset_id"]) == (project, dataset)
        ]
    out.result(one)
    out.line(f"Mirrors {one['place']}: {_what(one)}. `localloop sync` brings it.")


def unsubscribe(place: _Place, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Mirror a project or dataset no more.

    Nothing is deleted: what is here stays as it is, and syncs do not ask for it any more. What was edited here
    and is not sent yet is sent all the same. `localloop subscribe` takes it up again.
    """
    from localloop.cli import places
    from localloop.cli.opening import opened
    from localloop.errors import BadRequest
    from localloop.syncing import journal_of

    out = Output(as_json=as_json)
    with opened(store) as here:
        with here.reading() as connection:
            found = places.find(connection, place)
        if found.path:
            raise BadRequest("400", f"A project or a dataset is mirrored, not a path in it: {place!r}.")
        dataset = None if found.dataset is None else found.dataset["id"]
        journal_of(here).leave(found.project["id"], dataset)
    out.result({"place": found.text, "project_id": found.project["id"], "dataset_id": dataset})
    out.line(f"Mirrors {found.text} no more. What is here stays.")


def subscriptions(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List what is mirrored: projects and datasets, by which filter, and with or without files."""
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    with opened(store) as here:
        told = _told(here)
    out.result({"subscriptions": told})
    if not told:
        out.line("Nothing of a platform is mirrored here. `localloop subscribe PROJECT` does.")
        return
    out.table(
        ["PLACE", "FILES", "WHAT"],
        [[one["place"], "yes" if one["content"] else "no", _what(one)] for one in told],
    )


def _told(here: Any) -> list[dict[str, Any]]:
    from localloop.syncing import journal_of
    from localloop_schema.kinds import EntityKind
    from localloop_schema.rows import get_rows

    found = journal_of(here).subscriptions()
    with here.reading() as connection:
        projects = get_rows(connection, EntityKind.PROJECT, [one.project_id for one in found])
        datasets = get_rows(
            connection, EntityKind.DATASET, [one.dataset_id for one in found if one.dataset_id]
        )
    told = []
    for one in found:
        project = projects.get(one.project_id)
        place = project["name"] if project else one.project_id
        if one.dataset_id is not None:
            dataset = datasets.get(one.dataset_id)
            place += f"/{dataset['name'] if dataset else one.dataset_id}"
        told.append(
            {
                "place": place,
                "project_id": one.project_id,
                "dataset_id": one.dataset_id,
                "content": one.content,
                "filter": one.items,
                "left": one.left,
            }
        )
    return sorted(told, key=lambda one: (one["place"], one["dataset_id"] or ""))


def _what(one: dict[str, Any]) -> str:
    if one["left"]:
        return "left"
    if one["filter"] is not None:
        return f"items that match {json.dumps(one['filter'], ensure_ascii=False)}"
    return "all items" if one["dataset_id"] else "all datasets, new ones too"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "subscribe",
        epilog=examples(
            "localloop subscribe Fruit/Pears",
            """localloop subscribe Fruit/Apples --filter '{"metadata.user.site": "north"}'""",
            "localloop subscribe Fruit/Apples --filter @north.json --content",
            "localloop subscribe Fruit/Apples --all --no-content",
        ),
    )(subscribe)
    app.command("unsubscribe", epilog=examples("localloop unsubscribe Fruit/Apples"))(unsubscribe)
    app.command(
        "subscriptions", epilog=examples("localloop subscriptions", "localloop subscriptions --json")
    )(subscriptions)
