"""``localloop login``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import EmailOption, GateOption, JsonOption, StoreOption, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
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
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log in to the platform.

    The password is $LOCALLOOP_PASSWORD, or asked for; it is sent to the platform and forgotten. What is kept is a
    token: in the system's keyring, else in a file that only you can read. A log-in that fails changes nothing.
    """
    from localloop import config
    from localloop.platform import normal_gate, transport_to

    out = Output(as_json=as_json)
    with ExitStack() as stack:
        here = _store_here(stack, store)
        settings = here.settings() if here else {}
        known = settings.get("gate") or settings.get("login_gate")
        transport = transport_to(gate or known or config.default_gate())
        stack.callback(transport.close)
        _refuse_other(settings, normal_gate(transport.gate), email)
        account = _with_key(transport, settings) if api_key else _with_password(transport, settings, email)
        _refuse_other(settings, account.gate, account.email)
        if here is not None:
            _adopt(here, account)
        told: dict[str, Any] = {"gate": account.gate, "account": account.email}
        out.result({**told, "store": str(here.path) if here else None})
        out.line(f"Logged in as {account.email} at {account.gate}.")
        if here is None:
            out.note("There is no store here yet: make one with `localloop init` or `localloop clone`.")


def _store_here(stack: ExitStack, given: Path | None) -> Store | None:
    """The store that is to belong to the account; None where nobody named one and there is none."""
    from localloop.cli.opening import directory_of, opened
    from localloop_schema.session import DATABASE

    if given is None and not (directory_of(None) / DATABASE).exists():
        return None
    return stack.enter_context(opened(given))


def _refuse_other(settings: dict[str, Any], gate: str, email: str | None) -> None:
    """A store belongs to one account; another one would mix its data with that one's.

    Raises:
        OtherAccountHalt: The store belongs to another gate or account.
    """
    from localloop.errors import OtherAccountHalt

    owner = (settings.get("gate"), settings.get("account"))
    if None in owner or owner == (gate, email or owner[1]):
        return
    raise OtherAccountHalt(
        f"This store belongs to {owner[1]} at {owner[0]}, not to {email or 'an account'} at {gate}.",
        advice=(
            f"If it is the same platform at a new address: `localloop gate set {gate}`. Else use another store for it."
            if email in (None, owner[1])
            else "Log in with the store's account, or use another store for this one."
        ),
    )


def _with_password(transport: Transport, settings: dict[str, Any], email: str | None) -> Account:
    from localloop import config
    from localloop.cli.asking import ask
    from localloop.cli.opening import credentials
    from localloop.platform import login_m2m

    email = email or settings.get("account") or ask("E-mail", option="--email")
    password = config.password() or ask("Password", option="$LOCALLOOP_PASSWORD", hidden=True)
    return login_m2m(transport, credentials(), email, password)


def _with_key(transport: Transport, settings: dict[str, Any]) -> Account:
    from localloop import config
    from localloop.cli.asking import ask
    from localloop.cli.opening import credentials
    from localloop.platform import login_api_key
    from localloop.platform.tokens import Token

    key = config.api_key() or ask("API key", option="$LOCALLOOP_API_KEY", hidden=True)
    token = Token.read(key)
    if token is not None and token.email:
        _refuse_other(settings, transport.gate, token.email)
    return login_api_key(transport, credentials(), key)


def _adopt(store: Store, account: Account) -> None:
    from localloop.syncing import adopt_author

    store.set_settings({"login_gate": account.gate})
    adopt_author(store, account.email)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "login",
        epilog=examples(
            "localloop login --email you@example.com",
            "localloop login --gate http://192.168.1.20:8080 --email you@example.com",
            "LOCALLOOP_API_KEY=... localloop login --api-key      # in a script",
        ),
    )(login)
