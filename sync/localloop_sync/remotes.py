"""What a platform is asked for and what it answers, as values: entities, scopes, cursors, spans, pages and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind


@dataclass(frozen=True, slots=True)
class RemoteEntity:
    """An entity as the platform has it.

    Attributes:
        kind: What it is.
        id: Its id on the platform. A member's is ``{project id}/{e-mail}``.
        document: The editable part, in the platform's ids (see ``localloop_schema.documents``).
        parents: The platform's ids of its parents, by kind.
        facts: Columns of the mirror row that no document holds: ``creator, created_at, updated_at, updated_by,
            hash, mimetype, hidden, ...``; the key ``derived`` holds the derived part of ``metadata.system``.
    """

    kind: EntityKind
    id: str
    document: Document
    parents: Mapping[EntityKind, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def updated_at(self) -> str:
        """When the platform says it last changed: ISO-8601 text, or empty when it does not say."""
        return str(self.facts.get("updated_at") or "")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: ids on the platform. ``item`` narrows annotations to one item.

    ``recipe`` is the one that a task is created with, the dataset's first when it is None; ``task`` the one that an
    assignment is created in. ``where`` is a filter of items as JSON text (docs/platform/wire.md, 4.5.1): it narrows
    pages, counts and looks by id to the items that match, and to their annotations.
    """

    project: str | None = None
    dataset: str | None = None
    item: str | None = None
    recipe: str | None = None
    task: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a listing goes on. By id when ``updated_at`` is None, else by ``(updated_at, id)``; both exclusive."""

    id: str = ""
    updated_at: str | None = None


class Key(StrEnum):
    """What a span cuts by: ids or times, each in the order of their texts."""

    ID = "id"
    UPDATED_AT = "updatedAt"


@dataclass(frozen=True, slots=True)
class Span:
    """Entities whose key lies beyond ``after`` (empty: from the first) and not beyond ``upto`` (None: to the last)."""

    key: Key = Key.ID
    after: str = ""
    upto: str | None = None


@dataclass(frozen=True, slots=True)
class RemotePage:
    """One page of a listing. ``more`` says whether entities follow after the last one."""

    entities: Sequence[RemoteEntity]
    more: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a platform's change feed: after the change ``seq``, in the stretch named ``epoch``."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Change:
    """The last change of an entity: the entity as it is now, or None when it was deleted.

    ``dataset`` is the platform's id of the dataset that it is in, where it is in one; a dataset is in itself.
    """

    kind: EntityKind
    id: str
    dataset: str | None
    entity: RemoteEntity | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes in the order of their commits, the place after them, and whether more follow."""

    changes: Sequence[Change]
    place: Place
    more: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Who is logged in where."""

    gate: str
    email: str
