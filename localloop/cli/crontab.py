"""The line of a crontab that syncs a store."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from random import SystemRandom

from localloop import config
from localloop.cli.options import duration
from localloop.errors import BadRequest

_MINUTE, _HOUR = 60, 3600


def entry(store: Path, every: str) -> str:
    """A crontab line.

    Args:
        store: The store's directory.
        every: How often, such as ``15m`` or ``2h``.

    Raises:
        BadRequest: Cron cannot count in such steps, or the line would hold a line break.
    """
    settings = {"LANG": "C.UTF-8", **config.carried()}
    words = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
    words += [shlex.quote(word) for word in (*_program(), "sync", "--cron", "--store", str(store.absolute()))]
    command = " ".join(words)
    if not command.isprintable():
        raise BadRequest(
            "400", "A crontab cannot hold a path with a line break or a control character in it."
        )
    return f"{_times(every)} {command.replace('%', chr(92) + '%')}"  # cron takes a bare % for a line break


def _program() -> list[str]:
    """How to start this program from anywhere."""
    found = shutil.which(sys.argv[0])
    if found is not None and Path(found).name.startswith("localloop"):
        return [str(Path(found).absolute())]
    return [sys.executable, "-m", "localloop"]


def _times(every: str) -> str:
    seconds = duration(every) or 0.0
    draw = SystemRandom()
    minutes, hours = seconds / _MINUTE, seconds / _HOUR
    if seconds < _HOUR and minutes >= 1 and minutes.is_integer() and 60 % minutes == 0:
        step = int(minutes)
        return f"{draw.randrange(step)}-59/{step} * * * *" if step > 1 else "* * * * *"
    if hours.is_integer() and hours >= 1 and 24 % hours == 0:
        step = int(hours)
        of_day = f"{draw.randrange(step)}-23/{step}" if step > 1 else "*"
        return f"{draw.randrange(60)} {of_day} * * *"
    raise BadRequest(
        "400", f"Cron cannot count in steps of {every}: take such as 5m, 15m, 30m, 1h, 6h or 24h."
    )
