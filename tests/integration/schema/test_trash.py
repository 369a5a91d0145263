"""The step that brings the trash, on a store that deleted something before it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from localloop.store import Store
from localloop.store.trash import contents
from localloop_schema.history import PACKAGED, History
from localloop_schema.migrate import create


def test_what_an_older_program_deleted_is_in_the_trash(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    for step in PACKAGED.glob("000[1-7]_*.py"):
        shutil.copy(step, steps)
    path = tmp_path / "store" / "store.db"
    path.parent.mkdir()
    create(path, History((steps,)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO tombstones (kind, entity_id, document, parents, facts, deleted_by, deleted_at, origin)"
            " VALUES ('item', 'i', ?, '{\"dataset\": \"d\"}', '{}', '', '2026-01-01T00:00:00.000Z', 'platform')",
            (json.dumps({"filename": "/a.txt", "type": "file", "metadata": {}}),),
        )
    with Store.open(path.parent) as store, store.reading() as connection:
        [heap] = contents(connection)
    assert (heap.name, heap.origin, heap.counts) == ("/a.txt", "platform", {"item": 1})
