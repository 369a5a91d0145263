"""What people do with a large store: list by annotations, count by a field of the metadata, export all of it.

Three annotations an item. Each step is a process of its own, so its memory is its own; beside it stands the same number
of rows read by SQLite alone. ``LOCALLOOP_BENCH_ITEMS`` says how many items; 100,000 by default.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_pull import peak
from bench_server import ITEMS, filled

from localloop.cli import main as command_line
from localloop.store import Store
from localloop_schema.session import DATABASE

PLACE = "Bench/Many"
JOINED = "label:car type:box"

#: What is run, by name: a command line, and the statement that reads as many rows.
COMMANDS = {
    "ls, the first 100 by label and type": ["ls", PLACE, JOINED, "--limit", "100", "--json"],
    "ls, all of a rare label": ["ls", PLACE, "label:rare", "--limit", "0", "--json"],
    "export to CSV": ["export", PLACE, "table", "--format", "csv", "--no-content", "--json"],
}


def step(name: str, folder: Path) -> None:
    """One step, in a process of its own; prints what it took as JSON, on standard error."""
    started = time.perf_counter()
    if name == "count":
        with Store.open(folder) as store:
            wanted = {"filter": {"metadata.user.n": {"$gt": ITEMS // 2}}, "pageSize": 1}
            found = store.query(wanted).total
            assert found == ITEMS - ITEMS // 2 - 1, found
    elif name != "nothing":
        with suppress(SystemExit):
            command_line([*COMMANDS[name], "--store", str(folder)])
    else:
        Store.open(folder).close()
    print(json.dumps({"seconds": time.perf_counter() - started, "rss": peak()}), file=sys.stderr)


def run(name: str, folder: Path, place: Path) -> tuple[dict[str, Any], int]:
    """What a step took, and how many bytes it printed."""
    words = [sys.executable, str(Path(__file__).resolve()), name, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=place)
    return json.loads(done.stderr.splitlines()[-1]), len(done.stdout)


def bare(database: Path, statement: str) -> float:
    """How many seconds SQLite alone takes for a statement."""
    with closing(sqlite3.connect(database)) as connection:
        started = time.perf_counter()
        for _ in connection.execute(statement):
            pass
        return time.perf_counter() - started


def main() -> None:
    """Print the figures."""
    with TemporaryDirectory() as name:
        place = Path(name)
        folder = place / "store"
        started = time.perf_counter()
        filled(folder, 3)
        made = time.perf_counter() - started
        size = (folder / DATABASE).stat().st_size
        print(f"  {ITEMS:,} items, {3 * ITEMS:,} annotations: made in {made:.0f} s, {size / 1e9:.2f} GB")
        whole = bare(folder / DATABASE, "SELECT * FROM items") + bare(
            folder / DATABASE, "SELECT * FROM annotations"
        )
        count = bare(folder / DATABASE, "SELECT count(*) FROM items WHERE metadata LIKE '%x%'")
        idle, _ = run("nothing", folder, place)
        print(f"  {'a process that opens the store':40} {idle['seconds']:8.2f} s {idle['rss']:6.0f} MiB")
        for one, against, what in (
            *((one, whole, "reading all rows bare") for one in COMMANDS),
            ("count", count, "looking at all metadata bare"),
        ):
            took, printed = run(one, folder, place)
            ratio = took["seconds"] / against
            print(
                f"  {one:40} {took['seconds']:8.2f} s {took['rss']:6.0f} MiB {printed / 1e6:8.2f} MB printed, "
                f"{ratio:.2f} times {what}"
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        step(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
