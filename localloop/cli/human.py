"""Numbers, times and names, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

_SIZES = ("kB", "MB", "GB", "TB", "PB")
_THOUSAND = 1000
_AGES = ((86400, "day"), (3600, "hour"), (60, "minute"))


def size(number: int) -> str:
    """A number of bytes: ``512 B``, ``1.5 MB``."""
    if number < _THOUSAND:
        return f"{number} B"
    value = float(number)
    for unit in _SIZES:
        value /= _THOUSAND
        if value < _THOUSAND or unit == _SIZES[-1]:
            break
    return f"{value:.1f} {unit}"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number of things: ``1 item``, ``2,000 items``.

    Args:
        number: How many.
        one: What one of them is called.
        many: What several are called, where that does not follow from ``one``.
    """
    plural = many or (f"{one[:-1]}ies" if one.endswith("gy") else f"{one}s")
    return f"{number:,} {one if number == 1 else plural}"


def listed(counts: Mapping[str, int]) -> str:
    """Counts by kind as one phrase: ``2 items and 1 annotation``; ``nothing`` when there are none."""
    parts = [count(number, kind) for kind, number in counts.items() if number]
    if not parts:
        return "nothing"
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def age(moment: str, now: str) -> str:
    """How long ago a moment was: ``3 minutes``, ``2 days``.

    Args:
        moment: ISO-8601 text.
        now: ISO-8601 text.
    """
    seconds = seconds_between(moment, now)
    for length, unit in _AGES:
        if seconds >= length:
            return count(seconds // length, unit)
    return count(seconds, "second")


def seconds_between(moment: str, now: str) -> int:
    """How many whole seconds ago a moment was, 0 for one that is still to come; both are ISO-8601 text."""
    passed = datetime.fromisoformat(now) - datetime.fromisoformat(moment)
    return max(0, int(passed.total_seconds()))


def when(moment: str) -> str:
    """A moment to the second, in UTC: ``2026-01-31 12:00:00``."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def printable(text: str) -> str:
    """Text that cannot move a terminal's cursor: control characters as escapes."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
