"""``localloop serve``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.server import Accounts
    from localloop.store import Store


def serve(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The same as --data.", show_default=False),
    ] = None,
    hub: Annotated[
        bool,
        typer.Option(
            "--hub",
            help="Serve as a hub: the platform for others. A store in DIR/.localloop is made when there is none.",
            show_default=False,
        ),
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="The store to serve: its directory, or one with a .localloop in it.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(metavar="NAME", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="The port; 0 for a free one.")
    ] = 8080,
    user: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EMAIL",
            help="Add an account, or give it a new password: $LOCALLOOP_PASSWORD, or asked for. Repeatable.",
            show_default=False,
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="Answer only what the platform itself answers, without additions for syncing.",
            show_default=False,
        ),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a store, so that it is the platform for others.

    It speaks the platform's REST API. Other machines log in to the printed gate and sync with it; unmodified
    dtlpy scripts work too. It listens on this machine alone unless --host says otherwise; the connection is
    not encrypted. Ctrl-C stops it.
    """
    from localloop.cli.opening import opened
    from localloop.server import Accounts, ServerSettings
    from localloop.server import serve as run

    out = Output(as_json=as_json)
    place = _place(directory, data, store)
    if hub and place is not None:
        place = _made(place)
    with opened(place) as here:
        accounts = Accounts.beside(here.path)
        _add_users(accounts, user or [])
        settings = ServerSettings(plain=plain)
        run(
            here,
            accounts,
            host,
            port,
            settings=settings,
            on_ready=lambda gate: _announce(out, here, accounts, gate),
        )
    out.note("Stopped.")


def _place(*said: Path | None) -> Path | None:
    """The one directory that was named, in whichever way; None when none was.

    Raises:
        BadRequest: Several were.
    """
    named = [one for one in said if one is not None]
    if len(named) > 1:
        raise BadRequest("400", "Name the directory once: with --data, with --store, or without either.")
    return named[0] if named else None


def _made(place: Path) -> Path:
    """The hub's store, made when there is none."""
    from localloop import config
    from localloop.cli.opening import directory_of
    from localloop.store import Store
    from localloop_schema.session import DATABASE

    found = directory_of(place)
    if not (found / DATABASE).exists():
        found = place.expanduser().absolute() / config.LOCAL_STORE
        Store.create(found, device=config.device_name()).close()
    return found


def _add_users(accounts: Accounts, emails: list[str]) -> None:
    from localloop import config
    from localloop.cli.asking import ask

    for email in emails:
        password = config.password() or ask(
            f"Password for {email}", option="$LOCALLOOP_PASSWORD", hidden=True
        )
        accounts.add_user(email, password)
    if not accounts.users():
        raise BadRequest("400", "Nobody could log in: add somebody with --user EMAIL.")


def _announce(out: Output, store: Store, accounts: Accounts, gate: str) -> None:
    users = [user.email for user in accounts.users()]
    out.result({"gate": gate, "store": str(store.path), "users": users})
    out.line(f"Serving {store.path} at {gate}")
    out.line(f"Log in with: localloop login --gate {gate} --email {users[0]}")
    sys.stdout.flush()


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "serve",
        epilog=examples(
            "localloop serve --hub --data ~/hub --user ann@example.com --user bob@example.com",
            "localloop serve --hub --data ~/hub --host 192.168.1.20",
            "localloop serve --port 0 --json      # a free port, for a program that reads it",
        ),
    )(serve)
