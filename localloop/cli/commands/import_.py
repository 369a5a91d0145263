"""``localloop import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.commands.export import Kind
from localloop.cli.options import CreateOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output


def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What was exported.")],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="PROJECT/DATASET[/FOLDER]", help="Where to put the items.", show_default=False
        ),
    ],
    create: CreateOption = False,
    kind: Annotated[
        Kind | None,
        typer.Option("--format", "-f", help="The format; found out when left out.", show_default=False),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a dataset that was exported, from the platform or from elsewhere.

    Files, metadata, annotations and labels. dataloop: json/train/a.json describes items/train/a.jpg. coco:
    annotations.json and images/. yolo: data.yaml, labels/ and images/. voc: Annotations/ and JPEGImages/. csv and
    parquet: a table annotations.* and items/. What was imported before is left alone, so an interrupted import is
    simply run again. The ids of the export are not used again.
    """
    from localloop.cli import human
    from localloop.cli.adding import find_dataset_of
    from localloop.cli.advice import ExitCode
    from localloop.cli.opening import opened
    from localloop.cli.progress import counting
    from localloop.formats import Format, import_dataset

    out = Output(as_json=as_json)
    with opened(store) as here, counting("items imported", quiet=as_json) as progress:
        dataset, address = find_dataset_of(here, to, create=create)
        done = import_dataset(
            here,
            dataset,
            folder.expanduser(),
            None if kind is None else Format(kind.value),
            below=address.path,
            progress=progress,
        )
    failures = [{"path": path, "reason": reason} for path, reason in done.failures]
    out.result(
        {
            "to": address.text,
            "items": done.items,
            "annotations": done.annotations,
            "labels": done.labels,
            "existing": done.existing,
            "bytes": done.bytes,
            "failures": failures,
        }
    )
    for path, reason in done.failures:
        out.note(f"Not imported: {path}: {reason}")
    new = f"{human.count(done.annotations, 'annotation')} and {human.count(done.labels, 'new label')}"
    items = f"{human.count(done.items, 'item')} ({human.size(done.bytes)})"
    parts = [f"Imported {items} with {new} to {address.text}"]
    if done.existing:
        parts.append(f"{human.count(done.existing, 'item')} there already")
    if failures:
        parts.append(f"{human.count(len(failures), 'file')} not imported")
    out.line("; ".join(parts) + ".")
    if failures:
        raise typer.Exit(ExitCode.PARTIAL)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "import",
        epilog=examples(
            "localloop import ~/Downloads/FruitImage --to Fruit/Apples --create",
            "localloop import ~/Downloads/coco8 --to Fruit/Coco --create --format coco",
        ),
    )(import_)
