"""Many files through each kind of fault: what arrives, what it costs, and what a careful script makes of the same.

``FILES`` (200), ``PEERS`` (those of ``CLIENTS`` to run beside, none when left out) and ``ONLY`` (weathers, by commas)
come from the environment. With 1000 files and all peers it takes an hour.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from bench_sync import EMAIL, PASSWORD, hub
from urllib3.util.retry import Retry

from localloop.errors import LocalLoopError
from localloop.platform import CredentialStore, Transport, login_m2m
from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item
from localloop.store.projects import create_project
from localloop.syncing import adopt, connected, sync_store
from localloop.testing.agreement import broken_content
from localloop.testing.faults import Schedule
from localloop_schema.kinds import EntityKind
from tests.integration.faults.weather import ERRORS, LOST, THROTTLING, WeatherProxy, outage

FILES = int(os.environ.get("FILES", "200"))
SIZE = 10_000
PEERS = os.environ.get("PEERS", "").split()
ONLY = os.environ.get("ONLY", "").split(",")
RUNS = 5

CALM = Schedule(())
Then = Callable[[WeatherProxy], None]
STORMS: dict[str, tuple[Schedule, Then | None]] = {
    "calm": (CALM, None),
    "5 % 500": (ERRORS, None),
    "30 % 429 with Retry-After": (THROTTLING, None),
    "10 % of replies lost": (LOST, None),
    "outage of 2 s": (CALM, outage(2)),
    "outage of 60 s": (CALM, outage(60)),
    "token ends": (CALM, WeatherProxy.expire),
}

DTLPY = """
import sys, dtlpy as dl
gate, folder = sys.argv[1:]
dl.add_environment(environment=f"{gate}/api/v1", gate_url=gate, url=f"{gate}/", alias="x", verify_ssl=False)
dl.setenv("x")
assert dl.login_m2m(email="ann@example.test", password="pw")
dataset = dl.projects.create(project_name="P").datasets.create(dataset_name="D")
dl.verbose.disable_progress_bar = True
dataset.items.upload(local_path=folder + "/*")
"""


@dataclass
class Result:
    """What a client got done."""

    seconds: float
    runs: int = 1
    ended: str = "done"


def contents() -> dict[str, bytes]:
    """Files by name."""
    return {f"{number:05}.bin": os.urandom(SIZE) for number in range(FILES)}


def localloop(gate: str, folder: Path, files: dict[str, bytes], begun: Callable[[], None]) -> Result:
    """A store that syncs until nothing is left to send."""
    credentials = CredentialStore(folder / "config")
    transport = Transport(gate)
    account = login_m2m(transport, credentials, EMAIL, PASSWORD)
    transport.close()
    with Store.create(folder / "store", device="bench") as store:
        adopt(store, account)
        refs = {name: store.blobs.add_bytes(data) for name, data in files.items()}
        with store.transaction("fill") as tx:
            dataset = create_dataset(tx, create_project(tx, "P"), "D")
            for name, ref in refs.items():
                add_item(tx, dataset, f"/{name}", ref)
        begun()
        started = time.perf_counter()
        ends = []
        for _ in range(RUNS):
            try:
                with connected(store, credentials) as remote:
                    left = sync_store(store, remote).unsent
                ends.append("done" if not left else f"{left} left")
            except LocalLoopError as error:
                ends.append(type(error).__name__)
            if ends[-1] == "done":
                break
        return Result(time.perf_counter() - started, len(ends), ", ".join(ends))


def script(gate: str, _folder: Path, files: dict[str, bytes], begun: Callable[[], None]) -> Result:
    """A careful script: one file after the other, each tried again five times, as Retry-After says."""
    session = requests.Session()
    retry = Retry(5, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
    login = {"username": EMAIL, "password": PASSWORD, "type": "user_credentials"}
    token = session.post(f"{gate}/token?default", json=login).json()["id_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    api = f"{gate}/api/v1"
    project = session.post(f"{api}/projects", data={"name": "P"}).json()["id"]
    dataset = session.post(f"{api}/datasets", json={"name": "D", "projects": [project]}).json()["id"]
    begun()
    started, failed = time.perf_counter(), 0
    for name, data in files.items():
        parts = {"type": (None, "file"), "path": (None, f"/{name}"), "file": (name, data)}
        try:
            url = f"{api}/datasets/{dataset}/items"
            session.post(url, params={"mode": "skip"}, files=parts).raise_for_status()
        except requests.RequestException:
            failed += 1
    return Result(time.perf_counter() - started, ended=f"{failed} failed" if failed else "done")


def dtlpy(gate: str, folder: Path, files: dict[str, bytes], begun: Callable[[], None]) -> Result:
    """The platform's own SDK, uploading a folder."""
    source, home = folder / "source", folder / "home"
    source.mkdir()
    home.mkdir()
    for name, data in files.items():
        (source / name).write_bytes(data)
    begun()
    started = time.perf_counter()
    environment = {**os.environ, "HOME": str(home), "DATALOOP_PATH": str(home / "dataloop")}
    words = [sys.executable, "-c", DTLPY, gate, str(source)]
    done = subprocess.run(words, env=environment, cwd=home, capture_output=True, text=True, check=False)
    return Result(time.perf_counter() - started, ended="done" if not done.returncode else "failed")


CLIENTS = {"localloop": localloop, "requests": script, "dtlpy": dtlpy}


def measure(client: str, storm: str) -> str:
    """One client in one weather, as a row of a table."""
    schedule, then = STORMS[storm]
    files = contents()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "client").mkdir()
        with hub(folder / "hub") as gate:
            proxy = WeatherProxy(gate, CALM, after=FILES // 3, then=then)
            proxy.start()

            def begun() -> None:
                proxy.requests = proxy.uploads = 0
                proxy.follow(schedule)

            try:
                result = CLIENTS[client](proxy.gate, folder / "client", files, begun)
            finally:
                for thread in threading.enumerate():  # an outage that outlasts the client
                    if thread.name.endswith("(happen)"):
                        thread.join()
                proxy.stop()
        with Store.open(folder / "hub" / ".localloop") as store:
            rows = store.rows(EntityKind.ITEM, type="file")
            times = Counter(row["filename"].lstrip("/") for row in rows)
            broken = set(broken_content(store))
            wrong = sum(
                row["filename"] in broken
                or store.blobs.path(row["digest"]).read_bytes() != files[row["filename"].lstrip("/")]
                for row in rows
            )
    stored = len(times.keys() & files.keys())
    twice = sum(times.values()) - len(times)
    weather = f"{storm} (really {proxy.down:.0f} s)" if proxy.down else storm
    return (
        f"| {weather} | {client} | {stored}/{FILES} | {twice} | {wrong} | {proxy.requests / FILES:.2f} | "
        f"{proxy.uploads / FILES:.2f} | {result.seconds:.0f} | {proxy.violations} | {result.runs} | "
        f"{result.ended} |"
    )


def main() -> None:
    """Print the table."""
    print(
        "| weather | client | stored | twice | wrong bytes | requests a file | uploads a file | s | "
        "asked too early | runs | ended |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for storm in STORMS:
        for client in ("localloop", *PEERS):
            if ONLY == [""] or storm in ONLY:
                print(measure(client, storm), flush=True)


if __name__ == "__main__":
    main()
