"""When to sync, and how fast. Pure: a wall clock's time in, what holds then and until when out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from localloop.errors import BadRequest

#: The days as they are written, Monday first, as :meth:`datetime.datetime.weekday` counts them.
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """Some time of a day, perhaps past midnight; then the day is that on which it begins.

    Attributes:
        begin: Minutes since midnight.
        end: Minutes since midnight; not later than the beginning means of the next day.
        days: On which days it begins; Monday is 0.
    """

    begin: int
    end: int
    days: frozenset[int] = frozenset(range(7))

    @classmethod
    def read(cls, text: str, days: Iterable[str] = DAYS) -> Hours:
        """Read hours such as ``22:00-06:00``.

        Args:
            text: The hours.
            days: Their days, such as ``sat``.

        Raises:
            BadRequest: They make no sense.
        """
        begin, dash, end = text.partition("-")
        names = [day.strip().lower()[:3] for day in days]
        unknown = [day for day, name in zip(days, names, strict=True) if name not in DAYS]
        if not dash:
            raise BadRequest("400", f"Hours are such as 22:00-06:00, not {text!r}.")
        if unknown or not names:
            raise BadRequest(
                "400", f"Days are some of {', '.join(DAYS)}, not {', '.join(unknown) or 'none'}."
            )
        return cls(_minutes(begin, text), _minutes(end, text), frozenset(map(DAYS.index, names)))

    def hold(self, moment: datetime) -> bool:
        """Whether a moment is within them.

        Args:
            moment: By the wall clock.
        """
        minute, day = moment.hour * 60 + moment.minute, moment.weekday()
        if self.begin < self.end:
            return self.begin <= minute < self.end and day in self.days
        return (minute >= self.begin and day in self.days) or (
            minute < self.end and (day - 1) % 7 in self.days
        )


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds at a moment.

    Attributes:
        quiet: Whether nothing is sent or fetched.
        rate: How many bytes of contents a second may pass; None for as many as the environment says.
        until: When something else may hold; None for never.
    """

    quiet: bool
    rate: float | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Quiet hours, and hours with a speed of their own.

    Attributes:
        quiet: When nothing is sent or fetched.
        rates: Bytes a second by hours; the first that hold count.
        rate: Bytes a second at any other time; None for as many as the environment says.
    """

    quiet: tuple[Hours, ...] = ()
    rates: tuple[tuple[Hours, float], ...] = ()
    rate: float | None = None

    def at(self, moment: datetime) -> Regime:
        """What holds at a moment.

        Args:
            moment: By the wall clock. Where the clocks change meanwhile, the end is an hour off.
        """
        quiet = any(hours.hold(moment) for hours in self.quiet)
        rate = next((rate for hours, rate in self.rates if hours.hold(moment)), self.rate)
        return Regime(quiet, rate, self._change(moment))

    def _change(self, moment: datetime) -> datetime | None:
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        all_hours = (*self.quiet, *(hours for hours, _ in self.rates))
        changes = [
            midnight + timedelta(days=day, minutes=minute)
            for hours in all_hours
            for minute in (hours.begin, hours.end)
            for day in (0, 1)
        ]
        return min((change for change in changes if change > moment), default=None)


def _minutes(text: str, whole: str) -> int:
    hour, _, minute = text.strip().partition(":")
    if hour.isdecimal() and (minute or "0").isdecimal():
        minutes = int(hour) * 60 + int(minute or 0)
        if int(minute or 0) < 60 and minutes <= _DAY:
            return minutes % _DAY
    raise BadRequest("400", f"Hours are such as 22:00-06:00, not {whole!r}.")
