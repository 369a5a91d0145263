"""``localloop gate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import DryRunOption, JsonOption, StoreOption, checked_gate, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from localloop.platform import Transport

group = typer.Typer(
    name="gate",
    help="The address of the store's platform.",
    no_args_is_help=True,
    epilog=examples("localloop gate set http://192.168.1.30:8080"),
)


@group.command(
    "set",
    epilog=examples(
        "localloop gate set http://192.168.1.30:8080",
        "localloop gate set https://hub.example.com --dry-run    # only look",
        "LOCALLOOP_PASSWORD=... localloop gate set https://hub.example.com",
    ),
)
def set_(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="The new root URL of the same platform.", callback=checked_gate),
    ],
    dry_run: DryRunOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that the store's platform has moved to another address.

    Before the store follows, the platform there has to prove that it is the same: the store's account logs in, and
    the oldest and newest projects, datasets and items that both sides know are asked for by their ids. Another
    platform is refused with exit code 12, and nothing changes. The password is $LOCALLOOP_PASSWORD, or asked for,
    unless the account is logged in there already.
    """
    from localloop.cli.advice import LISTED
    from localloop.cli.opening import credentials, opened
    from localloop.errors import AuthError, OtherAccountHalt
    from localloop.fetching import PATIENCE
    from localloop.platform import DataloopRemote, PlatformSession, transport_to
    from localloop.rehoming import move, prove
    from localloop.syncing import holding
    from localloop_sync.drivers.retrying import Patience, RetryingRemote

    out = Output(as_json=as_json)
    with opened(store) as here, holding(here, "`localloop gate set`"):
        settings = here.settings()
        if settings.get("gate") is None:
            raise AuthError(
                "This store was never synced, so it has no platform that could have moved.",
                advice=f"Log in there: `localloop login --gate {url}`.",
            )
        transport = transport_to(url)
        try:
            email = _logged_in(transport, settings)
            session = PlatformSession(transport, credentials(), email=email)
            remote = RetryingRemote(DataloopRemote(session), here.clock, Patience(budget=PATIENCE))
            proof = prove(here, remote)
            account = remote.account()
        finally:
            transport.close()
        told: dict[str, Any] = {"from": settings["gate"], "to": account.gate, "account": account.email}
        told |= {"asked": proof.asked, "missing": proof.missing, "same": proof.holds, "dry_run": dry_run}
        if not proof.holds:
            raise OtherAccountHalt(
                f"The platform at {account.gate} is another one: of {proof.asked} entities that this store shares "
                f"with its platform, it has {proof.asked - len(proof.missing)}.",
                advice="Nothing was changed. Use another store for this platform: `localloop clone`.",
            )
        if not dry_run:
            move(here, account)
    out.result(told)
    for one in proof.missing[:LISTED]:
        out.note(f"Not there: {one}")
    what = f"{proof.asked - len(proof.missing)} of {proof.asked} entities that were asked for are there"
    if dry_run:
        out.line(
            f"It is the same platform ({what}). Without --dry-run the store would move to {account.gate}."
        )
    else:
        out.line(f"The store's platform is at {account.gate} now ({what}).")


def _logged_in(transport: Transport, settings: dict[str, Any]) -> str:
    """The store's account, logged in at the new gate."""
    from localloop import config
    from localloop.cli.asking import ask
    from localloop.cli.opening import credentials
    from localloop.platform import login_m2m

    known = credentials()
    email = str(settings["account"])
    if known.load(transport.gate, email) is not None:
        return email
    password = config.password() or ask(f"Password for {email}", option="$LOCALLOOP_PASSWORD", hidden=True)
    return login_m2m(transport, known, email, password).email


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.add_typer(group)
