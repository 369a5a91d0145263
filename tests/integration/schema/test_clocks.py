"""The step that keeps marks from wrong clocks, on a store that was in the middle of pulling before it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from localloop_schema.history import PACKAGED, History
from localloop_schema.migrate import create, upgrade

AT, LATER = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A store of the version before, one of whose listings by id is half through and one of whose deltas is."""
    steps = tmp_path / "steps"
    steps.mkdir()
    for name in ("0001_initial.py", "0002_feed.py", "0003_orders.py", "0004_covering.py"):
        shutil.copy(PACKAGED / name, steps)
    path = tmp_path / "store" / "store.db"
    path.parent.mkdir()
    create(path, History((steps,)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO checkpoints (dataset_id, resource, phase, updated_at, cursor_id, pulls)"
            " VALUES ('d', ?, ?, ?, ?, ?)",
            [("item", "bootstrap", AT, "i7", 0), ("annotation", "delta", LATER, "a9", 12)],
        )
    return path


def test_a_listing_goes_on_and_a_delta_starts_where_the_last_one_came_to(older):
    assert "0005" in upgrade(older).steps
    with closing(sqlite3.connect(older)) as connection:
        query = (
            "SELECT resource, phase, updated_at, cursor_id, since, pulls, swept_at, wary_until"
            " FROM checkpoints ORDER BY resource"
        )
        assert connection.execute(query).fetchall() == [
            ("annotation", "delta", LATER, "", LATER, 12, "", ""),
            ("item", "bootstrap", "", "i7", AT, 0, "", ""),
        ]
