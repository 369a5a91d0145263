"""Telling systemd how the daemon is (sd_notify(3)); without systemd nobody is told."""

from __future__ import annotations

import os
import socket

from localloop import config


class Notify:
    """Tells the service manager.

    Args:
        address: Its socket; the environment's when left out, and nowhere when that has none.
        watchdog: How often it wants to hear at least, in seconds; None when it does not.
    """

    def __init__(self, address: str | None, watchdog: float | None) -> None:
        self._address = address
        self.watchdog = watchdog

    @classmethod
    def from_environment(cls) -> Notify:
        """As the service manager has set this process up."""
        return cls(config.notify_socket(), config.watchdog_seconds(os.getpid()))

    def ready(self) -> None:
        """The daemon runs."""
        self._send("READY=1")

    def alive(self) -> None:
        """Nothing hangs."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say what it does.

        Args:
            text: One line.
        """
        self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """It is about to end."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.connect(address)
                channel.sendall(text.encode())
        except OSError:  # who does not listen is not told, and the work goes on
            return
