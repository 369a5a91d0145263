"""``localloop login``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import EmailOption, GateOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from localloop.owner import Owner
    from localloop.platform import Transport
    from localloop.store import Store
    from localloop_sync.ports import Account


def login(
    gate: GateOption = None,
    email: EmailOption = None,
    api_key: Annotated[
        bool,
        typer.Option(
            "--api-key", help="Log in with an API key: $LOCALLOOP_API_KEY, or asked for.", show_default=False
        ),
    ] = False,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser", help="Log in at the platform's own page, in a browser.", show_default=False
        ),
    ] = False,
    callback_port: Annotated[
        int,
        typer.Option(
            "--callback-port",
            metavar="PORT",
            min=0,
            max=65535,
            help="With --browser: the port of this machine that the browser comes back to; 0 for any free one.",
        ),
    ] = 3001,
    no_open: Annotated[
        bool,
        typer.Option(
            "--no-open",
            help="With --browser: only print the page's address, for a browser of yours on this machine.",
            show_default=False,
        ),
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="A name for this gate and account, for --profile of other commands; or one that has them already.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log in to the platform.

    The password is $LOCALLOOP_PASSWORD, or asked for; it is sent to the platform and forgotten. What is kept is a
    token: in the system's keyring, else in a file that only you can read. A log-in that fails changes nothing.

    With --browser nothing is asked here: the platform's page comes back to a port of this machine with the tokens.
    """
    from localloop import config
    from localloop.cli.opening import credentials
    from localloop.errors import AuthError
    from localloop.owner import Owner
    from localloop.platform import transport_to
    from localloop.syncing import adopt

    out = Output(as_json=as_json)
    if browser and api_key:
        raise typer.BadParameter("--browser and --api-key are two ways; take one.")
    if profile is not None and not profile.strip():
        raise typer.BadParameter("A profile has a name.")
    gate, email = _of_profile(profile, gate, email)
    with ExitStack() as stack:
        here = _store_here(stack, store)
        owner = Owner.of(here.settings() if here else {})
        transport = transport_to(gate or owner.gate or config.default_gate())
        stack.callback(transport.close)
        _refuse_other(owner, transport.gate, email)

        def fits(account: str) -> None:
            _refuse_other(owner, transport.gate, account)
            if email is not None and email != account:
                raise AuthError(f"This logs in {account}, not {email}.", advice="Nothing was kept.")

        if browser:
            account = _with_browser(out, transport, fits, callback_port, opens=not no_open)
        elif api_key:
            account = _with_key(transport, fits)
        else:
            account = _with_password(transport, owner, email)
        if here is not None:
            adopt(here, account)
        if profile is not None:
            credentials().set_profile(profile, account.gate, account.email)
        told: dict[str, Any] = {"gate": account.gate, "account": account.email, "profile": profile}
        out.result({**told, "store": str(here.path) if here else None})
        out.line(f"Logged in as {account.email} at {account.gate}.")
        _tell_where(out)
        if here is None:
            out.note("There is no store here yet: make one with `localloop init` or `localloop clone`.")


def _of_profile(name: str | None, gate: str | None, email: str | None) -> tuple[str | None, str | None]:
    """The gate and the account to log in to: what was said, else what the profile's name stands for already."""
    from localloop.cli.opening import credentials

    there = {known: one for one in credentials().accounts() for known in one.profiles}.get(name or "")
    if there is None or (gate is not None and email is not None):
        return gate, email
    return gate or there.gate, email or (there.email if gate in (None, there.gate) else None)


def _tell_where(out: Output) -> None:
    """Say where the token is, where that is not where it belongs."""
    from localloop import config
    from localloop.cli.opening import credentials
    from localloop.platform import system_keyring

    if config.keyring_allowed() and system_keyring() is None:
        out.note(
            f"There is no keyring here, so the token is in {credentials().path}, which only you can read. "
            "LOCALLOOP_NO_KEYRING=1 says that this is as it should be."
        )


def _store_here(stack: ExitStack, given: Path | None) -> Store | None:
    """The store that is to belong to the account; None where nobody named one and there is none."""
    from localloop.cli.opening import directory_of, opened
    from localloop_schema.session import DATABASE

    if given is None and not (directory_of(None) / DATABASE).exists():
        return None
    return stack.enter_context(opened(given))


def _refuse_other(owner: Owner, gate: str, email: str | None) -> None:
    owner.refuse_other(
        *(gate, email),
        advice=(
            f"If it is the same platform at a new address: `localloop gate set {gate}`. Else use another store for it."
            if email in (None, owner.account)
            else "Log in with the store's account, or use another store for this one."
        ),
    )


def _with_password(transport: Transport, owner: Owner, email: str | None) -> Account:
    from localloop import config
    from localloop.cli.asking import ask
    from localloop.cli.opening import credentials
    from localloop.platform import login_m2m

    email = email or (owner.account if owner.claimed else None) or ask("E-mail", option="--email")
    password = config.password() or ask("Password", option="$LOCALLOOP_PASSWORD", hidden=True)
    return login_m2m(transport, credentials(), email, password)


def _with_browser(
    out: Output, transport: Transport, fits: Callable[[str], None], port: int, *, opens: bool
) -> Account:
    from localloop.cli.opening import credentials
    from localloop.cli.stopping import stoppable
    from localloop.platform import login_tokens
    from localloop.platform.browser import Callback, show

    with Callback(port) as callback, stoppable():
        page = callback.page_of(transport.gate)
        if opens and show(page):
            out.note("Log in in the browser. If none came up, open:")
        else:
            out.note("Open this in a browser on this machine, and log in there:")
        out.note(f"  {page}")
        tokens = callback.wait()
    return login_tokens(transport, credentials(), tokens["id_token"], tokens["refresh_token"], fits)


def _with_key(transport: Transport, fits: Callable[[str], None]) -> Account:
    from localloop import config
    from localloop.cli.asking import ask
    from localloop.cli.opening import credentials
    from localloop.platform import login_api_key
    from localloop.platform.tokens import Token

    key = config.api_key() or ask("API key", option="$LOCALLOOP_API_KEY", hidden=True)
    token = Token.read(key)
    if token is not None and token.email:
        fits(token.email)  # so that another account's key is not even sent
    return login_api_key(transport, credentials(), key, fits)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "login",
        epilog=examples(
            "localloop login --email you@example.com",
            "localloop login --gate http://192.168.1.20:8080 --email you@example.com",
            "localloop login --browser",
            "localloop login --gate http://192.168.1.20:8080 --profile field",
            "LOCALLOOP_API_KEY=... localloop login --api-key      # in a script",
        ),
    )(login)
