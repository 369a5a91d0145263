"""A bounded list of records that outlives the server: JSON lines, the last one with an id counts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any

#: How many records are kept, newest first.
KEPT = 1000

Record = dict[str, Any]


class History:
    """Records by id, in a file that is read when first asked for.

    Args:
        path: The file; made with the first record. A line that a crash cut short is skipped.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._records: dict[str, Record] | None = None

    def put(self, record: Record) -> None:
        """Add a record, or replace the one with its ``id``."""
        with self._lock:
            records = self._read()
            records[record["id"]] = dict(record)
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if len(records) > 2 * KEPT:
                self._records = dict(list(records.items())[-KEPT:])
                _write(self._path, self._records.values())
                return
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(record))

    def all(self) -> list[Record]:
        """All records, oldest first."""
        with self._lock:
            return [dict(record) for record in self._read().values()]

    def _read(self) -> dict[str, Record]:
        if self._records is None:
            self._records = {record["id"]: record for record in _lines(self._path)}
        return self._records


def _lines(path: Path) -> Iterable[Record]:
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and isinstance(record.get("id"), str):
                yield record


def _write(path: Path, records: Iterable[Record]) -> None:
    """Write the whole file anew; a crash leaves the one before."""
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.writelines(map(_line, records))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _line(record: Record) -> str:
    """A record on a line that it begins itself, so that one that a crash cut short before it spoils no other."""
    return "\n" + json.dumps(record, ensure_ascii=True)
