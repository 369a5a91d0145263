"""Times of the platform, and how far they are believed.

A time is text that sorts like time. Three clocks may be wrong: that of the machine which writes ``updatedAt``, that
of the one which answers, and ours, which is not asked here at all.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from localloop_sync.errors import TransientError

#: How far a delta reaches back behind the last one: a platform's index may show a change late, and its machines'
#: clocks differ (docs/platform/wire.md, 8.6).
OVERLAP = timedelta(seconds=60)

#: How far clocks may be apart for a change to be found all the same: a day, and an hour for a change of seasons.
SKEW = timedelta(hours=25)


def earlier(moment: str, step: timedelta) -> str:
    """A moment less a step, in the same form.

    Args:
        moment: ISO-8601 text; empty stays empty.
        step: How much earlier; later when it is negative.

    Returns:
        The text, to the millisecond.

    Raises:
        TransientError: The platform gave something that is no time.
    """
    if not moment:
        return ""
    try:
        early = datetime.fromisoformat(moment) - step
    except (ValueError, OverflowError) as error:
        raise TransientError(f"The platform gave {moment!r} as a time.") from error
    return early.strftime("%Y-%m-%dT%H:%M:%S.") + f"{early.microsecond // 1000:03d}Z"


def bounded(moment: str, horizon: str) -> str:
    """A moment, but none beyond a horizon; an empty horizon bounds nothing.

    Args:
        moment: A time that the platform wrote.
        horizon: The time that it was then by its own word.

    Returns:
        The earlier of the two.
    """
    return min(moment, horizon) if horizon else moment


def seconds(moment: str) -> float | None:
    """A moment as seconds since 1970, to compare moments that were written in different forms.

    Args:
        moment: ISO-8601 text; without an offset it is UTC.

    Returns:
        The seconds; None for what is no time.
    """
    try:
        found = datetime.fromisoformat(moment)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
