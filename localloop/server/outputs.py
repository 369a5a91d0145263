"""Files that commands made for one user to download: exports above all.

To that user such a file looks like an item (docs/platform/wire.md, 3.6). It is none: it is in no dataset, no operation
and no change feed, so nothing of it is ever synced. It lies in a scratch folder of the store for an hour.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from threading import Lock, Timer
from typing import IO, Any

from localloop.errors import NotFound

#: How long a file is kept, in seconds.
KEPT = 3600.0

_LOCK = "in-use"


@dataclass(frozen=True, slots=True)
class Output:
    """One file.

    Attributes:
        id: The id that it has as an item.
        owner: Who may have it.
        path: Where it is.
        name: Its name as an item.
        mimetype: What it is.
        dataset_id: The dataset that it tells of.
        created_at: When it was made.
        about: What describes it where it is no item, but one of several files.
    """

    id: str
    owner: str
    path: Path
    name: str
    mimetype: str
    dataset_id: str
    created_at: str
    about: Any = None

    def open(self) -> BufferedReader:
        """The file, open for reading.

        Raises:
            NotFound: It was removed in this very moment.
        """
        try:
            return self.path.open("rb")
        except FileNotFoundError:
            raise NotFound("404", f"Item not found. Id: {self.id!r}") from None

    def to_json(self, api: str) -> dict[str, Any]:
        """The file as an item (docs/platform/wire.md, 4.2)."""
        url = f"{api}/items/{self.id}"
        filename = f"/.dataloop/exports/{self.dataset_id}/{self.name}"
        return {
            "id": self.id,
            "url": url,
            "datasetId": self.dataset_id,
            "dataset": f"{api}/datasets/{self.dataset_id}",
            "creator": self.owner,
            "createdAt": self.created_at,
            "updatedAt": self.created_at,
            "updatedBy": self.owner,
            "dir": filename.rpartition("/")[0],
            "filename": filename,
            "name": self.name,
            "type": "file",
            "hidden": True,
            "spec": "MasterItemSpec",
            "annotated": False,
            "annotationsCount": 0,
            "annotations": f"{url}/annotations",
            "stream": f"{url}/stream",
            "thumbnail": f"{url}/thumbnail",
            "metadata": {
                "system": {
                    "originalname": self.name,
                    "size": self.path.stat().st_size if self.path.exists() else 0,
                    "encoding": "7bit",
                    "mimetype": self.mimetype,
                    "refs": [],
                }
            },
        }


class Outputs:
    """The files of one server. Each server has a folder of its own, which the kernel's lock tells from leftovers.

    Args:
        root: The folder of all servers of the store; made when first needed.
        monotonic: Seconds from some fixed point.
    """

    def __init__(self, root: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._monotonic = monotonic
        self._lock = Lock()
        self._kept: dict[str, tuple[float, Output]] = {}
        self._own: Path | None = None
        self._held: IO[bytes] | None = None
        self._timer: Timer | None = None
        sweep(root)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A new folder to write into; an error removes it."""
        folder = Path(tempfile.mkdtemp(dir=self._place()))
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _place(self) -> Path:
        with self._lock:
            if self._own is None:
                self._own, self._held = _claim(self._root)
            return self._own

    def keep(self, output: Output) -> None:
        """Let its owner download a file that lies in a folder of :meth:`folder`, from now on and for an hour."""
        self._purge()
        with self._lock:
            self._kept[output.id] = (self._monotonic(), output)
            self._arm()

    def find(self, output_id: str, owner: str) -> Output | None:
        """The file with this id, if this user may have it, or None."""
        with self._lock:
            kept = self._kept.get(output_id)
        if kept is None or kept[1].owner != owner or self._monotonic() - kept[0] >= KEPT:
            return None
        return kept[1]

    def item(self, output_id: str, owner: str) -> Output | None:
        """The file with this id, if this user may have it as an item, or None."""
        found = self.find(output_id, owner)
        return found if found is not None and found.about is None else None

    def close(self) -> None:
        """Remove everything."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._kept.clear()
            if self._own is not None:
                shutil.rmtree(self._own, ignore_errors=True)
                self._own = None
            if self._held is not None:
                self._held.close()
                self._held = None

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = Timer(KEPT, self._tick)
            self._timer.daemon = True
            self._timer.start()

    def _tick(self) -> None:
        with self._lock:
            self._timer = None
        self._purge()
        with self._lock:
            if self._kept:
                self._arm()

    def _purge(self) -> None:
        """Remove what is too old; a download that runs keeps its open file."""
        now = self._monotonic()
        with self._lock:
            old = [one for since, one in self._kept.values() if now - since >= KEPT]
            for one in old:
                del self._kept[one.id]
        for one in old:
            shutil.rmtree(one.path.parent, ignore_errors=True)


def _claim(root: Path) -> tuple[Path, IO[bytes]]:
    """A new folder of a server, and its lock, which lasts as long as the file is open."""
    while True:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = Path(tempfile.mkdtemp(dir=root))
        held = (own / _LOCK).open("wb")
        fcntl.flock(held, fcntl.LOCK_EX)
        if (own / _LOCK).exists():  # else a server that is just starting took it for a leftover
            return own, held
        held.close()


def sweep(root: Path) -> None:
    """Remove the folders of servers that are no more."""
    if not root.is_dir():
        return
    for folder in [one for one in root.iterdir() if one.is_dir()]:
        try:
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # another server is just claiming it
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
