"""What is in a folder now."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localloop.errors import NotFound


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was seen.

    Attributes:
        path: Where it is below the root, with ``/`` between the names.
        size: In bytes.
        changed: When its content last changed, in nanoseconds since the epoch.
        inode: Which file it is on its file system, under whatever name.
        device: Which file system.
    """

    path: str
    size: int
    changed: int
    inode: int
    device: int


@dataclass(slots=True)
class Scan:
    """What a scan saw.

    Attributes:
        places: Which folders were looked at, as paths below the root (the root is empty), and whether with all below.
        files: The files, by path.
        problems: Why something could not be looked at, by path. Of what is below it nothing is known.
    """

    places: Mapping[str, bool]
    files: dict[str, Seen] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def knows(self, path: str) -> bool:
        """Whether the scan would have seen a file at a path: one that it knows and did not see is gone."""
        if any(path == one or path.startswith(f"{one}/") or not one for one in self.problems):
            return False
        folder = path.rpartition("/")[0]
        return any(
            folder == place or (deep and (not place or folder.startswith(f"{place}/")))
            for place, deep in self.places.items()
        )


#: The whole of a folder.
ALL: Mapping[str, bool] = {"": True}


def expect_folder(root: Path) -> None:
    """Make sure that a watched folder is there.

    Args:
        root: The folder.

    Raises:
        NotFound: It is not there, or is no folder.
    """
    if not root.is_dir():
        raise NotFound("404", f"{root} is not there.", advice="Is the disk mounted? Nothing was changed.")


def scan(root: Path, ignored: Callable[..., bool], places: Mapping[str, bool] = ALL) -> Scan:
    """Look at a folder, or at some folders in it.

    Links to folders are not followed. What vanishes meanwhile was not there.

    Args:
        root: The folder.
        ignored: Says what is passed over.
        places: Which folders, and whether with all below.

    Raises:
        NotFound: The root itself is not there, or is no folder. That says nothing of what was in it.
    """
    expect_folder(root)
    found = Scan(places)
    waiting = sorted(places.items())
    looked: set[str] = set()
    while waiting:
        folder, deep = waiting.pop()
        if folder in looked:
            continue
        looked.add(folder)
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if _take(entry, path, ignored, found) and deep:
                        waiting.append((path, True))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            found.problems[folder] = error.strerror or str(error)
    return found


def _take(entry: os.DirEntry[str], path: str, ignored: Callable[..., bool], found: Scan) -> bool:
    """Note a file; says whether the entry is a folder to look into."""
    try:
        folder = entry.is_dir(follow_symlinks=False)
        if ignored(path, folder=folder):
            return False
        told = entry.stat()
    except FileNotFoundError:  # it is gone, or a link to what is not there
        return False
    except OSError as error:
        found.problems[path] = error.strerror or str(error)
        return False
    if not folder and stat.S_ISREG(told.st_mode):
        try:
            path.encode()
        except UnicodeEncodeError:
            found.problems[path] = "Its name is not Unicode."
        else:
            found.files[path] = Seen(path, told.st_size, told.st_mtime_ns, told.st_ino, told.st_dev)
    return folder
