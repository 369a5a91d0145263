"""``localloop logout``."""

from __future__ import annotations

import typer

from localloop.cli.options import EmailOption, GateOption, JsonOption, ProfileOption, StoreOption, examples
from localloop.cli.output import Output


def logout(
    gate: GateOption = None,
    email: EmailOption = None,
    profile: ProfileOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget an account's token on this machine.

    The store keeps everything, unsent edits too; they are sent after the next log-in.
    """
    from localloop import config
    from localloop.cli.opening import credentials, directory_of, opened
    from localloop.owner import Owner
    from localloop.platform import logout as forget
    from localloop.platform import normal_gate
    from localloop_schema.session import DATABASE

    out = Output(as_json=as_json)
    if profile is not None:
        gate, email = credentials().profile(profile)
    settings = {}
    if store is not None or (directory_of(None) / DATABASE).exists():
        with opened(store) as here:
            settings = here.settings()
    owner = Owner.of(settings)
    gate = normal_gate(gate or owner.gate or config.default_gate())
    email = email or owner.account_at(gate)
    done = forget(credentials(), gate, email)
    out.result({"gate": gate, "account": email, "logged_out": done})
    out.line(f"Logged out at {gate}." if done else f"Nobody was logged in at {gate}.")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "logout",
        epilog=examples(
            "localloop logout",
            "localloop logout --gate http://192.168.1.20:8080",
            "localloop logout --profile field",
        ),
    )(logout)
