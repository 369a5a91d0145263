"""The journal over SQLite: the store as the engine sees it. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select

from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row, get_row, get_rows, update_row
from localloop_schema.session import reading, writing
from localloop_schema.tables import BaseSnapshot, Blob, Checkpoint, FeedPosition, Setting
from localloop_sync.core.operation import State
from localloop_sync.core.plan import Job
from localloop_sync.core.policy import Rule
from localloop_sync.drivers import conflicts, knowing, oplog, replacing, states, subscribing
from localloop_sync.drivers.burying import Undertaker, names
from localloop_sync.drivers.deciding import Arbiter, Decided
from localloop_sync.drivers.identity import Identity
from localloop_sync.drivers.observing import Observer
from localloop_sync.drivers.oplog import Stamp
from localloop_sync.drivers.reverting import Reverter
from localloop_sync.drivers.sending import Sender, held_paths
from localloop_sync.drivers.translate import remote_ids
from localloop_sync.drivers.trash import expire
from localloop_sync.errors import OtherAccountHalt
from localloop_sync.ports import (
    Account,
    Clock,
    Cursor,
    Mark,
    Observed,
    Place,
    Position,
    RemoteEntity,
    Span,
    Target,
    Unwatched,
    Wanted,
)
from localloop_sync.report import SyncReport

_BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]
_MARKS: Any = Checkpoint.__table__  # type: ignore[attr-defined]
_POSITIONS: Any = FeedPosition.__table__  # type: ignore[attr-defined]
_SETTINGS: Any = Setting.__table__  # type: ignore[attr-defined]

# Statements are built once: building one takes several times as long as running it.
_ALL_SETTINGS = select(_SETTINGS.c.key, _SETTINGS.c.value)
_SET = insert(_SETTINGS).prefix_with("OR REPLACE")
_MARK = select(_MARKS).where(
    _MARKS.c.dataset_id == bindparam("dataset"), _MARKS.c.resource == bindparam("resource")
)
_WRITE_MARK = insert(_MARKS).prefix_with("OR REPLACE")
_POSITION = select(_POSITIONS).where(_POSITIONS.c.project_id == bindparam("project"))
_WRITE_POSITION = insert(_POSITIONS).prefix_with("OR REPLACE")
_KNOW_BLOB = insert(_BLOBS).prefix_with("OR IGNORE")


#: The setting that says where the feed stood after the last push.
_WITNESS = "feed_after_push"


class SqliteJournal:
    """Implements :class:`localloop_sync.ports.Journal` over a store's database.

    Args:
        engine: The store's engine.
        identity: Makes ids.
        clock: Time.
    """

    def __init__(self, engine: Engine, identity: Identity, clock: Clock) -> None:
        self._engine = engine
        self._identity = identity
        self._clock = clock
        self._decided = 0

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, Stamp]]:
        with writing(self._engine) as connection:
            settings = _settings(connection)
            yield (
                connection,
                Stamp(
                    batch=self._identity.operation_id(),
                    action=oplog.SYNC,
                    author=str(settings.get("author") or ""),
                    device=str(settings.get("device") or ""),
                    at=self._clock.now(),
                ),
            )

    def claim(self, account: Account) -> None:
        """Tie the store to an account at its first sync."""
        with self._writing() as (connection, _):
            settings = _settings(connection)
            owner = (settings.get("gate"), settings.get("account"))
            if None in owner:
                _set(connection, {"gate": account.gate, "account": account.email})
            elif owner != (account.gate, account.email):
                raise OtherAccountHalt(
                    f"This store belongs to {owner[1]} at {owner[0]}, "
                    f"but {account.email} is logged in at {account.gate}.",
                    advice="Log in with the store's account, or use another store for this one.",
                )

    def targets(self) -> list[Target]:
        """The projects to pull, as far as the platform has them."""
        with reading(self._engine) as connection:
            return subscribing.targets(connection)

    def mark(self, dataset_id: str, kind: EntityKind) -> Mark | None:
        """How far the pull of a resource has come; None before the first page."""
        with reading(self._engine) as connection:
            parameters = {"dataset": dataset_id, "resource": kind.value}
            row = connection.execute(_MARK, parameters).mappings().first()
            if row is None:
                return None
            bootstrap = row["phase"] == "bootstrap"
            # Where bases are lost, nothing can be said to have been seen.
            if not bootstrap and knowing.any_unproven(connection, kind, dataset_id):
                return None
        cursor = Cursor(row["cursor_id"], None if bootstrap else row["updated_at"])
        fields = (row["since"], row["pulls"], row["swept_at"], row["wary_until"])
        return Mark(dataset_id, kind, cursor, *fields)

    def position(self, project_id: str) -> Position | None:
        """How far the change feed of a project (local id) was read; None when a plain pull has to come first."""
        with reading(self._engine) as connection:
            row = connection.execute(_POSITION, {"project": project_id}).mappings().first()
            if row is None or any(knowing.any_unproven(connection, kind) for kind in EntityKind):
                return None
        return Position(project_id, Place(row["epoch"], row["seq"]), row["pulls"])

    def unproven(self, kind: EntityKind) -> dict[str, dict[str, str]]:
        """Entities that the platform has and whose base is lost: platform id → local id, by their datasets there."""
        with reading(self._engine) as connection:
            return knowing.unproven(connection, kind)

    def witness(self) -> tuple[str, Place] | None:
        """Where the feed of a project (local id) stood after the last push, until a pull has come past it."""
        with reading(self._engine) as connection:
            said = _settings(connection).get(_WITNESS)
        return (said["project"], Place(said["epoch"], said["seq"])) if said else None

    def attest(self, witness: tuple[str, Place] | None) -> None:
        """Write down, or forget, where the feed stood after a push."""
        said = None
        if witness is not None:
            project, place = witness
            said = {"project": project, "epoch": place.epoch, "seq": place.seq}
        with writing(self._engine) as connection:
            _set(connection, {_WITNESS: said})

    def observe(
        self, kind: EntityKind, entities: Sequence[RemoteEntity], mark: Mark | Position | None = None
    ) -> Observed:
        """Reconcile entities with what is here, and move the mark along unless that is left unfinished."""
        with self._writing() as (connection, stamp):
            observer = Observer(connection, self._identity, stamp)
            observed = observer.observe(kind, entities)
            observed.conflicts -= self._decide(connection, stamp, observer.opened).conflicts
            if mark is not None and not observed.unfinished:
                _write_mark(connection, mark)
            return observed

    def absent(
        self, kind: EntityKind, ids: Sequence[str], *, most: int | None = None
    ) -> tuple[dict[EntityKind, int], int]:
        """Take over that the platform has these entities (local ids) no more."""
        with self._writing() as (connection, stamp):
            undertaker = Undertaker(connection, self._identity, stamp)
            deleted, opened = undertaker.absent(kind, ids, most=most)
            decided = self._decide(connection, stamp, undertaker.opened)
            for one, number in decided.deleted.items():
                deleted[one] = deleted.get(one, 0) + number
            return deleted, opened - decided.conflicts

    def _decide(self, connection: Connection, stamp: Stamp, opened: Sequence[str]) -> Decided:
        """Decide what was just opened by the policies that are set."""
        if not opened:
            return Decided()
        rules = [Rule.from_json(one) for one in _settings(connection).get("policies") or ()]
        decided = Arbiter(connection, self._identity, stamp, rules).decide(opened)
        self._decided += decided.conflicts
        return decided

    def make_anew(self, kind: EntityKind, ids: Sequence[str]) -> dict[EntityKind, int]:
        """Forget that the platform ever had these entities (local ids): the push makes them again."""
        with self._writing() as (connection, stamp):
            return Reverter(connection, self._identity, stamp).make_anew(kind, ids)

    def step_back(self, kind: EntityKind, entities: Sequence[RemoteEntity]) -> None:
        """Take what the platform has in an older state than was agreed on for what both sides agree on now."""
        with self._writing() as (connection, stamp):
            Reverter(connection, self._identity, stamp).step_back(kind, entities)

    def known(
        self,
        kind: EntityKind,
        *,
        dataset: str | None = None,
        project: str | None = None,
        among: Sequence[str] | None = None,
    ) -> dict[str, str]:
        """Entities that both sides know, below a dataset or project (local ids): platform id → local id."""
        with reading(self._engine) as connection:
            return knowing.known(connection, kind, dataset=dataset, project=project, among=among)

    def replaced(self, ids: Sequence[str], fresh: Sequence[str]) -> set[str]:
        """Those of these items (local ids), which the platform has no more, that have another in their place."""
        with reading(self._engine) as connection:
            return replacing.replaced(connection, ids, fresh)

    def follow(self, ids: Sequence[str]) -> None:
        """These items (platform ids) match their dataset's filter: pulls look at them from now on."""
        with self._writing() as (connection, _):
            subscribing.follow(connection, ids)

    def unfollow(self, ids: Sequence[str]) -> None:
        """These items (local ids) match no more: they stay, and no pull looks at those that have nothing unsent."""
        with self._writing() as (connection, _):
            subscribing.unfollow(connection, ids)

    def unwatched(self) -> list[Unwatched]:
        """What has something unsent and is looked at by no pull, items before annotations."""
        with reading(self._engine) as connection:
            return subscribing.unwatched(connection)

    def reborn(self, kind: EntityKind, ids: Sequence[str]) -> set[str]:
        """Those of some entities (local ids) that the platform had before: they were brought back."""
        with reading(self._engine) as connection:
            return knowing.reborn(connection, kind, ids)

    def edited(self, kind: EntityKind) -> dict[str, str]:
        """What both sides know of a kind and that has something unsent: platform id → local id."""
        with reading(self._engine) as connection:
            return knowing.edited(connection, kind)

    def known_count(self, kind: EntityKind, dataset: str, span: Span | None = None) -> int:
        """How many entities of a kind in a dataset (local id), or in a span of it, both sides know."""
        with reading(self._engine) as connection:
            return knowing.count(connection, kind, dataset, span)

    def known_middle(self, kind: EntityKind, dataset: str, span: Span) -> str | None:
        """The key about half-way in a span of what both sides know in a dataset (local id)."""
        with reading(self._engine) as connection:
            return knowing.middle(connection, kind, dataset, span)

    def known_span(
        self, kind: EntityKind, dataset: str, span: Span, limit: int | None = None
    ) -> dict[str, str]:
        """What both sides know in a span of a dataset (local id), by key: platform id → local id."""
        with reading(self._engine) as connection:
            return knowing.span(connection, kind, dataset, span, limit)

    def jobs(self, waiting: State) -> list[Job]:
        """A job for each entity with operations in the state ``pending`` or ``in flight``."""
        with self._writing() as (connection, stamp):
            return Sender(connection, self._identity, stamp).jobs(waiting)

    def remote_ids(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
        """Local id → platform id, for those that have one."""
        with reading(self._engine) as connection:
            return remote_ids(connection, kind, ids)

    def names(self, kind: EntityKind, ids: Sequence[str]) -> list[str]:
        """What to call these entities (local ids) to a person."""
        with reading(self._engine) as connection:
            return sorted(names(connection, kind, ids))

    def remote_names(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, str]:
        """What to call on the platform what a document refers to: local id → platform id."""
        with reading(self._engine) as connection:
            here = get_rows(connection, kind, ids)
            unknown = {one: one for one in ids if one not in here}
            return unknown | {one: row["remote_id"] for one, row in here.items() if row["remote_id"]}

    def assignees(self, ids: Sequence[str]) -> dict[str, str]:
        """Local id of an assignment → whose it is."""
        with reading(self._engine) as connection:
            rows = get_rows(connection, EntityKind.ASSIGNMENT, ids)
        return {one: row["annotator"] for one, row in rows.items()}

    def begin(self, jobs: Sequence[Job]) -> list[Job]:
        """Mark jobs as in flight before anything is sent; returns those that may go."""
        with self._sender() as sender:
            return sender.begin(jobs)

    def release(self, jobs: Sequence[Job]) -> None:
        """These were surely not applied: they wait again."""
        with self._sender() as sender:
            sender.release(jobs)

    def acknowledge(self, answers: Sequence[tuple[Job, RemoteEntity]]) -> None:
        """The platform has these creations and updates; its answers become the bases."""
        with self._sender() as sender:
            for job, entity in answers:
                sender.acknowledge(job, entity)

    def gone(self, jobs: Sequence[Job]) -> None:
        """These deletions are done there."""
        with self._sender() as sender:
            for job in jobs:
                sender.gone(job)

    def reject(self, job: Job, reason: str, *, mendable: bool = False) -> None:
        """The platform refused it. ``mendable`` says that the cause may go away without an edit: a timer is set."""
        with self._sender() as sender:
            sender.reject(job, reason, mendable=mendable)

    def held_paths(self) -> set[tuple[str, str]]:
        """Dataset (local id) and path of items that moved or went here, and may not do so on the platform yet."""
        with reading(self._engine) as connection:
            return held_paths(connection)

    def rearm(self) -> int:
        """What was refused and whose timer has run out waits again; returns how many operations that were."""
        with self._sender() as sender:
            return sender.rearm()

    @contextmanager
    def _sender(self) -> Iterator[Sender]:
        with self._writing() as (connection, stamp):
            yield Sender(connection, self._identity, stamp)

    def wanted(self) -> list[Wanted]:
        """Content that was asked for and is not here: of every subscription that keeps content."""
        with reading(self._engine) as connection:
            return subscribing.wanted(connection)

    def hydrated(self, item_id: str, digest: str, size: int) -> None:
        """The content of an item is here now. It is no edit: base and mirror learn the digest together."""
        with self._writing() as (connection, stamp):
            _know_blob(connection, digest, size, stamp.at)
            row = get_row(connection, EntityKind.ITEM, item_id)
            if row is None or row["size"] != size or row["digest"] is not None:
                return
            update_row(connection, EntityKind.ITEM, item_id, {"digest": digest})
            base = states.bases_of(connection, EntityKind.ITEM, [item_id]).get(item_id)
            if base is not None and base["document"].get("content") == {"size": size}:
                content = {"size": size, "digest": digest}
                states.write_bases(
                    connection, [{**base, "document": {**base["document"], "content": content}}]
                )

    def finish(self, report: SyncReport) -> None:
        """Write down that a sync is complete, and count what is left into the report."""
        with self._writing() as (connection, stamp):
            counts = oplog.counts(connection)
            report.unsent = counts.get(State.PENDING, 0) + counts.get(State.IN_FLIGHT, 0)
            report.conflicts_open = len(conflicts.listing(connection))
            report.conflicts_decided, self._decided = self._decided, 0
            if not report.dry_run:
                expire(connection, _settings(connection), stamp.at)
                _set(connection, {"last_sync": {"at": stamp.at, "unsent": report.unsent}})

    def subscribe(
        self, project_id: str, dataset_id: str | None, *, content: bool, items: Document | None = None
    ) -> None:
        """Mirror a project, or one dataset of it (local ids), from the next pull on.

        Args:
            project_id: The project.
            dataset_id: The dataset; None for all of the project.
            content: Whether to keep the files here too.
            items: The filter that a dataset's items match; all of them when left out.
        """
        with self._writing() as (connection, stamp):
            wanted = subscribing.Subscribed(project_id, dataset_id, content, items)
            subscribing.subscribe(connection, wanted, stamp.at)

    def leave(self, project_id: str, dataset_id: str | None) -> None:
        """Mirror a project, or one dataset of it (local ids), no more: what is here stays, what is unsent is sent."""
        with self._writing() as (connection, stamp):
            subscribing.leave(connection, project_id, dataset_id, stamp.at)

    def subscriptions(self) -> list[subscribing.Subscribed]:
        """All subscriptions, those that were left too."""
        with reading(self._engine) as connection:
            return subscribing.subscriptions(connection)


def _know_blob(connection: Connection, digest: str, size: int, at: str) -> None:
    row = {"digest": digest, "size": size, "created_at": at, "last_used_at": at, "pinned": False}
    connection.execute(_KNOW_BLOB, row)


def _write_mark(connection: Connection, mark: Mark | Position) -> None:
    if isinstance(mark, Position):
        place = {"project_id": mark.project_id, "epoch": mark.place.epoch, "seq": mark.place.seq}
        connection.execute(_WRITE_POSITION, {**place, "pulls": mark.pulls})
        return
    bootstrap = mark.cursor.updated_at is None
    row: Row = {
        "dataset_id": mark.dataset_id,
        "resource": mark.kind.value,
        "phase": "bootstrap" if bootstrap else "delta",
        "updated_at": mark.cursor.updated_at or "",
        "cursor_id": mark.cursor.id,
        "pulls": mark.pulls,
        "since": mark.since,
        "swept_at": mark.swept,
        "wary_until": mark.wary,
    }
    connection.execute(_WRITE_MARK, row)


def _settings(connection: Connection) -> dict[str, Any]:
    return {row.key: row.value for row in connection.execute(_ALL_SETTINGS)}


def _set(connection: Connection, values: dict[str, Any]) -> None:
    rows = [{"key": key, "value": value} for key, value in values.items()]
    connection.execute(_SET, rows)
