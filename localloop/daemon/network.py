"""What the network is like: whether a gate can be reached at all, and whether it is paid by volume."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from localloop import config

#: How long a connection may take, in seconds.
_CONNECTS_WITHIN: Final = 3.0

#: How long the system may take to say what its connection is like, in seconds.
_TOLD_WITHIN: Final = 3.0

#: NetworkManager's property ``Metered`` (NMMetered): 1 is yes, 3 is a guess that it is.
_METERED: Final = frozenset({"u 1", "u 3"})
_ASK: Final = (
    *("busctl", "--system", "--timeout=2", "get-property", "org.freedesktop.NetworkManager"),
    *("/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "Metered"),
)


def reachable(gate: str, proxies: Callable[[str], Mapping[str, str]] = config.proxies) -> bool:
    """Whether something listens where a gate is, or where the proxy on the way to it is. Nothing is sent.

    Args:
        gate: The platform's root URL.
        proxies: Gives the proxies on the way to it.
    """
    parts = urlsplit(gate)
    proxy = proxies(gate).get(parts.scheme)
    if proxy:
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=_CONNECTS_WITHIN).close()
    except OSError:
        return False
    return True


def metered() -> bool:
    """Whether NetworkManager says, or guesses, that the connection is paid by volume. Without it, no."""
    program = shutil.which(_ASK[0])
    if program is None:
        return False
    try:
        told = subprocess.run(  # noqa: S603 - a fixed command of systemd
            [program, *_ASK[1:]], capture_output=True, text=True, timeout=_TOLD_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.returncode == 0 and told.stdout.strip() in _METERED
