"""A folder and a dataset that follow each other, and a clock that is set by hand."""

from __future__ import annotations

import time
from pathlib import Path

from localloop.media import probe
from localloop.store import Store
from localloop.store.datasets import create_dataset
from localloop.store.items import add_item, find_item, move_item, put_content
from localloop.store.projects import create_project
from localloop.watch.folder import Folder
from localloop.watch.ignoring import Ignored
from localloop.watch.memory import Memory
from localloop.watch.mirroring import Mirror, Mirrored
from localloop.watch.settling import Settling
from localloop.watch.taking import Taker
from localloop_schema.kinds import EntityKind as K


class Pair:
    """The two sides.

    Args:
        place: Where they are.
        dataset: A dataset that is there already, in ``store``.
    """

    def __init__(self, place: Path, store: Store | None = None, dataset: str | None = None) -> None:
        self.root = place / "folder"
        self.root.mkdir(parents=True)
        self.store = store or Store.create(place / "store")
        if dataset is None:
            with self.store.transaction("begin") as tx:
                dataset = create_dataset(tx, create_project(tx, "P"), "D")["id"]
        self.dataset = dataset
        self.seconds = 0.0
        self.fetched: list[str] = []
        self.open()

    def open(self, *, allow_deletions: bool = False) -> None:
        """Begin, as after a start of the machine."""
        self.memory = Memory(self.store.path, "mirror")
        self.taker = Taker(
            *(self.store, self.dataset, self.root, "", Ignored(), self.memory, Settling(0.0)),
            now=lambda: time.time() + self.seconds,
            monotonic=lambda: self.seconds,
            mirrors=True,
        )
        how = Mirrored(self.fetch, lambda: "2026-11-27", "laptop", allow_deletions=allow_deletions)
        folder = Folder(self.root, self.store.blobs, Ignored())
        self.mirror = Mirror(
            *(self.store, self.dataset, self.root, "", folder, self.taker, how),
            monotonic=lambda: self.seconds,
        )

    def close(self) -> None:
        """End, as a machine that is switched off."""
        self.memory.close()

    def fetch(self, ids):
        """Nothing can be fetched."""
        self.fetched += ids

    def look(self, after: float = 10.0, **places: bool):
        """Look, so many seconds later."""
        self.seconds += after
        return self.mirror.look(places) if places else self.mirror.look()

    def settle(self):
        """Look until nothing happens any more; returns the last look."""
        for _ in range(20):
            look = self.look()
            happened = (look.anything, look.written, look.arranged, look.removed, look.deleted, look.kept)
            if not any(happened) and not look.waiting and not self.taker.gone:
                return look
        raise AssertionError("the two sides never agree")

    # What is on both sides.

    def files(self) -> dict[str, str]:
        """The folder's files."""
        return {
            path.relative_to(self.root).as_posix(): path.read_text()
            for path in self.root.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }

    def items(self) -> dict[str, str]:
        """The dataset's files."""
        return {
            row["filename"].removeprefix("/"): self.store.blobs.path(row["digest"]).read_text()
            for row in self.store.rows(K.ITEM, dataset_id=self.dataset, type="file")
        }

    # What people do.

    def write(self, path: str, text: str) -> None:
        """Write a file, as an editor does: another one takes its place."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text)

    def add(self, path: str, text: str) -> None:
        """Add an item, or give it other content."""
        blob = self.store.blobs.add_bytes(text.encode())
        with self.store.transaction("add") as tx:
            there = find_item(tx.connection, self.dataset, f"/{path}")
            if there is None:
                add_item(tx, tx.row(K.DATASET, self.dataset), f"/{path}", blob)
            else:
                put_content(tx, there, blob, derived=probe(self.store.blobs.path(blob.digest), "text/plain"))

    def move(self, path: str, to: str) -> None:
        """Move an item."""
        with self.store.transaction("move") as tx:
            move_item(tx, find_item(tx.connection, self.dataset, f"/{path}"), f"/{to}")

    def delete(self, path: str) -> None:
        """Delete an item."""
        with self.store.transaction("delete") as tx:
            tx.delete(K.ITEM, find_item(tx.connection, self.dataset, f"/{path}"))
