"""Who may see what: the members of a project see everything in it, others see nothing of it.

What members may do beyond that is said by :mod:`localloop.server.roles`.

What a caller may not see is answered exactly like what is not there, so ids tell a stranger nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, or_, select

from localloop.errors import BadRequest, NotFound
from localloop.server.roles import Role, demand
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_row, live_rows, resolve, table

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")

#: Kinds of which the platform answers 400 to a malformed id, where others are 404.
_CHECKED = frozenset({EntityKind.ANNOTATION, EntityKind.ONTOLOGY, EntityKind.RECIPE})


class StoreOwner(str):
    """The e-mail of whoever the store itself belongs to, as the caller of a gateway: everything in it is theirs.

    Only :class:`localloop.server.accounts.Accounts` makes one, for a token that it has checked.
    """

    __slots__ = ()


def project_ids(connection: Connection, user: str) -> list[str]:
    """The local ids of the projects that a user may see, in id order."""
    projects, members = table(EntityKind.PROJECT).c, table(EntityKind.MEMBER).c
    if isinstance(user, StoreOwner):
        every = select(projects.id).where(projects.deleted_at.is_(None)).order_by(projects.id)
        return [str(found) for found in connection.execute(every).scalars()]
    shared = select(members.project_id).where(
        func.lower(members.email) == user.lower(), members.deleted_at.is_(None)
    )
    query = (
        select(projects.id)
        .where(
            projects.deleted_at.is_(None),
            or_(func.lower(projects.creator) == user.lower(), projects.id.in_(shared)),
        )
        .order_by(projects.id)
    )
    return [str(found) for found in connection.execute(query).scalars()]


def role_in(connection: Connection, user: str, project_id: str | None) -> Role | None:
    """The role of a user in a project; None for who may not see it."""
    if project_id is None:
        return None
    project = get_row(connection, EntityKind.PROJECT, project_id)
    if project is None or project["deleted_at"] is not None:
        return None
    if isinstance(user, StoreOwner):
        return Role.OWNER
    members = live_rows(connection, EntityKind.MEMBER, project_id=project_id)
    held = [Role.of(row["role"]) for row in members if str(row["email"]).lower() == user.lower()]
    if held:
        return max(held)
    return Role.OWNER if str(project["creator"]).lower() == user.lower() else None


def project_of(connection: Connection, kind: EntityKind, row: Mapping[str, Any]) -> str | None:
    """The local id of the project that an entity is in; None for a recipe or ontology that is in none."""
    if kind is EntityKind.PROJECT:
        return str(row["id"])
    if kind in {EntityKind.ITEM, EntityKind.ANNOTATION}:
        dataset = get_row(connection, EntityKind.DATASET, row["dataset_id"])
        return None if dataset is None else str(dataset["project_id"])
    project: str | None = row["project_id"]
    return project


def entity_of(
    connection: Connection, user: str, kind: EntityKind, any_id: Any, least: Role = Role.ANNOTATOR
) -> Row:
    """The live row with this local or platform id, if the user may see it, and may do with it what is asked.

    Raises:
        NotFound: There is none, or the user may not see it.
        Forbidden: The user sees it, but has not the least role.
        BadRequest: The id is malformed, and of a kind for which the platform says so.
    """
    row = resolve(connection, kind, str(any_id))
    if row is None and kind in _CHECKED:
        check_id(kind, any_id)
    held = None if row is None or row["deleted_at"] is not None else _role_on(connection, user, kind, row)
    if row is None or held is None:
        raise NotFound("404", f"{kind.value.capitalize()} not found. Id: {str(any_id)!r}")
    demand(held, least)
    return row


def check_id(kind: EntityKind, any_id: Any) -> None:
    """Refuse what cannot be an id.

    Raises:
        BadRequest: It is not 24 hex digits.
    """
    if not _OBJECT_ID.fullmatch(str(any_id)):
        raise BadRequest("400", f"This is no id of the kind {kind.value}: {str(any_id)!r}")


def _role_on(connection: Connection, user: str, kind: EntityKind, row: Row) -> Role | None:
    project = project_of(connection, kind, row)
    if project is not None:
        return role_in(connection, user, project)
    own = isinstance(user, StoreOwner) or str(row["creator"]).lower() == user.lower()
    return Role.OWNER if own else None
