"""First sync and no-change sync against a hub in a process of its own, beside a bare client on the same wire."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from localloop.platform import CredentialStore, Transport, login_m2m
from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.store.projects import create_project
from localloop.syncing import adopt, connected, sync_store

EMAIL, PASSWORD = "ann@example.test", "pw"
ITEMS, SIZE, THREADS = 300, 10_000, 4
DATASETS = 20


@contextmanager
def hub(folder: Path, *more: str) -> Iterator[str]:
    """A hub as its own process; gives the gate."""
    words = ["serve", "--hub", "--data", str(folder), "--port", "0", "--user", EMAIL, "--json", *more]
    process = subprocess.Popen(
        [sys.executable, "-m", "localloop", *words],
        env={**os.environ, "LOCALLOOP_PASSWORD": PASSWORD},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["gate"]
    finally:
        process.terminate()
        process.communicate()


def filled(folder: Path) -> Store:
    """A store with a project, a dataset and its files."""
    store = Store.create(folder, device="bench")
    refs = [store.blobs.add_bytes(os.urandom(SIZE)) for _ in range(ITEMS)]
    with store.transaction("fill") as tx:
        dataset = create_dataset(tx, create_project(tx, "Bench"), "Files")
        for number, ref in enumerate(refs):
            add_item(tx, dataset, f"/{number:05}.bin", ref)
    return store


def bare(gate: str, folder: Path) -> float:
    """Seconds that a bare client needs to upload as many files of the size, with as many threads."""
    session = requests.Session()
    login = {"username": EMAIL, "password": PASSWORD, "type": "user_credentials"}
    token = session.post(f"{gate}/token?default", json=login).json()["id_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    api = f"{gate}/api/v1"
    project = session.post(f"{api}/projects", data={"name": "Bare"}).json()["id"]
    dataset = session.post(f"{api}/datasets", json={"name": "Files", "projects": [project]}).json()["id"]
    contents = [os.urandom(SIZE) for _ in range(ITEMS)]

    def send(number: int) -> None:
        parts = {
            "type": (None, "file"),
            "path": (None, f"/{number}.bin"),
            "file": (f"{number}.bin", contents[number]),
        }
        session.post(
            f"{api}/datasets/{dataset}/items", params={"mode": "skip"}, files=parts
        ).raise_for_status()

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(ITEMS)))
    return time.perf_counter() - started


def quiet_requests(folder: Path, *more: str) -> tuple[int, float]:
    """Requests and seconds of a sync without changes, with many datasets; ``more`` is for the hub."""
    with hub(folder / "hub", *more) as gate, Store.create(folder / "store", device="bench") as store:
        credentials = CredentialStore(folder / "config")
        transport = Transport(gate)
        account = login_m2m(transport, credentials, EMAIL, PASSWORD)
        transport.close()
        adopt(store, account)
        with store.transaction("fill") as tx:
            project = create_project(tx, "Many")
            for number in range(DATASETS):
                create_dataset(tx, project, f"D{number}")
        for _ in range(4):
            with connected(store, credentials) as remote:
                report = sync_store(store, remote)
    return report.requests, report.seconds


def main() -> None:
    """Print the figures."""
    with TemporaryDirectory() as name, hub(Path(name) / "hub") as gate:
        folder = Path(name)
        credentials = CredentialStore(folder / "config")
        transport = Transport(gate)
        account = login_m2m(transport, credentials, EMAIL, PASSWORD)
        transport.close()
        with filled(folder / "store") as store:
            adopt(store, account)
            rounds = []
            for _ in range(3):
                with connected(store, credentials) as remote:
                    rounds.append(sync_store(store, remote))
        first, _settling, quiet = rounds
        peer = bare(gate, folder)
        rate = ITEMS / first.seconds
        print(
            f"first sync of {ITEMS} x {SIZE} bytes: {first.seconds:.2f} s, {rate:.0f} items/s, "
            f"{first.requests} requests"
        )
        print(
            f"bare requests client, {THREADS} threads, same hub:  {peer:.2f} s  (ratio {first.seconds / peer:.2f})"
        )
        print(
            f"no-change sync: {quiet.seconds:.2f} s, {quiet.requests} requests (must not grow with the items)"
        )
    for name, more in (("by the change feed", ()), ("plainly (--plain)", ("--plain",))):
        with TemporaryDirectory() as folder_name:
            requests_sent, seconds = quiet_requests(Path(folder_name), *more)
        print(f"no-change sync of {DATASETS} datasets {name}: {requests_sent} requests, {seconds:.2f} s")


if __name__ == "__main__":
    main()
