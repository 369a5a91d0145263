"""Laptops and one platform in memory, on one clock that moves only when somebody looks at it or sleeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from localloop.store import Store
from localloop.store.annotations import add_annotations
from localloop.store.conflicts import Choice, list_conflicts, resolve_conflict
from localloop.store.datasets import create_dataset
from localloop.store.fsck import Level, check
from localloop.store.items import add_item, move_item, put_content, update_item
from localloop.store.projects import create_project
from localloop.syncing import subscribe, sync_store
from localloop.testing.remote import MemoryRemote, MemoryWorld
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind as K
from localloop_schema.tables import Operation, Tombstone
from localloop_sync.core.references import translate
from localloop_sync.drivers.identity import Identity, iso
from localloop_sync.drivers.journal import SqliteJournal
from localloop_sync.drivers.retrying import Patience
from localloop_sync.engine import Options
from localloop_sync.errors import OfflineError, TransientError
from localloop_sync.ports import Account, Scope
from localloop_sync.report import SyncReport
from tests.sim.world import VirtualClock

ALICE = Account("https://platform.example.test", "alice@example.test")
WRITES = ("create", "update", "assign", "delete", "upload", "replace")


class Platform(MemoryWorld):
    """A platform whose clock is the laptops' clock."""

    def __init__(self, clock: VirtualClock, **options: Any) -> None:
        super().__init__(**options)
        self.clock = clock

    def now(self) -> str:
        text = self.clock.now()
        self._time = self.clock.moment
        return text

    @property
    def moment(self) -> str:
        return iso(self.clock.moment)

    def copy(self, clock: VirtualClock) -> Platform:
        """The same platform, to be changed on its own."""
        twin = Platform(clock, keeps_marks=self.keeps_marks, tells_time=self.tells_time)
        twin.entities = {kind: dict(those) for kind, those in self.entities.items()}
        twin.contents = dict(self.contents)
        twin._made, twin._time = self._made, self._time
        twin.feed = None if self.feed is None else self.feed.copy()
        return twin

    def at(self, path: str) -> Any:
        """The one item at a path."""
        [found] = [one for one in self.entities[K.ITEM].values() if one.document["filename"] == path]
        return found

    def paths(self) -> list[str]:
        """All items' paths, in order; a twin appears twice."""
        return sorted(one.document["filename"] for one in self.entities[K.ITEM].values())

    def labels(self) -> list[str]:
        """The labels of all annotations."""
        return sorted(one.document["label"] for one in self.entities[K.ANNOTATION].values())

    def edit(self, kind: K, entity_id: str, **fields: Any) -> Any:
        """Change an entity as another client would."""
        entity = self.need(kind, entity_id)
        return self.change(entity, {**entity.document, **fields}, by="bob@example.test")

    def annotate(self, path: str, label: str) -> Any:
        """Add an annotation as another client would."""
        item = self.at(path)
        parents = {K.DATASET: item.parents[K.DATASET], K.ITEM: item.id}
        document = {"type": "class", "label": label, "metadata": {"system": {"clientId": f"c-{label}"}}}
        return self.add(K.ANNOTATION, document, parents, by="bob@example.test", facts={"hash": "h"})


