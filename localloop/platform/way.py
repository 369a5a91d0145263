"""The way to a gate from this machine: through its proxies, with the certificates that it trusts."""

from __future__ import annotations

from pathlib import Path

from localloop import config
from localloop.errors import BadRequest
from localloop.platform.transport import Transport


def transport_to(gate: str) -> Transport:
    """A connection to a gate, set up as the machine's environment says; close it.

    Args:
        gate: The platform's root URL.

    Raises:
        BadRequest: The file of trusted certificates is not there.
    """
    trusted = config.certificates()
    if isinstance(trusted, str) and not Path(trusted).exists():
        raise BadRequest(
            "400", f"$REQUESTS_CA_BUNDLE or $SSL_CERT_FILE names {trusted}, and there is no such file."
        )
    return Transport(gate, proxies=config.proxies(gate), verify=trusted)
