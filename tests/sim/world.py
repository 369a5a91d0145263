"""A small hostile world: laptops, one plain platform that fails on a schedule, and edits drawn from a seed.

Everything that happens is decided by the seed, so that a failing run can be repeated exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from localloop.errors import StoreError
from localloop.store import Store, work
from localloop.store.annotations import add_annotations, update_annotation
from localloop.store.conflicts import Choice, list_conflicts, resolve_conflict
from localloop.store.datasets import create_dataset
from localloop.store.fsck import Level, check
from localloop.store.items import add_item, move_item, put_content, update_item
from localloop.store.labels import upsert_labels
from localloop.store.projects import create_project
from localloop.store.recipes import ontology_of
from localloop.store.tasks import create_task
from localloop.syncing import subscribe, sync_store
from localloop.testing.remote import MemoryRemote, MemoryWorld
from localloop_schema.documents import to_document
from localloop_schema.kinds import EntityKind as K
from localloop_schema.tables import Conflict, Operation, Tombstone
from localloop_sync.core.change import diff
from localloop_sync.core.references import references, translate
from localloop_sync.drivers.identity import Identity, iso
from localloop_sync.drivers.journal import SqliteJournal
from localloop_sync.drivers.retrying import Patience
from localloop_sync.engine import Options
from localloop_sync.errors import OfflineError, RemoteError, ThrottledError, TransientError
from localloop_sync.ports import Account

SYNCED = (K.DATASET, K.ONTOLOGY, K.ITEM, K.ANNOTATION, K.TASK, K.ASSIGNMENT)
_WRITES = ("create", "update", "assign", "delete", "upload", "replace")
PEOPLE = ("ann@example.test", "bob@example.test")


class PowerCut(BaseException):
    """The process dies here."""


class VirtualClock:
    """Time that passes only when somebody sleeps or looks."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> str:
        self.moment += timedelta(milliseconds=1)
        return iso(self.moment)

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds, microseconds=1)


