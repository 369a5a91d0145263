"""How often one user, and one address, may ask: windows that move with the time, in memory."""

from __future__ import annotations

import hashlib
import math
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, parse

from localloop.errors import BadRequest
from localloop.server.refusals import TooMany
from localloop.server.windows import Windows

#: Names share this many windows, so that whoever invents names cannot fill the memory with them.
_WINDOWS = 1 << 14

#: What switches a limit off.
OFF = ("", "0", "none")


class Limits:
    """The limits of one server.

    Args:
        requests: How many requests a user, and an address, may make, such as ``2000/second``.
        log_ins: How many log-ins may fail for a user, and from an address. Those that succeed are not counted.

    Raises:
        BadRequest: One of them is no limit.
    """

    def __init__(self, requests: str, log_ins: str) -> None:
        self._requests = _limit(requests)
        self._log_ins = _limit(log_ins)
        self._windows = Windows()

    def request(self, kind: str, who: str) -> None:
        """Count a request.

        Args:
            kind: ``user`` or ``address``.
            who: Which one.

        Raises:
            TooMany: These were too many.
        """
        if self._requests is not None and not self._windows.hit(self._requests, _window(kind, who)):
            raise self._refusal(self._requests, kind, who, "There are too many requests.")

    def log_in(self, email: str, address: str) -> None:
        """Refuse a log-in before the password is looked at, when too many have failed.

        Raises:
            TooMany: They have.
        """
        for kind, who in _failing(email, address):
            if self._log_ins is not None and not self._windows.test(self._log_ins, _window(kind, who)):
                raise self._refusal(self._log_ins, kind, who, "Too many log-ins have failed.")

    def log_in_failed(self, email: str, address: str) -> None:
        """Count a log-in that failed."""
        for kind, who in _failing(email, address):
            if self._log_ins is not None:
                self._windows.hit(self._log_ins, _window(kind, who))

    def _refusal(self, limit: RateLimitItem, kind: str, who: str, what: str) -> TooMany:
        wait = max(1, math.ceil(self._windows.wait(limit, _window(kind, who))))
        return TooMany(f"{what} Try again in {wait} s.", retry_after=wait)


def _failing(email: str, address: str) -> tuple[tuple[str, str], ...]:
    return ("log-in of", email.casefold()), ("log-in from", address)


def _limit(text: str) -> RateLimitItem | None:
    if text.strip().casefold() in OFF:
        return None
    try:
        limit = parse(text)
    except ValueError as error:
        raise BadRequest("400", f"A limit is said like 100/second or 3000/minute, not {text!r}.") from error
    if limit.amount < 1:
        raise BadRequest("400", f"A limit of {text!r} would refuse everything; 0 is none.")
    return limit


def _window(kind: str, who: str) -> tuple[str, int]:
    """The window of a user or an address; whoever has an IPv6 address has a network of them."""
    try:
        address = ip_address(who)
    except ValueError:
        pass
    else:
        who = str(int(address) >> 64) if isinstance(address, IPv6Address) else who
    digest = hashlib.blake2b(who.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return kind, int.from_bytes(digest) % _WINDOWS
