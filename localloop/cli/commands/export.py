"""``localloop export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.options import FilterOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output


class Kind(StrEnum):
    """The formats, without the libraries that they need."""

    DATALOOP = "dataloop"
    COCO = "coco"
    YOLO = "yolo"
    VOC = "voc"
    CSV = "csv"
    PARQUET = "parquet"


def export(
    place: Annotated[str, typer.Argument(metavar="PROJECT/DATASET", help="The dataset.")],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that is not there yet, or is empty.")
    ],
    kind: Annotated[
        Kind,
        typer.Option("--format", "-f", help="The format; only the first and the tables hold everything."),
    ] = Kind.DATALOOP,
    where: FilterOption = None,
    content: Annotated[
        bool, typer.Option("--content/--no-content", help="Whether to put the files there, too.")
    ] = True,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export a dataset with its annotations, for other programs.

    The folder appears whole or not at all. What a format has no place for is counted by type and reason, and listed
    one by one in left-out.csv beside the rest. Subsets (train, validation, test) are told where a format knows them.
    """
    from localloop.cli import human, places
    from localloop.cli.advice import ExitCode
    from localloop.cli.listing import read_filter
    from localloop.cli.opening import opened
    from localloop.cli.progress import counting
    from localloop.formats import Format, export_dataset

    out = Output(as_json=as_json)
    query = read_filter(where)
    with opened(store) as here, counting("items exported", quiet=as_json) as progress:
        with here.reading() as connection:
            dataset = places.dataset_at(connection, place)
        done = export_dataset(
            here,
            dataset,
            folder.expanduser(),
            Format(kind.value),
            query=query,
            content=content,
            progress=progress,
        )
    left = [
        {"type": what, "reason": reason, "count": number}
        for (what, reason), number in sorted(done.left_out.items())
    ]
    out.result(
        {
            "from": place,
            "out": str(folder),
            "format": kind.value,
            "items": done.items,
            "annotations": done.annotations,
            "files": done.files,
            "bytes": done.bytes,
            "left_out": left,
            "failures": [{"path": path, "reason": reason} for path, reason in done.failures],
        }
    )
    for path, reason in done.failures:
        out.note(f"Not exported: {path}: {reason}")
    for one in left:
        out.note(
            f"Left out: {human.count(int(str(one['count'])), 'annotation')} of type {one['type']}: {one['reason']}."
        )
    what = f"{human.count(done.items, 'item')} with {human.count(done.annotations, 'annotation')}"
    files = f" and {human.count(done.files, 'file')} ({human.size(done.bytes)})" if content else ""
    out.line(f"Exported {what}{files} to {folder} as {kind.value}.")
    if done.failures:
        raise typer.Exit(ExitCode.PARTIAL)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "export",
        epilog=examples(
            "localloop export Fruit/Apples apples",
            "localloop export Fruit/Apples ~/apples-coco --format coco",
            "localloop export Fruit/Apples table --format csv --no-content",
            "localloop export Fruit/Apples ripe -f yolo --filter 'label:Ripe'",
        ),
    )(export)
