"""Which projects, datasets and items of the platform a store mirrors. What it mirrors no more stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, chunks, listed, rows_where, table
from localloop_schema.tables import (
    BaseSnapshot,
    Blob,
    Checkpoint,
    FeedPosition,
    Subscription,
    Unfollowed,
)
from localloop_sync.drivers import oplog
from localloop_sync.drivers.translate import local_ids
from localloop_sync.ports import Target, Unwatched, Wanted

_BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]
_MARKS: Any = Checkpoint.__table__  # type: ignore[attr-defined]
_POSITIONS: Any = FeedPosition.__table__  # type: ignore[attr-defined]
_SUBSCRIPTIONS: Any = Subscription.__table__  # type: ignore[attr-defined]
_UNFOLLOWED: Any = Unfollowed.__table__  # type: ignore[attr-defined]

# Statements that each sync runs are built once: building one takes several times as long as running it.
_ALL = select(_SUBSCRIPTIONS).order_by(_SUBSCRIPTIONS.c.id)
_ANY_UNFOLLOWED = select(_UNFOLLOWED.c.item_id).limit(1)
_READ_THROUGH = (
    select(_MARKS.c.dataset_id)
    .where(_MARKS.c.phase == "delta")
    .group_by(_MARKS.c.dataset_id)
    .having(func.count() == len((EntityKind.ITEM, EntityKind.ANNOTATION)))
)


def _wanted_content() -> Select[Any]:
    """What is not here of the files of some datasets, a JSON array of local ids."""
    items = table(EntityKind.ITEM).c
    here = select(_BLOBS.c.digest).where(_BLOBS.c.digest == items.digest).exists()
    columns = (items.id, items.remote_id, items["size"], items.digest, items.filename, items.updated_at)
    return (
        select(*columns)
        .where(
            items.dataset_id.in_(listed("datasets")),
            ~here,
            items.type == "file",
            items.deleted_at.is_(None),
            items.remote_id.is_not(None),
            items.id.not_in(select(_UNFOLLOWED.c.item_id)),
        )
        .order_by(items.id)
    )


_WANTED = _wanted_content()


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One subscription.

    Attributes:
        project_id: The project's local id.
        dataset_id: The dataset's local id; None for the whole project.
        content: Whether files are kept here too.
        items: The filter that items match; None where all are mirrored.
        left: Whether it was left: nothing is pulled.
    """

    project_id: str
    dataset_id: str | None
    content: bool = False
    items: Document | None = None
    left: bool = False

    @property
    def where(self) -> str:
        """The filter as text, equal for equal filters; empty for none."""
        return "" if self.items is None else json.dumps(self.items, sort_keys=True)


def subscriptions(connection: Connection) -> list[Subscribed]:
    """All subscriptions, in the order in which they were made."""
    rows = connection.execute(_ALL).mappings()
    return [_subscribed(dict(row)) for row in rows]


def targets(connection: Connection) -> list[Target]:
    """See :meth:`localloop_sync.ports.Journal.targets`."""
    said = {(one.project_id, one.dataset_id): one for one in subscriptions(connection)}
    through = _read_through(connection)
    found = []
    for project in rows_where(connection, EntityKind.PROJECT):
        # One that was deleted here is looked at too: its deletion waits for what is new in it.
        if project["remote_id"] is None:
            continue
        whole = said.get((project["id"], None))
        there = {
            row["id"]: row["remote_id"]
            for row in rows_where(connection, EntityKind.DATASET, project_id=project["id"])
            if row["remote_id"] is not None
        }
        # A dataset that nobody subscribed to was made here: it is mirrored like its project.
        of = {one: said.get((project["id"], one)) or whole for one in there}
        datasets = {one: there[one] for one, by in of.items() if by is None or not by.left}
        if whole is not None and whole.left and not datasets:
            continue
        found.append(
            Target(
                project["id"],
                project["remote_id"],
                whole is not None and not whole.left,
                datasets,
                frozenset(datasets.keys() - through),
                {one: by.where for one in datasets if (by := of[one]) is not None and by.where},
                frozenset(there[one] for one in there.keys() - datasets.keys()),
            )
        )
    return found


