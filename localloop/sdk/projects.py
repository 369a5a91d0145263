"""Projects and their members."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from localloop.errors import BadRequest, Forbidden, NotFound
from localloop.sdk.datasets import Datasets
from localloop.sdk.entity import Entity, EntityList, Field, text_of
from localloop.sdk.platform_only import WithPlatformOnly
from localloop.sdk.recipes import Recipes
from localloop.sdk.shape import shaped
from localloop.sdk.tasks import Tasks
from localloop.store import Store
from localloop.store.projects import (
    add_member,
    create_project,
    find_project,
    members_of,
    remove_member,
    update_member,
    update_project,
)
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

logger = logging.getLogger("localloop")

#: The store's setting that names the project to use when none is given.
CHECKED_OUT = "checked_out_project"


class MemberRole(StrEnum):
    """What a member may do. Every role has two names, as guides of different ages write them."""

    OWNER = "owner"
    DEVELOPER = "engineer"
    ANNOTATOR = "annotator"
    ANNOTATION_MANAGER = "annotationManager"
    Owner = OWNER
    Developer = DEVELOPER
    Annotator = ANNOTATOR
    AnnotationManager = ANNOTATION_MANAGER


@dataclass(frozen=True)
class User:
    """A member of a project."""

    email: str
    role: str


class Project(Entity):
    """A project: datasets, recipes, tasks, and the people who work on them."""

    kind = EntityKind.PROJECT
    _shown = ("id", "name", "creator", "created_at")

    name = Field[str]("name")
    role = Field[str]("role")

    @property
    def datasets(self) -> Datasets:
        """The project's datasets."""
        return Datasets(self._store, self.id)

    @property
    def recipes(self) -> Recipes:
        """The project's recipes."""
        return Recipes(self._store, project_id=self.id)

    @property
    def tasks(self) -> Tasks:
        """The project's tasks."""
        return Tasks(self._store, project_id=self.id)

    def add_member(self, email: str, role: MemberRole | str = MemberRole.DEVELOPER) -> User:
        """Add a person.

        Args:
            email: Who.
            role: What they may do.

        Raises:
            BadRequest: There is no such role.
            Conflict: They are a member in another role.
        """
        return Projects(self._store).add_member(email, self.id, role)

    def update_member(self, email: str, role: MemberRole | str = MemberRole.DEVELOPER) -> User:
        """Give a member another role.

        Args:
            email: Who.
            role: What they may do.

        Raises:
            BadRequest: There is no such role.
            NotFound: They are no member.
        """
        return Projects(self._store).update_member(email, self.id, role)

    def remove_member(self, email: str) -> User:
        """Take a member out.

        Raises:
            NotFound: They are no member.
        """
        return Projects(self._store).remove_member(email, self.id)

    def list_members(self, role: MemberRole | str | None = None) -> Sequence[User]:
        """The members.

        Args:
            role: Only those in this role.
        """
        return Projects(self._store).list_members(self, role)

    def update(self) -> Project:
        """Store a new name.

        Returns:
            This project, as it then is.
        """
        with self._store.transaction(f"update project {self.name}") as tx:
            row = update_project(tx, tx.row(self.kind, self.id), self._changes())
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def delete(self, sure: bool = False, really: bool = False) -> bool:
        """Delete the project with all that is in it.

        Args:
            sure: Whether you are sure.
            really: Whether you really are.

        Raises:
            Forbidden: You are not.
        """
        if not (sure and really):
            raise Forbidden("403", "Cannot delete project from SDK. Please use sure=True and really=True")
        with self._store.transaction(f"delete project {self.name}") as tx:
            tx.delete(self.kind, tx.row(self.kind, self.id))
        return True

    def checkout(self) -> None:
        """Make this the project to use when none is named."""
        self._store.set_settings({CHECKED_OUT: self.id})


