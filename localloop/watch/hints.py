"""Events of a folder, as hints where to look. They may be late, twice, in any order, or not come at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from localloop.mounts import is_remote, kind_at

#: What says nothing of a change.
_IDLE: Final = frozenset({EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE})


#: Why a folder is looked at from time to time although nothing happened in it.
_NO_WATCHES: Final = "the system has no watches left (fs.inotify.max_user_watches)"
_NO_EVENTS: Final = "a file system of kind {} has no events of other machines"
_ENDED: Final = "its events ended"


class Hints(FileSystemEventHandler):
    """Collects which folders something happened in.

    Args:
        root: The folder that is watched, with all below it.
        ignored: Says what is passed over.
        kind: Says which kind of file system a folder is on.

    Attributes:
        polled: Why events are not to be relied on; empty while they are.
    """

    def __init__(
        self, root: Path, ignored: Callable[..., bool], *, kind: Callable[[Path], str] = kind_at
    ) -> None:
        self._root = os.fspath(root.absolute())
        self._ignored = ignored
        self._kind = kind
        self._places: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._stirred = threading.Event()
        self._observer: threading.Thread | None = None
        self.polled = ""

    def start(self) -> None:
        """Begin to listen. Where no events are to be expected, :attr:`polled` says why."""
        kind = self._kind(Path(self._root))
        if is_remote(kind):
            self.polled = _NO_EVENTS.format(kind)
            return
        self._observer = _observing(self, self._root)
        self.polled = "" if self._observer is not None else _NO_WATCHES

    def check(self) -> None:
        """Look whether events are to be relied on. A folder that is new gets no watch where none is left, silently."""
        observer = self._observer
        if observer is None and self.polled != _NO_WATCHES:
            return
        with TemporaryDirectory(prefix="localloop-watch-") as folder:
            probe = _observing(FileSystemEventHandler(), folder)
        if probe is None:
            self.polled = _NO_WATCHES
            return
        _ended(probe)
        if observer is None or self.polled:  # some folders may have none
            self.stop()
            self.start()
        elif not _alive(observer):
            self.polled = _ENDED

    def stop(self) -> None:
        """Listen no more."""
        observer, self._observer = self._observer, None
        if observer is not None:
            _ended(observer)

    def wake(self) -> None:
        """End the waiting of :meth:`wait`."""
        self._stirred.set()

    def wait(self, seconds: float) -> bool:
        """Wait until something happens, at most so many seconds; says whether something did."""
        return self._stirred.wait(seconds)

    def take(self) -> dict[str, bool]:
        """Where something happened since the last time: folders below the root, and whether with all below."""
        with self._lock:
            self._stirred.clear()
            places, self._places = self._places, {}
        return places

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note where something happened."""
        if event.event_type in _IDLE:
            return
        for path in (event.src_path, event.dest_path):
            inside = self._inside(os.fsdecode(path)) if path else None
            if inside is not None:
                self._note(inside, folder=event.is_directory)

    def _inside(self, path: str) -> str | None:
        if path == self._root:
            return ""
        prefix = self._root.rstrip("/") + "/"
        return path.removeprefix(prefix) if path.startswith(prefix) else None

    def _note(self, path: str, *, folder: bool) -> None:
        if path and self._ignored(path, folder=folder):
            return
        with self._lock:
            if folder:
                # Files may have come into a new folder before it was watched.
                self._places[path] = True
            self._places.setdefault(path.rpartition("/")[0], False)
            self._stirred.set()


def _observing(handler: FileSystemEventHandler, folder: str) -> threading.Thread | None:
    """An observer of a folder and all below it; None where the system gives no watch."""
    observer = Observer()
    try:
        observer.schedule(handler, folder, recursive=True)
        observer.start()
    except OSError:
        observer.unschedule_all()
        return None
    return observer


def _alive(observer: threading.Thread) -> bool:
    return observer.is_alive() and all(emitter.is_alive() for emitter in getattr(observer, "emitters", ()))


def _ended(observer: threading.Thread) -> None:
    observer.stop()  # type: ignore[attr-defined]  # an Observer is more than a thread
    observer.join()
