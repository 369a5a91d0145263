"""Asking how commands go, and ending them (docs/platform/wire.md, 3.10)."""

from __future__ import annotations

from typing import Any

from localloop.server.calls import Call, route
from localloop.server.commands import GRACE, Work


def answer_command(call: Call, kind: str, work: Work) -> Any:
    """Start what the platform does asynchronously, and answer the command.

    Short work is waited for, so that clients need not ask again.

    Args:
        call: The request.
        kind: The command's type.
        work: Does it, and returns the command's ``spec``. It runs in a thread of its own, and calls
            :func:`localloop.server.commands.step` between chunks where it can take long.

    Returns:
        The command: final when the work succeeded in time, else running.
    """
    command = call.context.commands.run(kind, call.user, work)
    command.wait(GRACE)
    return command.to_json(call.api, first=True)


def listing(call: Call) -> Any:
    """``GET /commands``: the caller's, newest first."""
    return [command.to_json(call.api) for command in call.context.commands.of(call.user)]


def get(call: Call) -> Any:
    """``GET /commands/{id}``."""
    return call.context.commands.get(call.path["id"], call.user).to_json(call.api)


def abort(call: Call) -> Any:
    """``POST /commands/{id}/abort``: the work ends at its next step; what is done already stays done."""
    command = call.context.commands.get(call.path["id"], call.user)
    command.abort()
    command.wait(GRACE)
    return command.to_json(call.api)


ROUTES = [
    route("/commands", "GET", listing),
    route("/commands/{id}", "GET", get),
    route("/commands/{id}/abort", "POST", abort),
]
