"""A sync that nobody watches: silent while all is well, one line when it is not, and never in anybody's way.

What needs attention is said once, and again after a day: cron mails every line, and a mail every quarter of an hour
is one that nobody reads.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom
from threading import Timer
from typing import Any, Final

from localloop.blobs.files import write_whole
from localloop.cli.advice import ExitCode, advise
from localloop.cli.human import printable
from localloop_sync.errors import LockedError, OutOfTimeError, TransientError

#: Beside the database: what was said last, and when.
FILE: Final = "cron.json"

#: How long the same line is not said again.
AGAIN_AFTER: Final = timedelta(days=1)

#: The longest that a sync takes when nobody says, and that it waits before it begins; in seconds.
TIME_LIMIT: Final = 55 * 60.0
JITTER: Final = 30.0

#: How much later than its time a process is ended that did not end by itself, in seconds.
GRACE: Final = 60.0


def wait(jitter: float) -> None:
    """Wait for a random part of some seconds: thousands of machines have the same minute, and one platform."""
    if jitter > 0:
        time.sleep(SystemRandom().uniform(0, jitter))


@contextmanager
def ending_by_itself(seconds: float) -> Iterator[None]:
    """End the process if the block hangs: a lock that is never given up would keep every later sync out.

    A sync may be killed at any moment and goes on at the next one.

    Args:
        seconds: How long the block may take.
    """
    timer = Timer(seconds, _end, args=(seconds,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(seconds: float) -> None:
    sys.stderr.write(f"localloop sync: it did not end within {seconds:.0f} s and was stopped.\n")
    sys.stderr.flush()
    os._exit(ExitCode.OFFLINE)


def line_of(error: BaseException) -> tuple[ExitCode | int, str]:
    """The exit code of an error, and the one line to say; empty where nobody has to do anything.

    Args:
        error: What ended the sync.
    """
    told = advise(error)
    offline = isinstance(error, TransientError) and not isinstance(error, OutOfTimeError)
    if offline or isinstance(error, LockedError):
        return told.code, ""
    more = f" ({len(told.details)} listed by `localloop status`)" if told.details else ""
    return told.code, f"{told.message}{more} {told.advice}".strip()


def say(text: str, store: Path | None) -> None:
    """Print a line on standard error, unless it was said within a day; an empty one says that all is well.

    Args:
        text: What needs attention.
        store: The store's directory, where what was said is remembered; None where there is none.
    """
    now = datetime.now().astimezone()
    last = _last(store)
    if not text:
        if store is not None and last:
            (store / FILE).unlink(missing_ok=True)
        return
    if last.get("text") == text and _recent(last.get("at"), now):
        return
    sys.stderr.write(f"localloop sync: {printable(text)}\n")
    sys.stderr.flush()
    if store is not None:
        write_whole(store / FILE, json.dumps({"text": text, "at": now.isoformat()}))


def _last(store: Path | None) -> dict[str, Any]:
    if store is None:
        return {}
    try:
        told = json.loads((store / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a damaged note costs one line too many
        return {}
    return told if isinstance(told, dict) else {}


def _recent(at: object, now: datetime) -> bool:
    try:
        said = datetime.fromisoformat(str(at))
        return timedelta() <= now - said < AGAIN_AFTER
    except (ValueError, TypeError):
        return False
