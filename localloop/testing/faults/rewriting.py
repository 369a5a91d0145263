"""What faults do to the JSON of requests and replies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from random import Random
from typing import Any

from localloop.testing.faults.kinds import Fault

#: Fields that a server's clock fills in. Other times, and all metadata, are a user's, and are left alone.
_STAMPS = frozenset({"createdAt", "updatedAt", "annotatedAt"})

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def changed_rows(fault: Fault, reply: Any, chance: Random) -> Any | None:
    """A listing as a fault leaves it.

    Args:
        fault: One of :data:`localloop.testing.faults.kinds.ROWS`.
        reply: The reply's JSON.
        chance: Chooses which row.

    Returns:
        The changed reply; None when it is no listing, or has too few rows for this fault.
    """
    rows = reply.get("items") if isinstance(reply, Mapping) else reply
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        return None
    if fault is Fault.UNSTABLE_ORDER and len(rows) < 2:
        return None
    rows = _CHANGES[fault](list(rows), chance)
    if not isinstance(reply, Mapping):
        return rows
    empty = {"totalItemsCount": 0, "totalPagesCount": 0, "hasNextPage": False}
    return {**reply, "items": rows, **(empty if fault is Fault.EMPTY_LISTING else {})}


def _duplicated(rows: list[Any], chance: Random) -> list[Any]:
    return [*rows[: (place := chance.randrange(len(rows)) + 1)], rows[place - 1], *rows[place:]]


def _without_one(rows: list[Any], chance: Random) -> list[Any]:
    rows.pop(chance.randrange(len(rows)))
    return rows


def _reordered(rows: list[Any], chance: Random) -> list[Any]:
    """Another order for certain: a shuffle may be none."""
    turn = chance.randrange(1, len(rows))
    return rows[turn:] + rows[:turn]


_CHANGES: dict[Fault, Callable[[list[Any], Random], list[Any]]] = {
    Fault.DUPLICATE_ROWS: _duplicated,
    Fault.MISSING_ROWS: _without_one,
    Fault.UNSTABLE_ORDER: _reordered,
    Fault.EMPTY_LISTING: lambda _rows, _chance: [],
}


def shifted(value: Any, days: int, *, stamp: bool = False) -> Any:
    """A JSON value with the times of the server's clock moved.

    Args:
        value: The value.
        days: By how much.
        stamp: Whether texts here are such times, because of the name they stand under.

    Returns:
        A copy; operators below the name of a time (``{"updatedAt": {"$gt": …}}``) are moved along.
    """
    if isinstance(value, Mapping):
        return {
            name: one if name == "metadata" else shifted(one, days, stamp=stamp or name in _STAMPS)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [shifted(one, days, stamp=stamp) for one in value]
    if stamp and isinstance(value, str) and _INSTANT.fullmatch(value):
        return _moved(value, days)
    return value


def _moved(instant: str, days: int) -> str:
    """The same time of another day, written in the same way."""
    try:
        day = datetime.fromisoformat(instant[:10]) + timedelta(days=days)
    except (ValueError, OverflowError):
        return instant
    return day.date().isoformat() + instant[10:]


def moved_date(date: str, days: int) -> str:
    """A ``Date`` header, moved."""
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return date
    return format_datetime((moment + timedelta(days=days)).astimezone(UTC), usegmt=True)
