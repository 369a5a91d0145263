"""Projects and their members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection

from localloop.errors import BadRequest, Conflict, NotFound
from localloop.store.transaction import Transaction
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, live_rows

#: The role of whoever creates a project.
OWNER: Final = "owner"

#: The roles on the wire (docs/platform/wire.md, 2.1).
ROLES: Final = ("owner", "engineer", "annotator", "annotationManager")


def create_project(tx: Transaction, name: str, **facts: Any) -> Row:
    """Create a project; whoever does becomes its owner.

    Args:
        tx: The user action.
        name: The project's name, unlike that of every other project in the store.
        facts: Further columns of the row, such as ``id``.

    Returns:
        The project's row.

    Raises:
        BadRequest: The name is empty.
        Conflict: There is a project of that name. The platform would take it, and then refuse to find either
            of the two by name.
    """
    _check_name(tx, name)
    project = tx.create(EntityKind.PROJECT, {"name": name}, {}, facts={"role": OWNER, **facts})
    tx.create(
        EntityKind.MEMBER, {"email": tx.stamp.author, "role": OWNER}, {EntityKind.PROJECT: project["id"]}
    )
    return project


def update_project(tx: Transaction, project: Row, patch: Mapping[str, Any]) -> Row:
    """Change a project's name; all other keys of the patch are read-only and ignored.

    Raises:
        BadRequest: The name is empty.
        Conflict: Another project has that name.
    """
    name = patch.get("name")
    if name is None or name == project["name"]:
        return project
    _check_name(tx, name)
    return tx.update(EntityKind.PROJECT, project, {"name": name})


def find_project(connection: Connection, name: str) -> Row | None:
    """The live project of this name, or None; the oldest one where a pull brought several."""
    return next(iter(live_rows(connection, EntityKind.PROJECT, name=name)), None)


def members_of(connection: Connection, project_id: str) -> list[Row]:
    """The live members of a project, oldest first."""
    return live_rows(connection, EntityKind.MEMBER, project_id=project_id)


def find_member(connection: Connection, project_id: str, email: str) -> Row | None:
    """The member with this e-mail, upper and lower case alike, or None."""
    wanted = email.casefold()
    return next(
        (row for row in members_of(connection, project_id) if row["email"].casefold() == wanted), None
    )


def add_member(tx: Transaction, project: Row, email: str, role: str) -> Row:
    """Add a person to a project. Adding somebody again in the same role changes nothing.

    Raises:
        BadRequest: The e-mail is empty, or there is no such role.
        Conflict: The person is a member in another role.
    """
    _check_role(role)
    if not email.strip():
        raise BadRequest("400", "A member needs an e-mail address")
    known = find_member(tx.connection, project["id"], email)
    if known is None:
        return tx.create(
            EntityKind.MEMBER, {"email": email.strip(), "role": role}, {EntityKind.PROJECT: project["id"]}
        )
    if known["role"] != role:
        raise Conflict("409", f"{email} is a member already, as {known['role']}")
    return known


def update_member(tx: Transaction, project: Row, email: str, role: str) -> Row:
    """Give a member another role.

    Raises:
        BadRequest: There is no such role, or the project would be left without an owner.
        NotFound: Nobody with this e-mail is a member.
    """
    _check_role(role)
    member = _member(tx, project, email)
    if role != OWNER:
        _keep_an_owner(tx, project, member)
    return tx.update(EntityKind.MEMBER, member, {**to_document(EntityKind.MEMBER, member), "role": role})


def remove_member(tx: Transaction, project: Row, email: str) -> Row:
    """Take a member out of a project.

    Returns:
        The row as it last was.

    Raises:
        BadRequest: The project would be left without an owner.
        NotFound: Nobody with this e-mail is a member.
    """
    member = _member(tx, project, email)
    _keep_an_owner(tx, project, member)
    tx.delete(EntityKind.MEMBER, member)
    return member


def _check_name(tx: Transaction, name: Any) -> None:
    if not isinstance(name, str) or not name.strip():
        raise BadRequest("400", "A project needs a name")
    if find_project(tx.connection, name) is not None:
        raise Conflict("409", f"Project already exists. Name: {name!r}")


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise BadRequest("400", f"Unknown role: {role!r}. Roles are: {', '.join(ROLES)}")


def _member(tx: Transaction, project: Row, email: str) -> Row:
    member = find_member(tx.connection, project["id"], email)
    if member is None:
        raise NotFound("404", f"Member not found. Email: {email!r}")
    return member


def _keep_an_owner(tx: Transaction, project: Row, member: Row) -> None:
    owners = [row["id"] for row in members_of(tx.connection, project["id"]) if row["role"] == OWNER]
    if owners == [member["id"]]:
        raise BadRequest("400", f"{member['email']} is the only owner of the project")
