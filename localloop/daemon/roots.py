"""One watched folder of the daemon: a thread that begins again after whatever it meets."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import islice
from typing import Final

from localloop.daemon.health import RootHealth, stamp
from localloop.daemon.logs import LOG
from localloop.daemon.settings import WatchPart
from localloop.fetching import patient
from localloop.platform import CredentialStore
from localloop.store import Store
from localloop.watch.hints import Hints
from localloop.watch.ignoring import Ignored
from localloop.watch.opening import Place, looking, refuse_own_store
from localloop.watch.scanning import expect_folder
from localloop.watch.taking import COUNTS, Look
from localloop.watch.watching import Watcher

#: How long nothing is tried after an error, in seconds.
AGAIN_AFTER: Final = 10.0

#: How many problems are told.
_TOLD: Final = 100

#: The local id of a dataset by its place.
Find = Callable[[Store, str], str]

#: One line for an error.
Explain = Callable[[BaseException], str]


class Root:
    """A watched folder.

    Args:
        store: The store.
        watch: What is watched, and where it goes.
        credentials: Where the tokens are.
        find: Finds the dataset.
        explain: Says what an error means.
        taken: Called when there is something to be sent.
    """

    def __init__(
        self,
        store: Store,
        watch: WatchPart,
        credentials: CredentialStore,
        find: Find,
        explain: Explain,
        taken: Callable[[], None],
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._watch = watch
        self._find = find
        self._explain = explain
        self._taken = taken
        self._stopping = threading.Event()
        self._watcher: Watcher | None = None
        self._said: dict[str, str] = {}
        self._before = dict.fromkeys(COUNTS, 0)
        self.health = RootHealth(os.fspath(watch.root), watch.dataset, watch.to)
        self._thread = threading.Thread(target=self._run, name=f"watch {watch.root}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Have it end soon; see :meth:`join`."""
        self._stopping.set()
        watcher = self._watcher
        if watcher is not None:
            watcher.stop()

    def join(self, seconds: float) -> bool:
        """Wait until it has ended; says whether it has.

        Args:
            seconds: How long to wait.
        """
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._watch_it()
            except Exception as error:  # noqa: BLE001 - one folder's trouble ends neither it nor the others
                self.failed(error)
                self._stopping.wait(AGAIN_AFTER)

    def _watch_it(self) -> None:
        root = self._watch.root
        expect_folder(root)
        refuse_own_store(self._store.path, root)
        dataset = self._find(self._store, self._watch.dataset)
        ignored = Ignored.of(root, self._watch.ignore)
        place = Place(self._store, dataset, root, self._watch.to, ignored, mirror=self._watch.mirror)
        with looking(
            place,
            lambda: patient(self._store, self._credentials),
            stopping=self._stopping.is_set,
            through=self._count,
        ) as looker:
            self._watcher = Watcher(looker, Hints(root, ignored), self, lambda _: None)
            if not self._stopping.is_set():
                self._watcher.run()

    def looked(self, look: Look) -> None:
        """Count and log what a look came to."""
        health = self.health
        health.looked_at = stamp()
        self._count(look)
        self._before = {name: getattr(health, name) for name in COUNTS}
        if health.error and look.halt is None:
            LOG.info("%s: is watched again", health.folder)
            health.error = ""
        for path, name in look.kept.items():
            LOG.warning("%s: kept both: what was %s is %s", health.folder, path, name)
        if any(getattr(look, name) for name in COUNTS):
            told = {name: getattr(look, name) for name in COUNTS}
            text = ", ".join(f"{name} {number}" for name, number in told.items() if number)
            LOG.info("%s: %s", health.folder, text, extra={"told": {"folder": health.folder, **told}})
        for path, reason in look.problems.items():
            if self._said.get(path) != reason:
                LOG.warning("%s: not taken: %s: %s", health.folder, path, reason)
        waiting = set(look.waiting)
        self._said = {
            path: reason
            for path, reason in {**self._said, **look.problems}.items()
            if path not in waiting and (path in look.problems or os.path.lexists(self._watch.root / path))
        }
        health.problems = dict(islice(self._said.items(), _TOLD))
        if look.anything:
            self._taken()

    def _count(self, look: Look) -> None:
        for name, number in self._before.items():
            setattr(self.health, name, number + getattr(look, name))
        self.health.waiting = len(look.waiting)

    def failed(self, error: Exception) -> None:
        """Log why the folder cannot be looked at, once."""
        text = self._explain(error)
        if text != self.health.error:
            LOG.warning("%s: %s", self.health.folder, text)
            self.health.error = text

    def polled(self, reason: str) -> None:
        """Note, and log once, why the folder is polled."""
        if reason != self.health.polled_because:
            LOG.warning(
                "%s: %s", self.health.folder, f"is polled, since {reason}" if reason else "has events again"
            )
        self.health.watched_by = "polling" if reason else "events"
        self.health.polled_because = reason
