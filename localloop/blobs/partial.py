"""Downloads that can be resumed: one file a key and size, one writer at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from localloop.errors import PermanentError, TransientError
from localloop_sync.ports import ChunkSource


@contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """Open or make a partial file and wait until no other thread or process works on it.

    The lock is the kernel's and ends with its holder, however that ends.

    Args:
        path: The file in ``partial/``.

    Yields:
        The file, open for reading and writing.
    """
    while True:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # While we waited the holder may have finished: then this is a blob, and must not be written to.
            if _is_still_at(file, path):
                yield file
                return


def fill(file: BinaryIO, key: str, size: int, chunks: ChunkSource) -> None:
    """Bring a partial file to its full size, going on where it ends.

    Args:
        file: Open and locked. What it gains before a failure stays in it.
        key: Whose content it is, for messages.
        size: The full size in bytes.
        chunks: Opens the content at an offset; not called when nothing is missing.

    Raises:
        TransientError: The content came short, so the part is kept; or a resumed download came out too long,
            so it is emptied (the source may have begun again at zero), and the next try starts afresh.
        PermanentError: A download from the start is longer than said: the size is wrong, and trying again
            the same way cannot help. The file is emptied.
    """
    offset = file.seek(0, os.SEEK_END)
    if offset > size:
        file.truncate(0)
        offset = file.seek(0)
    have = offset
    if have < size:
        for chunk in chunks(offset):
            have += len(chunk)
            if have > size:
                raise _too_long(file, key, size, resumed=offset > 0)
            file.write(chunk)
    file.flush()
    if have < size:
        raise TransientError(f"The content of {key} came short: {have} of {size} bytes")


def _too_long(file: BinaryIO, key: str, size: int, *, resumed: bool) -> TransientError | PermanentError:
    file.truncate(0)
    message = f"The content of {key} is longer than {size} bytes"
    return TransientError(message) if resumed else PermanentError(message)


def _is_still_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
