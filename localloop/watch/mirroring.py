"""A folder and a dataset that follow each other: :mod:`localloop.watch.agreeing` decides, and this does it.

Every step leaves both sides so that a look which finds it half done comes to the same: a file that was written and not
remembered has its item's bytes, and is adopted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from localloop.errors import AuthError, BlobError, MassDeletionHalt, NotFound, TransientError
from localloop.store import Store, feed
from localloop.watch.agreeing import Here, Side, Step, decide, is_too_much
from localloop.watch.comparing import Taken
from localloop.watch.folder import MARKER, Folder, InTheWayError
from localloop.watch.scanning import ALL, expect_folder
from localloop.watch.taking import BATCH, Look, Taker
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import chunks, get_row, table
from localloop_sync.core.safety import Limits

#: How long a file is gone before its item is deleted, in seconds: editors replace files, and moves take a moment.
GONE_FOR: Final = 5.0

#: How long contents are not asked for again after the platform could not be reached, in seconds.
_ASKS_AGAIN_AFTER: Final = 60.0

_STEP: Final = 5000
_NO_CONTENT: Final = "Its content is not here yet."

#: Fetches the contents of items, by their local ids, as far as the platform gives them.
Fetch = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """How a mirror is to be.

    Attributes:
        fetch: Fetches contents.
        date: The day, for the names of conflicts' copies.
        device: This machine, for the same.
        gone_for: How long a file is gone before its item is deleted, in seconds.
        allow_deletions: Whether the first look may delete however much.
    """

    fetch: Fetch
    date: Callable[[], str]
    device: str
    gone_for: float = GONE_FOR
    allow_deletions: bool = False


@dataclass(slots=True)
class _Plan:
    """What is to be done to the folder."""

    steps: list[tuple[Step, str, Taken | None, Side | None]] = field(default_factory=list)
    removals: list[Taken] = field(default_factory=list)


class Mirror:
    """Looks at a folder and its dataset, as a :class:`Taker` looks at the folder alone.

    Args:
        store: The store.
        dataset_id: The dataset's local id.
        root: The folder.
        remote: The directory of the dataset that stands for it.
        folder: Writes to the folder.
        taker: Takes what the folder has.
        how: How the mirror is to be.
        monotonic: Seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        store: Store,
        dataset_id: str,
        root: Path,
        remote: str,
        folder: Folder,
        taker: Taker,
        how: Mirrored,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._dataset_id = dataset_id
        self._root = root
        self._remote = remote
        self._folder = folder
        self._taker = taker
        self._how = how
        self._monotonic = monotonic
        self._limits = None if how.allow_deletions else Limits()
        self._seq = -1
        self._unsettled: set[str] = set()
        self._asked = float("-inf")
        self._columns = table(EntityKind.ITEM).c
        self._project_id = ""

    @property
    def stirred(self) -> bool:
        """Whether the dataset, or anything in the store, changed since the last look, or something is left to do."""
        if self._unsettled:
            return True
        with self._store.reading() as connection:
            return feed.head(connection).seq != self._seq

    def look(self, places: Mapping[str, bool] = ALL) -> Look:
        """Look at both sides, and have them agree.

        Args:
            places: Which folders were stirred, and whether with all below.

        Returns:
            What it came to. Where much would have been deleted, nothing was, and it says so.

        Raises:
            NotFound: The folder is not there, or is not the one that was mirrored; or the dataset is deleted.
            OSError: The store cannot be written, such as on a full disk.
        """
        self._recognise()
        with self._store.reading() as connection:
            seq = feed.head(connection).seq
        done = self._taker.look(places)
        self._unsettled |= self._at(done.problems)
        ids = None if places is ALL or self._seq < 0 else self._changed()
        self._bring(ids, done)
        self._delete(done)
        self._seq = seq
        if places is ALL and not done.waiting:
            self._limits = Limits()  # what was allowed was for one look at everything
        return done

    def _recognise(self) -> None:
        with self._store.reading() as connection:
            dataset = get_row(connection, EntityKind.DATASET, self._dataset_id)
        if dataset is None or dataset["deleted_at"] is not None:
            raise NotFound("404", "The dataset is deleted.", advice="The folder stays as it is.")
        self._project_id = str(dataset["project_id"])
        expect_folder(self._root)
        if self._folder.marked:
            return
        if len(self._taker.known) and not self._how.allow_deletions:
            raise NotFound(
                "404",
                f"{self._root} is not the folder that was mirrored: it has no {MARKER}.",
                advice="Is the disk mounted? If it is this folder, --allow-deletions goes on with it.",
            )
        self._folder.mark(f"{self._dataset_id}{self._remote}")

    # From the dataset to the folder.

    def _changed(self) -> set[str]:
        """The items that changed since the last look, and those that could not be brought."""
        changed = set(self._unsettled)
        since, more = self._seq, True
        while more:
            with self._store.reading() as connection:
                stretch = feed.read(connection, self._project_id, since, _STEP, [self._dataset_id])
            changed |= {row["entity_id"] for row in stretch.entries if row["kind"] == EntityKind.ITEM.value}
            since, more = stretch.position.seq, stretch.more
        return changed

    def _bring(self, ids: set[str] | None, done: Look) -> None:
        """Have the folder follow the dataset: all items, or those that changed."""
        known = self._taker.known
        if ids is None:
            items = dict(self._items(None))
            concerned: Iterable[str] = {*items, *known.item_ids}
        else:
            items = dict(self._items(ids)) if ids else {}
            concerned = ids
        self._unsettled.clear()
        total = len(known.item_ids)
        plan = self._plan(concerned, items)
        for step, item_id, base, item in plan.steps:
            try:
                self._do(step, item_id, base, item, done)
            except (InTheWayError, BlobError) as error:
                self._later(item_id, item, error.message, done)
            except OSError as error:
                if error.filename is None and error.filename2 is None:
                    raise  # it is about the store
                self._later(item_id, item, error.strerror or str(error), done)
        self._remove(plan.removals, total, done)

    def _agreed(self, item_id: str) -> Taken | None:
        """What was agreed on last. After a power cut an item may be known by an old path too, which is gone."""
        known = self._taker.known.of_item(item_id)
        there = [one for one in known if one.seen.path not in self._taker.gone]
        return there[-1] if there else next(iter(known), None)

    def _plan(self, concerned: Iterable[str], items: Mapping[str, Side]) -> _Plan:
        plan = _Plan()
        for item_id in sorted(concerned):
            base, item = self._agreed(item_id), items.get(item_id)
            if base is not None and item == Side(base.seen.path, base.digest):
                continue  # what is agreed on is not even looked at
            here = self._folder.state(base.seen) if base is not None else Here.GONE
            agreed = Side(base.seen.path, base.digest) if base is not None else None
            step = decide(agreed, here, item)
            if step is Step.REMOVE and base is not None:
                plan.removals.append(base)
            elif step not in {Step.NOTHING, Step.DELETE}:
                plan.steps.append((step, item_id, base, item))
        missing = [
            item_id
            for step, item_id, _, item in plan.steps
            if item is not None and step is not Step.FORGET and not self._is_here(item)
        ]
        self._fetch(missing, plan)
        return plan

    def _fetch(self, missing: Sequence[str], plan: _Plan) -> None:
        if not missing or self._monotonic() - self._asked < _ASKS_AGAIN_AFTER:
            return
        try:
            self._how.fetch(missing)
        except (TransientError, AuthError):
            self._asked = self._monotonic()
        now = dict(self._items(set(missing)))
        plan.steps = [(step, one, base, now.get(one, item)) for step, one, base, item in plan.steps]

    def _is_here(self, item: Side) -> bool:
        return item.digest is not None and self._store.blobs.has(item.digest)

    def _do(self, step: Step, item_id: str, base: Taken | None, item: Side | None, done: Look) -> None:
        if base is not None and self._taker.known.get(base.seen.path) != base:
            self._unsettled.add(item_id)  # another item's step took its file away: it is planned anew
            return
        if item is None or step is Step.FORGET:
            self._taker.remember({}, [base.seen.path] if base is not None else [])
            return
        if base is not None and step is Step.MOVE:
            base = self._move(base, item, done)
            if base.digest == item.digest:
                return
            step = Step.REPLACE if self._folder.state(base.seen) is Here.SAME else Step.KEEP_BOTH
        if not self._is_here(item):
            self._later(item_id, item, _NO_CONTENT, done)
            return
        assert item.digest is not None
        over = base.seen if base is not None and step is Step.REPLACE else None
        if over is None and self._occupied(item_id, item, done, adopt=True):
            seen = self._folder.seen(item.path)
            assert seen is not None
        else:
            seen = self._folder.write(item.path, item.digest, over)
            done.written += 1
        forgotten = [base.seen.path] if base is not None and base.seen.path != item.path else []
        self._taker.remember({item.path: Taken(seen, item.digest, item_id)}, forgotten)

    def _move(self, base: Taken, item: Side, done: Look) -> Taken:
        """Move a file where its item went; what it has now is told by its looks, and taken later."""
        self._occupied(base.item, item, done, adopt=False)
        self._folder.move(base.seen.path, item.path)
        # It keeps the looks that it had: one that was changed is so still.
        taken = Taken(replace(base.seen, path=item.path), base.digest, base.item)
        self._taker.remember({item.path: taken}, [base.seen.path])
        done.arranged += 1
        return taken

    def _occupied(self, item_id: str, item: Side, done: Look, *, adopt: bool) -> bool:
        """Whether a file at an item's path has its bytes already; one with others is kept beside it."""
        there = self._folder.seen(item.path)
        if there is None:
            return False
        other = self._taker.known.get(item.path)
        if other is not None and other.seen == there and other.item != item_id:
            if self._lives(other):
                raise InTheWayError("Another file is at its path.")
            # It is about to go elsewhere itself, and is written there.
            self._folder.remove(other.seen, other.digest)
            self._taker.remember({}, [item.path])
            return False
        if not (self._root / item.path).is_file():
            raise InTheWayError("Something that is no file is at its path.")
        if adopt and self._store.blobs.add_file(self._root / item.path).digest == item.digest:
            return True
        name = self._folder.set_aside(item.path, self._how.date(), self._how.device)
        done.kept[item.path] = name
        self._taker.remember({}, [item.path])
        return False

    def _lives(self, other: Taken) -> bool:
        """Whether the item of a file is still there, and there: then the path is its."""
        side = dict(self._items({other.item})).get(other.item)
        return side is not None and side.path == other.seen.path

    def _remove(self, removals: Sequence[Taken], total: int, done: Look) -> None:
        if is_too_much(len(removals), total, self._limits):
            self._unsettled |= {one.item for one in removals}
            done.halt = _halt(f"remove {len(removals)} of {total} files from {self._root}", removals)
            return
        for one in removals:
            if self._folder.remove(one.seen, one.digest):
                done.removed += 1
            self._taker.remember({}, [one.seen.path])  # what was changed meanwhile is new

    def _later(self, item_id: str, item: Side | None, reason: str, done: Look) -> None:
        self._unsettled.add(item_id)
        done.problems[item.path if item is not None else item_id] = reason

    # From the folder to the dataset.

    def _delete(self, done: Look) -> None:
        """Delete the items whose files are gone, unless they are more than may go unasked."""
        now = self._monotonic()
        total = len(self._taker.known)
        gone = []
        for path, since in self._taker.gone.items():
            if path not in self._taker.known or self._folder.seen(path) is not None:
                continue
            if now - since >= self._how.gone_for:
                gone.append(self._taker.known[path])
            else:
                done.waiting.append(path)
        if not gone:
            return
        old = [one for one in gone if self._agreed(one.item) != one]
        self._taker.remember({}, [one.seen.path for one in old])
        gone = [one for one in gone if one not in old]
        items = dict(self._items({one.item for one in gone}))
        lost = [one for one in gone if items.get(one.item) == Side(one.seen.path, one.digest)]
        self._unsettled |= {one.item for one in gone} - {one.item for one in lost}
        if is_too_much(len(lost), total, self._limits):
            done.halt = _halt(f"delete {len(lost)} of {total} items, whose files are gone", lost)
            return
        for start in range(0, len(lost), BATCH):
            part = lost[start : start + BATCH]
            with self._store.transaction(f"files were deleted in {self._root.name}") as tx:
                for one in part:
                    row = get_row(tx.connection, EntityKind.ITEM, one.item)
                    if row is None or row["deleted_at"] is not None or row["digest"] != one.digest:
                        continue
                    tx.delete(EntityKind.ITEM, row)
                    done.deleted += 1
            self._taker.remember({}, [one.seen.path for one in part])

    # Items.

    def _items(self, ids: set[str] | None) -> Iterator[tuple[str, Side]]:
        """The files of the dataset below its directory, by id; all of them, or some."""
        if ids is None:
            yield from self._rows(())
            return
        for part in chunks(sorted(ids)):
            yield from self._rows((self._columns.id.in_(part),))

    def _rows(self, more: Sequence[Any]) -> Iterator[tuple[str, Side]]:
        column = self._columns
        query = select(column.id, column.filename, column.digest).where(
            column.dataset_id == self._dataset_id,
            column.type == "file",
            column.hidden.is_(False),
            column.deleted_at.is_(None),
            *more,
        )
        prefix = f"{self._remote}/"
        with self._store.reading() as connection:
            for item_id, filename, digest in connection.execute(query):
                if filename.startswith(prefix):
                    yield item_id, Side(filename[len(prefix) :], digest)

    def _at(self, paths: Iterable[str]) -> set[str]:
        """The items at paths below the root."""
        wanted = [f"{self._remote}/{path}" for path in paths]
        found: set[str] = set()
        for part in chunks(wanted):
            found |= {item_id for item_id, _ in self._rows((self._columns.filename.in_(part),))}
        return found


def _halt(what: str, files: Sequence[Taken]) -> MassDeletionHalt:
    halt = MassDeletionHalt(
        f"It would {what}. Nothing was deleted.", side="here", entities=[one.seen.path for one in files]
    )
    halt.advice = "If that is meant: `localloop watch DIR ... --mirror --once --allow-deletions`."
    return halt
