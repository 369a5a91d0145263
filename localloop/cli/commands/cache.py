"""``localloop cache``: the files that a store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from localloop.cli.options import DryRunOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.blobs import BlobRef, BrokenBlob
    from localloop.store import Store


def info(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Tell how large the cache is, and why its contents stay."""
    from localloop.cli import human
    from localloop.cli.keeping import WHY
    from localloop.cli.opening import opened
    from localloop.store.keeping import usage

    out = Output(as_json=as_json)
    with opened(store) as here:
        found = usage(here)
        folder = str(here.blobs.root)
    total = sum(found.bytes.values())
    out.result(
        {
            "folder": folder,
            "blobs": sum(found.blobs.values()),
            "bytes": total,
            "quota": found.quota,
            "by_fate": {
                fate.value: {"blobs": number, "bytes": found.bytes[fate]}
                for fate, number in found.blobs.items()
            },
        }
    )
    rows = [
        [f"{number:,}", human.size(found.bytes[fate]), WHY[fate]]
        for fate, number in found.blobs.items()
        if number
    ]
    if rows:
        out.table(("CONTENTS", "SIZE", "WHY THEY ARE HERE"), rows, right=(0, 1))
    most = "no quota" if found.quota is None else f"a quota of {human.size(found.quota)}"
    out.line(f"{human.count(sum(found.blobs.values()), 'content')}, {human.size(total)}, with {most}.")


def verify(
    fetch: Annotated[
        bool, typer.Option("--fetch/--no-fetch", help="Whether to fetch broken contents again.")
    ] = True,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read every content again, and set aside what is not what it was.

    What the platform has is fetched again. The exit code is 9 when something is broken and could not be mended.
    """
    from localloop.cli import human
    from localloop.cli.advice import ExitCode
    from localloop.cli.opening import opened
    from localloop.cli.progress import counting
    from localloop.store.keeping import forget

    out = Output(as_json=as_json)
    checked = [0, 0]
    with opened(store) as here, counting("contents read", quiet=as_json) as progress:

        def told(outcome: BlobRef | BrokenBlob) -> None:
            checked[0] += 1
            checked[1] += outcome.size
            progress(checked[0], None)

        broken = list(here.blobs.verify(told))
        for one in broken:
            forget(here, one.digest)
        mended, reason = _mended(here, [one.digest for one in broken]) if fetch and broken else (set(), "")
    left = [one for one in broken if one.digest not in mended]
    out.result(
        {
            "checked": checked[0],
            "bytes": checked[1],
            "broken": [
                {
                    "digest": one.digest,
                    "set_aside": str(one.set_aside),
                    "fetched_again": one.digest in mended,
                }
                for one in broken
            ],
        }
    )
    for one in left:
        out.note(f"Broken, and set aside as {one.set_aside}.")
    if reason:
        out.note(f"Not fetched again: {reason}")
    out.line(
        f"Read {human.count(checked[0], 'content')} ({human.size(checked[1])}): "
        + (
            f"{len(broken):,} broken, {len(mended):,} of them fetched again."
            if broken
            else "all as they were."
        )
    )
    if left:
        raise typer.Exit(ExitCode.PARTIAL)


def _mended(store: Store, digests: list[str]) -> tuple[set[str], str]:
    """Fetch contents again that the platform has: which came, and why the rest did not."""
    from sqlalchemy import select

    from localloop.cli.advice import advise
    from localloop.cli.opening import platform_of
    from localloop.errors import LocalLoopError
    from localloop.fetching import fetch_contents
    from localloop_schema.kinds import EntityKind
    from localloop_schema.rows import chunks, table

    items = table(EntityKind.ITEM).c
    ids: dict[str, str] = {}
    with store.reading() as connection:
        for part in chunks(digests):
            query = select(items.digest, items.id).where(
                items.digest.in_(part), items.remote_id.is_not(None), items.deleted_at.is_(None)
            )
            ids.update((row.digest, row.id) for row in connection.execute(query))
    if not ids:
        return set(), "the platform has none of it. Add the original files again."
    failed: list[str] = []
    try:
        with platform_of(store) as remote:
            fetch_contents(
                store, remote, ids.values(), lambda _row: None, lambda _row, why: failed.append(why)
            )
    except LocalLoopError as error:
        failed.append(advise(error).message)
    reason = failed[0] if failed else ""
    if not reason and len(ids) < len(digests):
        reason = "the platform has not all of it. Add the original files again."
    return {digest for digest in ids if store.blobs.has(digest)}, reason


def gc(dry_run: DryRunOption = False, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Remove contents of no item: neither the trash, nor an edit or a conflict needs them.

    What came within the last hour stays, for it may be about to be named.
    """
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.store.keeping import collect

    out = Output(as_json=as_json)
    with opened(store) as here:
        done = collect(here, dry_run=dry_run)
        if not dry_run:
            here.tidy()
    out.result({"blobs": done.blobs, "bytes": done.bytes, "dry_run": dry_run})
    said = "Would remove" if dry_run else "Removed"
    out.line(f"{said} {human.count(done.blobs, 'content')} ({human.size(done.bytes)}).")


def quota(
    size: Annotated[
        str | None,
        typer.Argument(
            metavar="[SIZE]", help="How much it may hold, such as 20GB, or none.", show_default=False
        ),
    ] = None,
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how much the cache may hold, or tell it.

    What is above goes at once, and after each sync or fetch, the longest unused first. What is pinned, not sent
    yet, in the trash or kept by a subscription never goes; so the cache may stay above its quota.
    """
    from localloop.cli import human
    from localloop.cli.opening import opened
    from localloop.store.keeping import QUOTA, Freed, trim

    out, chosen = Output(as_json=as_json), _size(size)
    done = Freed()
    with opened(store) as here:
        before = here.settings().get(QUOTA)
        if size is not None and not dry_run:
            here.set_settings({QUOTA: chosen})
        now = before if size is None else chosen
        if chosen is not None:
            done = trim(here, quota=chosen, dry_run=dry_run)
    out.result({"quota": now, "before": before, "blobs": done.blobs, "bytes": done.bytes, "dry_run": dry_run})
    if now is None:
        out.line("The cache may hold any number of bytes.")
    else:
        out.line(f"The cache may hold {human.size(int(now))}.")
    if done.blobs:
        said = "Would free" if dry_run else "Freed"
        out.line(f"{said} {human.size(done.bytes)}: {human.count(done.blobs, 'content')}.")


def _size(text: str | None) -> int | None:
    from localloop.store.query.text import bytes_of

    if text is None or text == "none":
        return None
    size = int(text) if text.isdecimal() else bytes_of(text)
    if size is None or size > 1 << 62:
        raise BadRequest("400", f"A size is such as 500MB or 20GB, or none, not {text!r}.")
    return size


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(
        help="The files that the store keeps: how much, whether they are whole, and what may go.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=examples("localloop cache info", "localloop cache verify", "localloop cache quota 20GB"),
    )
    group.command("info", epilog=examples("localloop cache info", "localloop cache info --json"))(info)
    group.command(
        "verify", epilog=examples("localloop cache verify", "localloop cache verify --no-fetch --json")
    )(verify)
    group.command("gc", epilog=examples("localloop cache gc --dry-run", "localloop cache gc"))(gc)
    group.command(
        "quota",
        epilog=examples(
            "localloop cache quota               # what it is",
            "localloop cache quota 20GB",
            "localloop cache quota none",
        ),
    )(quota)
    app.add_typer(group, name="cache")
