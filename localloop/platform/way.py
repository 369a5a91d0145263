"""The way to a gate from this machine: through its proxies, with the certificates that it trusts."""

from __future__ import annotations

from localloop import config
from localloop.platform.transport import Transport


def transport_to(gate: str) -> Transport:
    """A connection to a gate, set up as the machine's environment says; close it.

    Args:
        gate: The platform's root URL.
    """
    return Transport(gate, proxies=config.proxies(gate), verify=config.certificates())
