"""Ids and time. Both are given to whoever needs them, so that a simulation can repeat a run exactly."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from random import Random, SystemRandom
from threading import Lock

from localloop_schema.kinds import EntityKind
from localloop_sync.ports import Clock


def iso(moment: datetime) -> str:
    """The form of every timestamp in store and wire: ISO-8601 UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class SystemClock:
    """The machine's time."""

    def now(self) -> str:
        """The time as ISO-8601 UTC text with milliseconds and ``Z``."""
        return iso(datetime.now(UTC))

    def monotonic(self) -> float:
        """Seconds from some fixed point."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Identity:
    """Makes ids in the platform's own form.

    An entity's id is 24 hex digits like a BSON ObjectId: four bytes of seconds, five random bytes per maker, three
    bytes of counter; so ids of one maker sort by the order in which they were made (docs/platform/wire.md, 0.1).

    Args:
        clock: Where the seconds come from.
        entropy: Where the randomness comes from; the system's by default.
    """

    def __init__(self, clock: Clock, entropy: Random | None = None) -> None:
        self._clock = clock
        self._entropy = entropy or SystemRandom()
        self._maker = self._entropy.getrandbits(40)
        self._counter = self._entropy.getrandbits(23)
        self._last_seconds = 0
        self._lock = Lock()

    def entity_id(self, kind: EntityKind) -> str:
        """A new id for an entity: a UUID for a project, else 24 hex digits."""
        if kind is EntityKind.PROJECT:
            return str(uuid.UUID(int=self._entropy.getrandbits(128), version=4))
        return self.object_id()

    def object_id(self) -> str:
        """24 hex digits, larger than every earlier one of this maker."""
        seconds = int(datetime.fromisoformat(self._clock.now()).timestamp())
        with self._lock:
            self._counter += 1
            if self._counter >= 1 << 24:
                self._counter, self._maker = 0, self._maker + 1 & (1 << 40) - 1
                self._last_seconds += 1
            self._last_seconds = max(self._last_seconds, seconds)
            return f"{self._last_seconds & 0xFFFFFFFF:08x}{self._maker:010x}{self._counter:06x}"

    def operation_id(self) -> str:
        """A UUIDv7: 48 bits of milliseconds, then randomness."""
        milliseconds = int(datetime.fromisoformat(self._clock.now()).timestamp() * 1000)
        value = (milliseconds & (1 << 48) - 1) << 80 | self._entropy.getrandbits(80)
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return str(uuid.UUID(int=value))