class Laptop:
    """A store and its own connection to the platform."""

    def __init__(
        self, folder: Path, name: str, platform: Platform, *, account: Account = ALICE, life: int = 0
    ) -> None:
        self.name = name
        clock = platform.clock
        identity = Identity(
            clock, Random(f"ids {name} {life}")
        )  # each life of a process makes ids of its own
        if not life:
            self.store = Store.create(
                folder / name, author=account.email, device=name, clock=clock, identity=identity
            )
        else:
            self.store = Store(folder / name, clock=clock, identity=identity)
        self.platform = platform
        self.remote = MemoryRemote(account, world=platform)
        self.calls: Counter[str] = Counter()
        self.requests: list[tuple[Any, ...]] = []
        self.listen()

    def listen(
        self,
        before: Callable[..., None] | None = None,
        after: Callable[..., None] | None = None,
        *,
        gone: bool = False,
    ) -> None:
        """Count requests, and have hooks hear of them.

        Args:
            before: Hears of each before anything happens.
            after: Hears of each once it is done.
            gone: Whether there is no connection any more after a hook has raised a transient error.
        """
        lost: list[TransientError] = []

        def heard(hook: Callable[..., None] | None, method: str, *args: Any) -> None:
            try:
                if hook is not None:
                    hook(method, *args)
            except TransientError as error:
                lost.append(error)
                raise

        def counted(method: str, *args: Any) -> None:
            if gone and lost:
                raise OfflineError("There is no connection.")
            self.calls[method] += 1
            self.requests.append((method, *args))
            heard(before, method, *args)

        self.remote.before = counted
        self.remote.after = partial(heard, after)

    def sync(self, *, sound: bool = True, **options: Any) -> SyncReport:
        """One sync; the store has to be sound afterwards, whatever happens, unless it was not before."""
        self.calls.clear()
        self.requests.clear()
        try:
            return sync_store(
                self.store,
                self.remote,
                options=Options(**{"workers": 1, **options}),
                patience=Patience(budget=5.0),
            )
        finally:
            if sound:
                self.sound()

    def sound(self) -> None:
        """The log folds to what separates base and mirror, and nothing else is broken."""
        assert [one for one in check(self.store) if one.level is not Level.INFO] == []

    @property
    def journal(self) -> SqliteJournal:
        return SqliteJournal(self.store.engine, self.store.identity, self.store.clock)

    def found(self, project: str = "P", dataset: str = "D") -> None:
        """Make a project and a dataset here, to be kept in sync whole."""
        with self.store.transaction("found") as tx:
            row = create_dataset(tx, create_project(tx, project), dataset)
        self.journal.subscribe(row["project_id"], None, content=True)

    def clone(self) -> None:
        """Mirror the platform's project P."""
        subscribe(self.store, self.remote, "P", content=True)
        self.sync()

    def dataset(self) -> Any:
        return self.store.rows(K.DATASET, name="D")[0]

    def item(self, path: str) -> Any:
        """The live item at a path."""
        [row] = self.store.rows(K.ITEM, filename=path)
        return row

    def paths(self) -> list[str]:
        return sorted(row["filename"] for row in self.store.rows(K.ITEM))

    def user(self, path: str) -> Any:
        """The user metadata of an item."""
        return self.item(path)["metadata"].get("user", {})

    def bytes(self, path: str) -> bytes:
        found = self.store.blobs.path(self.item(path)["digest"])
        assert found is not None
        return found.read_bytes()

    def labels(self) -> list[str]:
        return sorted(row["label"] for row in self.store.rows(K.ANNOTATION))

    def add(self, path: str, data: bytes = b"data", **user: Any) -> None:
        ref = self.store.blobs.add_bytes(data)
        with self.store.transaction("add") as tx:
            row = tx.row(K.DATASET, self.dataset()["id"])
            _, outcome = add_item(tx, row, path, ref, metadata={"user": user} if user else None)
            assert outcome == "created"

    def edit(self, path: str, **user: Any) -> None:
        with self.store.transaction("edit") as tx:
            update_item(tx, tx.row(K.ITEM, self.item(path)["id"]), {"metadata": {"user": user}})

    def put(self, path: str, data: bytes) -> None:
        ref = self.store.blobs.add_bytes(data)
        with self.store.transaction("put") as tx:
            put_content(tx, tx.row(K.ITEM, self.item(path)["id"]), ref, keep_annotations=True)

    def move(self, path: str, to: str) -> None:
        with self.store.transaction("move") as tx:
            move_item(tx, tx.row(K.ITEM, self.item(path)["id"]), to)

    def annotate(self, path: str, *labels: str) -> None:
        with self.store.transaction("annotate") as tx:
            item = tx.row(K.ITEM, self.item(path)["id"])
            add_annotations(tx, item, [{"type": "class", "label": label} for label in labels])

    def delete(self, *paths: str) -> None:
        with self.store.transaction("delete") as tx:
            for path in paths:
                tx.delete(K.ITEM, tx.row(K.ITEM, self.item(path)["id"]))

    def conflicts(self, state: str | None = "open") -> list[Any]:
        return list_conflicts(self.store, state=state)

    def conflict(self) -> Any:
        """The one open conflict."""
        [found] = self.conflicts()
        return found

    def resolve(self, choice: Choice, *value: Any) -> None:
        resolve_conflict(self.store, self.conflict()["id"], choice, *value)

    def operations(self, *states: str) -> list[Any]:
        """The log, or its operations in some states."""
        query = select(Operation).order_by(Operation.seq)
        if states:
            query = query.where(Operation.state.in_(states))
        with self.store.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def unsent(self) -> list[Any]:
        return self.operations("pending", "in flight", "parked", "rejected")

    def dump(self) -> dict[str, list[Any]]:
        """Everything that is in the database."""
        with self.store.reading() as connection:
            names = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).scalars()
            return {name: connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in names.all()}

    def tombstones(self, kind: K) -> list[Any]:
        query = select(Tombstone).where(Tombstone.kind == kind.value)
        with self.store.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def picture(self) -> dict[Any, Any]:
        """Everything here that the platform should have, in the platform's ids, without references."""
        found = {}
        names = {
            kind: {row["id"]: row["remote_id"] or row["id"] for row in self.store.rows(kind)}
            for kind in (K.TASK, K.ASSIGNMENT)
        }
        for kind in (K.PROJECT, K.MEMBER, K.ONTOLOGY, K.ITEM, K.ANNOTATION, K.TASK, K.ASSIGNMENT):
            for row in self.store.rows(kind):
                document = to_document(kind, row)
                if kind in (K.ITEM, K.TASK):
                    document = translate(kind, document, names)
                found[kind, row["remote_id"]] = without_digest(document)
        return found


def platform_picture(platform: Platform) -> dict[Any, Any]:
    """The same of the platform."""
    kinds = (K.PROJECT, K.MEMBER, K.ONTOLOGY, K.ITEM, K.ANNOTATION, K.TASK, K.ASSIGNMENT)
    return {
        (kind, one.id): without_digest(one.document)
        for kind in kinds
        for one in platform.entities[kind].values()
    }


def without_digest(document: dict[str, Any]) -> dict[str, Any]:
    """A document as a platform tells it that keeps no digests; bytes are compared themselves."""
    content = document.get("content")
    return document if content is None else {**document, "content": {"size": content["size"]}}


def agree(*laptops: Laptop, rounds: int = 3) -> None:
    """Sync until all are quiet, then mirror, base and platform are equal and nothing waits."""
    for _ in range(rounds):
        for laptop in laptops:
            laptop.sync()
    for laptop in laptops:
        assert laptop.sync().quiet
        assert laptop.unsent() == []
        assert laptop.picture() == platform_picture(laptop.platform)
        for row in laptop.store.rows(K.ITEM):
            if row["type"] == "file":
                assert laptop.bytes(row["filename"]) == laptop.platform.contents[row["remote_id"]]


def rested(*laptops: Laptop) -> None:
    """As :func:`agree`, where one round and another are enough: one side was edited, or the other waits for it."""
    agree(*laptops, rounds=2)


def scope_of(platform: Platform) -> Scope:
    [dataset] = platform.entities[K.DATASET]
    return Scope(dataset=dataset)
