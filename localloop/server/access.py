"""Who may see what: the members of a project see everything in it, others see nothing of it.

What a caller may not see is answered exactly like what is not there, so ids tell a stranger nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, or_, select

from localloop.errors import BadRequest, NotFound
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_row, live_rows, resolve, table

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")

#: Kinds of which the platform answers 400 to a malformed id, where others are 404.
_CHECKED = frozenset({EntityKind.ANNOTATION, EntityKind.ONTOLOGY})


def project_ids(connection: Connection, user: str) -> list[str]:
    """The local ids of the projects that a user may see, in id order."""
    projects, members = table(EntityKind.PROJECT).c, table(EntityKind.MEMBER).c
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


def may_see(connection: Connection, user: str, project_id: str | None) -> bool:
    """Whether a user is a member of a project."""
    if project_id is None:
        return False
    project = get_row(connection, EntityKind.PROJECT, project_id)
    if project is None or project["deleted_at"] is not None:
        return False
    if str(project["creator"]).lower() == user.lower():
        return True
    members = live_rows(connection, EntityKind.MEMBER, project_id=project_id)
    return any(str(member["email"]).lower() == user.lower() for member in members)


def project_of(connection: Connection, kind: EntityKind, row: Mapping[str, Any]) -> str | None:
    """The local id of the project that an entity is in; None for a recipe or ontology that is in none."""
    if kind is EntityKind.PROJECT:
        return str(row["id"])
    if kind in {EntityKind.ITEM, EntityKind.ANNOTATION}:
        dataset = get_row(connection, EntityKind.DATASET, row["dataset_id"])
        return None if dataset is None else str(dataset["project_id"])
    project: str | None = row["project_id"]
    return project


def entity_of(connection: Connection, user: str, kind: EntityKind, any_id: Any) -> Row:
    """The live row with this local or platform id, if the user may see it.

    Raises:
        NotFound: There is none, or the user may not see it.
        BadRequest: The id is malformed, and of a kind for which the platform says so.
    """
    row = resolve(connection, kind, str(any_id))
    if row is None and kind in _CHECKED:
        check_id(kind, any_id)
    if row is None or row["deleted_at"] is not None or not _visible(connection, user, kind, row):
        raise NotFound("404", f"{kind.value.capitalize()} not found. Id: {str(any_id)!r}")
    return row


def check_id(kind: EntityKind, any_id: Any) -> None:
    """Refuse what cannot be an id.

    Raises:
        BadRequest: It is not 24 hex digits.
    """
    if not _OBJECT_ID.fullmatch(str(any_id)):
        raise BadRequest("400", f"This is not the id of an {kind.value}: {str(any_id)!r}")


def _visible(connection: Connection, user: str, kind: EntityKind, row: Row) -> bool:
    project = project_of(connection, kind, row)
    if project is None:
        return str(row["creator"]).lower() == user.lower()
    return may_see(connection, user, project)
