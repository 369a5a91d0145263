"""A copy of a store that is one by itself: what only this store has is in it, whatever else is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete

from localloop.blobs import BlobCache
from localloop.blobs.files import appearing
from localloop.errors import StoreError
from localloop.store.keeping import Fate, Keeper
from localloop_schema.rows import chunks
from localloop_schema.session import DATABASE, open_engine, reading, writing
from localloop_schema.tables import Blob

if TYPE_CHECKING:
    from localloop.store.store import Store

_BLOBS: Any = Blob.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

#: What the platform could not give back, or somebody wanted to have for sure.
_NEEDED: Final = frozenset({Fate.UNSENT, Fate.TRASH, Fate.PINNED})

#: The accounts of a hub, which belong to its store.
_ACCOUNTS: Final = "hub.json"


@dataclass(slots=True)
class BackedUp:
    """What a copy holds.

    Attributes:
        database: How many bytes the database has.
        contents: How many contents were copied.
        bytes: How many bytes they have.
        left: How many contents were left out, since the platform has them or no item does.
    """

    database: int = 0
    contents: int = 0
    bytes: int = 0
    left: int = 0


def back_up(
    store: Store,
    target: Path,
    *,
    everything: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
) -> BackedUp:
    """Copy a store as it is at one moment, while others use it.

    Args:
        store: The store.
        target: A folder that is not there yet, or is empty; it appears whole or not at all.
        everything: Whether all contents are copied, those too that the platform has.
        progress: Told how many contents are through.

    Returns:
        What was copied.

    Raises:
        BadRequest: The folder has something in it.
        StoreError: A content was removed while it was to be copied.
        BlobDamagedError: A content is broken; `localloop cache verify` finds all such.
        OSError: The folder cannot be written.
    """
    done = BackedUp()
    with appearing(target) as place:
        with (
            closing(sqlite3.connect(store.path / DATABASE)) as source,
            closing(sqlite3.connect(place / DATABASE)) as copy,
        ):
            source.backup(copy)  # all pages in one go: one unchanging view, though others write
        engine = open_engine(place / DATABASE)
        try:
            blobs = BlobCache(place / "blobs")
            with reading(engine) as connection:
                keeper = Keeper(connection)
                kept = dict(_kept(store.blobs, keeper, everything=everything, done=done))
            with writing(engine) as connection:
                for part in chunks(connection.execute(_BLOBS.select()).scalars().all()):
                    gone = [one for one in part if one not in kept]
                    connection.execute(delete(_BLOBS).where(_BLOBS.c.digest.in_(gone)))
            for number, (digest, path) in enumerate(kept.items(), 1):
                try:
                    done.bytes += blobs.add_file(path, expected=digest).size
                except FileNotFoundError as error:
                    raise StoreError(
                        "A content was removed while it was to be copied.", advice="Make the copy again."
                    ) from error
                done.contents += 1
                if progress is not None:
                    progress(number, len(kept))
        finally:
            engine.dispose()
        if (store.path / _ACCOUNTS).exists():
            shutil.copy2(store.path / _ACCOUNTS, place / _ACCOUNTS)  # nobody else may read either of them
        done.database = (place / DATABASE).stat().st_size
    return done


def _kept(
    blobs: BlobCache, keeper: Keeper, *, everything: bool, done: BackedUp
) -> Iterator[tuple[str, Path]]:
    for part in chunks(blobs.digests()):
        for digest, fate in keeper.fates(part).items():
            path = blobs.path(digest)
            if path is None:
                continue
            if everything or fate in _NEEDED:
                yield digest, path
            else:
                done.left += 1
