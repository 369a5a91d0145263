"""``localloop fetch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from localloop.cli.options import DryRunOption, FilterOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from localloop_schema.rows import Row


def fetch(
    what: Annotated[
        list[str],
        typer.Argument(metavar="PROJECT/DATASET[/PATH]|ID...", help="Items, folders or whole datasets."),
    ],
    where: FilterOption = None,
    pinned: Annotated[
        bool, typer.Option("--pin", help="Pin them, so that nothing frees them.", show_default=False)
    ] = False,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch the content of items, to have it where there is no connection.

    What is here is not fetched again, and a download that breaks off is resumed by the next try. A quota
    (`localloop cache quota`) is kept afterwards: what was used last stays.
    """
    from localloop.cli import human
    from localloop.cli.advice import ExitCode
    from localloop.cli.choosing import files_at
    from localloop.cli.opening import opened, platform_of
    from localloop.cli.progress import counting
    from localloop.fetching import fetch_contents, has_to_come
    from localloop.store.keeping import pin, trim, used

    out = Output(as_json=as_json)
    here: list[str] = []
    missing: dict[str, int] = {}
    failures: list[tuple[str, str]] = []
    fetched = [0, 0]
    with opened(store) as found, counting("files fetched", quiet=as_json) as progress:
        with found.reading() as connection:
            for row in files_at(connection, what, where):
                if has_to_come(found, row):
                    missing[row["id"]] = row["size"]
                elif row["digest"]:
                    here.append(row["digest"])

        def came(row: Row) -> None:
            here.append(row["digest"])
            fetched[0] += 1
            fetched[1] += row["size"]
            progress(fetched[0], len(missing))

        if missing and not dry_run:
            with platform_of(found) as remote:
                fetch_contents(
                    found,
                    remote,
                    missing,
                    came,
                    lambda row, reason: failures.append((row["filename"], reason)),
                )
        if not dry_run:
            used(found, here)
            if pinned:
                pin(found, here, pinned=True)
            trim(found)
    files, size = (len(missing), sum(missing.values())) if dry_run else fetched
    out.result(
        {
            "fetched": files,
            "bytes": size,
            "here_already": len(here) - (0 if dry_run else fetched[0]),
            "pinned": pinned and not dry_run,
            "dry_run": dry_run,
            "failures": [{"path": path, "reason": reason} for path, reason in failures],
        }
    )
    for path, reason in failures:
        out.note(f"Not fetched: {path}: {reason}")
    done = "Would fetch" if dry_run else "Fetched"
    already = len(here) - (0 if dry_run else fetched[0])
    out.line(
        f"{done} {human.count(files, 'file')} ({human.size(size)}); "
        f"{human.count(already, 'file')} here already{', all pinned' if pinned and not dry_run else ''}."
    )
    if failures:
        raise typer.Exit(ExitCode.PARTIAL)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "fetch",
        epilog=examples(
            "localloop fetch Fruit/Apples/2026",
            "localloop fetch Fruit/Apples --filter 'label:Ripe' --pin",
            "localloop fetch Fruit/Apples --dry-run     # how much that is",
        ),
    )(fetch)
