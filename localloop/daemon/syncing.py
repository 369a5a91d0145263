"""The daemon's sync loop: one step decides whether to sync, and syncs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import SystemRandom
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from localloop import config
from localloop.daemon import network, pausing
from localloop.daemon.health import Health, State, stamp
from localloop.daemon.logs import LOG
from localloop.daemon.settings import Settings
from localloop.daemon.timing import Timing
from localloop.errors import LockedError, OutOfTimeError, TransientError
from localloop.owner import Owner
from localloop.platform import CredentialStore
from localloop.store import Store
from localloop.syncing import connected, sync_store
from localloop_schema.tables import Operation
from localloop_sync.core.operation import State as OperationState
from localloop_sync.drivers.retrying import Patience
from localloop_sync.engine import Options
from localloop_sync.report import SyncReport

#: How often it is looked whether something was edited, in seconds; and whether the network is there or metered.
LOOK: Final = 2.0
_PROBE: Final = 15.0
_METERED: Final = 60.0

#: How long one request is tried again, in seconds: there is always another sync.
_PATIENCE: Final = 30.0

#: Below this a sync is not begun before hours change, in seconds.
_WORTH_IT: Final = 5.0

_OPERATIONS: Any = Operation.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

#: The exit code of an error that ended a sync, and a line for whoever has to do something; empty for nobody.
Judge = Callable[[BaseException], tuple[int, str]]
#: The same of a sync that came to its end.
Attention = Callable[[Store, SyncReport], tuple[int, str]]


class _Key(NamedTuple):
    """What changes when somebody logs in: when the tokens were written, and for whom the store is."""

    changed: float
    owner: Owner


class SyncLoop:
    """Syncs when it is time.

    Args:
        store: The store.
        settings: What the daemon is to do.
        folder: The daemon's directory.
        health: Where it is written down how it is.
        credentials: Where the tokens are.
        judge: Says what an error means.
        attention: Says what a sync left to somebody.
        now: The wall clock, with its zone.
        reachable: Whether a gate can be reached.
        metered: Whether the connection is paid by volume.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        folder: Path,
        health: Health,
        credentials: CredentialStore,
        judge: Judge,
        attention: Attention,
        *,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        reachable: Callable[[str], bool] = network.reachable,
        metered: Callable[[], bool] = network.metered,
    ) -> None:
        self._store = store
        self._settings = settings
        self._folder = folder
        self._health = health
        self._credentials = credentials
        self._judge = judge
        self._attention = attention
        self._now = now
        self._reachable = reachable
        self._is_metered = metered
        self._schedule = settings.schedule
        self._timing = Timing(settings.sync.every, settings.sync.after, SystemRandom().random)
        self._seen = -1
        self._probed = 0.0
        self._asked = float("-inf")
        self._metered = False
        self._after_sync = (State.IDLE, "")
        self._key = self._tokens()
        self.stirred = threading.Event()
        self.hangs_at = float("inf")

    def step(self) -> float:
        """Sync if it is time; returns how long to wait until the next step, in seconds."""
        now = time.monotonic()
        self._hear(now)
        state, text, limit, rate = self._allowed()
        if state is not State.IDLE:
            self._be(state, text)
            self._health.next_sync = ""
            return LOOK
        if now >= self._timing.due:
            self._sync(limit, rate)
        else:
            self._be(*self._after_sync)
        left = self._timing.due - time.monotonic()
        self._health.next_sync = stamp(max(0.0, left))
        return min(LOOK, max(0.05, left))

    def _hear(self, now: float) -> None:
        """Note what was edited, that the network is back, and that somebody logged in."""
        last, self._health.unsent = self._log()
        if last > self._seen or self.stirred.is_set():
            self.stirred.clear()
            self._seen = last
            if self._health.unsent:
                self._timing.edited(now)
        key = self._tokens()
        if self._after_sync[0] is State.OFFLINE and now - self._probed >= _PROBE:
            self._probed = now
            if key.owner.gate and self._reachable(key.owner.gate):
                self._timing.reachable(now)
        if key != self._key:
            self._key = key
            self._timing.due = min(self._timing.due, now)

    def _allowed(self) -> tuple[State, str, float, float | None]:
        """Whether it may sync: idle when it may, for how long at most, and how fast."""
        moment = self._now()
        if not self._key.owner.gate:
            return State.LOCAL, "There is nothing to sync with until `localloop login`.", 0.0, None
        if until := pausing.paused(self._folder, moment):
            return State.PAUSED, f"Paused until {until}.", 0.0, None
        regime = self._schedule.at(moment)
        limit = self._settings.sync.time_limit
        if regime.quiet:
            return State.QUIET, f"Quiet hours until {regime.until:%H:%M}.", 0.0, None
        if regime.until is not None:
            left = (regime.until - moment).total_seconds()
            if left < _WORTH_IT:
                return State.QUIET, f"Other hours begin at {regime.until:%H:%M}.", 0.0, None
            limit = min(limit, left)
        if self._settings.sync.metered == "wait" and self._on_metered():
            return State.METERED, "The connection is paid by volume.", 0.0, None
        return State.IDLE, "", limit, regime.rate

    def _on_metered(self) -> bool:
        now = time.monotonic()
        if now - self._asked >= _METERED:
            self._asked = now
            self._metered = self._is_metered()
        return self._metered

    def _sync(self, limit: float, rate: float | None) -> None:
        self._be(State.SYNCING, "")
        self._seen = self._log()[0]  # what is edited meanwhile is a reason for the next one
        self.hangs_at = time.monotonic() + limit
        options = Options(time_limit=limit, workers=config.workers())
        try:
            with connected(self._store, self._credentials, limit_rate=rate) as remote:
                report = sync_store(
                    self._store,
                    remote,
                    options=options,
                    patience=Patience(budget=_PATIENCE),
                    command="`localloop daemon`",
                )
        except Exception as error:  # noqa: BLE001 - whatever a sync meets, there is another one
            self._failed(error)
        else:
            self._done(report)
        finally:
            self.hangs_at = float("inf")
            self._health.unsent = self._log()[1]

    def _done(self, report: SyncReport) -> None:
        health = self._health
        self._timing.done(time.monotonic())
        health.syncs += 1
        health.last_sync = stamp()
        health.sent_bytes += report.uploaded_bytes
        health.fetched_bytes += report.downloaded_bytes
        health.code, text = self._attention(self._store, report)
        told = {"pulled": sum(report.pulled.values()), "pushed": sum(report.pushed.values())}
        told |= {"sent_bytes": report.uploaded_bytes, "fetched_bytes": report.downloaded_bytes}
        if any(told.values()):
            words = (
                f"fetched {told['pulled']} and sent {told['pushed']} entities, {report.uploaded_bytes} bytes"
            )
            LOG.info("synced: %s, in %.1f s", words, report.seconds, extra={"told": told})
        self._rest(State.ATTENTION if text else State.IDLE, text)

    def _failed(self, error: Exception) -> None:
        health, now = self._health, time.monotonic()
        health.code, text = self._judge(error)
        if isinstance(error, OutOfTimeError):
            self._timing.done(now, more=True)
            self._rest(State.IDLE, "")
            return
        health.failures += 1
        if isinstance(error, LockedError):
            self._timing.locked(now)
            self._rest(State.IDLE, "Another process syncs this store.")
        elif isinstance(error, TransientError):
            self._probed = now
            self._timing.offline(now)
            self._rest(State.OFFLINE, text or "The platform cannot be reached.")
        else:
            self._timing.stuck(now)
            self._rest(State.ATTENTION, text)

    def _rest(self, state: State, text: str) -> None:
        if (state, text) != self._after_sync:
            level = LOG.warning if state is State.ATTENTION else LOG.info
            level("%s", f"{state.value}: {text}" if text else state.value)
        self._after_sync = (state, text)
        self._be(state, text)

    def _be(self, state: State, text: str) -> None:
        health = self._health
        if state in {State.PAUSED, State.QUIET, State.METERED} and health.state is not state:
            LOG.info("%s", text)
        health.state, health.text = state, text

    def _log(self) -> tuple[int, int]:
        """The last entry of the operation log, and how many edits wait to be sent."""
        waiting = (OperationState.PENDING.value, OperationState.IN_FLIGHT.value)
        unsent = select(func.count()).where(_OPERATIONS.c.state.in_(waiting)).scalar_subquery()
        last = select(func.max(_OPERATIONS.c.seq)).scalar_subquery()
        with self._store.reading() as connection:
            [(seq, count)] = connection.execute(select(last, unsent)).all()
        return seq or 0, count

    def _tokens(self) -> _Key:
        try:
            changed = self._credentials.path.stat().st_mtime
        except OSError:
            changed = 0.0
        return _Key(changed, Owner.of(self._store.settings()))
