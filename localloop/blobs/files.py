"""What the cache asks of the operating system: hash, copy, clone, link, sync. Memory use is one chunk."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from blake3 import blake3

from localloop.errors import BadRequest

CHUNK = 1 << 20

#: Linux's request to share the extents of one file with another (``FICLONE`` of ``linux/fs.h``).
FICLONE = 0x40049409

#: How file systems and kernels say "not here" to a clone. Anything else (a full disk, say) is a real failure.
CLONE_REFUSED = frozenset(
    {
        errno.EOPNOTSUPP,
        errno.ENOTSUP,
        errno.EXDEV,
        errno.EINVAL,
        errno.ENOTTY,
        errno.ENOSYS,
        errno.EPERM,
        errno.ETXTBSY,
    }
)

#: How they say it to a hard link: other file system, no right to it, too many links, or no links at all.
LINK_REFUSED = frozenset(
    {
        errno.EPERM,
        errno.EACCES,
        errno.EXDEV,
        errno.EMLINK,
        errno.EOPNOTSUPP,
        errno.ENOTSUP,
        errno.ENOSYS,
        errno.EROFS,
    }
)


@contextmanager
def create(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Make a new file for writing; it is an error when one is there.

    Args:
        path: Where.
        mode: Its permissions, before the umask.

    Yields:
        The file, buffered, so that every write is complete.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
        yield file


def chunks_of(file: BufferedReader | FileIO) -> Iterator[memoryview]:
    """Read a file to its end through one buffer: a chunk is valid until the next is asked for.

    Args:
        file: Open for reading, best without a buffer of its own.

    Yields:
        At most ``CHUNK`` bytes at a time.
    """
    view = memoryview(bytearray(CHUNK))
    while count := file.readinto(view):
        yield view[:count]


def hash_file(path: Path) -> tuple[str, int]:
    """The digest and the size of the bytes a file holds.

    Args:
        path: Which file.

    Returns:
        The BLAKE3 digest as 64 hex digits, and the number of bytes read.
    """
    with path.open("rb", buffering=0) as file:
        return hash_open_file(file)


def hash_open_file(file: BufferedReader | FileIO) -> tuple[str, int]:
    """As :func:`hash_file`, from where an open file stands to its end."""
    hasher, size = blake3(), 0
    for chunk in chunks_of(file):
        hasher.update(chunk)
        size += len(chunk)
    return hasher.hexdigest(), size


def copy_hashing(source: BufferedReader | FileIO, target: BinaryIO) -> tuple[str, int]:
    """Copy to the end and hash on the way, so that the digest is that of what was written.

    Args:
        source: Read from where it stands.
        target: Written and flushed, not synced.

    Returns:
        The digest and the size of what was written.
    """
    hasher, size = blake3(), 0
    for chunk in chunks_of(source):
        hasher.update(chunk)
        target.write(chunk)
        size += len(chunk)
    target.flush()
    return hasher.hexdigest(), size


def clone(source: BufferedReader | FileIO, target: BinaryIO) -> bool:
    """Let an empty file share the bytes of another, copied only when either changes.

    Args:
        source: Open for reading.
        target: Open for writing.

    Returns:
        Whether it was done; False leaves the target empty.

    Raises:
        OSError: Something other than "not possible here" went wrong.
    """
    try:
        fcntl.ioctl(target.fileno(), FICLONE, source.fileno())
    except OSError as error:
        if error.errno in CLONE_REFUSED:
            return False
        raise
    return True


def hard_link(source: Path, target: Path) -> bool:
    """Give a file a second name, if its permissions are ours to change.

    Args:
        source: The file; a symbolic link stands for what it points to.
        target: The new name.

    Returns:
        Whether it was done; False leaves no target.

    Raises:
        OSError: Something other than "not possible here" went wrong.
    """
    try:
        os.link(source.resolve(), target)
        # Setting the mode it has proves that it can be made read-only later, and changes nothing now.
        target.chmod(stat.S_IMODE(target.stat().st_mode))
    except OSError as error:
        target.unlink(missing_ok=True)
        if error.errno in LINK_REFUSED:
            return False
        raise
    return True


class Disk:
    """What makes files visible and durable. A simulation that lets disks fail puts its own in the place of this."""

    def make_final(self, path: Path) -> None:
        """See :func:`make_final`."""
        make_final(path)

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name, which replaces what has it.

        Args:
            path: The file.
            target: Its new name.

        Raises:
            FileNotFoundError: The target's directory is not there.
        """
        path.replace(target)

    def sync_directory(self, path: Path) -> None:
        """See :func:`sync_directory`."""
        sync_directory(path)


def make_final(path: Path) -> None:
    """Make a file read-only and its bytes and mode durable.

    Args:
        path: A file that nobody writes to any more.
    """
    path.chmod(0o444)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable.

    Args:
        path: The directory.

    Raises:
        OSError: The disk failed. A file system that cannot sync directories (EINVAL) is taken as it is.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A file to write that takes the place of another, or of nothing, when all went well.

    Args:
        target: The file; the folders above it are made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".writing-") as beside:
        whole = Path(beside, "whole")
        yield whole
        os.replace(whole, target)  # noqa: PTH105 - it says that it replaces


def write_whole(path: Path, text: str, mode: int | None = None) -> None:
    """Replace a small file of text: a reader sees the old one or the new one. Nobody waits until it is durable.

    Args:
        path: The file; its folder is there.
        text: What is to be in it.
        mode: Its mode; what is usual when left out.

    Raises:
        OSError: It cannot be written, such as on a full disk.
    """
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    if mode is not None:
        fresh.chmod(mode)
    fresh.replace(path)


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A folder beside the one that is asked for, which takes its place when all went well.

    Raises:
        BadRequest: There is something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadRequest(
            "400",
            f"{folder} has something in it already.",
            advice="Name a folder that is not there yet, or an empty one.",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = folder.parent / f".{folder.name}.{secrets.token_hex(4)}.part"
    place.mkdir()
    try:
        yield place
        if folder.exists():
            folder.rmdir()
        place.replace(folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)
