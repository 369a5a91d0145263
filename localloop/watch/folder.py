"""A folder that is written to: whole files, never over what somebody else put there, and never outside of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from localloop.blobs import BlobCache
from localloop.errors import LocalLoopError
from localloop.watch.agreeing import Here
from localloop.watch.scanning import Seen
from localloop_sync.core.naming import conflict_name

#: Beside the files: says that this is the folder which was mirrored, and not the empty place of a disk.
MARKER: Final = ".localloop-mirror"

_WRITING: Final = ".localloop-writing-"


class InTheWayError(LocalLoopError):
    """A file cannot be where an item wants it. It is told, and nothing is changed."""


class Folder:
    """A folder that mirrors a dataset.

    Args:
        root: The folder.
        blobs: Where contents are.
        ignored: Says what is passed over.
    """

    def __init__(self, root: Path, blobs: BlobCache, ignored: Callable[..., bool]) -> None:
        self._root = root
        self._blobs = blobs
        self._ignored = ignored

    def seen(self, path: str) -> Seen | None:
        """A file as it is now; None where there is none.

        Args:
            path: Where it is below the root.
        """
        try:
            told = (self._root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Seen(path, told.st_size, told.st_mtime_ns, told.st_ino, told.st_dev)

    def state(self, before: Seen) -> Here:
        """How a file is, compared with how it was.

        Args:
            before: How it was.
        """
        now = self.seen(before.path)
        if now is None:
            return Here.GONE
        return Here.SAME if now == before else Here.CHANGED

    def write(self, path: str, digest: str, over: Seen | None) -> Seen:
        """Write a file, whole or not at all.

        Args:
            path: Where.
            digest: Of its content, which is in the cache.
            over: The file that it takes the place of; None for a place that is free.

        Returns:
            The file.

        Raises:
            InTheWayError: It cannot be there, or what is there is not what was to be replaced.
            OSError: It cannot be written.
        """
        target = self._place(path)
        with TemporaryDirectory(dir=target.parent, prefix=_WRITING) as beside:
            whole = Path(beside, "whole")
            self._blobs.export(digest, whole)
            if over is None:
                try:
                    os.link(whole, target)  # a rename would take another file's place
                except FileExistsError:
                    raise InTheWayError("Another file is at its path.") from None
            elif self.seen(path) == over:
                whole.replace(target)
            else:
                raise InTheWayError("The file changed meanwhile.")
        told = self.seen(path)
        if told is None:
            raise InTheWayError("The file went away meanwhile.")
        return told

    def move(self, path: str, to: str) -> Seen:
        """Move a file to a place that is free.

        Args:
            path: Where it is.
            to: Where it goes.

        Returns:
            The file, there.

        Raises:
            InTheWayError: It cannot be there.
            OSError: It cannot be moved.
        """
        target = self._place(to)
        if os.path.lexists(target):
            raise InTheWayError("Another file is at its path.")
        (self._root / path).rename(target)
        self._tidy(path)
        told = self.seen(to)
        if told is None:
            raise InTheWayError("The file went away meanwhile.")
        return told

    def remove(self, seen: Seen, digest: str) -> bool:
        """Remove a file that is as it was seen, once its content is in the cache; says whether it was removed.

        Args:
            seen: The file.
            digest: Of its content.

        Raises:
            OSError: It cannot be read or removed.
        """
        target = self._root / seen.path
        if not self._blobs.has(digest) and self._blobs.add_file(target).digest != digest:
            return False
        if self.seen(seen.path) != seen:
            return False
        target.unlink()
        self._tidy(seen.path)
        return True

    def set_aside(self, path: str, date: str, device: str) -> str:
        """Give a file the name of a conflict's copy; returns its new path.

        Args:
            path: Where it is.
            date: The day, as ``YYYY-MM-DD``.
            device: This machine.

        Raises:
            OSError: It cannot be renamed.
        """
        name = conflict_name(path, date, device, lambda one: os.path.lexists(self._root / one))
        (self._root / path).rename(self._root / name)
        return name

    def mark(self, name: str) -> None:
        """Leave the marker of this folder.

        Args:
            name: What is mirrored into it.
        """
        (self._root / MARKER).write_text(f"{name}\n", encoding="utf-8")

    @property
    def marked(self) -> bool:
        """Whether the marker is there."""
        return (self._root / MARKER).exists()

    def _place(self, path: str) -> Path:
        """Where a file is to be, with the folders above it."""
        names = path.split("/")
        if self._ignored(path, folder=False) or any(
            self._ignored("/".join(names[:depth]), folder=True) for depth in range(1, len(names))
        ):
            raise InTheWayError("Its name is one that is passed over in this folder.")
        target = self._root / path
        above = self._root
        for name in names[:-1]:
            above /= name
            if above.is_symlink():
                raise InTheWayError("A link to a folder is in its way.")
            if above.exists() and not above.is_dir():
                raise InTheWayError("A file has the name of its folder.")
        if target.is_dir():
            raise InTheWayError("A folder has its name.")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _tidy(self, path: str) -> None:
        """Remove the folders above a path that have nothing in them any more."""
        above = (self._root / path).parent
        while above != self._root:
            try:
                above.rmdir()
            except OSError:
                return
            above = above.parent
