"""Asking how a command went (docs/platform/wire.md, 3.10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localloop.server.calls import Call, route


def answer_command(call: Call, kind: str, work: Callable[[], Mapping[str, Any]]) -> Any:
    """Do what the platform does asynchronously, and answer the command.

    Args:
        call: The request.
        kind: The command's type.
        work: Does it, and returns the command's ``spec``.

    Returns:
        The command, already final when the work succeeded.
    """
    command = call.context.commands.run(kind, call.user, call.store.clock.now(), work)
    return command.to_json(call.api, first=True)


def get(call: Call) -> Any:
    """``GET /commands/{id}``."""
    return call.context.commands.get(call.path["id"], call.user).to_json(call.api)


def abort(call: Call) -> Any:
    """``POST /commands/{id}/abort``: too late by then, so the command is answered as it is."""
    return get(call)


ROUTES = [
    route("/commands/{id}", "GET", get),
    route("/commands/{id}/abort", "POST", abort),
]
