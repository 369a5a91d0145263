"""A store that mirrors a large dataset of a platform that has to be asked, beside what the wire itself costs.

Each sync is a process of its own, so its memory is its own. Requests are counted by the client; processor time leaves
out what others do on the machine. ``LOCALLOOP_BENCH_ITEMS`` says how many items; 100,000 by default, with an annotation
each.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from bench_server import ITEMS, filled, item_id
from bench_sync import EMAIL, PASSWORD, hub

from localloop.platform import CredentialStore, Transport, login_m2m
from localloop.store import Store
from localloop.syncing import adopt, connected, subscribe, sync_store
from localloop_schema.kinds import EntityKind
from localloop_sync.drivers.journal import SqliteJournal
from localloop_sync.pulling import SWEEP_EVERY

PAGE = 1000
BULK = (EntityKind.ITEM, EntityKind.ANNOTATION)


def step(name: str, folder: Path) -> None:
    """One sync, in a process of its own; prints what it took as JSON."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    result: dict[str, Any] = {"requests": 0}
    with Store(folder / "client") as store:
        if name != "nothing":
            with connected(store, CredentialStore(folder / "config")) as remote:
                if name == "clone":
                    subscribe(store, remote, "Bench")
                report = sync_store(store, remote)
            result = {
                "requests": remote.request_count,
                "deleted": report.deleted_here,
                "pulled": report.pulled,
            }
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    print(json.dumps({**result, "seconds": time.perf_counter() - started, "cpu": used, "rss": peak()}))


def peak() -> float:
    """The most memory in mebibytes that this process ever had, as Linux tells it; a child's usage has its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [one for one in lines if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def run(name: str, folder: Path) -> dict[str, Any]:
    """What one sync took."""
    words = [sys.executable, str(Path(__file__).resolve()), name, str(folder)]
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    result: dict[str, Any] = json.loads(said.splitlines()[-1])
    return result


class Bare:
    """The same wire with ``requests`` alone."""

    def __init__(self, gate: str, dataset: str) -> None:
        self.session = requests.Session()
        login = {"username": EMAIL, "password": PASSWORD, "type": "user_credentials"}
        token = self.session.post(f"{gate}/token?default", json=login).json()["id_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.api = f"{gate}/api/v1"
        self.query = f"{self.api}/datasets/{dataset}/query"

    def ask(self, **body: Any) -> Any:
        """One query."""
        reply = self.session.post(self.query, json={"filter": {}, "page": 0, **body})
        reply.raise_for_status()
        return reply.json()

    def counts(self) -> None:
        """One count of each kind."""
        for kind in ("items", "annotations"):
            self.ask(resource=kind, pageSize=0)

    def everything(self) -> None:
        """Every page of each kind, decoded and thrown away."""
        for kind in ("items", "annotations"):
            last, more = "", True
            while more:
                page = self.ask(
                    resource=kind,
                    pageSize=PAGE,
                    sort={"id": "ascending"},
                    filter={"$and": [{"id": {"$gt": last}}]} if last else {},
                )
                last, more = page["items"][-1]["id"], page["hasNextPage"]

    def edit(self, number: int) -> None:
        """Change one item."""
        body = {"metadata": {"user": {"edited": number}}}
        self.session.patch(f"{self.api}/items/{item_id(number)}", json=body).raise_for_status()

    def delete(self, number: int) -> None:
        """Delete one item."""
        self.session.delete(f"{self.api}/items/{item_id(number)}").raise_for_status()


def timed(work: Callable[[], Any]) -> float:
    """The seconds that some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def due(folder: Path) -> None:
    """Have the next pull be one that sweeps."""
    with Store(folder / "client") as store:
        journal = SqliteJournal(store.engine, store.identity, store.clock)
        for dataset in journal.known(EntityKind.DATASET).values():
            for kind in BULK:
                mark = journal.mark(dataset, kind)
                if mark is not None:
                    values = {"pulls": SWEEP_EVERY - 1, "dataset": dataset, "kind": kind.value}
                    with closing(store.engine.raw_connection()) as connection:
                        connection.execute(
                            "UPDATE checkpoints SET pulls = :pulls WHERE dataset_id = :dataset AND resource = :kind",
                            values,
                        )
                        connection.commit()


def show(name: str, took: dict[str, Any], limit: float, what: str) -> None:
    """One line: what a sync took, beside what the wire alone needs."""
    print(
        f"  {name:34} {took['requests']:6} requests {took['seconds']:8.2f} s  CPU {took['cpu']:7.2f} s"
        f"  {took['rss']:5.0f} MiB  {took['seconds'] / limit:6.1f} x {what} ({limit:.3f} s)"
        + (f"   deleted {took['deleted']}" if took.get("deleted") else ""),
        flush=True,
    )


def main() -> None:
    """Print the figures."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = timed(lambda: filled(folder / "hub", 1))
        with Store(folder / "hub") as store:
            [dataset] = [row["id"] for row in store.rows(EntityKind.DATASET)]
        print(f"  {ITEMS} items with an annotation each, made in {made:.0f} s")
        with hub(folder / "hub", "--plain") as gate:
            transport = Transport(gate)
            account = login_m2m(transport, CredentialStore(folder / "config"), EMAIL, PASSWORD)
            transport.close()
            with Store.create(folder / "client", device="bench") as store:
                adopt(store, account)
            bare = Bare(gate, dataset)
            idle = run("nothing", folder)
            print(f"  {'memory of a process that does nothing':34} {idle['rss']:.0f} MiB")
            listing = timed(bare.everything)
            show("first clone", run("clone", folder), listing, "listing it bare")
            run("sync", folder)
            bare.counts()
            counts = timed(bare.counts)
            against = (counts, "a bare count of each kind")
            show("nothing changed", run("sync", folder), *against)
            bare.edit(ITEMS // 2)
            show("one item changed there", run("sync", folder), *against)
            bare.delete(ITEMS // 3)
            show("one item deleted there", run("sync", folder), *against)
            for number in range(50):
                bare.delete(number * ITEMS // 50 + 7)
            show("50 scattered items deleted there", run("sync", folder), *against)
            show("nothing changed", run("sync", folder), *against)
            due(folder)
            show("the first sweep", run("sync", folder), listing, "listing it bare")
            due(folder)
            show("a sweep", run("sync", folder), listing, "listing it bare")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        step(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
