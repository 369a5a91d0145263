"""A cache in memory that implements the ``Blobs`` port, for tests and for the engine's simulator."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from blake3 import blake3

from localloop_sync.errors import PermanentError, TransientError
from localloop_sync.ports import ChunkSource


class MemoryBlobs:
    """Blobs in a dictionary. A blob gets a file only when its path is asked for; files go with the object."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}
        self._partial: dict[tuple[str, int], bytearray] = {}
        self._directory: Path | None = None

    def add_bytes(self, data: bytes) -> str:
        """Put bytes in.

        Args:
            data: The bytes.

        Returns:
            Their digest.
        """
        digest = blake3(data).hexdigest()
        self._blobs[digest] = bytes(data)
        return digest

    def digests(self) -> list[str]:
        """The digests of all blobs, in order."""
        return sorted(self._blobs)

    def remove(self, digest: str) -> bool:
        """Remove a blob and its file.

        Args:
            digest: Which blob.

        Returns:
            Whether it was here.
        """
        if self._directory is not None:
            (self._directory / digest).unlink(missing_ok=True)
        return self._blobs.pop(digest, None) is not None

    def path(self, digest: str) -> Path | None:
        """Where the bytes of a digest are; keeps the port ``Blobs``.

        Args:
            digest: Which blob.

        Returns:
            A read-only file, or None when the blob is not here.
        """
        data = self._blobs.get(digest)
        if data is None:
            return None
        path = self._files() / digest
        if not path.exists():
            path.write_bytes(data)
            path.chmod(0o444)
        return path

    def keeps(self, digest: str) -> bool:
        """Whether the bytes of a digest are here; keeps the port ``Blobs``.

        Args:
            digest: Which blob.
        """
        return digest in self._blobs

    def fetch(self, key: str, size: int, chunks: ChunkSource) -> str:
        """Take content in, resuming an earlier part of the same key and size; keeps the port ``Blobs``.

        Args:
            key: Any text that names this version of the content.
            size: Its size in bytes.
            chunks: Opens the content at an offset; not called when nothing is missing.

        Returns:
            The digest.

        Raises:
            TransientError: The content came short, so the part is kept; or a resumed download came out too
                long, so the part was dropped.
            PermanentError: The content, read from its start, is longer than ``size``; the part was dropped.
            ValueError: The size is negative.
        """
        if size < 0:
            raise ValueError(f"a size is not negative: {size}")
        part = self._partial.setdefault((key, size), bytearray())
        offset = len(part)
        for chunk in chunks(offset) if offset < size else ():
            part += chunk
            if len(part) > size:
                del self._partial[key, size]
                kind = TransientError if offset else PermanentError
                raise kind(f"The content of {key} is longer than {size} bytes")
        if len(part) < size:
            raise TransientError(f"The content of {key} came short: {len(part)} of {size} bytes")
        del self._partial[key, size]
        return self.add_bytes(bytes(part))

    def _files(self) -> Path:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="localloop-blobs-"))
            weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        return self._directory
