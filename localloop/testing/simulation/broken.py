"""How a check of a simulated world fails."""

from __future__ import annotations


class BrokenError(Exception):
    """An invariant does not hold; the message says which, and of what."""


def require(holds: object, message: str) -> None:
    """Insist on something.

    Args:
        holds: What has to be true.
        message: What is wrong when it is not.

    Raises:
        BrokenError: It is not.
    """
    if not holds:
        raise BrokenError(message)
