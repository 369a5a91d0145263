"""The error tree. Every error that LocalLoop raises on purpose is here; :func:`exit_code` tells what a shell sees.

::

    LocalLoopError                     1
    ├── StoreError                     1
    │   ├── StoreNotFoundError         3   no store where one was expected
    │   ├── StoreExistsError           1   a store is already there
    │   ├── StoreTooNewError          10   written by a newer program
    │   └── StoreDamagedError         11   not readable, or an invariant is broken
    ├── BlobError                      1
    │   ├── BlobMissingError           3   the bytes are not here
    │   ├── BlobDamagedError          11   bytes that are not those of their name
    │   └── SourceChangedError         1   a file changed while it was read
    ├── RemoteError                    1
    │   ├── TransientError             5   time-out, dropped connection, 5xx
    │   │   ├── OfflineError           5   nothing could be sent at all
    │   │   ├── OutOfTimeError         5   the time limit of a sync is over
    │   │   └── ThrottledError         5   429
    │   ├── AuthError                  6   log in again
    │   └── PermanentError             9   refused for good
    │       └── RemoteNotFoundError    3   404
    ├── UnsendableError                9   an edit whose content is missing here
    ├── Halt                           7
    │   ├── MassDeletionHalt           7   too much would be deleted
    │   └── OtherAccountHalt          12   the store belongs to another account
    ├── ExtraMissingError              1   a library that is installed only on request
    ├── PlatformOnlyError              1   what only the platform can do
    ├── LockedError                    8   another process is syncing
    └── PlatformError                  1   what dtlpy raises: a code and a message
        ├── BadRequest                 2   400
        ├── Unauthorized               6   401
        ├── Forbidden                  9   403
        ├── NotFound                   3   404
        ├── Conflict                   1   409
        └── UnprocessableEntity        2   422
"""

from __future__ import annotations

from pathlib import Path

from localloop_schema.errors import (
    LocalLoopError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreNotFoundError,
    StoreTooNewError,
)
from localloop_sync.errors import (
    AuthError,
    Halt,
    LockedError,
    MassDeletionHalt,
    OfflineError,
    OtherAccountHalt,
    OutOfTimeError,
    PermanentError,
    RemoteError,
    RemoteNotFoundError,
    ThrottledError,
    TransientError,
    UnsendableError,
)


class BlobError(LocalLoopError):
    """Bytes cannot be taken into the cache, or out of it."""


class BlobMissingError(BlobError):
    """The bytes of a digest are not in the cache.

    Args:
        message: What is wrong, as one sentence.
        digest: Which bytes.
        advice: What to do next.
    """

    exit_code = 3

    def __init__(self, message: str, *, digest: str, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.digest = digest


class BlobDamagedError(BlobError):
    """Bytes are not those of the digest or the size they were given with.

    Args:
        message: What is wrong, as one sentence.
        digest: The digest in question.
        advice: What to do next.
    """

    exit_code = 11

    def __init__(self, message: str, *, digest: str, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.digest = digest


class SourceChangedError(BlobError):
    """A file changed while it was being taken in, so nothing was kept of it.

    Args:
        message: What is wrong, as one sentence.
        source: Which file.
        advice: What to do next.
    """

    def __init__(self, message: str, *, source: Path, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.source = source


class ExtraMissingError(LocalLoopError):
    """A library is needed that is installed only on request."""


class PlatformOnlyError(LocalLoopError, AttributeError):
    """Something that only the platform can do. ``hasattr`` says that it is not there."""


class PlatformError(LocalLoopError):
    """An error in the shape that dtlpy raises: ``('404', "Dataset not found. Name: 'x'")``.

    Args:
        status_code: The HTTP status that the platform would answer, as text or number.
        message: What is wrong, as one sentence.
        advice: What to do next.
    """

    status: int = 500

    def __init__(self, status_code: str | int = "", message: str = "", *, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.status_code = str(status_code or self.status)
        self.args = (self.status_code, message)

    def __str__(self) -> str:
        """The pair, as dtlpy prints it."""
        return f"({self.status_code!r}, {self.message!r})"


class BadRequest(PlatformError):
    """400: the request makes no sense."""

    status = 400
    exit_code = 2


class Unauthorized(PlatformError):
    """401: nobody is logged in."""

    status = 401
    exit_code = 6


class Forbidden(PlatformError):
    """403: the role does not allow it."""

    status = 403
    exit_code = 9


class NotFound(PlatformError):
    """404: there is no such entity."""

    status = 404
    exit_code = 3


class Conflict(PlatformError):
    """409: something is already there."""

    status = 409


class UnprocessableEntity(PlatformError):
    """422: understood, and cannot be done (an unknown filter operator, for instance)."""

    status = 422
    exit_code = 2


__all__ = [
    "AuthError",
    "BadRequest",
    "BlobDamagedError",
    "BlobError",
    "BlobMissingError",
    "Conflict",
    "ExtraMissingError",
    "Forbidden",
    "Halt",
    "LocalLoopError",
    "LockedError",
    "MassDeletionHalt",
    "NotFound",
    "OfflineError",
    "OtherAccountHalt",
    "OutOfTimeError",
    "PermanentError",
    "PlatformError",
    "PlatformOnlyError",
    "RemoteError",
    "RemoteNotFoundError",
    "SourceChangedError",
    "StoreDamagedError",
    "StoreError",
    "StoreExistsError",
    "StoreNotFoundError",
    "StoreTooNewError",
    "ThrottledError",
    "TransientError",
    "Unauthorized",
    "UnprocessableEntity",
    "UnsendableError",
]
