"""The way to a gate from this machine: through its proxies, with the certificates that it trusts."""

from __future__ import annotations

from pathlib import Path

from localloop import config
from localloop.errors import BadRequest
from localloop.platform.pace import TokenBucket
from localloop.platform.transport import Transport


def transport_to(gate: str, *, limit_rate: float | None = None) -> Transport:
    """A connection to a gate, set up as the machine's environment says; close it.

    Args:
        gate: The platform's root URL.
        limit_rate: How many bytes of contents a second may pass; what the environment says when left out.

    Raises:
        BadRequest: The file of trusted certificates is not there, or the limit of the environment is none.
    """
    trusted = config.certificates()
    if isinstance(trusted, str) and not Path(trusted).exists():
        raise BadRequest(
            "400", f"$REQUESTS_CA_BUNDLE or $SSL_CERT_FILE names {trusted}, and there is no such file."
        )
    rate = config.limit_rate() if limit_rate is None else limit_rate
    bucket = TokenBucket(rate) if rate else None
    return Transport(gate, proxies=config.proxies(gate), verify=trusted, bucket=bucket)
