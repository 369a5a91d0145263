"""``localloop profiles``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from localloop.cli.options import JsonOption, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from localloop.platform import CredentialStore, Known


def profiles(as_json: JsonOption = False) -> None:
    """List the accounts that are logged in on this machine, with the names they have.

    Of several accounts at one gate the one with a star is meant where nobody says which. A store uses the token of
    the account that logged in for it, whichever is meant elsewhere.
    """
    from localloop.cli.opening import credentials

    out = Output(as_json=as_json)
    store = credentials()
    found = [(one, _standing(store, one)) for one in store.accounts()]
    out.result(
        {
            "profiles": [
                {
                    "gate": one.gate,
                    "account": one.email,
                    "current": one.current,
                    "names": list(one.profiles),
                    "kept_in": "keyring" if one.in_keyring else "file",
                    "token": standing,
                }
                for one, standing in found
            ]
        }
    )
    if not found:
        out.line("Nobody is logged in: `localloop login`.")
        return
    rows = [
        [", ".join(one.profiles), "*" if one.current else "", one.email, one.gate, standing]
        for one, standing in found
    ]
    out.table(("NAME", "", "ACCOUNT", "GATE", "TOKEN"), rows)


def _standing(store: CredentialStore, one: Known) -> str:
    """How an account's token is, without a word of it."""
    from localloop.cli import human
    from localloop.errors import AuthError
    from localloop.platform.tokens import Token

    try:
        found = store.load(one.gate, one.email)
    except AuthError:
        return "in a keyring that cannot be opened here"
    token = Token.read(found.token) if found is not None else None
    left = 0.0 if token is None else token.expires - time.time()
    if left > 0:
        hours = int(left // 3600)
        return f"valid for {human.count(hours, 'hour')}" if hours else "valid for less than an hour"
    return "renewed at the next sync" if found is not None and found.refresh_token else "has ended"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("profiles", epilog=examples("localloop profiles", "localloop profiles --json"))(profiles)
