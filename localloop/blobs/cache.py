"""The content-addressed cache of a store. The rooms behind it: layout, drafts, publish, partial, verify."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from io import BufferedReader
from itertools import islice
from pathlib import Path

from localloop.blobs.drafts import Drafts
from localloop.blobs.files import Disk, clone, copy_hashing, create, hash_file
from localloop.blobs.layout import BlobRef, Layout
from localloop.blobs.partial import fill, locked
from localloop.blobs.publish import Publisher
from localloop.blobs.verify import BrokenBlob, check, sweep, untouched
from localloop.errors import BlobDamagedError, BlobError, BlobMissingError
from localloop_sync.ports import ChunkSource

#: How many files :meth:`BlobCache.add_files` publishes at a time.
GROUP = 256

#: How many bytes of files are taken in before they are published, so that those that are here already need no room
#: for longer; a larger file is a group by itself.
GROUP_BYTES = 64 << 20


class BlobCache:
    """Immutable bytes named by their BLAKE3 digest, each kept once.

    Two facts hold at every moment, also after a crash: a blob's name is the digest of its bytes, and a blob
    that is visible is whole. Any number of threads and processes may use one cache at once.

    Args:
        root: The directory; made when it is not there.
        disk: Makes blobs durable; the machine's own by default.
    """

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self._layout = Layout(root)
        self._publisher = Publisher(self._layout, disk or Disk())

    @property
    def root(self) -> Path:
        """The cache's directory."""
        return self._layout.root

    def add_file(self, source: Path, *, link: bool = False, expected: str | None = None) -> BlobRef:
        """Take a file in: as a clone where the file system can, else a hard link where asked, else a copy.

        Args:
            source: The file.
            link: Whether the blob may be the very file, which saves its space. The file then becomes
                read-only, and whoever writes to it all the same breaks the blob (``verify`` will find it).
            expected: The digest that the bytes must have.

        Returns:
            What was taken; it is durable.

        Raises:
            BlobError: The source is not a regular file.
            SourceChangedError: It changed while it was read.
            BlobDamagedError: The bytes are not those of ``expected``.
            OSError: It cannot be read, or the cache cannot be written.
        """
        with Drafts(self._layout) as drafts:
            ref = drafts.from_file(source, link=link)
            if expected is not None and ref.digest != expected:
                raise BlobDamagedError(f"{source} does not hold the bytes of {expected}", digest=expected)
            self._publisher.publish(drafts.whole)
        return ref

    def add_files(self, sources: Iterable[Path], *, link: bool = False) -> Iterator[BlobRef]:
        """Take many files in with fewer syncs than one by one; nothing is yielded before it is durable.

        A file that cannot be taken ends the iteration with its error, after all files before it were yielded.

        Args:
            sources: The files; read ahead by one group.
            link: As for :meth:`add_file`.

        Yields:
            One reference a source, in order.

        Raises:
            BlobError: A source is not a regular file, or changed while it was read.
            OSError: A source cannot be read, or the cache cannot be written.
        """
        pending = iter(sources)
        while True:
            refs, failure = self._add_group(pending, link=link)
            if not refs and failure is None:
                return
            yield from refs
            if failure is not None:
                raise failure

    def add_each(self, sources: Iterable[Path]) -> Iterator[BlobRef | BlobError | OSError]:
        """Take in what can be taken, as :meth:`add_files` does: what cannot be stops nothing else.

        Args:
            sources: The files.

        Yields:
            For each source, in order, its reference, or the error that it met.
        """
        waiting = list(sources)
        while waiting:
            number = 0
            try:
                for ref in self.add_files(waiting):
                    number += 1
                    yield ref
            except (BlobError, OSError) as error:
                number += 1
                yield error
            waiting = waiting[number:]

    def add_bytes(self, data: bytes) -> BlobRef:
        """Take bytes in.

        Args:
            data: The bytes.

        Returns:
            What was taken; it is durable.
        """
        return self.add_stream((data,))

    def add_stream(self, chunks: Iterable[bytes], *, expected_size: int | None = None) -> BlobRef:
        """Take bytes in as they come; an error of the source leaves nothing behind.

        Args:
            chunks: Of any length, one in memory at a time.
            expected_size: How many bytes there must be.

        Returns:
            What was taken; it is durable.

        Raises:
            BlobDamagedError: There were more or fewer bytes than expected.
        """
        with Drafts(self._layout) as drafts:
            ref = drafts.from_chunks(chunks)
            if expected_size is not None and ref.size != expected_size:
                raise BlobDamagedError(f"{ref.size} bytes came instead of {expected_size}", digest=ref.digest)
            self._publisher.publish(drafts.whole)
        return ref

    def fetch(self, key: str, size: int, chunks: ChunkSource) -> str:
        """Take content in, resuming an earlier part of the same key and size; keeps the port ``Blobs``.

        Another thread or process that fetches the same key waits for this one. An error of the source leaves
        the part for the next try.

        Args:
            key: Any text that names this version of the content.
            size: Its size in bytes.
            chunks: Opens the content at an offset; not called when nothing is missing.

        Returns:
            The digest; the blob is durable.

        Raises:
            TransientError: The content came short, so the part is kept; or a resumed download came out too
                long, so the part was dropped. Either way the next try may succeed.
            PermanentError: The content, read from its start, is longer than ``size``; the part was dropped.
            ValueError: The size is negative.
        """
        if size < 0:
            raise ValueError(f"a size is not negative: {size}")
        partial = self._layout.partial_of(key, size)
        with locked(partial) as file, Drafts(self._layout) as drafts:
            fill(file, key, size, chunks)
            digest, size = hash_file(partial)
            drafts.from_partial(partial, BlobRef(digest, size))
            self._publisher.publish(drafts.whole)
        return digest

    def path(self, digest: str) -> Path | None:
        """Where the bytes of a digest are.

        Args:
            digest: The digest; text that is none names no blob.

        Returns:
            The read-only file, or None when it is not here.
        """
        place = self._layout.blob(digest)
        return place if place is not None and place.is_file() else None

    def has(self, digest: str) -> bool:
        """Whether the bytes of a digest are here."""
        return self.path(digest) is not None

    def keeps(self, digest: str) -> bool:
        """Whether the bytes of a digest are here to stay.

        A file is visible a moment before its name is durable, and its maker may fail or die in that moment. Who writes
        down that a blob is here asks this, or puts it in.

        Args:
            digest: Which blob.

        Returns:
            False when it is not here. When it is, its name is durable.

        Raises:
            OSError: The disk does not make it so.
        """
        place = self.path(digest)
        if place is not None:
            self._publisher.secure(place)
        return place is not None

    def open(self, digest: str) -> BufferedReader:
        """Open a blob for reading; removing it meanwhile does not disturb the reader.

        Args:
            digest: Which blob.

        Returns:
            The open file.

        Raises:
            BlobMissingError: It is not here.
        """
        place = self._layout.blob(digest)
        if place is None:
            raise _missing(digest)
        try:
            return place.open("rb")
        except FileNotFoundError as error:
            raise _missing(digest) from error

    def size(self, digest: str) -> int:
        """How many bytes a blob has.

        Args:
            digest: Which blob.

        Returns:
            The number of bytes.

        Raises:
            BlobMissingError: It is not here.
        """
        place = self._layout.blob(digest)
        if place is None:
            raise _missing(digest)
        try:
            return place.stat().st_size
        except FileNotFoundError as error:
            raise _missing(digest) from error

    def export(self, digest: str, target: Path) -> None:
        """Put a writable copy somewhere; the target appears whole or not at all, and replaces what was there.

        A copy is checked against its name on the way; a clone is not read.

        Args:
            digest: Which blob.
            target: The new file; its directory is made when it is not there.

        Raises:
            BlobMissingError: The blob is not here.
            BlobDamagedError: Its bytes are not those of its name; nothing was put at the target.
            OSError: The target cannot be written.
        """
        with self.open(digest) as reader:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Not derived from the target's name, which may be as long as names can be.
            beside = target.parent / f".localloop-{self._layout.new_temporary().name}"
            try:
                with create(beside, 0o644) as writer:
                    if not clone(reader, writer) and copy_hashing(reader, writer)[0] != digest:
                        raise _damaged(digest)
                    os.fsync(writer.fileno())
                beside.replace(target)
            finally:
                beside.unlink(missing_ok=True)

    def beside(self, digest: str, name: str) -> Path | None:
        """Where something made from a blob is kept, or would be; it goes when the blob is removed.

        Args:
            digest: Which blob.
            name: What it is, as a file name.

        Returns:
            The path; None when the text is no digest.
        """
        place = self._layout.beside(digest)
        return None if place is None else place / name

    def keep_beside(self, digest: str, name: str, data: bytes) -> None:
        """Keep something made from a blob. It can be made again, so it need not survive a crash of the machine.

        Args:
            digest: Which blob.
            name: What it is, as a file name.
            data: Its bytes.

        Raises:
            BlobMissingError: The text is no digest.
            OSError: It cannot be written.
        """
        place = self.beside(digest, name)
        if place is None:
            raise _missing(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._layout.new_temporary()
        try:
            with create(temporary) as file:
                file.write(data)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """The digests of all blobs, in order; what comes or goes meanwhile may or may not be among them."""
        return self._layout.digests()

    def verify(self, progress: Callable[[BlobRef | BrokenBlob], None] | None = None) -> Iterator[BrokenBlob]:
        """Hash every blob again and set broken ones aside, so that they can be fetched again.

        Args:
            progress: Told of each blob that was checked, whole or broken.

        Yields:
            The broken ones.
        """
        for digest in self.digests():
            outcome = check(self._layout, digest)
            if outcome is None:
                continue
            if progress is not None:
                progress(outcome)
            if isinstance(outcome, BrokenBlob):
                yield outcome

    def untouched(self, digests: Iterable[str], older_than_seconds: float) -> list[str]:
        """The blobs that nobody has added, or added again, for a while.

        Args:
            digests: Which blobs; what is not here is passed over.
            older_than_seconds: The least time since then.
        """
        return untouched(self._layout, digests, older_than_seconds)

    def remove(self, digest: str) -> bool:
        """Remove a blob and what was made from it; who has it open reads on.

        Args:
            digest: Which blob.

        Returns:
            Whether it was here.
        """
        place = self._layout.blob(digest)
        made = self._layout.beside(digest)
        if place is None or made is None:
            return False
        shutil.rmtree(made, ignore_errors=True)  # it can be made again, and is nothing that anybody relies on
        try:
            place.unlink()
        except FileNotFoundError:
            return False
        return True

    def sweep_temporary(self, older_than_seconds: float) -> int:
        """Remove leftovers of processes that died while adding.

        Args:
            older_than_seconds: The least time since a leftover was last touched; longer than any one file
                takes to be hashed, so that nobody's work is swept away.

        Returns:
            How many were removed.
        """
        return sweep(self._layout, self._layout.temporary, older_than_seconds)

    def sweep_partial(self, older_than_seconds: float) -> int:
        """Remove parts of downloads that nobody has gone on with; those in progress stay.

        Args:
            older_than_seconds: The least time since a part last grew.

        Returns:
            How many were removed.
        """
        return sweep(self._layout, self._layout.partial, older_than_seconds)

    def _add_group(
        self, sources: Iterator[Path], *, link: bool
    ) -> tuple[list[BlobRef], BlobError | OSError | None]:
        """Take in the next group; what was not read of the sources is left to the next call."""
        failure: BlobError | OSError | None = None
        size = 0
        with Drafts(self._layout) as drafts:
            try:
                for source in islice(sources, GROUP):
                    size += drafts.from_file(source, link=link).size
                    if size >= GROUP_BYTES:
                        break
            except (BlobError, OSError) as error:
                failure = error
            self._publisher.publish(drafts.whole)
        return [draft.ref for draft in drafts.whole], failure


def _missing(digest: str) -> BlobMissingError:
    return BlobMissingError(f"The bytes of {digest} are not here", digest=digest)


def _damaged(digest: str) -> BlobDamagedError:
    return BlobDamagedError(
        f"The blob {digest} does not hold the bytes of its name",
        digest=digest,
        advice="Add the original file again, or get it from another store that has it.",
    )
