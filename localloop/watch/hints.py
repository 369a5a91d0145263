"""Events of a folder, as hints where to look. They may be late, twice, in any order, or not come at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

#: What says nothing of a change.
_IDLE: Final = frozenset({EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE})


class Hints(FileSystemEventHandler):
    """Collects which folders something happened in.

    Args:
        root: The folder that is watched, with all below it.
        ignored: Says what is passed over.
    """

    def __init__(self, root: Path, ignored: Callable[..., bool]) -> None:
        self._root = os.fspath(root.absolute())
        self._ignored = ignored
        self._places: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._stirred = threading.Event()
        self._observer: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen. Where the system gives no watches no events come, and :attr:`alive` says so."""
        observer = Observer()
        try:
            observer.schedule(self, self._root, recursive=True)
            observer.start()
        except OSError:
            observer.unschedule_all()
        else:
            self._observer = observer

    @property
    def alive(self) -> bool:
        """Whether events come, as far as anybody can tell."""
        observer = self._observer
        return (
            observer is not None
            and observer.is_alive()
            and all(emitter.is_alive() for emitter in getattr(observer, "emitters", ()))
        )

    def stop(self) -> None:
        """Listen no more."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()  # type: ignore[attr-defined]  # an Observer is more than a thread
            observer.join()

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