class Weather:
    """Decides what goes wrong: refused connections, lost replies, throttling, and the death of the client."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.stormy = False

    def forgets(self) -> bool:
        """Whether the platform loses the thread of its change feed now, as one that was put back does."""
        return self._random.random() < 0.03

    def before(self, method: str, *_args: Any) -> None:
        if not self.stormy:
            return
        dice = self._random.random()
        if dice < 0.02:
            raise OfflineError("The network is unreachable.")
        if dice < 0.04:
            raise ThrottledError("Slow down.", retry_after=self._random.choice([None, 1.0, 30.0]))
        if dice < 0.05:
            raise PowerCut(f"before {method}")

    def after(self, method: str, *_args: Any) -> None:
        if not self.stormy:
            return
        dice = self._random.random()
        if dice < (0.06 if method in _WRITES else 0.02):
            raise TransientError("The reply was lost.")
        if dice < 0.09:
            raise PowerCut(f"after {method}")


class Laptop:
    """A store and its way to the platform."""

    def __init__(self, name: str, folder: Path, world: World) -> None:
        self.name = name
        self.random = Random(f"{world.seed} {name}")
        self.store = Store.create(
            folder / name,
            author="alice@example.test",
            device=name,
            clock=world.clock,
            identity=Identity(world.clock, Random(f"{world.seed} ids {name}")),
        )
        account = Account("https://platform.example.test", "alice@example.test")
        weather = world.weather
        self.remote = MemoryRemote(account, world=world.platform, before=weather.before, after=weather.after)

    def sync(self) -> bool:
        """Whether the sync came to its end."""
        try:
            sync_store(
                self.store,
                self.remote,
                options=Options(limits=None, workers=1),
                patience=Patience(budget=5.0),
            )
        except (RemoteError, PowerCut):
            return False
        return True

    def fsck(self) -> None:
        findings = [one for one in check(self.store) if one.level is not Level.INFO]
        assert not findings, f"{self.name}: {findings}"

    def dataset(self) -> Any:
        return self.store.rows(K.DATASET)[0]


class World:
    """Laptops around one platform."""

    def __init__(
        self, folder: Path, seed: int, laptops: int = 2, *, shared: bool = True, feed: bool = False
    ) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.clock = VirtualClock()
        self.platform = MemoryWorld(feed=feed)
        if self.platform.feed is not None:
            self.platform.feed.largest = 3  # so that what belongs together is torn apart
        self.weather = Weather(Random(f"{seed} weather"))
        self.laptops = [Laptop("abcdef"[number], folder, self) for number in range(laptops)]
        self._tokens = 0
        first, *others = self.laptops
        self._found(first)
        if shared:
            assert first.sync()
            for other in others:
                subscribe(other.store, other.remote, "P", "D", content=True)
                assert other.sync()
        else:
            for other in others:
                self._found(other)

    def close(self) -> None:
        for laptop in self.laptops:
            laptop.store.close()

    def _found(self, laptop: Laptop) -> None:
        with laptop.store.transaction("found") as tx:
            dataset = create_dataset(tx, create_project(tx, "P"), "D")
            upsert_labels(tx, ontology_of(tx.connection, dataset), [{"tag": "cat"}])
        journal = SqliteJournal(laptop.store.engine, laptop.store.identity, self.clock)
        journal.subscribe(dataset["project_id"], dataset["id"], content=True)
        for number in range(3):
            self.add(laptop, f"/start{number}.txt")
        with laptop.store.transaction("give work") as tx:
            create_task(tx, tx.row(K.DATASET, dataset["id"]), "T", {}, assignee_ids=PEOPLE)

    def token(self) -> str:
        """A value that nothing else has."""
        self._tokens += 1
        return f"t{self._tokens}"

    def add(self, laptop: Laptop, path: str) -> None:
        ref = laptop.store.blobs.add_bytes(self.token().encode() * laptop.random.choice([1, 1, 2]))
        with laptop.store.transaction("add") as tx:
            add_item(tx, laptop.dataset(), path, ref, metadata={"user": {"made": self.token()}})

    def edit(self, laptop: Laptop) -> None:
        """One edit of a kind that chance decides."""
        random = laptop.random
        items = laptop.store.rows(K.ITEM)
        annotations = laptop.store.rows(K.ANNOTATION)
        if not items or random.random() < 0.12:
            self.add(laptop, f"/{random.choice('pqrs')}{random.randrange(4)}.txt")
            return
        item = random.choice(items)
        with laptop.store.transaction("edit") as tx:
            row = tx.row(K.ITEM, item["id"])
            match random.randrange(9):
                case 0 | 1 | 2:
                    patch = {random.choice("xyz"): self.token(), "deep": {random.choice("uv"): self.token()}}
                    update_item(tx, row, {"metadata": {"user": patch}})
                case 3:
                    add_annotations(tx, row, [{"type": "class", "label": self.token()}])
                case 4 if annotations:
                    one = tx.row(K.ANNOTATION, random.choice(annotations)["id"])
                    update_annotation(tx, one, {"label": self.token()})
                case 5 if annotations and random.random() < 0.5:
                    tx.delete(K.ANNOTATION, tx.row(K.ANNOTATION, random.choice(annotations)["id"]))
                case 6 if random.random() < 0.4:
                    tx.delete(K.ITEM, row)
                case 7:
                    path = f"/moved/{random.randrange(6)}.txt"
                    if not tx.rows(K.ITEM, dataset_id=row["dataset_id"], filename=path):
                        move_item(tx, row, path)
                case 8 if row["digest"]:
                    put_content(tx, row, laptop.store.blobs.add_bytes(self.token().encode()))
                case _:
                    ontology = ontology_of(tx.connection, tx.row(K.DATASET, row["dataset_id"]))
                    upsert_labels(
                        tx, ontology, [{"tag": random.choice("klmn"), "displayLabel": self.token()}]
                    )

    def work(self, laptop: Laptop) -> None:
        """One edit of what the task's items are about."""
        random = laptop.random
        items = laptop.store.rows(K.ITEM)
        if not items or not laptop.store.rows(K.TASK):
            return
        with laptop.store.transaction("work") as tx:
            task = tx.row(K.TASK, laptop.store.rows(K.TASK)[0]["id"])
            row = tx.row(K.ITEM, random.choice(items)["id"])
            query = {"filter": {"id": row["id"]}}
            match random.randrange(6):
                case 0:
                    work.remove_items(tx, task, query)
                case 1:
                    share = [{"assigneeId": random.choice([*PEOPLE, f"{self.token()}@x"]), "load": 100}]
                    work.add_items(tx, task, query, workload=share)
                case 2:
                    assignment = random.choice(work.assignments_of(tx.connection, task["id"]))
                    share = [{"assigneeId": random.choice(PEOPLE), "load": 100}]
                    work.redistribute(tx, task, assignment, share)
                case 3:
                    work.set_item_status(tx, task, [row], None, operation="delete")
                case _:
                    work.set_item_status(tx, task, [row], self.token())

    def run(self, steps: int) -> None:
        """Edits and syncs in any order, in bad weather."""
        self.weather.stormy = True
        for _ in range(steps):
            laptop = self.random.choice(self.laptops)
            if self.platform.feed is not None and self.weather.forgets():
                self.platform.feed.epoch += "'"
            dice = self.random.random()
            if dice < 0.25:
                laptop.sync()
            elif dice < 0.45:
                self.work(laptop)
            else:
                self.edit(laptop)
            laptop.fsck()
        self.weather.stormy = False

    def settle(self) -> None:
        """Sync and resolve until nothing moves any more."""
        for _ in range(30):
            quiet = True
            for laptop in self.laptops:
                assert laptop.sync()
                laptop.fsck()
                for row in list_conflicts(laptop.store):
                    quiet = False
                    self._decide(laptop, row["id"])
                laptop.fsck()
            before = self.pictures()
            for laptop in self.laptops:
                assert laptop.sync()
            if quiet and before == self.pictures() and not any(map(self.unsent, self.laptops)):
                return
        raise AssertionError("the world does not come to rest")

    def _decide(self, laptop: Laptop, conflict: str) -> None:
        try:
            resolve_conflict(laptop.store, conflict, laptop.random.choice([Choice.MINE, Choice.THEIRS]))
        except StoreError:  # to be restored, but its content never was on this laptop
            resolve_conflict(laptop.store, conflict, Choice.THEIRS)

    def unsent(self, laptop: Laptop) -> list[Any]:
        with laptop.store.reading() as connection:
            query = select(Operation).where(
                Operation.state.in_(["pending", "in flight", "parked", "rejected"])
            )
            return [dict(row) for row in connection.execute(query).mappings()]

    def pictures(self) -> list[dict[Any, Any]]:
        return [self.picture(laptop) for laptop in self.laptops]

    def picture(self, laptop: Laptop) -> dict[Any, Any]:
        """A store's mirror in the platform's ids."""
        found: dict[Any, Any] = {}
        maps = {
            kind: {row["id"]: row["remote_id"] or row["id"] for row in laptop.store.rows(kind)} for kind in K
        }
        for kind in SYNCED:
            for row in laptop.store.rows(kind):
                document = to_document(kind, row)
                assert references(kind, document) is not None
                found[kind, row["remote_id"] or row["id"]] = translate(kind, document, maps)
        return found

    def compare(self) -> None:
        """Every store equals the platform, entity by entity and byte by byte."""
        for laptop in self.laptops:
            here = self.picture(laptop)
            there = {
                (kind, one.id): one.document
                for kind in SYNCED
                for one in self.platform.entities[kind].values()
            }
            assert here.keys() == there.keys(), (laptop.name, here.keys() ^ there.keys())
            for key, document in here.items():
                remote = there[key]
                if key[0] is K.ITEM:
                    mine, theirs = document.pop("content"), dict(remote)
                    content = theirs.pop("content")
                    assert mine["size"] == content["size"], (laptop.name, key)
                    path = laptop.store.blobs.path(mine["digest"])
                    assert path is not None
                    assert path.read_bytes() == self.platform.contents[key[1]], (laptop.name, key)
                    remote = theirs
                assert not diff(key[0], document, remote), (laptop.name, key, diff(key[0], document, remote))

    def no_twins(self) -> None:
        """No path and no annotation is on the platform twice."""
        items = Counter(one.document["filename"] for one in self.platform.entities[K.ITEM].values())
        assert not [path for path, number in items.items() if number > 1]
        keys = Counter(
            one.document["metadata"]["system"]["clientId"]
            for one in self.platform.entities[K.ANNOTATION].values()
        )
        assert not [key for key, number in keys.items() if number > 1]

    def nothing_lost(self) -> None:
        """A value that is not there any more was seen and overwritten by somebody, or lost openly, or deleted."""
        final = set(
            _texts([one.document for kind in SYNCED for one in self.platform.entities[kind].values()])
        )
        explained: set[str] = set()
        entered: set[str] = set()
        for laptop in self.laptops:
            with laptop.store.reading() as connection:
                for row in connection.execute(select(Operation)).mappings():
                    for change in row["changes"]:
                        entered.update(_texts(change.get("new")))
                        explained.update(_texts(change.get("old")))
                for model in (Conflict, Tombstone):
                    for row in connection.execute(select(model)).mappings():
                        explained.update(_texts(row["values"] if model is Conflict else row["document"]))
        lost = {one for one in entered if one.startswith("t") and one[1:].isdigit()} - final - explained
        assert not lost, lost


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
