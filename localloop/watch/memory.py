"""What was taken of a folder: a cache beside the store, which may be thrown away.

Without it every file is read once more, finds its item with the same content, and nothing is sent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, Self

from localloop.watch.comparing import Taken
from localloop.watch.scanning import Seen

FILE: Final = "watch.db"

_VERSION: Final = 1
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS taken (
    root TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    inode TEXT NOT NULL,
    device TEXT NOT NULL,
    digest TEXT NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (root, path)
) WITHOUT ROWID
"""


class Memory:
    """What was taken of one folder into one place.

    Args:
        store: The store's directory.
        root: The folder, and where its files go: the same folder may go to several places.
    """

    def __init__(self, store: Path, root: str) -> None:
        self._path = store / FILE
        self._root = root
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        connection = _connected(self._path)
        if _usable(connection):
            return connection
        connection.close()
        self._path.unlink(missing_ok=True)
        connection = _connected(self._path)
        _usable(connection)
        return connection

    def load(self) -> dict[str, Taken]:
        """All that was taken, by path."""
        query = "SELECT path, size, changed, inode, device, digest, item FROM taken WHERE root = ?"
        with closing(self._connection.execute(query, (self._root,))) as rows:
            return {
                path: Taken(Seen(path, size, changed, int(inode), int(device)), digest, item)
                for path, size, changed, inode, device, digest, item in rows
            }

    def save(self, taken: Mapping[str, Taken], forgotten: Iterable[str] = ()) -> None:
        """Remember files that were taken, and forget others.

        Args:
            taken: The files, by path.
            forgotten: Paths.
        """
        gone = [(self._root, path) for path in forgotten]
        if not taken and not gone:
            return
        rows = [
            (
                *(self._root, path, one.seen.size, one.seen.changed),
                *(str(one.seen.inode), str(one.seen.device), one.digest, one.item),
            )
            for path, one in taken.items()
        ]
        with self._connection:
            self._connection.executemany("DELETE FROM taken WHERE root = ? AND path = ?", gone)
            self._connection.executemany("INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30)


def _usable(connection: sqlite3.Connection) -> bool:
    """Make the table where there is none; says whether the file is one of this version.

    Raises:
        sqlite3.OperationalError: It is locked, or there is no room: it may be fine.
    """
    try:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        if version not in {0, _VERSION}:
            return False
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_TABLE)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return False
    return True
