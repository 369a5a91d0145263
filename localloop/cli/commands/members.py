"""``localloop members``: who may do what in a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from localloop.cli.options import JsonOption, StoreOption, YesOption, examples
from localloop.cli.output import Output

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from localloop_schema.rows import Row

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="The project.")]
EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="Who.")]

_ROLES = "owner, engineer, annotationManager or annotator"


def ls(project: ProjectArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List a project's members with their roles."""
    from localloop.cli.opening import opened
    from localloop.store.projects import members_of

    out = Output(as_json=as_json)
    with opened(store) as here, here.reading() as connection:
        row = _project(connection, project)
        found = sorted(members_of(connection, row["id"]), key=lambda one: str(one["email"]))
    told = [{"email": one["email"], "role": one["role"]} for one in found]
    out.result({"project": row["name"], "members": told})
    out.table(("ROLE", "MEMBER"), [[one["role"], one["email"]] for one in told])


def add(
    project: ProjectArgument,
    email: EmailArgument,
    role: Annotated[str, typer.Option(help=f"Their role: {_ROLES}.")] = "annotator",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make somebody a member. The next sync tells the platform, which may send an invitation."""
    from localloop.cli.opening import opened
    from localloop.store.projects import add_member

    out = Output(as_json=as_json)
    with opened(store) as here, here.transaction(f"add member {email}") as tx:
        row = add_member(tx, _project(tx.connection, project), email, role)
    out.result({"email": row["email"], "role": row["role"]})
    out.line(f"{row['email']} is a member of {project} as {row['role']}.")


def role(
    project: ProjectArgument,
    email: EmailArgument,
    new: Annotated[str, typer.Argument(metavar="ROLE", help=f"{_ROLES}.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a member another role."""
    from localloop.cli.opening import opened
    from localloop.store.projects import update_member

    out = Output(as_json=as_json)
    with opened(store) as here, here.transaction(f"role of {email}") as tx:
        row = update_member(tx, _project(tx.connection, project), email, new)
    out.result({"email": row["email"], "role": row["role"]})
    out.line(f"{row['email']} is {row['role']} in {project}.")


def rm(
    project: ProjectArgument,
    email: EmailArgument,
    yes: YesOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take somebody out of a project. What they did stays."""
    from localloop.cli.asking import confirm
    from localloop.cli.opening import opened
    from localloop.store.projects import remove_member

    out = Output(as_json=as_json)
    with opened(store) as here:
        if not confirm(f"Take {email} out of {project}?", yes=yes):
            raise typer.Exit
        with here.transaction(f"remove member {email}") as tx:
            remove_member(tx, _project(tx.connection, project), email)
    out.result({"removed": email})
    out.line(f"{email} is no member of {project} any more.")


def _project(connection: Connection, text: str) -> Row:
    from localloop.cli import places
    from localloop.errors import BadRequest

    found = places.find(connection, text)
    if found.dataset is not None:
        raise BadRequest("400", f"Members are a project's: name PROJECT, and not {text!r}.")
    return found.project


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(
        help="Who may do what in a project.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=examples(
            "localloop members ls Fruit", "localloop members add Fruit bob@example.com --role engineer"
        ),
    )
    group.command("ls", epilog=examples("localloop members ls Fruit"))(ls)
    group.command("add", epilog=examples("localloop members add Fruit bob@example.com --role engineer"))(add)
    group.command("role", epilog=examples("localloop members role Fruit bob@example.com annotationManager"))(
        role
    )
    group.command("rm", epilog=examples("localloop members rm Fruit bob@example.com --yes"))(rm)
    app.add_typer(group, name="members")
