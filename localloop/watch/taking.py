"""Taking what a folder has into a dataset: one look at a time, and each look may be the last."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from localloop.blobs import BlobRef
from localloop.errors import BlobError, Conflict, MassDeletionHalt, SourceChangedError
from localloop.media import probe
from localloop.store import Store
from localloop.store.items import NewItem, add_items, find_item, move_item, put_content
from localloop.store.paths import mimetype_of, normal_path
from localloop.store.transaction import Transaction
from localloop.watch.comparing import Changes, Taken, compare
from localloop.watch.known import Known
from localloop.watch.memory import Memory
from localloop.watch.scanning import ALL, Seen, scan
from localloop.watch.settling import Settling, is_open_for_writing
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import get_row

#: How many files go into one transaction; their bytes are durable before it.
BATCH: Final = 200

#: How long it is remembered where a file was that is gone: it may turn up elsewhere. In seconds.
_REMEMBERED: Final = 600.0


#: What looks count.
COUNTS: Final = (
    *("added", "replaced", "moved", "gone", "bytes"),
    *("written", "arranged", "removed", "deleted"),
)


@dataclass(slots=True)
class Look:
    """What one look came to.

    Attributes:
        added: How many files became items.
        replaced: How many items got new content.
        moved: How many items got another path.
        gone: How many files are gone; their items stay.
        bytes: The size of what was added or replaced.
        waiting: Files that somebody may still be writing to: to be looked at again.
        problems: What could not be taken, and why.
        written: How many files were written here, since their items are new or have new content.
        arranged: How many files were moved here, since their items were.
        removed: How many files were removed here, since their items are deleted.
        deleted: How many items were deleted, since their files are gone.
        kept: Files that were given another name, since their items have other content: their new names.
        halt: Why nothing was deleted, where it would have been much.
    """

    added: int = 0
    replaced: int = 0
    moved: int = 0
    gone: int = 0
    bytes: int = 0
    waiting: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    written: int = 0
    arranged: int = 0
    removed: int = 0
    deleted: int = 0
    kept: dict[str, str] = field(default_factory=dict)
    halt: MassDeletionHalt | None = None

    @property
    def anything(self) -> bool:
        """Whether there is something to be sent."""
        return bool(self.added or self.replaced or self.moved or self.deleted)

    def add(self, other: Look) -> None:
        """Count what another look came to as well.

        Args:
            other: The look.
        """
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.kept |= other.kept


class Taker:
    """Takes what a folder has into a dataset. Nothing is ever deleted there.

    Args:
        store: The store.
        dataset_id: The dataset's local id.
        folder: The folder on this machine.
        remote: The directory of the dataset that stands for it.
        ignored: Says what is passed over.
        memory: What was taken before.
        settling: Says which files have been left alone.
        now: Seconds since the epoch.
        monotonic: Seconds of a clock that nobody sets.
        stopping: Says whether to leave the rest for another time.
        through: Called after each batch, with what the look came to so far.
        mirrors: Whether the dataset's side is written to the folder as well, by somebody who looks after what this
            leaves: files whose items have other content, or are elsewhere. What is gone is remembered then.

    Attributes:
        known: What was taken, by path.
        gone: Since when files of that are gone, by path.
    """

    def __init__(
        self,
        store: Store,
        dataset_id: str,
        folder: Path,
        remote: str,
        ignored: Callable[..., bool],
        memory: Memory,
        settling: Settling,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        stopping: Callable[[], bool] = lambda: False,
        through: Callable[[Look], None] = lambda _: None,
        mirrors: bool = False,
    ) -> None:
        self._store = store
        self._dataset_id = dataset_id
        self._folder = folder
        self._remote = remote
        self._ignored = ignored
        self._memory = memory
        self._settling = settling
        self._now = now
        self._monotonic = monotonic
        self._stopping = stopping
        self._through = through
        self._mirrors = mirrors
        self.known = Known(memory.load())
        self.gone: dict[str, float] = {}

    #: What a folder does not show, nobody looks at.
    stirred = False

    def look(self, places: Mapping[str, bool] = ALL) -> Look:
        """Look at the folder, or at parts of it, and take what can be taken.

        Args:
            places: Which folders, and whether with all below.

        Raises:
            NotFound: The folder is not there.
            OSError: The store cannot be written, such as on a full disk. What was taken until then is.
        """
        done = Look()
        found = scan(self._folder, self._ignored, places)
        done.problems.update(found.problems)
        changes = compare(self.known.concerned(found), found, self._vanished)
        self._move(changes, done)
        ready, waiting = self._settling.settled(
            [*changes.new, *changes.changed], self._now(), self._monotonic()
        )
        done.waiting += [seen.path for seen in waiting]
        rest = iter(ready)
        while not self._stopping() and (batch := list(islice(rest, BATCH))):
            self._batch(batch, done)
            self._through(done)
        self._forget(changes.gone, done)
        return done

    def _vanished(self, path: str) -> bool:
        return not os.path.lexists(self._folder / path)

    def _forget(self, gone: Sequence[str], done: Look) -> None:
        now = self._monotonic()
        done.gone = sum(path not in self.gone for path in gone)
        since = {path: self.gone.get(path, now) for path in gone}
        since |= {
            path: at
            for path, at in self.gone.items()
            if path not in since and (not self._mirrors or self._vanished(path))
        }
        self.gone = {path: at for path, at in since.items() if path in self.known}
        over = [
            path
            for path, since in self.gone.items()
            if now - since >= _REMEMBERED and not self._mirrors and self._vanished(path)
        ]
        for path in over:
            del self.gone[path]
            self.known.drop(path)
        self._memory.save({}, over)

    def _move(self, changes: Changes, done: Look) -> None:
        """Give items the paths that their files have now; who moves in a circle is taken by content instead."""
        left = [(self.known[origin], seen) for origin, seen in changes.moved]
        while left:
            again: list[tuple[Taken, Seen]] = []
            for start in range(0, len(left), BATCH):
                again += self._moved(left[start : start + BATCH], done)
            if len(again) == len(left):
                changes.changed += [seen for _, seen in again]
                return
            left = again

    def _moved(self, moves: Sequence[tuple[Taken, Seen]], done: Look) -> list[tuple[Taken, Seen]]:
        """Move some; returns those whose place is taken."""
        again: list[tuple[Taken, Seen]] = []
        remembered: dict[str, Taken] = {}
        with self._store.transaction(f"files were moved in {self._folder.name}") as tx:
            for before, seen in moves:
                row = get_row(tx.connection, EntityKind.ITEM, before.item)
                place = self._at(before.seen.path)
                if row is not None and row["deleted_at"] is None and row["filename"] == place:
                    try:
                        move_item(tx, row, self._at(seen.path))
                        done.moved += 1
                    except Conflict:
                        again.append((before, seen))
                        continue
                remembered[seen.path] = Taken(seen, before.digest, before.item)
        waiting = {before.seen.path for before, _ in again}
        forgotten = [before.seen.path for before, _ in moves if before.seen.path not in waiting]
        self.remember(remembered, forgotten)
        return again

    def _batch(self, files: Sequence[Seen], done: Look) -> None:
        read, failure = self._read(files, done)
        if read:
            self._store_read(read, done)
        if failure is not None:
            raise failure

    def _store_read(self, read: Sequence[tuple[Seen, BlobRef]], done: Look) -> None:
        derived = {seen.path: self._probe(seen, blob) for seen, blob in read}
        remembered: dict[str, Taken] = {}
        with self._store.transaction(f"files of {self._folder.name}") as tx:
            dataset = tx.row(EntityKind.DATASET, self._dataset_id)
            new: list[tuple[Seen, BlobRef]] = []
            for seen, blob in read:
                item = self._known(tx, seen, blob, derived[seen.path], done)
                if item is None:
                    new.append((seen, blob))
                elif item:
                    remembered[seen.path] = Taken(seen, blob.digest, item)
            entries = [NewItem(self._at(seen.path), blob, derived=derived[seen.path]) for seen, blob in new]
            made = add_items(tx, dataset, entries)
            for (seen, blob), (row, outcome) in zip(new, made, strict=True):
                if outcome == "created":
                    done.added += 1
                    done.bytes += blob.size
                remembered[seen.path] = Taken(seen, blob.digest, row["id"])
        self.remember(remembered, ())

    def _known(
        self, tx: Transaction, seen: Seen, blob: BlobRef, derived: Mapping[str, object], done: Look
    ) -> str | None:
        """The item that a file is of already; None when it is to become one, empty when it cannot be told."""
        before = self.known.get(seen.path)
        if self._mirrors and before is not None and self._went_elsewhere(tx, before):
            return ""
        there = find_item(tx.connection, self._dataset_id, self._at(seen.path))
        if there is None:
            return None
        if there["type"] != "file":
            done.problems[seen.path] = "A directory of the dataset is at its path."
            return ""
        item = str(there["id"])
        if there["digest"] == blob.digest:
            return item
        if before is not None and before.item == item and there["digest"] == before.digest:
            put_content(tx, there, blob, derived=derived)
            done.replaced += 1
            done.bytes += blob.size
            return item
        # Somebody else gave the item other content. That stands, until the file changes again.
        done.problems[seen.path] = "The item at its path has other content, which is not from here."
        return "" if self._mirrors else item

    def _went_elsewhere(self, tx: Transaction, before: Taken) -> bool:
        row = get_row(tx.connection, EntityKind.ITEM, before.item)
        place = self._at(before.seen.path)
        return row is not None and row["deleted_at"] is None and row["filename"] != place

    def _read(self, files: Sequence[Seen], done: Look) -> tuple[list[tuple[Seen, BlobRef]], OSError | None]:
        """Bring files into the cache, each as it was seen: one that changed meanwhile has to wait.

        Returns:
            What was read, and the error that is about the store, such as a full disk: nothing is read after it.
        """
        quiet = [seen for seen in files if self._is_free(seen, done)]
        read: list[tuple[Seen, BlobRef]] = []
        found = self._store.blobs.add_each([self._folder / seen.path for seen in quiet])
        for seen, blob in zip(quiet, found, strict=False):  # it may end early
            if isinstance(blob, BlobRef) and self._is_same(seen):
                read.append((seen, blob))
            elif isinstance(blob, BlobRef | SourceChangedError):
                self._later(seen, done)
            elif isinstance(blob, BlobError):
                done.problems[seen.path] = blob.message
            elif blob.filename not in {self._folder / seen.path, str(self._folder / seen.path)}:
                return read, blob
            elif not isinstance(blob, FileNotFoundError):
                done.problems[seen.path] = str(blob.strerror)
        return read, None

    def _is_free(self, seen: Seen, done: Look) -> bool:
        try:
            if not is_open_for_writing(self._folder / seen.path):
                return True
        except FileNotFoundError:
            return False
        except OSError as error:
            done.problems[seen.path] = error.strerror or str(error)
            return False
        self._later(seen, done)
        return False

    def _is_same(self, seen: Seen) -> bool:
        try:
            told = (self._folder / seen.path).stat()
        except OSError:
            return False
        return (told.st_size, told.st_mtime_ns, told.st_ino) == (seen.size, seen.changed, seen.inode)

    def _later(self, seen: Seen, done: Look) -> None:
        self._settling.again(seen, self._monotonic())
        done.waiting.append(seen.path)

    def _probe(self, seen: Seen, blob: BlobRef) -> dict[str, object]:
        return probe(self._store.blobs.path(blob.digest), mimetype_of(seen.path))

    def _at(self, path: str) -> str:
        return normal_path(f"{self._remote}/{path}")

    def remember(self, taken: Mapping[str, Taken], forgotten: Iterable[str]) -> None:
        """Remember files as they are now, and forget others.

        Args:
            taken: The files, by path.
            forgotten: Paths.
        """
        gone = list(forgotten)
        for path in gone:
            self.known.drop(path)
            self.gone.pop(path, None)
        for path, one in taken.items():
            self.known.put(path, one)
            self.gone.pop(path, None)
        self._memory.save(taken, [path for path in gone if path not in taken])
