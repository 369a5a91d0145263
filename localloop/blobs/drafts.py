"""Drafts: blobs being written under ``tmp/``, which vanish unless they are published."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from blake3 import blake3

from localloop.blobs.files import clone, copy_hashing, create, hard_link, hash_file
from localloop.blobs.layout import BlobRef, Layout
from localloop.errors import BlobError, SourceChangedError


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole file under a temporary name, and what it must be called."""

    path: Path
    ref: BlobRef


class Drafts:
    """The drafts of one call. Leaving the context removes every temporary name that was not published.

    Args:
        layout: The cache they are for.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._paths: list[Path] = []
        self.whole: list[Draft] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path in self._paths:
            path.unlink(missing_ok=True)

    def from_file(self, source: Path, *, link: bool) -> BlobRef:
        """Take the bytes of a file: a clone, else a hard link where asked, else a copy.

        Args:
            source: The file.
            link: Whether the blob may be the very file, which then becomes read-only.

        Returns:
            What was taken.

        Raises:
            BlobError: The source is not a regular file.
            SourceChangedError: It changed while it was read.
            OSError: It cannot be read.
        """
        if not stat.S_ISREG(source.stat().st_mode):
            raise BlobError(f"{source} is not a file")
        path = self._new()
        with source.open("rb", buffering=0) as reader:
            digest, size = _take(reader, source, path, link=link)
        return self._finish(path, BlobRef(digest, size))

    def from_chunks(self, chunks: Iterable[bytes]) -> BlobRef:
        """Take bytes as they come.

        Args:
            chunks: Of any length, one in memory at a time.

        Returns:
            What was taken.
        """
        path = self._new()
        hasher, size = blake3(), 0
        with create(path) as writer:
            for chunk in chunks:
                hasher.update(chunk)
                writer.write(chunk)
                size += len(chunk)
        return self._finish(path, BlobRef(hasher.hexdigest(), size))

    def from_partial(self, partial: Path, ref: BlobRef) -> BlobRef:
        """Take over a finished download; it leaves ``partial/`` before it becomes read-only.

        Args:
            partial: The file.
            ref: The digest and size of its bytes.

        Returns:
            The same reference.
        """
        path = self._new()
        partial.rename(path)
        return self._finish(path, ref)

    def _new(self) -> Path:
        path = self._layout.new_temporary()
        self._paths.append(path)
        return path

    def _finish(self, path: Path, ref: BlobRef) -> BlobRef:
        self.whole.append(Draft(path, ref))
        return ref


def _take(reader: FileIO, source: Path, path: Path, *, link: bool) -> tuple[str, int]:
    """Fill ``path``; the digest is always of what is there, whatever happens to the source meanwhile."""
    before = os.fstat(reader.fileno())
    with create(path) as writer:
        cloned = clone(reader, writer)
        if not cloned and not link:
            return _copy(reader, writer, source, before)
    if cloned:
        # A clone is a moment's picture, so the source may change again from here on.
        _require_unchanged(source, before, os.fstat(reader.fileno()))
        return hash_file(path)
    path.unlink()
    if hard_link(source, path):
        result = hash_file(path)
        _require_unchanged(source, before, path.stat())
        return result
    with create(path) as writer:
        return _copy(reader, writer, source, before)


def _copy(reader: FileIO, writer: BinaryIO, source: Path, before: os.stat_result) -> tuple[str, int]:
    result = copy_hashing(reader, writer)
    _require_unchanged(source, before, os.fstat(reader.fileno()))
    return result


def _require_unchanged(source: Path, before: os.stat_result, after: os.stat_result) -> None:
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceChangedError(
            f"{source} changed while it was read",
            source=source,
            advice="Add it again once nothing writes to it any more.",
        )
