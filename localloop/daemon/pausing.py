"""A pause that somebody asked for: a note beside the store, which also lasts over a restart."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Final

from localloop.blobs.files import write_whole

FILE: Final = "pause.json"


def pause(folder: Path, until: datetime | None) -> None:
    """Have the daemon send and fetch nothing. Folders are watched on.

    Args:
        folder: The daemon's directory.
        until: When it goes on by itself, with a zone; None for never.
    """
    write_whole(folder / FILE, json.dumps({"until": until.isoformat() if until else None}))


def resume(folder: Path) -> bool:
    """End the pause; says whether there was one.

    Args:
        folder: The daemon's directory.
    """
    there = (folder / FILE).exists()
    (folder / FILE).unlink(missing_ok=True)
    return there


def paused(folder: Path, now: datetime) -> str:
    """Whether there is a pause: until when, as ISO-8601 text or ``resumed``; empty when there is none.

    Args:
        folder: The daemon's directory.
        now: The time, with a zone.
    """
    try:
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        until = told["until"]
        over = until is not None and datetime.fromisoformat(until) <= now
    except FileNotFoundError:
        return ""
    except (ValueError, TypeError, KeyError):  # somebody wanted a pause, whatever the note says
        return "resumed"
    return "" if over else until or "resumed"
