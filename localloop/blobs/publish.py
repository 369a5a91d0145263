"""Publishing: how drafts become visible, whole and durable."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from localloop.blobs.drafts import Draft
from localloop.blobs.files import Disk
from localloop.blobs.layout import BlobRef, Layout


class Publisher:
    """Moves drafts to their places, step by step for many at once.

    Every file is synced before its rename, so a visible blob is whole even after a power cut; the directories
    are synced at the end, each once for the whole group, and only then does :meth:`publish` return.

    Args:
        layout: The cache.
        disk: Where it is.
    """

    def __init__(self, layout: Layout, disk: Disk) -> None:
        self._layout = layout
        self._disk = disk
        # Directories whose own names this process has made durable. Another process may have made a directory
        # and died before syncing its parent, so "it exists" is not enough.
        self._rooted: set[Path] = set()

    def publish(self, drafts: Sequence[Draft]) -> None:
        """Make drafts visible and durable; of equal bytes one copy is kept.

        Args:
            drafts: Whole files with their digests.
        """
        fresh = {draft.ref.digest: draft for draft in drafts if not self._holds(draft.ref)}
        for draft in fresh.values():
            self._disk.make_final(draft.path)
        for draft in fresh.values():
            self._move(draft)
        # Blobs that were there already are included: who renamed them may not have synced the directory yet.
        self._sync({self._place(draft.ref).parent for draft in drafts})

    def secure(self, place: Path) -> None:
        """Make the name of a blob durable that is there already.

        Args:
            place: Its file.
        """
        self._sync({place.parent})

    def _move(self, draft: Draft) -> None:
        target = self._place(draft.ref)
        try:
            self._disk.rename(draft.path, target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._disk.rename(draft.path, target)

    def _holds(self, ref: BlobRef) -> bool:
        """Whether the blob is there; one of another size is damaged, so the good bytes replace it.

        One that is there counts as added now: its change time tells those who clear away what nobody names.
        """
        place = self._place(ref)
        try:
            there = place.stat()
            if there.st_size != ref.size:
                return False
            with suppress(PermissionError):  # it is somebody else's, who alone could remove it
                os.utime(place, ns=(there.st_atime_ns, there.st_mtime_ns))
        except FileNotFoundError:
            return False
        return True

    def _place(self, ref: BlobRef) -> Path:
        place = self._layout.blob(ref.digest)
        assert place is not None, "drafts carry digests computed here"
        return place

    def _sync(self, shelves: set[Path]) -> None:
        unrooted = {shelf for shelf in shelves if shelf not in self._rooted}
        outer = {shelf.parent for shelf in unrooted}
        root = {self._layout.root} if outer - self._rooted else set()
        for directory in [*sorted(shelves), *sorted(outer), *root]:
            self._disk.sync_directory(directory)
        self._rooted |= unrooted | outer
