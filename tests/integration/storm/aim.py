"""At which point of its traffic a process is killed, and what that point is called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import Lock, get_ident

from localloop.testing.faults import Moment, Stage

_KINDS = (
    (r"/token$", "log-in"),
    (r"/users/me$", "who is logged in"),
    (r"/changes$", "feed of changes"),
    (r"/stream$", "download"),
    (r"/query$|/count$", "listing"),
)


def kind_of(moment: Moment) -> str:
    """What a request is for, in a word or two."""
    if moment.uploads:
        return "upload"
    for pattern, name in _KINDS:
        if re.search(pattern, moment.path):
            return name
    return "reading" if moment.method == "GET" else "writing"


@dataclass
class Aim:
    """A point of a process' traffic.

    Attributes:
        stage: The stage of a request at which the counting is done.
        left: How many requests of that stage are let go by; for bodies and replies, how many bytes.
        writes: Whether only requests count that change something.
    """

    stage: Stage
    left: int
    writes: bool = False

    def hit_by(self, moment: Moment) -> bool:
        """Whether this is the moment."""
        if moment.stage is not self.stage or (self.writes and kind_of(moment) not in {"upload", "writing"}):
            return False
        self.left -= max(1, moment.size) if self.stage in {Stage.SENT, Stage.REPLIED} else 1
        return self.left < 0


def aim(random: Random, upload: int, requests: int) -> Aim:
    """A random point of a sync that has about so much to do.

    Args:
        random: Chance.
        upload: How many bytes it has to send.
        requests: How many requests it makes, about.
    """
    stage = random.choice([*Stage, Stage.ANSWERED])  # what was done and not heard of is the hardest
    if stage is Stage.SENT:
        return Aim(stage, random.randrange(1, 1 + max(upload, 2_000)))
    if stage is Stage.REPLIED:
        return Aim(stage, random.randrange(1, 1 + 600 * requests))
    writes = random.random() < 0.5
    return Aim(stage, random.randrange(max(2, requests // (3 if writes else 1))), writes=writes)


class Watch:
    """Hears the traffic of one laptop, counts it, and does something at one point of it.

    Attributes:
        requests: How many there were.
        uploaded: How many bytes uploads had.
        arrived: How many of them were in uploads that the hub answered.
        downloaded: How many bytes of files came back.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.uploaded = 0
        self.arrived = 0
        self.downloaded = 0
        self.began = False
        self._lock = Lock()
        self._going: dict[int, int] = {}
        self._aim: Aim | None = None
        self._strike: Callable[[], None] | None = None
        self._last: Moment | None = None
        self._hit: Moment | None = None

    def at(self, aim: Aim | None, strike: Callable[[], None]) -> None:
        """Do something at a point of the traffic from now on.

        Args:
            aim: The point; None for none.
            strike: What to do there, in the thread of the request, which waits for it.
        """
        with self._lock:
            self._aim, self._strike, self._hit, self._last, self.began = aim, strike, None, None, False

    def hears(self, moment: Moment) -> None:
        """A request has come to a point."""
        with self._lock:
            self.began, self._last = True, moment
            self.requests += moment.stage is Stage.ASKED
            self._weigh(moment)
            if moment.stage is Stage.REPLIED and kind_of(moment) == "download":
                self.downloaded += moment.size
            if self._aim is None or self._strike is None or not self._aim.hit_by(moment):
                return
            self._hit, self._aim = moment, None
            self._strike()

    def _weigh(self, moment: Moment) -> None:
        """Count the bytes of uploads; a thread of the proxy has one request at a time."""
        thread = get_ident()
        if moment.stage is Stage.ASKED:
            self._going[thread] = 0
        elif moment.stage is Stage.SENT and moment.uploads:
            self.uploaded += moment.size
            self._going[thread] += moment.size
        elif moment.stage is Stage.ANSWERED and moment.uploads:
            self.arrived += self._going[thread]

    @property
    def where(self) -> str:
        """Where it struck; or, when it was not this that struck, the last that was seen."""
        with self._lock:
            seen = self._hit or self._last
        return "before any request" if seen is None else f"{kind_of(seen)}: {seen.stage}"


def total(counts: Counter[str]) -> list[str]:
    """Lines for a table, most first."""
    return [f"  {number:>5}  {name}" for name, number in counts.most_common()]
