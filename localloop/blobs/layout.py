"""Where things are in a cache directory.

::

    ab/cd/<64 hex digits>   a blob: whole, read-only, named by the BLAKE3 digest of its bytes
    tmp/                    being written; a leftover here is of a process that died
    partial/                downloads to be resumed
    broken/                 what did not match its name, set aside by ``verify``
    beside/ab/<digest>/     small things made from a blob, such as thumbnails; they go when it goes

All of it is on one file system, so that a rename between them is atomic.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from localloop.blobs.files import sync_directory

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHELF = re.compile(r"[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class BlobRef:
    """Which bytes: their BLAKE3 digest (64 lower-case hex digits) and how many there are."""

    digest: str
    size: int


class Layout:
    """The names below one root.

    Args:
        root: The cache directory; made when it is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.temporary = root / "tmp"
        self.partial = root / "partial"
        self.broken = root / "broken"
        self._beside = root / "beside"
        is_new = not root.is_dir()
        for directory in (self.temporary, self.partial, self.broken):
            directory.mkdir(parents=True, exist_ok=True)
        if is_new:
            sync_directory(root.parent)

    def blob(self, digest: str) -> Path | None:
        """Where a blob is or would be; None when the text is no digest, so that it never leads elsewhere."""
        if not _DIGEST.fullmatch(digest):
            return None
        return self.root / digest[:2] / digest[2:4] / digest

    def beside(self, digest: str) -> Path | None:
        """Where things made from a blob are kept; None when the text is no digest."""
        return self._beside / digest[:2] / digest if _DIGEST.fullmatch(digest) else None

    def new_temporary(self) -> Path:
        """A name in ``tmp/`` that no other thread or process has."""
        return self.temporary / secrets.token_hex(16)

    def new_broken(self, digest: str) -> Path:
        """A name in ``broken/`` that keeps what was set aside earlier under the same digest."""
        return self.broken / f"{digest}-{secrets.token_hex(4)}"

    def partial_of(self, key: str, size: int) -> Path:
        """Where a download is collected. Any text is a key: only its hash becomes a name."""
        return self.partial / blake3(f"{size}:{key}".encode("utf-8", "surrogatepass")).hexdigest()

    def digests(self) -> Iterator[str]:
        """The names of all blobs, in order; one directory's names are in memory at a time."""
        for outer in _shelves(self.root):
            for inner in _shelves(outer):
                for path in sorted(inner.iterdir()):
                    if self.blob(path.name) == path and path.is_file():
                        yield path.name


def _shelves(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if _SHELF.fullmatch(path.name) and path.is_dir())
