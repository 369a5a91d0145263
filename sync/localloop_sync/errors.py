"""What can go wrong between a store and a platform: four classes of remote errors, and the halts.

Whether to try again is a question to the error (:attr:`RemoteError.transient`), asked only by the retry driver.
The whole tree is drawn in :mod:`localloop.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from localloop_schema.errors import LocalLoopError

#: Refusals that are not about the document: 402 and 413 of a quota, 403 of a right, 404 of a parent, 409 of what is in
#: the way, 423 of a lock, 424 of a command that failed.
MENDED_ELSEWHERE = frozenset({402, 403, 404, 409, 413, 423, 424})


class RemoteError(LocalLoopError):
    """The platform, or the way to it, refused a request.

    Args:
        message: What is wrong, as one sentence.
        status: The HTTP status, or 0 when there was no reply.
        advice: What to do next.

    Attributes:
        unsure: Whether an earlier try of the same request had no answer, so that it may have been applied.
    """

    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, status: int = 0, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.status = status
        self.unsure = False


class TransientError(RemoteError):
    """A time-out, a dropped connection or a 5xx: the same request may succeed later."""

    exit_code = 5
    transient = True


class OfflineError(TransientError):
    """No connection to the platform could be made at all, so nothing was sent."""


class ThrottledError(TransientError):
    """The platform asks for fewer requests.

    Args:
        message: What is wrong, as one sentence.
        status: The HTTP status.
        retry_after: How long the platform asks to wait, in seconds, or None when it does not say.
    """

    def __init__(self, message: str, *, status: int = 429, retry_after: float | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class OutOfTimeError(TransientError):
    """A sync has used up the time that it was given; this request was not sent, and what was done is kept."""


class AuthError(RemoteError):
    """The platform does not accept the credentials, or there are none. Nothing else was touched."""

    exit_code = 6


class PermanentError(RemoteError):
    """The platform refused this request for good (403, 404, 409, 422, ...); others may succeed."""

    exit_code = 9

    @property
    def mendable(self) -> bool:
        """Whether the cause may go away without an edit here: a right, a quota, a lock, a parent, a taken name."""
        return self.status in MENDED_ELSEWHERE


class RemoteNotFoundError(PermanentError):
    """The platform has no such entity (404)."""

    exit_code = 3


class UnsendableError(LocalLoopError):
    """An edit cannot be sent for a reason on this side, such as content that is missing from the cache."""

    exit_code = 9


class Halt(LocalLoopError):
    """The engine stopped before doing damage. Nothing was changed by the step that halted."""

    exit_code = 7


class MassDeletionHalt(Halt):
    """A sync would delete more than the allowed share.

    Args:
        message: What would happen, as one sentence.
        side: Where entities would be deleted: ``here`` or ``platform``.
        entities: The names of what would be deleted.
        listed: The same by id, for whoever agrees to it: see :func:`localloop_sync.core.safety.listing`.
    """

    def __init__(
        self, message: str, *, side: str, entities: list[str], listed: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(
            message,
            advice="`localloop status` shows this again, and with --json all of it. "
            "`localloop sync --allow-deletions` deletes what is listed, and nothing more.",
        )
        self.side = side
        self.entities = entities
        self.listed = dict(listed or {})


class OtherAccountHalt(Halt):
    """The store belongs to another gate or account than the one that is logged in."""

    exit_code = 12


class LockedError(LocalLoopError):
    """Another process is syncing this store.

    Args:
        message: Who, as one sentence.
        advice: What to do next.
        holder: Who, as an object for programs; None when that is not known.
    """

    exit_code = 8

    def __init__(self, message: str, *, advice: str = "", holder: dict[str, Any] | None = None) -> None:
        super().__init__(message, advice=advice)
        self.holder = holder
