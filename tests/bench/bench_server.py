"""A hub of many items over HTTP, beside a bare server, SQLite and the disk in the same run.

Processor time is the hub's own; unlike the rest it says the same on a machine that is busy with other things.
``LOCALLOOP_BENCH_ITEMS`` says how many items; 100,000 by default.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from bench_sync import EMAIL, PASSWORD, hub

from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.projects import create_project
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import insert_rows
from localloop_schema.session import writing

ITEMS = int(os.environ.get("LOCALLOOP_BENCH_ITEMS", "100000"))
STEP, LABELS, TYPES = 5000, ("car", "person", "tree", "dog"), ("box", "point", "class")
UPLOADS, SIZE, STREAM, BATCHES = 200, 10_000, 64 << 20, 20

DEFAULT = [{"hidden": False}, {"type": "file"}]
BY_ID = {"sort": {"id": "ascending"}}


def item_id(number: int) -> str:
    """The id of an item; ids are in the order of numbers."""
    return f"{0x66000000 + number:08x}{number:016x}"


def task_id(number: int) -> str:
    """The id of a task."""
    return f"65c0ffee{number:016x}"


def filled(folder: Path, each: int = 3) -> str:
    """A store with a dataset of items that have some annotations each, at most three; gives the dataset's id."""
    with Store.create(folder, author=EMAIL, device="bench") as store:
        with store.transaction("fill") as tx:
            dataset: str = create_dataset(tx, create_project(tx, "Bench"), "Many")["id"]
        common = {"remote_id": None, "creator": EMAIL, "updated_by": EMAIL, "deleted_at": None}
        for start in range(0, ITEMS, STEP):
            items, annotations = [], []
            for number in range(start, min(start + STEP, ITEMS)):
                at = f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"
                path = f"/d{number % 100:02}/{number:06}.jpg"
                refs = [{"type": "task", "id": task_id(number % 20), "metadata": {}}]
                own = {**common, "created_at": at, "updated_at": at, "dataset_id": dataset}
                items.append(
                    {
                        **own,
                        "id": item_id(number),
                        "filename": path,
                        "dir": path[:4],
                        "name": path[5:],
                        "type": "file",
                        "hidden": False,
                        "size": number,
                        "mimetype": "image/jpeg",
                        "spec": "MasterItemSpec",
                        "metadata": {"system": {"refs": refs, "width": 640}, "user": {"n": number}},
                    }
                )
                annotations += [
                    {
                        **own,
                        "id": f"{0x66000000 + number:08x}{number * 3 + place + (1 << 60):016x}",
                        "item_id": item_id(number),
                        "type": TYPES[place],
                        "label": "rare" if (number * 3 + place) % 3000 == 0 else LABELS[number % 4],
                        "coordinates": [{"x": 1, "y": 2}, {"x": 3, "y": 4}],
                        "attributes": [],
                        "source": "sdk",
                        "metadata": {"system": {"attributes": {}}},
                    }
                    for place in range(each)
                ]
            with writing(store.engine) as connection:
                insert_rows(connection, EntityKind.ITEM, items)
                insert_rows(connection, EntityKind.ANNOTATION, annotations)
    return dataset


def joined(resource: str, *clauses: dict[str, Any]) -> dict[str, Any]:
    """A join to another resource."""
    return {"join": {"on": {"resource": resource}, "filter": {"$and": list(clauses)}}}


