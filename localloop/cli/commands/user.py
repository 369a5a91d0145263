"""``localloop user``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localloop.cli.options import DataOption, JsonOption, StoreOption, YesOption, examples
from localloop.cli.output import Output
from localloop.errors import Conflict, NotFound

if TYPE_CHECKING:
    from localloop.server import Accounts

EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="The account.")]

group = typer.Typer(
    name="user",
    help="Accounts of a store that is served: who may log in.\n\nChanges hold at once, also while it is being served.",
    no_args_is_help=True,
    epilog=examples(
        "localloop user add ann@example.com --data ~/hub",
        "localloop user list --data ~/hub",
    ),
)


@group.command(
    "add",
    epilog=examples(
        'localloop user add ann@example.com --name "Ann Lee" --data ~/hub',
        "LOCALLOOP_PASSWORD=... localloop user add rig@example.com --data ~/hub",
    ),
)
def add(
    email: EmailArgument,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What people call them.", show_default=False)
    ] = "",
    data: DataOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an account. The password is $LOCALLOOP_PASSWORD, or asked for."""
    out, accounts = Output(as_json=as_json), _accounts(data, store)
    if _known(accounts, email):
        raise Conflict(
            "409", f"There is an account {email} already; `localloop user passwd` changes its password."
        )
    accounts.add_user(email, _password(email), name=name)
    out.result({"user": {"email": email, "name": name}})
    out.line(f"Added {email} to {accounts.path.parent}.")


@group.command("list", epilog=examples("localloop user list --data ~/hub"))
def list_(data: DataOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the accounts, and how many API keys each has."""
    out, accounts = Output(as_json=as_json), _accounts(data, store)
    users = [
        {"email": user.email, "name": user.name, "api_keys": len(accounts.api_keys(user.email))}
        for user in accounts.users()
    ]
    out.result({"users": users})
    if not users:
        out.line("There are no accounts yet: `localloop user add EMAIL`.")
        return
    rows = [[str(user["email"]), str(user["name"]), str(user["api_keys"])] for user in users]
    out.table(["E-mail", "Name", "API keys"], rows, right=[2])


@group.command("remove", epilog=examples("localloop user remove bob@example.com --data ~/hub --yes"))
def remove(
    email: EmailArgument,
    yes: YesOption = False,
    data: DataOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove an account.

    Its tokens and API keys are refused from then on. What it did stays, and so do its memberships.
    """
    from localloop.cli.asking import confirm

    out, accounts = Output(as_json=as_json), _accounts(data, store)
    _demand(accounts, email)
    if not confirm(f"Remove the account {email}?", yes=yes):
        out.result({"removed": None})
        out.line("Nothing was removed.")
        return
    accounts.remove_user(email)
    out.result({"removed": email})
    out.line(f"Removed {email}.")


@group.command("passwd", epilog=examples("localloop user passwd ann@example.com --data ~/hub"))
def passwd(
    email: EmailArgument, data: DataOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Change a password: $LOCALLOOP_PASSWORD, or asked for.

    Whoever is logged in as that account has to log in again. API keys stay; each is revoked by itself.
    """
    out, accounts = Output(as_json=as_json), _accounts(data, store)
    _demand(accounts, email)
    accounts.add_user(email, _password(email))
    out.result({"changed": email})
    out.line(f"Changed the password of {email}.")


def _accounts(data: Path | None, store: Path | None) -> Accounts:
    from localloop.cli.opening import accounts_of, directory_of, named_once

    return accounts_of(directory_of(named_once(data, store)))


def _known(accounts: Accounts, email: str) -> bool:
    return any(user.email.casefold() == email.casefold() for user in accounts.users())


def _demand(accounts: Accounts, email: str) -> None:
    if not _known(accounts, email):
        raise NotFound("404", f"There is no account {email}.")


def _password(email: str) -> str:
    from localloop import config
    from localloop.cli.asking import ask

    return config.password() or ask(f"Password for {email}", option="$LOCALLOOP_PASSWORD", hidden=True)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.add_typer(group)
