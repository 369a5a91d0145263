"""The daemon's process: its lock, its log, its threads, and how it ends."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Timer
from typing import Final

from localloop._version import __version__
from localloop.daemon import logs
from localloop.daemon.health import EVERY, Health, State, stamp
from localloop.daemon.logs import LOG
from localloop.daemon.metrics import MetricsServer
from localloop.daemon.notify import Notify
from localloop.daemon.places import LOCK, folder_of
from localloop.daemon.roots import Find, Root
from localloop.daemon.settings import Settings
from localloop.daemon.syncing import Attention, Judge, SyncLoop
from localloop.platform import CredentialStore
from localloop.store import Store
from localloop_sync.drivers.lock import Holder, SyncLock

#: How long it may take to end, in seconds. What has not ended by then is cut off, as by a power cut.
STOPS_WITHIN: Final = 8.0

#: How much later than its time limit a sync that did not end by itself ends the process, in seconds.
GRACE: Final = 60.0

#: How the process ends that was cut off, so that a service manager starts another one.
_HUNG: Final = 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """How what happens is told, as the rest of the program does it.

    Attributes:
        judge: The exit code of an error, and a line for whoever has to do something.
        attention: The same of a sync that came to its end.
        explain: One line for an error.
        find: Finds a dataset by its place.
    """

    judge: Judge
    attention: Attention
    explain: Callable[[BaseException], str]
    find: Find


class Daemon:
    """Watched folders and syncing, until somebody stops it.

    Args:
        store: The store.
        settings: What it is to do.
        credentials: Where the tokens are.
        judgement: How what happens is told.
        foreground: Whether the log is printed as well.
        notify: Whom to tell how it is.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        credentials: CredentialStore,
        judgement: Judgement,
        *,
        foreground: bool,
        notify: Notify | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._foreground = foreground
        self._folder = folder_of(store.path)
        self._notify = notify or Notify.from_environment()
        self._health = Health(__version__, os.getpid(), stamp())
        self._loop = SyncLoop(
            *(store, settings, self._folder, self._health, credentials),
            judge=judgement.judge,
            attention=judgement.attention,
        )
        self._roots = [
            Root(store, watch, credentials, judgement.find, judgement.explain, self._loop.stirred.set)
            for watch in settings.watch
        ]
        self._health.roots = [root.health for root in self._roots]
        self._ending = threading.Event()
        self._written = ("", float("-inf"))
        self._writing = threading.Lock()

    def ask_to_end(self) -> None:
        """Called from a signal's handler: whatever hangs from now on is cut off."""
        if not self._ending.is_set():
            self._ending.set()
            timer = Timer(STOPS_WITHIN, self._cut_off)
            timer.daemon = True
            timer.start()

    def run(self) -> None:
        """Run until ``KeyboardInterrupt``.

        Raises:
            LockedError: One runs for this store already.
            OSError: The port of the metrics is taken.
        """
        holder = Holder(os.getpid(), socket.gethostname(), "`localloop daemon`", stamp())
        with SyncLock(self._folder, holder, LOCK):
            metrics = self._metrics()
            log = self._settings.log
            logs.start(
                self._folder,
                as_json=log.format == "json",
                size=int(log.size),
                keep=log.keep,
                foreground=self._foreground,
            )
            LOG.info("started: process %d, %s", os.getpid(), self._store.path)
            try:
                self._always()
            except KeyboardInterrupt:
                self.ask_to_end()
            finally:
                self._end(metrics)

    def _metrics(self) -> MetricsServer | None:
        port = self._settings.metrics.port
        if port is None:
            return None
        server = MetricsServer(port, lambda: self._health)
        server.start()
        self._health.metrics = server.url
        return server

    def _always(self) -> None:
        for root in self._roots:
            root.start()
        beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        beating.start()
        self._write()
        self._notify.ready()
        while True:
            wait = self._loop.step()
            self._write()
            if self._loop.stirred.wait(wait):
                time.sleep(min(wait, 0.2))

    def _beat(self) -> None:
        """Tell that nothing hangs, as long as nothing does; a sync that does not end ends the process."""
        every = min(5.0, (self._notify.watchdog or 10.0) / 3)
        while not self._ending.wait(every):
            if time.monotonic() > self._loop.hangs_at + GRACE:
                LOG.error("a sync did not end by itself; the process is cut off")
                self._cut_off()
            self._notify.alive()
            self._write()

    def _end(self, metrics: MetricsServer | None) -> None:
        end = time.monotonic() + STOPS_WITHIN - 1
        self._ending.set()
        self._notify.stopping()
        for root in self._roots:
            root.stop()
        ended = [root.join(end - time.monotonic()) for root in self._roots]
        if metrics is not None:
            metrics.stop()
        self._health.state, self._health.text, self._health.next_sync = State.STOPPED, "", ""
        self._write()
        LOG.info("stopped")
        if not all(ended):
            self._cut_off()

    def _cut_off(self) -> None:
        """End at once, as a power cut would: nothing is lost by it."""
        os._exit(_HUNG if not self._ending.is_set() else 0)

    def _write(self) -> None:
        """Write down how it is, when something changed and from time to time."""
        with self._writing:
            health, now = self._health, time.monotonic()
            told = repr(
                (health.state, health.text, health.syncs, health.failures, health.unsent, health.roots)
            )
            if told == self._written[0] and now - self._written[1] < EVERY:
                return
            self._written = (told, now)
            self._notify.status(f"{health.state.value} {health.text}".strip())
            health.written = stamp()
            try:
                health.write(self._folder)
            except OSError as error:
                LOG.warning("%s: %s", self._folder, error.strerror)
