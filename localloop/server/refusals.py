"""Refusals that only a server knows: too much, too slow, too often."""

from __future__ import annotations

from localloop.errors import PlatformError


class TooSlow(PlatformError):
    """408: the body stopped coming."""

    status = 408


class TooLarge(PlatformError):
    """413: more than is taken."""

    status = 413


class TooMany(PlatformError):
    """429: more requests than one user or address may make.

    Args:
        message: What is wrong, as one sentence.
        retry_after: After how many seconds it may be tried again.
    """

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__("429", message)
        self.retry_after = retry_after
