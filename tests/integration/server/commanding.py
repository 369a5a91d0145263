"""Waiting for commands as clients do, and work that waits for a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Any

from tests.integration.server.client import Client

FINAL = {"success", "failed", "timeout", "canceled", "aborted"}


def finished(client: Client, command: dict[str, Any]) -> dict[str, Any]:
    """A command when it is final; asked for every now and then, for two minutes at most."""
    for _ in range(1200):
        if command["status"] in FINAL:
            return command
        time.sleep(0.1)
        command = client.ask("GET", f"/commands/{command['id']}")
    raise AssertionError(f"not final: {command}")


def done(client: Client, method: str, path: str, **options: Any) -> dict[str, Any]:
    """The ``spec`` of a command that has to succeed."""
    command = finished(client, client.ask(method, path, **options))
    assert command["status"] == "success", command
    spec: dict[str, Any] = command["spec"]
    return spec


def failed(client: Client, method: str, path: str, **options: Any) -> str:
    """The error of a command that has to fail, and that the first answer shows as running."""
    command = client.ask(method, path, **options)
    assert command["status"] not in FINAL, command
    command = finished(client, command)
    assert command["status"] == "failed", command
    error: str = command["error"]
    return error


class Gate:
    """A function that waits, when it is called, until the test lets it go on."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.reached, self.opened = Event(), Event()

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.reached.set()
        assert self.opened.wait(60)
        return self._function(*arguments, **options)
