"""``localloop serve``."""

from __future__ import annotations

import shlex
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import DataOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.server import Accounts
    from localloop.server.connections import Tls
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
    data: DataOption = None,
    host: Annotated[str, typer.Option(metavar="NAME", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="The port; 0 for a free one.")
    ] = 8080,
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="What others call this machine, where that is not what --host says. Requests that name "
            "another are refused. Repeatable.",
            show_default=False,
        ),
    ] = None,
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
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--tls-cert",
            metavar="FILE",
            help="Encrypt connections with this certificate (PEM). It goes with --tls-key.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--tls-key", metavar="FILE", help="The certificate's private key.", show_default=False),
    ] = None,
    rate_limit: Annotated[
        str,
        typer.Option(
            "--rate-limit",
            metavar="N/PERIOD",
            help="How many requests one user, and one address, may make, such as 6000/minute; 0 for no limit.",
        ),
    ] = "2000/second",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a store through the platform's REST API.

    As a hub it is the platform for others: they log in to the printed gate and sync with it, and unmodified dtlpy
    scripts work too. A store that has a platform is served as a gateway unless --hub says otherwise: on this
    machine alone, for its own account, so that dtlpy scripts run offline; `localloop env dtlpy` says how.
    A hub listens on this machine alone unless --host says otherwise. Ctrl-C stops it.
    """
    from localloop.cli.opening import named_once, opened
    from localloop.server import Accounts, ServerSettings
    from localloop.server import serve as run
    from localloop.server.limiting import Limits

    out = Output(as_json=as_json)
    place = named_once(directory, data, store)
    tls = _tls(certificate, key)
    Limits(rate_limit, "")  # what is no limit is told before a store is made
    if hub and place is not None:
        place = _made(place)
    with opened(place) as here:
        owner = None if hub else _owner(here.settings(), host)
        accounts = Accounts.beside(here.path, owner=owner)
        _add_users(accounts, user or [])
        here.tidy()
        run(
            here,
            accounts,
            host,
            port,
            settings=ServerSettings(plain=plain, requests=rate_limit, hosts=tuple(name or ())),
            tls=tls,
            on_ready=lambda gate: _announce(out, here, accounts, gate),
        )
    out.note("Stopped.")


def _tls(certificate: Path | None, key: Path | None) -> Tls | None:
    from localloop.server.connections import Tls

    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise BadRequest("400", "--tls-cert and --tls-key go together.")
    tls = Tls(certificate, key)
    tls.check()
    return tls


def _owner(settings: dict[str, Any], host: str) -> str | None:
    """The account that a gateway is for; None for a store without a platform, which is served as a hub.

    Raises:
        BadRequest: A gateway was to be reached from elsewhere: whoever uses it writes as its account.
    """
    if not settings.get("gate"):
        return None
    if not _is_loopback(host):
        raise BadRequest(
            "400",
            f"This store belongs to {settings['gate']}, so it is served on this machine alone, not at {host}. "
            "To be a platform for others with it, use --hub.",
        )
    return str(settings.get("account") or settings.get("author"))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


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
    if not accounts.users() and accounts.owner is None:
        raise BadRequest("400", "Nobody could log in: add somebody with --user EMAIL.")


def _announce(out: Output, store: Store, accounts: Accounts, gate: str) -> None:
    users = [user.email for user in accounts.users()]
    told: dict[str, Any] = {"gate": gate, "store": str(store.path), "users": users, "role": "hub"}
    if accounts.owner is None:
        out.result(told)
        out.line(f"Serving {store.path} at {gate}, as a hub")
        out.line(f"Log in with: localloop login --gate {gate} --email {users[0]}")
    else:
        platform, key = store.settings()["gate"], accounts.owner_key()
        told |= {"role": "gateway", "platform": platform, "account": accounts.owner, "key_file": str(key)}
        out.result(told)
        out.line(f"Serving {store.path} at {gate}, as a gateway to {platform} for {accounts.owner}")
        out.line("What scripts edit reaches the platform with the next `localloop sync`.")
        out.line(f"The gateway's key is in {key}")
        shown = shlex.quote(str(store.path))
        out.line(f"Point dtlpy at it with: localloop env dtlpy --gate {gate} --store {shown} --write")
    sys.stdout.flush()


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "serve",
        epilog=examples(
            "localloop serve --hub --data ~/hub --user ann@example.com",
            "localloop serve --hub --data ~/hub --host 192.168.1.20",
            "localloop serve --hub ~/hub --tls-cert hub.pem --tls-key hub.key",
            "localloop serve                      # a gateway, if it has a platform",
            "localloop serve --port 0 --json      # a free port, for a program",
        ),
    )(serve)
