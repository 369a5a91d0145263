"""Asynchronous work on the platform: commands, and waiting for them (docs/platform/wire.md, 3.10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from localloop.platform.session import PlatformSession
from localloop_sync.errors import PermanentError, TransientError

#: How long to wait between two looks at a command, in seconds: at first, and at most.
_FIRST, _LONGEST = 0.2, 30.0

#: How long a command may run, in seconds, before the caller goes on and looks for its result another time.
_PATIENCE = 600.0

_FAILED = frozenset({"failed", "canceled", "aborted"})


def finished(session: PlatformSession, command: Any, sleep: Callable[[float], None]) -> Mapping[str, Any]:
    """Wait for a command.

    Args:
        session: The logged-in connection.
        command: The command as the platform answered it; one that has ended already is not asked for again.
        sleep: How to wait.

    Returns:
        The command's ``spec``, which holds its results.

    Raises:
        PermanentError: It failed.
        TransientError: It takes too long, or the reply is no command.
    """
    pause, waited = _FIRST, 0.0
    while True:
        if not isinstance(command, Mapping) or not isinstance(command.get("status"), str):
            raise TransientError("The platform's reply is not a command.")
        status = command["status"]
        if status == "success":
            return command.get("spec") or {}
        if status in _FAILED:
            reason = command.get("error") or status
            raise PermanentError(f"The platform could not do it: {reason}", status=424)
        if status == "timeout" or waited >= _PATIENCE:
            raise TransientError(f"The platform's command {command.get('id')} takes too long.")
        sleep(pause)
        waited, pause = waited + pause, min(2 * pause, _LONGEST)
        command = session.json("GET", f"/commands/{quote(str(command.get('id')), safe='')}")