def subscribe(connection: Connection, wanted: Subscribed, at: str) -> None:
    """Mirror a project, or a dataset of it, from the next pull on.

    The feed has passed by what was not wanted so far, so the next pull does without it. When a dataset's filter
    changes, everything that matches the new one is listed again, and until then nothing of it is followed: so nothing
    that is missing from that listing looks deleted.
    """
    before = _of(connection, wanted.project_id, wanted.dataset_id)
    connection.execute(delete(_POSITIONS).where(_POSITIONS.c.project_id == wanted.project_id))
    _put(connection, wanted, at)
    where = before.where if before is not None else ""
    if wanted.dataset_id is None or where == wanted.where:
        return
    connection.execute(delete(_MARKS).where(_MARKS.c.dataset_id == wanted.dataset_id))
    connection.execute(delete(_UNFOLLOWED).where(_UNFOLLOWED.c.dataset_id == wanted.dataset_id))
    if wanted.where:
        items = select(_BASES.c.entity_id, _BASES.c.dataset_id).where(
            _BASES.c.kind == EntityKind.ITEM.value, _BASES.c.dataset_id == wanted.dataset_id
        )
        connection.execute(insert(_UNFOLLOWED).from_select(["item_id", "dataset_id"], items))


def leave(connection: Connection, project_id: str, dataset_id: str | None, at: str) -> None:
    """Mirror a project, or a dataset of it, no more. What is here stays, and what is unsent is sent."""
    connection.execute(delete(_POSITIONS).where(_POSITIONS.c.project_id == project_id))
    for one in subscriptions(connection):
        if (
            one.project_id == project_id
            and one.dataset_id is not None
            and dataset_id in (None, one.dataset_id)
        ):
            _put(connection, Subscribed(project_id, one.dataset_id, one.content, one.items, left=True), at)
    before = _of(connection, project_id, dataset_id)
    if before is None or not before.left:
        content = before is not None and before.content
        _put(connection, Subscribed(project_id, dataset_id, content, left=True), at)


def wanted(connection: Connection) -> list[Wanted]:
    """See :meth:`localloop_sync.ports.Journal.wanted`. What is not followed is not fetched either."""
    chosen = keeping_content(connection)
    if not chosen:
        return []
    return [Wanted(*one) for one in connection.execute(_WANTED, {"datasets": json.dumps(chosen)})]


def keeping_content(connection: Connection) -> list[str]:
    """The datasets (local ids) whose files each sync fetches."""
    every = subscriptions(connection)
    own = {one.dataset_id for one in every}  # a dataset's own subscription goes before its project's
    chosen: list[str] = []
    for one in every:
        if one.left or not one.content:
            continue
        if one.dataset_id is not None:
            chosen.append(one.dataset_id)
        else:
            rows = rows_where(connection, EntityKind.DATASET, project_id=one.project_id)
            chosen += [row["id"] for row in rows if row["id"] not in own]
    return chosen


def follow(connection: Connection, ids: Iterable[str]) -> None:
    """See :meth:`localloop_sync.ports.Journal.follow`."""
    for part in chunks(ids):
        here = local_ids(connection, EntityKind.ITEM, part)
        connection.execute(delete(_UNFOLLOWED).where(_UNFOLLOWED.c.item_id.in_(list(here.values()))))


def unfollow(connection: Connection, ids: Sequence[str]) -> None:
    """See :meth:`localloop_sync.ports.Journal.unfollow`."""
    annotations = table(EntityKind.ANNOTATION).c
    for part in chunks(ids):
        busy = select(annotations.item_id).where(
            annotations.item_id.in_(part),
            annotations.id.in_(oplog.unsent(EntityKind.ANNOTATION)),
        )
        going = select(_BASES.c.entity_id, _BASES.c.dataset_id).where(
            _BASES.c.kind == EntityKind.ITEM.value,
            _BASES.c.entity_id.in_(part),
            _BASES.c.entity_id.not_in(oplog.unsent(EntityKind.ITEM)),
            _BASES.c.entity_id.not_in(busy),
        )
        statement = insert(_UNFOLLOWED).prefix_with("OR IGNORE")
        connection.execute(statement.from_select(["item_id", "dataset_id"], going))


