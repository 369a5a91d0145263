"""A platform that is the same and has a new address: the proof that it is, and the store's move to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from localloop.errors import OtherAccountHalt
from localloop.owner import chosen
from localloop.store import Store
from localloop_schema.kinds import EntityKind
from localloop_schema.tables import BaseSnapshot
from localloop_sync.ports import Account, Remote

_BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

#: How many entities of each kind the platform is asked for: the oldest that are known here and the newest.
SAMPLE: dict[EntityKind, int] = {EntityKind.PROJECT: 6, EntityKind.DATASET: 6, EntityKind.ITEM: 10}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a platform has of what a store knows.

    Attributes:
        asked: How many entities the platform was asked for.
        missing: Those that it does not have, as ``item 65f0...``.
        projects: How many of those that it has are projects.
    """

    asked: int
    missing: list[str] = field(default_factory=list)
    projects: int = 0

    @property
    def holds(self) -> bool:
        """Whether it is the same platform. Ids are random, so that another one has none of them."""
        return not self.asked or (self.projects > 0 and 2 * len(self.missing) <= self.asked)


def prove(store: Store, remote: Remote) -> Proof:
    """Ask a platform for a handful of what a store knows.

    Args:
        store: The store, synced before.
        remote: The platform.

    Returns:
        What it has of it.

    Raises:
        OtherAccountHalt: Another account than the store's is logged in there.
        RemoteError: It could not be asked.
    """
    account, owner = remote.account(), store.settings().get("account")
    if owner is not None and account.email != owner:
        raise OtherAccountHalt(
            f"This store belongs to {owner}, but {account.email} is logged in at {account.gate}.",
            advice=f"Log in there as {owner}: the command asks for the password.",
        )
    with store.reading() as connection:
        sample = [(kind, one) for kind, most in SAMPLE.items() for one in _known(connection, kind, most)]
    missing, projects = [], 0
    for kind, remote_id in sample:
        there = remote.get(kind, remote_id) is not None
        projects += there and kind is EntityKind.PROJECT
        if not there:
            missing.append(f"{kind.value} {remote_id}")
    return Proof(len(sample), missing, projects)


def move(store: Store, account: Account) -> None:
    """Tie a store to its platform's new address; the caller has the proof, and the lock of its syncs.

    Args:
        store: The store.
        account: Who is logged in there.
    """
    store.set_settings({"gate": account.gate, **chosen(account.gate, account.email)})


def _known(connection: Connection, kind: EntityKind, most: int) -> list[str]:
    columns = _BASES.c
    ids = select(columns.remote_id).where(columns.kind == kind.value)
    oldest = connection.execute(ids.order_by(columns.remote_id).limit(most // 2)).scalars()
    newest = connection.execute(ids.order_by(columns.remote_id.desc()).limit(most - most // 2)).scalars()
    return list(dict.fromkeys([*oldest, *newest]))
