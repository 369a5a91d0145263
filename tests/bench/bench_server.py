"""A hub of many items over HTTP, beside the same bytes and statements without it.

``LOCALLOOP_BENCH_ITEMS`` says how many items; 100,000 by default.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
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


def filled(folder: Path) -> str:
    """A store with a dataset of items that have three annotations each; gives the dataset's id."""
    with Store.create(folder, author=EMAIL, device="bench") as store:
        with store.transaction("fill") as tx:
            dataset: str = create_dataset(tx, create_project(tx, "Bench"), "Many")["id"]
        common = {"remote_id": None, "creator": EMAIL, "updated_by": EMAIL, "deleted_at": None}
        for start in range(0, ITEMS, STEP):
            items, annotations = [], []
            for number in range(start, min(start + STEP, ITEMS)):
                at = f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"
                path = f"/d{number % 100:02}/{number:06}.jpg"
                refs = [{"type": "task", "id": f"{number % 20:024x}", "metadata": {}}]
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
                    for place in range(3)
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
    "by a task": {"filter": {"$and": [*DEFAULT, {"metadata.system.refs.id": f"{7:024x}"}]}, **BY_ID},
    "newest first": {"filter": {"$and": DEFAULT}, "sort": {"createdAt": "descending"}},
    "changed last": {"filter": {"$and": DEFAULT}, "sort": {"updatedAt": "descending"}},
    "count": {"filter": {"$and": DEFAULT}, "pageSize": 0},
}


def fastest(work: Callable[[], Any], times: int = 5) -> float:
    """The least seconds that some work takes."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def bare_page(folder: Path) -> float:
    """Seconds to read 1,000 rows and count the dataset by SQLite alone, and to write them as JSON."""
    with closing(sqlite3.connect(f"file:{folder / 'store.db'}?mode=ro", uri=True)) as database:

        def page() -> None:
            rows = database.execute("SELECT * FROM items ORDER BY id LIMIT 1000").fetchall()
            database.execute("SELECT count(*) FROM items WHERE type = 'file' AND hidden = 0").fetchone()
            json.dumps(rows)

        return fastest(page)


def resident() -> float:
    """Mebibytes that the hub, which is the only child of this process, has in memory."""
    words = ["ps", "-o", "rss=", "--ppid", str(os.getpid())]
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    return max(map(int, said.stdout.split())) / 1024


def queries(session: requests.Session, api: str, dataset: str, folder: Path) -> None:
    """Latencies of queries, each beside what SQLite alone needs for a page."""
    least = bare_page(folder)
    print(f"  a page by SQLite alone {least * 1000:8.1f} ms")
    for name, body in QUERIES.items():
        ask = {"resource": "items", "pageSize": 1000, **body}

        def once(ask: dict[str, Any] = ask) -> None:
            session.post(f"{api}/datasets/{dataset}/query", json=ask).raise_for_status()

        seconds = fastest(once)
        print(f"  {name:24} {seconds * 1000:8.1f} ms  {seconds / least:6.1f} x")


def transfers(session: requests.Session, api: str, dataset: str, folder: Path) -> None:
    """Uploads, annotation batches and a stream, each beside the disk."""
    data = os.urandom(SIZE)

    def write(number: int) -> None:
        with (folder / f"bare-{number}").open("wb") as file:
            file.write(data)
            os.fsync(file.fileno())

    started = time.perf_counter()
    for number in range(UPLOADS):
        write(number)
    bare = UPLOADS / (time.perf_counter() - started)
    started = time.perf_counter()
    for number in range(UPLOADS):
        parts = {
            "type": (None, "file"),
            "path": (None, f"/up/{number}"),
            "file": (str(number), data + b"%d" % number),
        }
        reply = session.post(f"{api}/datasets/{dataset}/items", params={"mode": "skip"}, files=parts)
        reply.raise_for_status()
    rate = UPLOADS / (time.perf_counter() - started)
    print(f"  uploads one by one       {rate:8.0f} /s  {rate / bare:6.2f} of synced writes ({bare:.0f} /s)")
    item = reply.json()["id"]
    batch = [{"type": "box", "label": "car", "coordinates": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}] * 100
    started = time.perf_counter()
    for _ in range(BATCHES):
        session.post(f"{api}/items/{item}/annotations", json=batch).raise_for_status()
    rate = BATCHES / (time.perf_counter() - started)
    print(f"  batches of 100           {rate:8.1f} /s  {rate * 100:6.0f} annotations a second")
    parts = {"type": (None, "file"), "path": (None, "/large"), "file": ("large", os.urandom(STREAM))}
    large = session.post(f"{api}/datasets/{dataset}/items", files=parts).json()["id"]
    copy = folder / "large"
    copy.write_bytes(os.urandom(STREAM))
    bare_seconds = fastest(copy.read_bytes, 3)
    seconds = fastest(lambda: session.get(f"{api}/items/{large}/stream").raise_for_status(), 3)
    share = bare_seconds / seconds
    print(f"  stream                   {STREAM / seconds / 1e6:8.0f} MB/s {share:6.2f} of reading the file")


def main() -> None:
    """Print the figures."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        dataset = filled(folder / "store")
        print(f"  {ITEMS} items with 3 annotations each, made in {time.perf_counter() - started:.0f} s")
        with hub(folder / "store") as gate, requests.Session() as session:
            login = {"username": EMAIL, "password": PASSWORD, "type": "user_credentials"}
            token = session.post(f"{gate}/token?default", json=login).json()["id_token"]
            session.headers["Authorization"] = f"Bearer {token}"
            queries(session, f"{gate}/api/v1", dataset, folder / "store")
            transfers(session, f"{gate}/api/v1", dataset, folder)
            print(f"  the hub's memory         {resident():8.0f} MiB")