def unwatched(connection: Connection) -> list[Unwatched]:
    """See :meth:`localloop_sync.ports.Journal.unwatched`."""
    left = _left(connection)
    if not left and connection.execute(_ANY_UNFOLLOWED).first() is None:
        return []
    datasets = table(EntityKind.DATASET)
    found = []
    for kind in (EntityKind.DATASET, EntityKind.ITEM, EntityKind.ANNOTATION):
        columns = table(kind).c
        touched = _BASES.c.entity_id.in_(oplog.unsent(kind))
        if kind is EntityKind.ITEM:  # one with an unsent annotation may be gone, and the annotation with it
            annotations = table(EntityKind.ANNOTATION).c
            below = select(annotations.item_id).where(annotations.id.in_(oplog.unsent(EntityKind.ANNOTATION)))
            touched = or_(touched, _BASES.c.entity_id.in_(below))
        unseen = _BASES.c.dataset_id.in_(left)
        if kind is not EntityKind.DATASET:
            item = columns.id if kind is EntityKind.ITEM else columns.item_id
            unseen = or_(unseen, item.in_(select(_UNFOLLOWED.c.item_id)))
        owner = datasets.alias()
        query = (
            select(_BASES.c.dataset_id, owner.c.remote_id.label("dataset"), _BASES.c.remote_id, columns.id)
            .join_from(_BASES, table(kind), columns.id == _BASES.c.entity_id)
            .join(owner, owner.c.id == _BASES.c.dataset_id)
            .where(_BASES.c.kind == kind.value, touched, unseen)
        )
        by_dataset: dict[tuple[str, str], dict[str, str]] = {}
        for row in connection.execute(query):
            by_dataset.setdefault((row[0], row[1]), {})[row[2]] = row[3]
        found += [Unwatched(kind, local, remote, ids) for (local, remote), ids in by_dataset.items()]
    return found


def _left(connection: Connection) -> list[str]:
    """The datasets (local ids) that are mirrored no more."""
    if not any(one.left for one in subscriptions(connection)):
        return []
    followed = {local for target in targets(connection) for local in target.datasets}
    return [row["id"] for row in rows_where(connection, EntityKind.DATASET) if row["id"] not in followed]


def _of(connection: Connection, project_id: str, dataset_id: str | None) -> Subscribed | None:
    row = connection.execute(select(_SUBSCRIPTIONS).where(_named(project_id, dataset_id))).mappings().first()
    return None if row is None else _subscribed(dict(row))


def _put(connection: Connection, one: Subscribed, at: str) -> None:
    connection.execute(delete(_SUBSCRIPTIONS).where(_named(one.project_id, one.dataset_id)))
    said: Document = {"content": one.content}
    said |= {"items": one.items} if one.items is not None else {}
    said |= {"left": True} if one.left else {}
    row = {"project_id": one.project_id, "dataset_id": one.dataset_id, "filter": said, "created_at": at}
    connection.execute(insert(_SUBSCRIPTIONS), row)


def _named(project_id: str, dataset_id: str | None) -> ColumnElement[bool]:
    columns = _SUBSCRIPTIONS.c
    dataset = columns.dataset_id.is_(None) if dataset_id is None else columns.dataset_id == dataset_id
    return and_(columns.project_id == project_id, dataset)


def _subscribed(row: Row) -> Subscribed:
    said = row["filter"] or {}
    where = (bool(said.get("content")), said.get("items"), bool(said.get("left")))
    return Subscribed(row["project_id"], row["dataset_id"], *where)


def _read_through(connection: Connection) -> set[str]:
    """Datasets (local ids) whose items and whose annotations have been listed to the end at least once."""
    return set(connection.execute(_READ_THROUGH).scalars())
