"""Checking that blobs are what their names say, and clearing away what is not used any more."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localloop.blobs.files import create, hash_open_file
from localloop.blobs.layout import BlobRef, Layout


@dataclass(frozen=True, slots=True)
class BrokenBlob:
    """A blob whose bytes are not those of its name.

    Attributes:
        digest: Its name.
        found: The digest of the bytes it holds, or empty text when the disk cannot read them.
        size: How many bytes there are.
        set_aside: Where the file is now.
    """

    digest: str
    found: str
    size: int
    set_aside: Path


def check(layout: Layout, digest: str) -> BlobRef | BrokenBlob | None:
    """Hash one blob again, and set it aside when it is broken.

    Args:
        layout: The cache.
        digest: Which blob.

    Returns:
        The reference when it is whole, the report when it is not, None when it is gone.
    """
    place = layout.blob(digest)
    if place is None:
        return None
    try:
        with place.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            try:
                found, size = hash_open_file(file)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                found = ""
            if found == digest:
                return BlobRef(digest, size)
            # A good copy may have taken the place meanwhile; that one stays.
            if not os.path.samestat(os.fstat(file.fileno()), place.stat()):
                return None
            aside = layout.new_broken(digest)
            place.rename(aside)
    except FileNotFoundError:
        return None
    return BrokenBlob(digest, found, size, aside)


def sweep(layout: Layout, directory: Path, older_than_seconds: float) -> int:
    """Remove files of ``tmp/`` or ``partial/`` that nothing has touched for a while.

    Age is by the change time, which a hard link sets and nobody can set back, against the file system's own
    clock. A file that is locked is in use, and stays.

    Args:
        layout: The cache.
        directory: Which of its directories.
        older_than_seconds: The least age.

    Returns:
        How many were removed.
    """
    changed_by = _now(layout) - older_than_seconds
    return sum(_remove_old(path, changed_by) for path in sorted(directory.iterdir()))


def untouched(layout: Layout, digests: Iterable[str], older_than_seconds: float) -> list[str]:
    """The blobs that nobody has added, or added again, for a while; age is told as by :func:`sweep`.

    Args:
        layout: The cache.
        digests: Which blobs; what is not there is passed over.
        older_than_seconds: The least age.
    """
    changed_by = _now(layout) - older_than_seconds
    found = []
    for digest in digests:
        place = layout.blob(digest)
        with suppress(FileNotFoundError):
            if place is not None and place.stat().st_ctime <= changed_by:
                found.append(digest)
    return found


def _now(layout: Layout) -> float:
    """The time by the clock of the file system."""
    probe = layout.new_temporary()
    with create(probe) as file:
        now = os.fstat(file.fileno()).st_ctime
    probe.unlink()
    return now


def _remove_old(path: Path, changed_by: float) -> bool:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_ctime > changed_by:
                return False
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except (FileNotFoundError, BlockingIOError):
        return False
    return True