class Projects(WithPlatformOnly):
    """The projects of a store.

    Args:
        store: Where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, project_name: str, checkout: bool = False) -> Project:
        """Create a project; its creator becomes its owner.

        Args:
            project_name: Its name, unlike that of every other project.
            checkout: Whether to make it the project to use when none is named.

        Raises:
            BadRequest: The name is empty.
            Conflict: There is a project of that name.
        """
        with self._store.transaction(f"create project {project_name}") as tx:
            row = create_project(tx, project_name)
        return self._checked_out(row, checkout)

    def get(
        self, project_name: str | None = None, project_id: str | None = None, checkout: bool = False
    ) -> Project:
        """One project by its name, or by its local or platform id; the checked-out one when neither is given.

        Args:
            project_name: The name.
            project_id: The id.
            checkout: Whether to make it the project to use when none is named.

        Raises:
            BadRequest: Nothing is named and nothing is checked out.
            NotFound: There is none.
        """
        if project_id is None and project_name is None:
            project_id = self._store.settings().get(CHECKED_OUT)
            if project_id is None:
                raise BadRequest("400", "No project is checked out: name one, or check one out")
        if project_id is not None:
            row = self._store.get(EntityKind.PROJECT, project_id)
            if row is None:
                raise NotFound("404", f"Project not found. Id: {project_id!r}")
            if project_name is not None and row["name"] != project_name:
                logger.warning("The project %s is named %r, not %r", project_id, row["name"], project_name)
        else:
            with self._store.reading() as connection:
                row = find_project(connection, project_name or "")
            if row is None:
                raise NotFound("404", f"Project not found. Name: {project_name!r}")
        return self._checked_out(row, checkout)

    def list(self) -> EntityList[Project]:
        """All projects."""
        return self._build(self._store.rows(EntityKind.PROJECT))

    def delete(
        self,
        project_name: str | None = None,
        project_id: str | None = None,
        sure: bool = False,
        really: bool = False,
    ) -> bool:
        """Delete a project with all that is in it; see :meth:`Project.delete`."""
        return self.get(project_name, project_id).delete(sure=sure, really=really)

    def add_member(self, email: str, project_id: str, role: MemberRole | str = MemberRole.DEVELOPER) -> User:
        """Add a person to a project; see :meth:`Project.add_member`."""
        with self._store.transaction(f"add member {email}") as tx:
            row = add_member(tx, tx.row(EntityKind.PROJECT, project_id), email, str(text_of(role)))
        return _user(row)

    def update_member(
        self, email: str, project_id: str, role: MemberRole | str = MemberRole.DEVELOPER
    ) -> User:
        """Give a member another role; see :meth:`Project.update_member`."""
        with self._store.transaction(f"update member {email}") as tx:
            row = update_member(tx, tx.row(EntityKind.PROJECT, project_id), email, str(text_of(role)))
        return _user(row)

    def remove_member(self, email: str, project_id: str) -> User:
        """Take a member out; see :meth:`Project.remove_member`."""
        with self._store.transaction(f"remove member {email}") as tx:
            row = remove_member(tx, tx.row(EntityKind.PROJECT, project_id), email)
        return _user(row)

    def list_members(self, project: Project, role: MemberRole | str | None = None) -> Sequence[User]:
        """The members of a project; see :meth:`Project.list_members`."""
        with self._store.reading() as connection:
            rows = members_of(connection, project.id)
        return [_user(row) for row in rows if role is None or row["role"] == text_of(role)]

    def checkout(
        self,
        identifier: str | None = None,
        project_name: str | None = None,
        project_id: str | None = None,
        project: Project | None = None,
    ) -> None:
        """Make a project the one to use when none is named.

        Args:
            identifier: Its name, or either id, or
            project_name: its name, or
            project_id: either id, or
            project: the project itself.

        Raises:
            BadRequest: Nothing is named.
            NotFound: There is none.
        """
        if project is None and identifier is not None:
            known = self._store.get(EntityKind.PROJECT, identifier)
            project_id, project_name = (known["id"], None) if known is not None else (None, identifier)
        if project is None and project_id is None and project_name is None:
            raise BadRequest("400", "Name the project to check out.")
        (project or self.get(project_name=project_name, project_id=project_id)).checkout()

    def update(self, project: Project, system_metadata: bool = False) -> Project:
        """Store what was changed in a project; ``system_metadata`` is not used, as projects have none."""
        del system_metadata
        return project.update()

    def _checked_out(self, row: Row, checkout: bool) -> Project:
        project = self._build([row])[0]
        if checkout:
            project.checkout()
        return project

    def _build(self, rows: Sequence[Row]) -> EntityList[Project]:
        return EntityList(Project(self._store, one) for one in shaped(self._store, EntityKind.PROJECT, rows))


def _user(row: Row) -> User:
    return User(row["email"], row["role"])
