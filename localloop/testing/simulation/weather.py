"""What goes wrong in a simulated world, drawn from its seed."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from random import Random
from typing import Any

from sqlalchemy.exc import OperationalError

from localloop_sync.errors import AuthError, OfflineError, PermanentError, ThrottledError, TransientError

#: Requests after which the platform is not as it was.
WRITES = frozenset({"create", "update", "assign", "delete", "upload", "replace"})

#: Requests about one entity, which comes first among their arguments or second, after its kind.
_SINGLE = {"get": 1, "update": 1, "replace": 0, "download": 0}


class PowerCut(BaseException):
    """The machine dies here. No handler of errors may stop it, hence no ``Exception``."""


class Weather:
    """Decides at each request, commit and file whether it goes well.

    Args:
        random: Where chance comes from.
        roughness: 0 for a world in which nothing goes wrong; 1 is bad, 2 is worse.
        log: Told of everything that happens.

    Attributes:
        stormy: Whether anything may go wrong now.
        forbidden: Platform ids of entities to which every request is refused (403).
    """

    def __init__(self, random: Random, roughness: float, log: Callable[[str], None]) -> None:
        self.random = random
        self.stormy = False
        self.forbidden: set[str] = set()
        self._roughness = roughness
        self._log = log
        self._outage = 0

    def note(self, text: str) -> None:
        """Write a line into the log."""
        self._log(text)

    def calm(self) -> None:
        """From now on everything goes well."""
        self.stormy = False
        self.forbidden.clear()
        self._outage = 0

    def strikes(self, chance: float) -> bool:
        """Whether something of this chance (in bad weather) happens now."""
        return self.stormy and self.random.random() < chance * self._roughness

    def before(self, method: str, *args: Any) -> None:
        """Before a request arrives: what is raised is one that was not applied."""
        self._log(f"> {method}")
        if not self.stormy:
            return
        if self._outage:
            self._outage -= 1
            raise OfflineError("The network is unreachable.")
        dice = self.random.random() / (self._roughness or 1e-9)
        if dice < 0.005:
            self._outage = self.random.randrange(2, 12)
            raise OfflineError("The network is unreachable.")
        if dice < 0.015:
            raise OfflineError("The connection was refused.")
        if dice < 0.03:
            raise ThrottledError("Slow down.", retry_after=self.random.choice([None, 1.0, 30.0]))
        if dice < 0.04:
            raise TransientError("Bad gateway.", status=502)
        if dice < 0.045:
            raise AuthError("The session is over.", status=401)
        if dice < 0.05:
            self.cut(f"before {method}")
        place = _SINGLE.get(method)
        if self.forbidden and place is not None and args[place] in self.forbidden:
            raise PermanentError("You may not do that.", status=403)

    def after(self, method: str, *_args: Any) -> None:
        """After a request was applied: what is raised is a reply that was lost."""
        if self.strikes(0.15 if method == "create" else 0.08 if method in WRITES else 0.01):
            self._log("! the reply was lost")
            raise TransientError("The reply was lost.")
        if self.strikes(0.008):
            self.cut(f"after {method}")

    def commit(self) -> None:
        """Before a commit."""
        if self.strikes(0.004):
            self.cut("before a commit")
        if self.strikes(0.002):
            full = sqlite3.OperationalError("database or disk is full")
            self._log("! the disk is full at a commit")
            raise OperationalError("COMMIT", None, full)

    def committed(self) -> bool:
        """After a commit: whether the machine dies."""
        return self.strikes(0.004)

    def file(self, step: str) -> None:
        """Before a step of making a file durable."""
        if self.strikes(0.01):
            self.cut(f"before {step}")
        if self.strikes(0.004):
            self._log(f"! the disk is full at {step}")
            raise OSError(errno.ENOSPC, "No space left on device")

    def cut(self, where: str) -> None:
        """The machine dies.

        Args:
            where: Said in the log.

        Raises:
            PowerCut: Always.
        """
        self._log(f"! power cut {where}")
        raise PowerCut(where)
