"""``localloop clone``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from localloop.cli.filters import FilterOption
from localloop.cli.options import EmailOption, GateOption, JsonOption, ProfileOption, examples
from localloop.cli.output import Output


def clone(
    place: Annotated[
        str, typer.Argument(metavar="PROJECT[/DATASET]", help="What to mirror, by names or ids.")
    ],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="Where. Otherwise a new folder of the same name.", show_default=False
        ),
    ] = None,
    gate: GateOption = None,
    email: EmailOption = None,
    profile: ProfileOption = None,
    content: Annotated[
        bool,
        typer.Option("--content", help="Fetch the files too, now and at every sync.", show_default=False),
    ] = False,
    items: FilterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mirror a project or dataset of the platform in a new store.

    Log in first. The store is synced for the first time at once. Without --content files stay remote-only
    until `localloop get` asks for them. A clone that was stopped half-way is finished by `localloop sync`.
    """
    from localloop import config
    from localloop.cli import filters, places
    from localloop.cli.opening import credentials
    from localloop.cli.syncing import run, tell
    from localloop.errors import BadRequest
    from localloop.owner import chosen
    from localloop.platform import PlatformSession, transport_to
    from localloop.store import Store
    from localloop.syncing import connected, subscribe

    out = Output(as_json=as_json)
    address = places.parse(place)
    wanted = filters.read(items)
    if wanted is not None and not address.dataset:
        raise BadRequest("400", "Give a dataset to filter: PROJECT/DATASET.")
    target = (folder or Path(address.dataset or address.project)).expanduser().absolute()
    if profile is not None:
        gate, email = credentials().profile(profile)
    session = PlatformSession(transport_to(gate or config.default_gate()), credentials(), email=email)
    try:
        account, gate = session.email, session.gate
    finally:
        session.close()
    existed = target.exists()
    path = target / config.LOCAL_STORE
    with Store.create(path, author=account, device=config.device_name()) as store:
        store.set_settings(chosen(gate, account))
        try:
            with connected(store, credentials()) as remote:
                subscribe(
                    store, remote, address.project, address.dataset or None, content=content, items=wanted
                )
        except BaseException:
            # Nothing is in it yet, so nothing is lost.
            shutil.rmtree(path if existed else target)
            raise
        out.note(f"Cloning {place} into {target}")
        report = run(store, out, command="`localloop clone`")
        code = tell(store, report, out, {"store": str(path)})
    if code:
        raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "clone",
        epilog=examples(
            "localloop clone Fruit",
            "localloop clone Fruit/Apples apples --content",
            """localloop clone Fruit/Apples --filter '{"metadata.user.site": "north"}'""",
            "localloop clone Fruit --gate http://192.168.1.20:8080",
        ),
    )(clone)
