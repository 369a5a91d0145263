"""One change in several requests: an error of a later one does not say that nothing was applied.

A refusal to take such a request for now would have the whole change counted as not applied, and a creation sent again,
which would make a second one. So these errors say that they are not sure (:attr:`RemoteError.unsure`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from localloop_sync.errors import RemoteError

#: How a command that failed is told: the platform says itself that nothing came of it.
FAILED = 424


@contextmanager
def begun() -> Iterator[None]:
    """What follows a request that was applied.

    Yields:
        Nothing.

    Raises:
        RemoteError: What the block raises; it says that something may have been applied.
    """
    try:
        yield
    except RemoteError as error:
        error.unsure = error.unsure or error.status != FAILED
        raise


class Steps:
    """Requests of which each may follow one that was applied."""

    def __init__(self) -> None:
        self._applied = False

    @contextmanager
    def step(self) -> Iterator[None]:
        """One of the requests.

        Yields:
            Nothing.

        Raises:
            RemoteError: What the block raises; if an earlier step was applied it says so.
        """
        try:
            yield
        except RemoteError as error:
            error.unsure = error.unsure or self._applied
            raise
        self._applied = True
