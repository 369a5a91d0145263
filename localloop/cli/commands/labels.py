"""``localloop labels``: the labels that a dataset's annotations may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import DryRunOption, JsonOption, StoreOption, YesOption, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from localloop_schema.rows import Row

PlaceArgument = Annotated[str, typer.Argument(metavar="PROJECT/DATASET", help="The dataset.")]
TagsArgument = Annotated[list[str], typer.Argument(metavar="TAG...", help="Labels, such as person.hand.")]


def ls(place: PlaceArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List a dataset's labels, each with how many annotations have it.

    Labels that annotations have and the dataset does not know are listed, too.
    """
    from localloop.cli.opening import opened

    out = Output(as_json=as_json)
    with opened(store) as here, here.reading() as connection:
        dataset, ontology = _ontology(connection, place)
        used = _used(connection, dataset["id"])
    known = ontology["labels"]
    told = [
        {
            "label": tag,
            "color": known.get(tag, {}).get("color"),
            "known": tag in known,
            "annotations": used.get(tag, 0),
        }
        for tag in sorted({*known, *used})
    ]
    out.result({"dataset": dataset["name"], "labels": told})
    cells = [
        [
            f"{one['annotations']:,}",
            one["color"] or "",
            f"{one['label']}{'' if one['known'] else ' (not known)'}",
        ]
        for one in told
    ]
    out.table(("ANNOTATIONS", "COLOUR", "LABEL"), cells, right=(0,))


def add(
    place: PlaceArgument,
    tags: TagsArgument,
    color: Annotated[
        str | None,
        typer.Option(
            metavar="#RRGGBB", help="Their colour; made from the label when left out.", show_default=False
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add labels, or give labels that are there another colour. Labels above one are added with it."""
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.store.labels import upsert_labels

    out = Output(as_json=as_json)
    with opened(store) as here, here.transaction(f"label {', '.join(tags)}") as tx:
        _, ontology = _ontology(tx.connection, place)
        nodes = [{"tag": tag, **({"color": color} if color else {})} for tag in tags]
        after = upsert_labels(tx, ontology, nodes)
    added = sorted(after["labels"].keys() - ontology["labels"].keys())
    out.result({"added": added, "labels": sorted(after["labels"])})
    out.line(f"Added {human.count(len(added), 'label')}{': ' + ', '.join(added) if added else ''}.")


def rename(
    place: PlaceArgument,
    old: Annotated[str, typer.Argument(help="The label as it is.")],
    new: Annotated[str, typer.Argument(help="What it is to be called.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rename a label with all below it, in the dataset's list and in its annotations, in one action."""
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.errors import Conflict, NotFound
    from localloop.store.annotations import update_annotations
    from localloop.store.labels import rename_labels, upsert_labels
    from localloop_schema.kinds import EntityKind

    out = Output(as_json=as_json)
    with opened(store) as here, here.transaction(f"rename label {old}") as tx:
        dataset, ontology = _ontology(tx.connection, place)
        known = [tag for tag in ontology["labels"] if tag == old or tag.startswith(f"{old}.")]
        if not known:
            raise NotFound("404", f"There is no label {old!r} in {place}.")
        renamed = {tag: new + tag[len(old) :] for tag in known}
        taken = sorted(set(renamed.values()) & (ontology["labels"].keys() - renamed.keys()))
        if taken:
            raise Conflict("409", f"There is a label {taken[0]!r} already.")
        above = new.rpartition(".")[0]
        if above:
            ontology = upsert_labels(tx, ontology, [{"tag": above}])
        rename_labels(tx, ontology, renamed)
        number = 0
        for tag, called in renamed.items():
            rows = tx.rows(EntityKind.ANNOTATION, dataset_id=dataset["id"], label=tag)
            update_annotations(tx, rows, {"label": called})
            number += len(rows)
    out.result({"renamed": renamed, "annotations": number})
    out.line(
        f"Renamed {human.count(len(renamed), 'label')}, and {human.count(number, 'annotation')} with it."
    )


def rm(
    place: PlaceArgument,
    tags: TagsArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove labels and all below them from the dataset's list. Annotations keep the labels that they have."""
    from localloop.cli import human
    from localloop.cli.asking import confirm
    from localloop.cli.opening import opened
    from localloop.errors import NotFound
    from localloop.store.labels import delete_labels

    out = Output(as_json=as_json)
    with opened(store) as here:
        with here.reading() as connection:
            _, ontology = _ontology(connection, place)
            missing = [tag for tag in tags if tag not in ontology["labels"]]
        if missing:
            raise NotFound("404", f"There is no label {missing[0]!r} in {place}.")
        if not dry_run and not confirm(f"Remove {', '.join(tags)} from {place}?", yes=yes):
            raise typer.Exit
        with here.transaction(f"remove labels {', '.join(tags)}", dry_run=dry_run) as tx:
            _, ontology = _ontology(tx.connection, place)
            after = delete_labels(tx, ontology, tags)
    gone = sorted(ontology["labels"].keys() - after["labels"].keys())
    out.result({"removed": gone, "dry_run": dry_run})
    out.line(
        f"{'Would remove' if dry_run else 'Removed'} {human.count(len(gone), 'label')}: {', '.join(gone)}."
    )


def _ontology(connection: Connection, place: str) -> tuple[Row, Row]:
    from localloop.cli.places import dataset_at
    from localloop.store.recipes import ontology_of

    dataset = dataset_at(connection, place)
    return dataset, ontology_of(connection, dataset)


def _used(connection: Connection, dataset_id: str) -> dict[str, int]:
    from sqlalchemy import func, select

    from localloop_schema.kinds import EntityKind
    from localloop_schema.rows import table

    columns: Any = table(EntityKind.ANNOTATION).c
    query = (
        select(columns.label, func.count())
        .where(columns.dataset_id == dataset_id, columns.deleted_at.is_(None))
        .group_by(columns.label)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(
        help="The labels that a dataset's annotations may have.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=examples("localloop labels ls Fruit/Apples", "localloop labels add Fruit/Apples Ripe Rotten"),
    )
    group.command("ls", epilog=examples("localloop labels ls Fruit/Apples"))(ls)
    group.command(
        "add",
        epilog=examples(
            "localloop labels add Fruit/Apples Ripe Rotten",
            "localloop labels add Fruit/Apples person.hand --color '#3366ff'",
        ),
    )(add)
    group.command("rename", epilog=examples("localloop labels rename Fruit/Apples Rotten Bad"))(rename)
    group.command("rm", epilog=examples("localloop labels rm Fruit/Apples Bad --yes"))(rm)
    app.add_typer(group, name="labels")
