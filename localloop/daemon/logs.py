"""The daemon's log: files that are put aside when they are large, as text or as a JSON object a line."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

#: In the daemon's directory.
FILE: Final = "daemon.log"

#: Everything the daemon says goes here, and what libraries warn of.
LOG: Final = logging.getLogger("localloop.daemon")


class _Private(RotatingFileHandler):
    """Files that only their owner can read: names of files are nobody else's business."""

    def _open(self) -> TextIOWrapper:
        os.close(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        return super()._open()


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_at(record)} {record.levelname.lower():7} {_one_line(super().format(record))}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"at": _at(record), "level": record.levelname.lower(), "message": super().format(record)}
        return json.dumps({**told, **getattr(record, "told", {})}, ensure_ascii=False)


def start(folder: Path, *, as_json: bool, size: int, keep: int, foreground: bool) -> None:
    """Begin to log.

    Args:
        folder: The daemon's directory.
        as_json: Whether as JSON.
        size: At how many bytes a file is put aside.
        keep: How many files are kept besides the current one.
        foreground: Whether to print it as well.
    """
    handlers: list[logging.Handler] = [
        _Private(folder / FILE, maxBytes=size, backupCount=keep, encoding="utf-8", errors="backslashreplace")
    ]
    if foreground:
        handlers.append(logging.StreamHandler(sys.stdout))
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(_Json() if as_json else _Text())
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    LOG.setLevel(logging.INFO)


def lines(folder: Path, last: int) -> list[str]:
    """The last lines of the log.

    Args:
        folder: The daemon's directory.
        last: How many.
    """
    found: list[str] = []
    for path in _files(folder):
        if len(found) >= last:
            break
        text = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found = text[max(0, len(text) + len(found) - last) :] + found
    return found


def follow(folder: Path) -> Iterator[str]:
    """What comes from now on: a line, or an empty one where nothing came. Files that are put aside are read to the end.

    Args:
        folder: The daemon's directory.
    """
    path = folder / FILE
    path.touch(mode=0o600)
    file = path.open(encoding="utf-8", errors="replace")
    try:
        file.seek(0, os.SEEK_END)
        while True:
            if line := file.readline():
                yield line.rstrip("\n")
            elif path.exists() and path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                file.close()
                file = path.open(encoding="utf-8", errors="replace")
            else:
                yield ""
    finally:
        file.close()


def _files(folder: Path) -> Iterator[Path]:
    """The files of the log, the newest first."""
    yield from (folder / FILE,) if (folder / FILE).exists() else ()
    number = 1
    while (path := folder / f"{FILE}.{number}").exists():
        yield path
        number += 1


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="seconds")


def _one_line(text: str) -> str:
    return text.replace("\n", "\n    ")
