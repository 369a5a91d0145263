"""Where the daemon of a store has its files, and whether one runs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from localloop_sync.drivers.lock import Holder, holder_of

#: The daemon's directory in the store's, and the name of its lock there.
FOLDER: Final = "daemon"
LOCK: Final = "daemon"


def folder_of(store: Path) -> Path:
    """The daemon's directory, made where it is missing.

    Args:
        store: The store's directory.
    """
    folder = store / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def running(store: Path) -> Holder | None:
    """Who runs as the daemon of a store; None when nobody does.

    Args:
        store: The store's directory.
    """
    return holder_of(store / FOLDER, LOCK)
