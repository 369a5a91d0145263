"""Projects and their members."""

from __future__ import annotations

from sqlmodel import Field

from localloop_schema.tables.entity import Entity


class Project(Entity, table=True):
    """A project: the root of datasets, recipes and tasks. Its id is a UUID."""

    __tablename__ = "projects"

    name: str = Field(index=True)
    role: str = "owner"


class Member(Entity, table=True):
    """A person's role in a project. Its ``remote_id`` is ``{project's remote id}/{e-mail}``."""

    __tablename__ = "members"

    project_id: str = Field(foreign_key="projects.id", index=True)
    email: str
    role: str
