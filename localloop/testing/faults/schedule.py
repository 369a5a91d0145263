"""When what goes wrong: rules, schedules of them, and the dice. All of it is data and can be repeated."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from random import Random
from types import NoneType
from typing import Any

from localloop.testing.faults.kinds import Fault
from localloop.testing.faults.messages import Asked

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{24}")

_RANGED = frozenset({Fault.WHOLE_FOR_RANGE, Fault.RANGE_REFUSED})


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault, and which requests meet it.

    Attributes:
        fault: What goes wrong.
        method: The HTTP method; ``*`` is any.
        path: A pattern with ``*`` and ``?`` for the path without its query.
        probability: How likely a request that fits meets the fault, from 0 to 1.
        times: How often the fault happens at most; None is without end.
        after: How many requests that fit are spared first.
        stick: Whether a path that met the fault meets it for ever.
    """

    fault: Fault
    method: str = "*"
    path: str = "*"
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    stick: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers that no request could be judged by.

        Raises:
            ValueError: There is one.
        """
        if not 0 <= self.probability <= 1:
            raise ValueError(f"A rule's probability is between 0 and 1, not {self.probability!r}.")
        if self.after < 0 or (self.times or 0) < 0:
            raise ValueError("A rule's after and times are numbers from 0 on.")

    def fits(self, asked: Asked) -> bool:
        """Whether a request can meet the fault at all.

        Args:
            asked: The request.

        Returns:
            True when method and path match and the fault makes sense there.
        """
        return (
            self.method in {"*", asked.method}
            and fnmatchcase(asked.path, self.path)
            and _makes_sense(self.fault, asked)
        )


def _makes_sense(fault: Fault, asked: Asked) -> bool:
    if fault is Fault.REFRESH_REVOKED:
        return asked.renews
    if fault is Fault.UNAUTHORIZED_MID_UPLOAD:
        return asked.uploads
    if fault is Fault.CHANGED_CONTENT:
        return bool(asked.offset)
    if fault in _RANGED:
        return asked.offset is not None
    return True


@dataclass(frozen=True, slots=True)
class Schedule:
    """Rules in order: the first one that fires decides.

    Attributes:
        rules: The rules.
        sentence: What the schedule is for.
    """

    rules: tuple[Rule, ...] = ()
    sentence: str = ""

    @classmethod
    def named(cls, name: str) -> Schedule:
        """A schedule that is shipped.

        Args:
            name: Its name in :data:`SCHEDULES`.

        Raises:
            ValueError: There is none of this name.
        """
        if name not in SCHEDULES:
            raise ValueError(f"There is no schedule {name!r}. There are: {', '.join(SCHEDULES)}.")
        return SCHEDULES[name]

    @classmethod
    def of(cls, text: str) -> Schedule:
        """A schedule written as JSON: a list of objects with the fields of :class:`Rule`.

        Args:
            text: The JSON.

        Raises:
            ValueError: It is not such a list; the message says why.
        """
        try:
            rows = json.loads(text)
        except ValueError as error:
            raise ValueError(f"The rules are not JSON: {error}.") from error
        if not isinstance(rows, list):
            raise ValueError("The rules must be a list of objects.")  # noqa: TRY004 - it is about a text
        return cls(tuple(_rule(row) for row in rows))

    def text(self) -> str:
        """The same schedule as JSON."""
        rows = [
            {one.name: getattr(rule, one.name) for one in fields(Rule)} | {"fault": rule.fault.value}
            for rule in self.rules
        ]
        return json.dumps(rows, indent=2)


#: What a rule's fields are in JSON.
_TYPES: dict[str, tuple[type, ...]] = {
    "fault": (str,),
    "method": (str,),
    "path": (str,),
    "probability": (int, float),
    "times": (int, NoneType),
    "after": (int,),
    "stick": (bool,),
}


def _rule(row: Any) -> Rule:
    if not isinstance(row, Mapping) or "fault" not in row:
        raise ValueError(f"A rule must be an object with a fault: {row!r}.")
    for name, value in row.items():
        if name not in _TYPES:
            raise ValueError(f"A rule has no field {name!r}.")
        if type(value) not in _TYPES[name]:
            raise ValueError(f"A rule's {name} cannot be {value!r}.")
    return Rule(**{**row, "fault": Fault.named(row["fault"])})


class Dice:
    """Decides request by request; thread-safe.

    A decision hangs on the seed, the rule, the request without the ids in its path, and how many such requests
    came before, so that the same requests in the same order meet the same faults, whatever ids a server makes up
    and however other requests come between.

    Args:
        schedule: The rules.
        seed: The seed.
    """

    def __init__(self, schedule: Schedule, seed: int) -> None:
        self.schedule = schedule
        self._seed = seed
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._fitting: Counter[int] = Counter()
        self._fired: Counter[int] = Counter()
        self._stuck: set[tuple[int, str]] = set()

    def decide(self, asked: Asked) -> tuple[int, Fault, Random] | None:
        """The fault that a request meets.

        Args:
            asked: The request.

        Returns:
            The rule's place, its fault, and the chance for what the fault leaves open; None when all is well.
        """
        shape = f"{asked.method} {_ID.sub('{id}', asked.path)}"
        with self._lock:
            self._requests[shape] += 1
            fitting = [(n, rule) for n, rule in enumerate(self.schedule.rules) if rule.fits(asked)]
            for number, _ in fitting:
                self._fitting[number] += 1
            for number, rule in fitting:
                chance = Random(f"{self._seed} {number} {shape} {self._requests[shape]}")  # noqa: S311 - faults, no secrets
                if self._fires(number, rule, asked, chance):
                    return number, rule.fault, chance
        return None

    def _fires(self, number: int, rule: Rule, asked: Asked, chance: Random) -> bool:
        if (number, asked.path) in self._stuck:
            return True
        spent = rule.times is not None and self._fired[number] >= rule.times
        if spent or self._fitting[number] <= rule.after or chance.random() >= rule.probability:
            return False
        self._fired[number] += 1
        if rule.stick:
            self._stuck.add((number, asked.path))
        return True

    def take_back(self, number: int, asked: Asked) -> None:
        """Forget that a rule fired: the reply was not one that its fault could do anything to.

        Args:
            number: The rule's place.
            asked: The request.
        """
        with self._lock:
            self._fired[number] -= 1
            self._stuck.discard((number, asked.path))


def _each(faults: Sequence[Fault], **how: Any) -> tuple[Rule, ...]:
    return tuple(Rule(fault, **how) for fault in faults)


_NETWORK = (
    *_each([Fault.DROP_BEFORE, Fault.DROP_AFTER], probability=0.06),
    *_each([Fault.SERVER_ERROR, Fault.BAD_GATEWAY, Fault.TRUNCATED], probability=0.04),
    Rule(Fault.SLOW, probability=0.02),
)
_THROTTLING = (
    Rule(Fault.THROTTLED, probability=0.05),
    Rule(Fault.THROTTLED_SECONDS, probability=0.05),
    Rule(Fault.THROTTLED_DATE, probability=0.05),
)
_TOKENS = (
    Rule(Fault.UNAUTHORIZED, method="POST", path="*/query", after=1, probability=0.3, times=5),
    Rule(Fault.UNAUTHORIZED_MID_UPLOAD, probability=0.3, times=5),
)
_CONTENT = (
    Rule(Fault.CHANGED_CONTENT, path="*/stream", probability=0.3, times=5),
    Rule(Fault.TRUNCATED, method="GET", path="*/stream", probability=0.3, times=10),
    Rule(Fault.WHOLE_FOR_RANGE, path="*/stream", probability=0.3),
    Rule(Fault.RANGE_REFUSED, path="*/stream", probability=0.1, times=5),
)
_LISTINGS = (
    Rule(Fault.EMPTY_LISTING, method="POST", path="*/query", probability=0.1, times=3),
    Rule(Fault.MISSING_ROWS, method="POST", path="*/query", probability=0.1, times=5),
    Rule(Fault.DUPLICATE_ROWS, method="POST", path="*/query", probability=0.2),
    Rule(Fault.UNSTABLE_ORDER, probability=0.2),
    Rule(Fault.NOT_FOUND, method="GET", path="*/items/*", probability=0.1, times=3),
)

#: The schedules that are shipped, by name.
SCHEDULES: dict[str, Schedule] = {
    "calm": Schedule((), "Nothing goes wrong: the proxy only passes on."),
    "network": Schedule(
        _NETWORK, "Connections drop, before and after the work; replies come slowly, cut off, or as 5xx."
    ),
    "throttling": Schedule(_THROTTLING, "The server asks for fewer requests, in each way there is."),
    "tokens": Schedule(_TOKENS, "Tokens are refused in the middle of a listing and of an upload."),
    "revoked": Schedule(
        (Rule(Fault.UNAUTHORIZED, path="/api/*"), Rule(Fault.REFRESH_REVOKED)),
        "The token and the refresh token are refused for good.",
    ),
    "content": Schedule(_CONTENT, "Downloads are cut off and change; ranges are ignored and refused."),
    "listings": Schedule(_LISTINGS, "Pages are empty, lack rows, repeat them, or come in another order."),
    "forbidden": Schedule(
        (Rule(Fault.FORBIDDEN, method="GET", path="*/items/*/stream", times=1, stick=True),),
        "One item can never be downloaded.",
    ),
    "clock-ahead": Schedule(_each([Fault.CLOCK_AHEAD]), "The server lives a day ahead."),
    "clock-behind": Schedule(_each([Fault.CLOCK_BEHIND]), "The server lives a day behind."),
    "mixed": Schedule(
        (*_TOKENS, *_CONTENT, *_LISTINGS, *_THROTTLING, *_NETWORK),
        "Everything that passes: a client should get its work done all the same.",
    ),
}
