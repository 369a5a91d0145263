"""What a server is told when it starts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server behaves.

    Attributes:
        hosts: Names, besides the loopback ones, under which the server may be addressed (the ``Host``
            header): the bound address, and what others call this machine. A web page of another site can make
            a browser send requests here, but only under a name of that site.
        any_address: Whether any literal IP address is accepted as ``Host`` too: when bound to all interfaces.
        json_limit: The largest JSON body, in bytes. Uploads are not limited.
        text_limit: The largest text part of an upload, in bytes.
        plain: Whether only what the platform itself answers is answered, without additions for syncing.
        workers: How many requests may use the store at once; fewer than the store's connections.
        uploads: How many uploads may be received at once.
        requests: How many requests one user, and one address, may make; ``0`` is no limit. A client that
            works alone on loopback does not come near the default.
        log_ins: How many log-ins may fail for one user, and from one address.
        patience: How long a body may stop coming, in seconds.
    """

    hosts: Collection[str] = ()
    any_address: bool = False
    json_limit: int = 32 * MEBIBYTE
    text_limit: int = 32 * MEBIBYTE
    plain: bool = False
    workers: int = 12
    uploads: int = 64
    requests: str = "2000/second"
    log_ins: str = "30/minute"
    patience: float = 60.0
