"""Stores that sync with a hub through a proxy that makes it fail."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localloop.errors import LocalLoopError
from localloop.platform import Credentials, CredentialStore, DataloopRemote, PlatformSession, Transport
from localloop.platform.session import post_token
from localloop.server import ServerSettings
from localloop.store import Store
from localloop.store.fsck import Level, check
from localloop.syncing import subscribe, sync_store
from localloop.testing.agreement import broken_content, differences, picture
from localloop.testing.faults import FaultProxy, Schedule
from localloop.testing.hub import Hub, running_hub
from localloop_schema.kinds import EntityKind as K
from localloop_sync.drivers.identity import SystemClock
from localloop_sync.drivers.retrying import Patience
from localloop_sync.engine import Options

ANN = "ann@example.test"


class HurriedClock(SystemClock):
    """The machine's time, but sleeping takes none of it."""

    def __init__(self) -> None:
        self._slept = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds


class Laptop:
    """A store of its own and a session with the proxy."""

    def __init__(self, folder: Path, gate: str) -> None:
        self.name = folder.name
        self.clock = HurriedClock()
        self.store = Store.create(folder, author=ANN, clock=self.clock)
        self.transport = Transport(gate, connect_timeout=20, read_timeout=20)
        self.credentials = CredentialStore(folder / "config")
        self.session = PlatformSession(self.transport, self.credentials)
        # Commands take the hub real time, so waiting for them has to take some as well.
        self.remote = DataloopRemote(self.session)

    def log_in(self) -> None:
        body = {"username": ANN, "password": "pw", "type": "user_credentials"}
        reply = post_token(self.transport, body)
        tokens = Credentials(self.transport.gate, ANN, reply["id_token"], reply.get("refresh_token"))
        self.credentials.save(tokens)

    def sync(self, **options: Any) -> Any:
        return sync_store(
            self.store,
            self.remote,
            options=Options(**{"workers": 2, **options}),
            patience=Patience(budget=30, greeting=30),
        )

    def try_to_sync(self) -> str:
        """How a sync ended: ``done``, or the name of the error. The store has to be sound either way."""
        try:
            self.sync()
            ended = "done"
        except LocalLoopError as error:
            ended = type(error).__name__
        assert [one for one in check(self.store) if one.level is not Level.INFO] == []
        return ended

    def follow(self, project: str) -> None:
        subscribe(self.store, self.remote, project, content=True)

    def close(self) -> None:
        self.session.close()
        self.store.close()


class Place:
    """A hub, a proxy in front of it, and laptops that know only the proxy."""

    def __init__(self, folder: Path, hub: Hub, proxy: FaultProxy) -> None:
        self.folder, self.hub, self.proxy = folder, hub, proxy
        self.laptops: list[Laptop] = []

    def laptop(self, name: str) -> Laptop:
        laptop = Laptop(self.folder / name, self.proxy.gate)
        self.laptops.append(laptop)
        laptop.log_in()
        return laptop

    def settle(self, rounds: int = 6) -> None:
        """Good weather: everybody syncs until nothing moves any more."""
        self.proxy.follow("calm")
        for _ in range(rounds):
            reports = [laptop.sync() for laptop in self.laptops]
            if all(report.quiet for report in reports):
                return
        raise AssertionError("the laptops do not come to rest")

    def disagreements(self) -> list[str]:
        """Where hub and laptops differ, and what is there twice."""
        there = picture(self.hub.store, hub=True)
        found = [f"hub: {path}" for path in broken_content(self.hub.store)] + twins(self.hub.store)
        for laptop in self.laptops:
            found += [f"{laptop.name}: {line}" for line in differences(picture(laptop.store), there)]
            found += [f"{laptop.name}: content of {path}" for path in broken_content(laptop.store)]
        return found


def twins(store: Store) -> list[str]:
    """What the hub has more than once although it was made once."""
    keys = {K.PROJECT: "name", K.DATASET: "name", K.ITEM: "filename", K.TASK: "name", K.MEMBER: "email"}
    keys |= {K.ANNOTATION: "label"}  # each test uses a label once
    found = []
    for kind, key in keys.items():
        times = Counter(row[key] for row in store.rows(kind) if not row.get("system"))
        found += [f"{kind.value} {name} is there {n} times" for name, n in times.items() if n > 1]
    return found


@contextmanager
def place(
    folder: Path, schedule: Schedule | str = "calm", *, seed: int = 0, plain: bool = False
) -> Iterator[Place]:
    """A hub and a proxy; a plain hub has no feed of changes, so that laptops read listings, as from a platform."""
    folder.mkdir(exist_ok=True)
    with running_hub(folder / "hub", {ANN: "pw"}, settings=ServerSettings(plain=plain)) as hub:
        no_wait = {"wait": lambda _seconds: None}
        with FaultProxy(hub.gate, schedule=schedule, seed=seed, **no_wait) as proxy:
            here = Place(folder, hub, proxy)
            try:
                yield here
            finally:
                for laptop in here.laptops:
                    laptop.close()
