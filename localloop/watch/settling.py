"""Whether somebody is still writing to a file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from localloop.watch.scanning import Seen

#: How long a file has to be left alone before it is taken, in seconds.
QUIET: Final = 2.0

_NANO: Final = 1_000_000_000


class Settling:
    """Remembers how files looked, and says which have been left alone for long enough.

    A file whose time says that it has been so is believed at once, unless that time is of the future; any other has to
    look the same twice.

    Args:
        quiet: For how long, in seconds.
    """

    def __init__(self, quiet: float = QUIET) -> None:
        self._quiet = quiet
        self._looks: dict[str, tuple[Seen, float]] = {}

    def settled(self, files: Iterable[Seen], now: float, monotonic: float) -> tuple[list[Seen], list[Seen]]:
        """Part files into those that have been left alone, and those to be looked at again.

        Args:
            files: All files that wait to be taken.
            now: Seconds since the epoch.
            monotonic: Seconds of a clock that nobody sets.
        """
        ready, waiting = [], []
        for seen in files:
            first = self._looks.get(seen.path)
            since = first[1] if first is not None and first[0] == seen else monotonic
            rested = first is None and self._quiet <= now - seen.changed / _NANO
            if rested or monotonic - since >= self._quiet:
                ready.append(seen)
                self._looks.pop(seen.path, None)
            else:
                waiting.append(seen)
                self._looks[seen.path] = (seen, since)
        return ready, waiting

    def again(self, seen: Seen, monotonic: float) -> None:
        """A file turned out not to be left alone: it has to be so anew."""
        self._looks[seen.path] = (seen, monotonic)


def is_open_for_writing(path: Path) -> bool:
    """Whether some process has a file open for writing, where the system can tell.

    Linux gives a read lease (fcntl(2), F_SETLEASE) only on a file that nobody has open for writing. It gives none to
    who does not own the file, and none on some file systems; then nobody can tell, and the answer is no.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be opened.
    """
    lease = getattr(fcntl, "F_SETLEASE", None)
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if lease is None:
            return False
        fcntl.fcntl(file, lease, fcntl.F_RDLCK)
        fcntl.fcntl(file, lease, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False
    finally:
        os.close(file)
