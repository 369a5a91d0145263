"""Adding files to a dataset: naming, batches, and what becomes of each file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from localloop.blobs import BlobRef
from localloop.cli import human, places
from localloop.cli.advice import advise
from localloop.cli.progress import Counter
from localloop.config import LOCAL_STORE
from localloop.errors import BadRequest, LocalLoopError, NotFound
from localloop.media import probe
from localloop.store.datasets import create_dataset, find_dataset
from localloop.store.items import NewItem, add_item, add_items, find_item, occupied
from localloop.store.paths import mimetype_of, normal_path
from localloop.store.projects import create_project, find_project
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.store import Store, Transaction

#: How many files go into one transaction; their bytes are durable before it.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Source:
    """A file to add, and its path below the folder it goes to; or why what is there cannot be added."""

    file: Path
    name: str
    problem: str = ""


def find_files(paths: Sequence[Path]) -> Iterator[Source]:
    """The files that paths name: a file by itself, a folder with all below it under the folder's name.

    ``folder/*`` in quotes is what it is without: everything in the folder, without its name.

    Args:
        paths: Files and folders.

    Returns:
        The files, in the order of their names, found as they are asked for; folders that cannot be looked into are
        among them, with their problem.

    Raises:
        NotFound: A path is not there; raised before any file is returned.
    """
    roots: list[Path] = []
    for path in paths:
        wanted = path.expanduser()
        if wanted.exists():
            roots.append(wanted)
        elif wanted.name == "*" and wanted.parent.is_dir():
            roots.extend(sorted(wanted.parent.iterdir()))
        else:
            raise NotFound("404", f"Unknown local path: {path}")
    return (source for root in roots for source in _walk(root))


def _walk(root: Path) -> Iterator[Source]:
    if not root.is_dir():
        yield Source(root, root.name)
        return
    if root.name == LOCAL_STORE:
        return
    # A path like "." has no name of its own.
    head = root.name if root.name not in {"", ".."} else root.resolve().name
    closed: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=closed.append):
        folders[:] = sorted(one for one in folders if one != LOCAL_STORE)
        for file in sorted(files):
            found = Path(folder, file)
            yield Source(found, f"{head}/{found.relative_to(root).as_posix()}")
        for link in [Path(folder, one) for one in folders if Path(folder, one).is_symlink()]:
            yield Source(link, link.name, "A link to a folder is not followed.")
    for error in closed:
        where = Path(error.filename)
        yield Source(where, where.name, advise(error).message)


@dataclass(slots=True)
class Added:
    """What became of files: paths that are new, and counts of the others."""

    place: str
    created: list[str] = field(default_factory=list)
    new: int = 0
    existing: int = 0
    overwritten: int = 0
    bytes: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "to": self.place,
            "added": self.new or len(self.created),
            "existing": self.existing,
            "overwritten": self.overwritten,
            "bytes": self.bytes,
            "failures": [{"path": path, "reason": reason} for path, reason in self.failures],
        }

    def sentence(self) -> str:
        """What was done, as one sentence."""
        parts = [f"Added {human.count(self.new, 'file')} ({human.size(self.bytes)}) to {self.place}"]
        if self.overwritten:
            parts.append(f"{human.count(self.overwritten, 'item')} got new content")
        if self.existing:
            parts.append(f"{human.count(self.existing, 'file')} there already")
        if self.failures:
            parts.append(f"{human.count(len(self.failures), 'file')} not added")
        return "; ".join(parts) + "."


#: Why a file is not added whose path has a file of which only the size is known here.
_UNKNOWN = (
    "The content at its path is not here yet to be compared: `localloop get` fetches it. Or see --overwrite."
)


class Adder:
    """Adds files to one place.

    Args:
        store: The store.
        to: ``PROJECT/DATASET[/FOLDER]``.
        create: Whether to make a missing project or dataset.
        overwrite: Whether to replace other content at a path.

    Raises:
        BadRequest: The place is none.
        NotFound: There is no such project or dataset, and ``create`` is false.
    """

    def __init__(self, store: Store, to: str, *, create: bool, overwrite: bool) -> None:
        self._store = store
        self._overwrite = overwrite
        self._dataset, self._address = find_dataset_of(store, to, create=create)
        self._added = Added(self._address.text)
        self._action = store.identity.operation_id()  # one action, however many batches: undone together

    def add(self, sources: Iterable[Source], progress: Counter) -> Added:
        """Add files, in batches that each appear whole.

        A file that cannot be added stops no other.

        Args:
            sources: The files.
            progress: Told how many are through.
        """
        rest, through = iter(sources), 0
        while batch := list(islice(rest, BATCH)):
            self._added.failures += [(str(one.file), one.problem) for one in batch if one.problem]
            self._batch([one for one in batch if not one.problem])
            through += len(batch)
            progress(through, None)
        return self._added

    def _batch(self, sources: list[Source]) -> None:
        taken = self._take(sources)
        if not taken:
            return
        # Before the transaction: others need not wait for it.
        told = {source.file: self._probe(source, blob) for source, blob in taken}
        action = f"add files to {self._address.text}"
        with self._store.transaction(action, batch=self._action) as tx:
            ready = []
            for source, blob in taken:
                try:
                    ready.append((source, blob, _path(self._address, source)))
                except LocalLoopError as error:
                    self._added.failures.append((str(source.file), error.message))
            there = occupied(tx.connection, self._dataset["id"], [path for _, _, path in ready])
            new = [one for one in ready if one[2] not in there]
            entries = [NewItem(path, blob, derived=told[source.file]) for source, blob, path in new]
            made = add_items(tx, self._dataset, entries)
            for (_, blob, _), (_, outcome) in zip(new, made, strict=True):
                if outcome == "created":
                    self._added.new += 1
                    self._added.bytes += blob.size
            twins = [one for one, (_, outcome) in zip(new, made, strict=True) if outcome == "exist"]
            for source, blob, _ in [*twins, *(one for one in ready if one[2] in there)]:
                try:
                    self._put(tx, source, blob, told[source.file])
                except LocalLoopError as error:
                    self._added.failures.append((str(source.file), error.message))

    def _take(self, sources: list[Source]) -> list[tuple[Source, BlobRef]]:
        """Bring files into the cache; those that cannot be read are left out."""
        taken: list[tuple[Source, BlobRef]] = []
        found = self._store.blobs.add_each([source.file for source in sources])
        for source, blob in zip(sources, found, strict=True):
            if isinstance(blob, BlobRef):
                taken.append((source, blob))
                continue
            if isinstance(blob, OSError) and blob.filename not in {source.file, str(source.file)}:
                raise blob  # it is not about this file but about the store: a full disk, for instance
            self._added.failures.append((str(source.file), advise(blob).message))
        return taken

    def _probe(self, source: Source, blob: BlobRef) -> dict[str, Any]:
        return probe(self._store.blobs.path(blob.digest), mimetype_of(source.file.name))

    def _put(self, tx: Transaction, source: Source, blob: BlobRef, told: dict[str, Any]) -> None:
        path = _path(self._address, source)
        there = find_item(tx.connection, self._dataset["id"], path)
        if there is not None and there["digest"] == blob.digest:
            self._added.existing += 1
            return
        _, outcome = add_item(tx, self._dataset, path, blob, overwrite=self._overwrite, derived=told)
        if outcome == "exist":
            unknown = there is not None and there["digest"] is None
            reason = _UNKNOWN if unknown else "Other content is at its path; see --overwrite."
            self._added.failures.append((str(source.file), reason))
            return
        self._added.bytes += blob.size
        if outcome == "created":
            self._added.new += 1
        else:
            self._added.overwritten += 1


def rehearse(store: Store, to: str, sources: Iterable[Source], *, create: bool) -> Added:
    """Say what adding would do, from names and sizes alone.

    Args:
        store: The store.
        to: ``PROJECT/DATASET[/FOLDER]``.
        sources: The files.
        create: Whether a missing project or dataset would be made.

    Raises:
        BadRequest: The place is none.
        NotFound: There is no such project or dataset, and ``create`` is false.
    """
    address = _address(to)
    told = Added(address.text)
    with store.reading() as connection:
        dataset_id = _existing(connection, address, create=create)
        for source in sources:
            if source.problem:
                told.failures.append((str(source.file), source.problem))
                continue
            try:
                path = _path(address, source)
                size = source.file.stat().st_size
            except (LocalLoopError, OSError) as error:
                told.failures.append((str(source.file), advise(error).message))
                continue
            if dataset_id is not None and find_item(connection, dataset_id, path) is not None:
                told.existing += 1
                continue
            told.created.append(path)
            told.bytes += size
    return told


def _existing(connection: Connection, address: places.Address, *, create: bool) -> str | None:
    """The id of an address's dataset; None where it is to be made."""
    try:
        place = places.find(connection, f"{address.project}/{address.dataset}")
    except NotFound:
        if not create:
            raise
        return None
    return place.dataset["id"] if place.dataset is not None else None


def find_dataset_of(store: Store, to: str, *, create: bool) -> tuple[Row, places.Address]:
    """The dataset that a place is in, and the place.

    Args:
        store: The store.
        to: ``PROJECT/DATASET[/FOLDER]``.
        create: Whether to make a missing project or dataset.

    Raises:
        BadRequest: The place is none.
        NotFound: There is no such project or dataset, and ``create`` is false.
    """
    address = _address(to)
    with store.transaction(f"make {address.project}/{address.dataset}") as tx:
        return _dataset(tx, address, create=create), address


def _address(to: str) -> places.Address:
    address = places.parse(to)
    if not address.dataset:
        raise BadRequest("400", f"Files go into a dataset: PROJECT/DATASET[/FOLDER], not {to!r}.")
    return address


def _path(address: places.Address, source: Source) -> str:
    try:
        source.name.encode()
    except UnicodeEncodeError:
        raise BadRequest("400", "Its name is not Unicode.") from None
    return normal_path(f"{address.path}/{source.name}")


def _dataset(tx: Transaction, address: places.Address, *, create: bool) -> Row:
    try:
        found = places.find(tx.connection, f"{address.project}/{address.dataset}")
    except NotFound as error:
        if not create:
            raise NotFound("404", f"{error.message}. --create makes what is missing.") from None
    else:
        assert found.dataset is not None
        return found.dataset
    project = find_project(tx.connection, address.project)
    if project is None:
        try:
            project = tx.row(EntityKind.PROJECT, address.project)
        except NotFound:
            project = create_project(tx, address.project)
    dataset = find_dataset(tx.connection, project["id"], address.dataset)
    return dataset or create_dataset(tx, project, address.dataset)