QUERIES: dict[str, dict[str, Any]] = {
    "first page": {"filter": {"$and": DEFAULT}, **BY_ID},
    "keyset page": {"filter": {"$and": [*DEFAULT, {"id": {"$gt": item_id(ITEMS // 2)}}]}, **BY_ID},
    "by label and type": {
        "filter": {"$and": DEFAULT},
        **joined("annotations", {"label": "car"}, {"type": "box"}),
        **BY_ID,
    },
    "by a rare label": {"filter": {"$and": DEFAULT}, **joined("annotations", {"label": "rare"}), **BY_ID},
    "annotations of a folder": {
        "resource": "annotations",
        "filter": {},
        **joined("items", {"filename": "/d07/**"}),
        **BY_ID,
    },
    "by metadata.user": {"filter": {"$and": [*DEFAULT, {"metadata.user.n": ITEMS // 2}]}, **BY_ID},
    "by a task": {"filter": {"$and": [*DEFAULT, {"metadata.system.refs.id": task_id(7)}]}, **BY_ID},
    "without annotations": {"filter": {"$and": [*DEFAULT, {"annotated": False}]}, **BY_ID},
    "newest first": {"filter": {"$and": DEFAULT}, "sort": {"createdAt": "descending"}},
    "changed last": {"filter": {"$and": DEFAULT}, "sort": {"updatedAt": "descending"}},
    "count": {"filter": {"$and": DEFAULT}, "pageSize": 0},
}


def median(work: Callable[[], Any], times: int = 5) -> float:
    """The seconds that some work takes, the middle of some times; the first time is for warming up."""
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


@contextmanager
def bare_server(folder: Path) -> Iterator[str]:
    """The bare server of this directory as its own process; gives its address."""
    words = [sys.executable, str(Path(__file__).with_name("bare_server.py")), str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["gate"]
    finally:
        process.terminate()
        process.communicate()


class Process:
    """What a process that answers on an address has used, as far as the system tells it in ``/proc``.

    Args:
        command: A word of its command line; it is a child of this process.
    """

    def __init__(self, command: str) -> None:
        words = ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
        [line] = [one for one in said if command in one]
        self._proc = Path("/proc") / line.split()[0]

    def memory(self) -> float:
        """Mebibytes that it has in memory."""
        pages = int((self._proc / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare_page(database: sqlite3.Connection) -> None:
    """Read 1,000 rows, count the dataset, and write the rows as JSON."""
    rows = database.execute("SELECT * FROM items ORDER BY id LIMIT 1000").fetchall()
    database.execute("SELECT count(*) FROM items WHERE type = 'file' AND hidden = 0").fetchone()
    json.dumps(rows)


def queries(session: requests.Session, api: str, dataset: str, folder: Path, process: Process) -> None:
    """Latencies of queries, each beside what SQLite and ``json`` alone need for a page."""
    address = f"file:{folder / 'store.db'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        least = median(lambda: bare_page(database))
    print(f"  {'page by SQLite and json alone':30} {least * 1000:8.1f} ms")
    for name, body in QUERIES.items():
        ask = {"resource": "items", "pageSize": 1000, **body}

        def once(ask: dict[str, Any] = ask) -> None:
            session.post(f"{api}/datasets/{dataset}/query", json=ask).raise_for_status()

        before = process.cpu()
        seconds = median(once)
        used = (process.cpu() - before) / 6
        print(
            f"  {name:30} {seconds * 1000:8.1f} ms  {seconds / least:6.1f} x   CPU {used * 1000:6.0f} ms"
            + (f"   {1 / seconds:6.1f} pages/s" if name.endswith(" page") else "")
        )


def rate(name: str, times: int, work: Callable[[int], Any], process: Process, bare: float, peer: str) -> Any:
    """Do some work many times and print how often a second, as a share of what a peer does."""
    work(0)
    before, started = process.cpu(), time.perf_counter()
    for number in range(1, times + 1):
        result = work(number)
    per_second = times / (time.perf_counter() - started)
    used = (process.cpu() - before) / times
    print(
        f"  {name:30} {per_second:8.1f} /s  {per_second / bare:6.2f} of {peer} ({bare:.1f} /s)"
        f"   CPU {used * 1000:6.1f} ms"
    )
    return result


def often(times: int, work: Callable[[int], Any]) -> float:
    """How many times a second some work is done."""
    work(0)
    started = time.perf_counter()
    for number in range(1, times + 1):
        work(number)
    return times / (time.perf_counter() - started)


def bare_annotations(folder: Path, batch: list[dict[str, Any]]) -> float:
    """How many batches a second SQLite alone takes in, each in a transaction that is on the disk at its end."""
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE annotations (id INTEGER PRIMARY KEY, item_id TEXT, document TEXT)")

        def once(number: int) -> None:
            database.execute("BEGIN IMMEDIATE")
            rows = [(item_id(number), json.dumps(one)) for one in batch]
            database.executemany("INSERT INTO annotations (item_id, document) VALUES (?, ?)", rows)
            database.execute("COMMIT")

        return often(BATCHES, once)


def transfers(session: requests.Session, api: str, bare: str, dataset: str, folder: Path) -> None:
    """Uploads, single items, annotation batches and a stream, each beside a bare server or SQLite alone."""
    process = Process("localloop")
    data = os.urandom(SIZE)

    def parts(number: int) -> dict[str, Any]:
        content = (str(number), data + b"%d" % number)
        return {"type": (None, "file"), "path": (None, f"/up/{number}"), "file": content}

    def upload(number: int) -> str:
        ask = {"mode": "skip"}
        reply = session.post(f"{api}/datasets/{dataset}/items", params=ask, files=parts(number))
        reply.raise_for_status()
        return str(reply.json()["id"])

    def checked(reply: requests.Response) -> None:
        reply.raise_for_status()

    server = "a bare server"
    synced = often(UPLOADS, lambda number: checked(session.post(f"{bare}/", files=parts(number))))
    item = rate("uploads of 10 kB", UPLOADS, upload, process, synced, f"{server} with one synced write")
    got = often(UPLOADS, lambda _: checked(session.get(f"{bare}/")))
    address = f"{api}/items/{item}"
    rate("items read one by one", UPLOADS, lambda _: checked(session.get(address)), process, got, server)
    edit = [{"metadata": {"user": {"k": number}}} for number in range(UPLOADS + 1)]
    wrote = often(UPLOADS, lambda number: checked(session.post(f"{bare}/", json=edit[number])))
    change = lambda number: checked(session.patch(address, json=edit[number]))  # noqa: E731 - one expression
    rate("items changed one by one", UPLOADS, change, process, wrote, f"{server} with one synced write")
    batch = [{"type": "box", "label": "car", "coordinates": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}] * 100
    alone = bare_annotations(folder, batch)
    add = lambda _: checked(session.post(f"{address}/annotations", json=batch))  # noqa: E731 - the same
    rate("batches of 100 annotations", BATCHES, add, process, alone, "executemany in a transaction")
    large = os.urandom(STREAM)
    form = {"type": (None, "file"), "path": (None, "/large"), "file": ("large", large)}
    stored = session.post(f"{api}/datasets/{dataset}/items", files=form).json()["id"]
    copy = folder / "large"
    copy.write_bytes(large)
    disk = STREAM / median(copy.read_bytes, 3) / 1e6
    peer = STREAM / median(lambda: session.get(f"{bare}/large").content, 3) / 1e6
    speed = STREAM / median(lambda: session.get(f"{api}/items/{stored}/stream").content, 3) / 1e6
    print(
        f"  {'stream of 64 MiB':30} {speed:8.0f} MB/s {speed / peer:5.2f} of {server} ({peer:.0f} MB/s), "
        f"{speed / disk:.2f} of reading the file ({disk:.0f} MB/s)"
    )


def main() -> None:
    """Print the figures."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        dataset = filled(folder / "store")
        print(f"  {ITEMS} items with 3 annotations each, made in {time.perf_counter() - started:.0f} s")
        with hub(folder / "store") as gate, bare_server(folder) as bare, requests.Session() as session:
            process = Process("localloop")
            login = {"username": EMAIL, "password": PASSWORD, "type": "user_credentials"}
            token = session.post(f"{gate}/token?default", json=login).json()["id_token"]
            session.headers["Authorization"] = f"Bearer {token}"
            first = process.memory()
            queries(session, f"{gate}/api/v1", dataset, folder / "store", process)
            transfers(session, f"{gate}/api/v1", bare, dataset, folder)
            print(
                f"  {'memory of the hub':30} {process.memory():8.0f} MiB ({first:.0f} MiB before the first query)"
            )
