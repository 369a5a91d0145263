"""What ``localloop status`` tells, gathered in one view of the store and without asking anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, func, select

from localloop.cli.standing import CONFLICTS, OPERATIONS, by_kind, is_here, names
from localloop.daemon.control import how
from localloop.daemon.health import Health
from localloop.halting import Halted, halted
from localloop.owner import Owner
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import table
from localloop_sync.core.operation import State, Verb
from localloop_sync.drivers.lock import Holder, holder_of

if TYPE_CHECKING:
    from localloop.store import Store

#: How many refused entities are named.
NAMED = 50

#: Of several operations on one entity, the first of these says what they amount to.
_VERBS = (Verb.DELETE, Verb.CREATE, Verb.PUT_CONTENT, Verb.SET)
_WAITING = (State.PENDING, State.IN_FLIGHT, State.PARKED)


@dataclass(frozen=True, slots=True)
class Refused:
    """An entity with an edit that the platform refused, and when it is tried again without an edit, if ever.

    ``verb`` is what the edit amounts to.
    """

    kind: str
    id: str
    name: str
    reason: str
    verb: str
    tries: int = 1
    next_try: str | None = None

    @property
    def undo(self) -> str:
        """How to give the edit up."""
        return f"localloop undo {self.id}"


@dataclass(frozen=True, slots=True)
class Volume:
    """A number of files and their size."""

    number: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Status:
    """What a store says of itself; ``waiting`` counts entities by state, verb and kind."""

    path: str
    now: str
    author: str
    device: str
    gate: str | None
    account: str | None
    last_sync: str | None
    waiting: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    refused_more: int = 0
    conflicts: int = 0
    oldest_unsent: str | None = None
    remote_only: Volume = Volume()
    syncing: Holder | None = None
    halt: Halted | None = None
    daemon: Health | None = None

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "store": self.path,
            "author": self.author,
            "device": self.device,
            "gate": self.gate,
            "account": self.account,
            "last_sync": self._moment(self.last_sync),
            "syncing": self.syncing.to_json() if self.syncing else None,
            "oldest_unsent": self._moment(self.oldest_unsent),
            "pending": self.waiting.get(State.PENDING.value, {}),
            "in_flight": self.waiting.get(State.IN_FLIGHT.value, {}),
            "parked": self.waiting.get(State.PARKED.value, {}),
            "rejected": [
                {
                    "kind": one.kind,
                    "id": one.id,
                    "name": one.name,
                    "reason": one.reason,
                    "tries": one.tries,
                    "next_try": one.next_try,
                    "verb": one.verb,
                    "undo": one.undo,
                }
                for one in self.refused
            ],
            "rejected_count": len(self.refused) + self.refused_more,
            "conflicts": self.conflicts,
            "halt": self._halt(),
            "daemon": self.daemon.to_json() if self.daemon else None,
            "remote_only": {"files": self.remote_only.number, "bytes": self.remote_only.bytes},
        }

    def _halt(self) -> dict[str, Any] | None:
        one = self.halt
        if one is None:
            return None
        return {"at": one.at, "message": one.message, "side": one.side, "entities": one.entities}

    def _moment(self, at: str | None) -> dict[str, Any] | None:
        if at is None:
            return None
        passed = datetime.fromisoformat(self.now) - datetime.fromisoformat(at)
        return {"at": at, "age_seconds": max(0, int(passed.total_seconds()))}


def gather(store: Store) -> Status:
    """Look at a store.

    Args:
        store: The store; it is only read.
    """
    settings = store.settings()
    found = _about(store, settings)
    found.syncing = holder_of(store.path)
    found.halt = halted(store)
    found.daemon = how(store.path)
    with store.reading() as connection:
        _count_waiting(connection, found)
        _name_refused(connection, found)
        found.conflicts = _number(
            connection, select(func.count()).select_from(CONFLICTS).where(CONFLICTS.c.state == "open")
        )
        oldest = select(func.min(OPERATIONS.c.created_at)).where(
            OPERATIONS.c.state.in_([State.PENDING.value, State.IN_FLIGHT.value])
        )
        found.oldest_unsent = connection.execute(oldest).scalar()
        items = table(EntityKind.ITEM).c
        elsewhere = select(func.count(), func.coalesce(func.sum(items["size"]), 0)).where(
            ~is_here(), items.type == "file", items.deleted_at.is_(None)
        )
        found.remote_only = Volume(*connection.execute(elsewhere).one())
    return found


def _about(store: Store, settings: Mapping[str, Any]) -> Status:
    return Status(
        path=str(store.path),
        now=store.clock.now(),
        author=str(settings.get("author") or ""),
        device=str(settings.get("device") or ""),
        gate=Owner.of(settings).gate,
        account=settings.get("account"),
        last_sync=(settings.get("last_sync") or {}).get("at"),
    )


def _count_waiting(connection: Connection, found: Status) -> None:
    """An entity with several operations counts once, under what they amount to."""
    rank = case({verb.value: place for place, verb in enumerate(_VERBS)}, value=OPERATIONS.c.verb)
    entities = (
        select(OPERATIONS.c.state, OPERATIONS.c.kind, func.min(rank).label("rank"))
        .where(OPERATIONS.c.state.in_([state.value for state in _WAITING]))
        .group_by(OPERATIONS.c.state, OPERATIONS.c.kind, OPERATIONS.c.entity_id)
        .subquery()
    )
    query = select(entities.c.state, entities.c.rank, entities.c.kind, func.count()).group_by(
        entities.c.state, entities.c.rank, entities.c.kind
    )
    rows = {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}
    for state in _WAITING:
        for place, verb in enumerate(_VERBS):
            for kind in EntityKind:
                number = rows.get((state.value, place, kind.value))
                if number:
                    found.waiting.setdefault(state.value, {}).setdefault(verb.value, {})[kind.value] = number


def _name_refused(connection: Connection, found: Status) -> None:
    columns = OPERATIONS.c
    rank = case({verb.value: place for place, verb in enumerate(_VERBS)}, value=columns.verb)
    query = (
        select(
            columns.kind,
            columns.entity_id,
            func.max(columns.reason).label("reason"),
            func.max(columns.tries).label("tries"),
            func.min(columns.not_before).label("next_try"),
            func.min(rank).label("rank"),
        )
        .where(columns.state == State.REJECTED.value)
        .group_by(columns.kind, columns.entity_id)
        .order_by(func.min(columns.seq))
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    called = names(connection, by_kind(rows[:NAMED]))
    found.refused = [
        Refused(
            row["kind"],
            row["entity_id"],
            called[row["kind"], row["entity_id"]],
            row["reason"] or "no reason",
            _VERBS[row["rank"]].value,
            row["tries"],
            row["next_try"],
        )
        for row in rows[:NAMED]
    ]
    found.refused_more = len(rows) - len(found.refused)


def _number(connection: Connection, query: Any) -> int:
    return int(connection.execute(query).scalar_one())
