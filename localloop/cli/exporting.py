"""Putting items' files into a folder, fetching from the platform what is not here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import basename
from typing import TYPE_CHECKING, Any

from localloop.blobs.files import hash_file
from localloop.cli import human, places
from localloop.cli.advice import advise
from localloop.cli.opening import platform_of
from localloop.cli.progress import Counter
from localloop.errors import BadRequest, BlobError
from localloop.fetching import fetch_contents, has_to_come
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop_sync.ports import Remote


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item, and the path below the folder that its file gets."""

    item_id: str
    name: str


@dataclass(slots=True)
class Exported:
    """What became of the files."""

    files: int = 0
    bytes: int = 0
    unchanged: int = 0
    fetched: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "files": self.files,
            "bytes": self.bytes,
            "unchanged": self.unchanged,
            "fetched": self.fetched,
            "failures": [{"path": path, "reason": reason} for path, reason in self.failures],
        }

    def sentence(self, folder: str) -> str:
        """What was done, as one sentence."""
        parts = [f"Put {human.count(self.files, 'file')} ({human.size(self.bytes)}) into {folder}"]
        if self.fetched:
            parts.append(f"{human.count(self.fetched, 'file')} fetched from the platform")
        if self.unchanged:
            parts.append(f"{human.count(self.unchanged, 'file')} there already")
        if self.failures:
            parts.append(f"{human.count(len(self.failures), 'file')} not put there")
        return "; ".join(parts) + "."


class Exporter:
    """Exports items. What is here goes first, so that being offline costs only what is not.

    Args:
        store: The store.
        folder: Where the files go.
        overwrite: Whether files that hold something else are replaced.
        progress: Told how many files are through.
    """

    def __init__(self, store: Store, folder: Path, *, overwrite: bool, progress: Counter) -> None:
        self._store = store
        self._folder = folder
        self._overwrite = overwrite
        self._progress = progress
        self._through = 0
        #: The digests of what was put there.
        self.used: list[str] = []
        self._done = Exported()

    def run(self, what: Sequence[str]) -> Exported:
        """Export everything that places or ids name.

        Raises:
            BadRequest: One names neither a dataset nor anything in one.
            NotFound: There is no such thing.
            AuthError: Something has to be fetched, and nobody is logged in.
            TransientError: Something has to be fetched, and the platform cannot be reached.
        """
        remote_only: list[Wanted] = []
        with self._store.reading() as connection:
            found = [_target(connection, one) for one in what]
            for target in found:
                for row, wanted in _below(connection, *target):
                    if has_to_come(self._store, row):
                        remote_only.append(wanted)
                    else:
                        self._put(row, wanted)
        if remote_only:
            with platform_of(self._store) as remote:
                self._fetch(remote, remote_only)
        return self._done

    def _fetch(self, remote: Remote, wanted: Iterable[Wanted]) -> None:
        names = {one.item_id: one for one in wanted}

        def came(row: Row) -> None:
            self._done.fetched += 1
            self._put(row, names[row["id"]])

        def failed(row: Row, reason: str) -> None:
            self._done.failures.append((row["filename"], reason))

        fetch_contents(self._store, remote, names, came, failed)

    def _put(self, row: Row, wanted: Wanted) -> None:
        self._through += 1
        self._progress(self._through, None)
        try:
            target = self._folder / _safe(wanted.name)
            if target.exists():
                if _holds(target, row):
                    self._done.unchanged += 1
                    return
                if not self._overwrite:
                    self._done.failures.append((str(target), "It holds something else; see --overwrite."))
                    return
            self._store.blobs.export(row["digest"], target)
        except (BlobError, BadRequest, OSError) as error:
            self._done.failures.append((row["filename"], advise(error).message))
            return
        self.used.append(row["digest"])
        self._done.files += 1
        self._done.bytes += row["size"]


def _target(connection: Any, text: str) -> tuple[places.Place, str]:
    """A place, and how much of an item's path its files do not keep."""
    kind, _, place = places.find_any(connection, text)
    if place is None:
        raise BadRequest("400", f"A {kind.value} has no file: {text!r}.")
    if place.dataset is None:
        raise BadRequest("400", f"Name a dataset of {text!r}: PROJECT/DATASET.")
    return place, place.path.rpartition("/")[0]


def _below(connection: Any, place: places.Place, cut: str) -> Iterator[tuple[Row, Wanted]]:
    assert place.dataset is not None
    rows = iter([place.item]) if place.item and place.item["type"] == "file" else None
    head = "" if place.path else f"/{place.dataset['name'].replace('/', '_')}"
    for row in rows or places.items_in(connection, place, files=True):
        yield row, Wanted(row["id"], head + row["filename"][len(cut) :])


def _safe(name: str) -> Path:
    """A relative path that stays below the folder it is put in, whatever a platform called it.

    Raises:
        BadRequest: It would not.
    """
    parts = [part for part in name.split("/") if part]
    if not parts or any(part in {".", ".."} or "\0" in part for part in parts):
        raise BadRequest("400", f"{basename(name)!r} is no name for a file.")
    return Path(*parts)


def _holds(target: Path, row: Row) -> bool:
    """Whether a file holds an item's content already."""
    if not target.is_file() or target.stat().st_size != row["size"]:
        return False
    return bool(hash_file(target)[0] == row["digest"])
