"""The step that tells how often an operation was refused, on a store where one was refused before it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from localloop_schema.history import PACKAGED, History
from localloop_schema.migrate import create, upgrade

AT = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A store of the version before, with one operation that waits and one that was refused."""
    steps = tmp_path / "steps"
    steps.mkdir()
    for step in sorted(PACKAGED.glob("000[1-5]_*.py")):
        shutil.copy(step, steps)
    path = tmp_path / "store" / "store.db"
    path.parent.mkdir()
    create(path, History((steps,)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO operations (id, kind, entity_id, verb, changes, batch, action, author, device,"
            " created_at, state, reason) VALUES (?, 'item', 'i', 'set', '[]', 'b', '', '', '', ?, ?, ?)",
            [("1", AT, "rejected", "No."), ("2", AT, "pending", None)],
        )
    return path


def test_what_was_refused_before_has_no_timer(older):
    assert "0006" in upgrade(older).steps
    with closing(sqlite3.connect(older)) as connection:
        query = "SELECT id, state, reason, tries, not_before FROM operations ORDER BY seq"
        assert connection.execute(query).fetchall() == [
            ("1", "rejected", "No.", 0, None),
            ("2", "pending", None, 0, None),
        ]
